import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Agent } from "./agent";
import { Caller } from "./caller";
import { axe, shot, Stage, until } from "./stage";
import { hears, hearsNot, hearsSomething } from "./tone";

// A call from a web page to an agent's browser, with a tone at each microphone:
// each side must hear the other's and not its own.

const CALLER = 625;
const AGENT = 1250;

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a call, from the menu to the wrap-up", async () => {
  const caller = await stage.caller(CALLER);
  const agent = await stage.agent("a7", {}, AGENT);
  const panel = agent.page.getByRole("region", { name: "The call" });

  // The page, and what it says when it is not filled in.
  await caller.stands("Atlântico Shoes");
  expect(await axe(caller.page)).toEqual([]);
  await caller.page.getByRole("button", { name: "Call", exact: true }).click();
  await caller.page.getByText("please tick the box").waitFor();
  await shot(caller.page, "call-01-page");
  await caller.call("Grey plover");

  // The menu: read, heard, and answered by the button on the screen.
  await caller.stands("Connected");
  await caller.captions.getByText("What can we help you with?").waitFor();
  await hearsSomething(caller.page);
  expect(await axe(caller.page)).toEqual([]);
  await shot(caller.page, "call-02-menu");
  await caller.choose("An order or a bill");
  await caller.captions.getByText("You: An order or a bill").waitFor();
  await caller.captions.getByText("Please key in the number of your order").waitFor();
  await shot(caller.page, "call-03-keys");

  // Digits by the keyboard and by the keypad.
  await caller.headline.focus();
  for (const key of "15") await caller.page.keyboard.press(key);
  await caller.page.getByRole("button", { name: "Key hash" }).click();
  await caller.captions.getByText("You: 15").waitFor();
  await caller.stands("Waiting for Billing");
  await hearsSomething(caller.page);
  await shot(caller.page, "call-04-queue");

  // It rings at the desk, and is answered by Enter.
  await agent.ready();
  const offer = agent.offers.filter({ hasText: "Grey plover" });
  await offer.waitFor();
  await shot(agent.page, "call-05-offer");
  await agent.page.keyboard.press("Enter");
  await agent.page.getByRole("heading", { name: "Grey plover", level: 1 }).waitFor();
  await panel.getByText("Connected", { exact: true }).waitFor();
  await caller.stands(/^Talking with/);
  await hears(agent.page, CALLER);
  await hears(caller.page, AGENT);
  await hearsNot(agent.page, AGENT);
  await hearsNot(caller.page, CALLER);
  expect(await axe(agent.page)).toEqual([]);
  expect(await axe(caller.page)).toEqual([]);
  await shot(agent.page, "call-06-desk");
  await shot(caller.page, "call-07-talking");

  // Hold: music instead of the agent, by key, and back.
  await agent.page.keyboard.press("Alt+o");
  await panel.getByText("On hold: the caller hears music").waitFor();
  await hearsNot(caller.page, AGENT);
  await hearsNot(agent.page, CALLER);
  await hearsSomething(caller.page);
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "call-08-hold");
  await panel.getByRole("button", { name: "Go on" }).click();
  await hears(caller.page, AGENT);
  await hears(agent.page, CALLER);

  // Mute: nothing of the agent, everything of the caller.
  await agent.page.keyboard.press("Alt+m");
  await panel.getByText("Muted: the caller does not hear you").waitFor();
  await hearsNot(caller.page, AGENT);
  await hears(agent.page, CALLER);
  await panel.getByRole("button", { name: "Mute" }).click();
  await hears(caller.page, AGENT);
  await caller.page.getByRole("button", { name: "Mute" }).click();
  await hearsNot(agent.page, CALLER);
  await caller.page.getByRole("button", { name: "Mute" }).click();
  await hears(agent.page, CALLER);

  // A note is what an agent writes first; the caller's page can be written to.
  await agent.say("Says the parcel is late");
  await agent.log.getByText("only colleagues see this").waitFor();

  // Both sides come back after a reload.
  await agent.page.reload();
  await panel.getByText("Connected", { exact: true }).waitFor();
  await hears(agent.page, CALLER);
  await hears(caller.page, AGENT);
  await caller.page.reload();
  await caller.stands(/^Talking with/);
  await hears(caller.page, AGENT);
  await hears(agent.page, CALLER);
  expect(await caller.captions.innerText()).not.toContain("parcel is late");

  // Devices and keypad.
  await panel.getByRole("button", { name: "Devices" }).click();
  await panel.getByLabel("Microphone", { exact: true }).waitFor();
  await agent.page.keyboard.press("Alt+k");
  await panel.getByRole("button", { name: "Key 5" }).waitFor();
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "call-09-devices");

  // The end, at the desk and at the page.
  await agent.page.getByRole("button", { name: /^Hang up/ }).click();
  await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await caller.stands("The call has ended");
  await caller.page.getByRole("radio", { name: /Very good/ }).check();
  expect(await axe(caller.page)).toEqual([]);
  await shot(caller.page, "call-10-over");
  await caller.page.getByRole("button", { name: "Send rating" }).click();
  await caller.page.getByText("Thank you for your rating.").waitFor();
  await wrapUp(agent);
});

async function wrapUp(agent: Agent) {
  await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.page.locator("section.middle.empty").waitFor();
  await agent.state("Offline");
}

test("who hangs up is gone at once, and the desk wraps up", async () => {
  const caller = await stage.caller(CALLER);
  await caller.queue("Ruff");
  const agent = await stage.agent("a7", {}, AGENT);
  await agent.ready();
  await agent.answer("Ruff");
  await hears(agent.page, CALLER);
  await caller.page.getByRole("button", { name: "Hang up" }).click();
  await caller.stands("The call has ended");
  await wrapUp(agent);
  await caller.page.getByRole("button", { name: "Call again" }).click();
  await caller.page.getByRole("button", { name: "Call", exact: true }).waitFor();
});

test("one window of the desk has the sound, and another can take it", async () => {
  const caller = await stage.caller(CALLER);
  await caller.queue("Dunlin");
  const agent = await stage.agent("a7", {}, AGENT);
  await agent.ready();
  await agent.answer("Dunlin");
  await hears(caller.page, AGENT);
  const other = await stage.tab(agent);
  await other.page.goto(agent.page.url());
  const panel = other.page.getByRole("region", { name: "The call" });
  await panel.getByText("in another window of yours").waitFor();
  expect(await axe(other.page)).toEqual([]);
  await panel.getByRole("button", { name: "Take it here" }).click();
  await hears(other.page, CALLER);
  await hears(caller.page, AGENT);
  await agent.page.getByText("in another window of yours").waitFor();
  // The window is closed: the call goes on in the one that is left.
  await other.page.close();
  await agent.page.getByText("Connected", { exact: true }).waitFor();
  await hears(agent.page, CALLER);
  await agent.page.getByRole("button", { name: /^Hang up/ }).click();
  await wrapUp(agent);
});

test("a call goes on after the server was started again", async () => {
  const caller = await stage.caller(CALLER);
  await caller.queue("Whimbrel");
  const agent = await stage.agent("a7", {}, AGENT);
  await agent.ready();
  await agent.answer("Whimbrel");
  await hears(agent.page, CALLER);
  await stage.program.stop();
  await caller.stands("The sound was lost");
  await stage.program.start();
  await caller.stands(/^Talking with/);
  await agent.page
    .getByRole("region", { name: "The call" })
    .getByText("Connected", { exact: true })
    .waitFor();
  await hears(agent.page, CALLER);
  await hears(caller.page, AGENT);
  stage.forgive(/ERR_CONNECTION|WebSocket|status of 50/);
  await agent.page.getByRole("button", { name: /^Hang up/ }).click();
  await wrapUp(agent);
});

test("a caller without a microphone is told what to do", async () => {
  const context = await stage.context({ viewport: { width: 400, height: 800 } });
  const caller = new Caller(await context.newPage());
  await caller.page.goto(stage.program.phone);
  await caller.call("Knot");
  await caller.page.getByRole("alert").filter({ hasText: "try again" }).waitFor();
  expect(await axe(caller.page)).toEqual([]);
  await shot(caller.page, "call-11-no-microphone");
});

test("the headset is checked before the first call", async () => {
  const agent = await stage.agent("b2", {}, AGENT);
  await agent.ready();
  await agent.page.getByRole("button", { name: "Check", exact: true }).click();
  const dialog = agent.page.getByRole("dialog", { name: "Check my headset" });
  await dialog.getByText("Good: the microphone hears you.").waitFor();
  await dialog.getByRole("button", { name: "Play a test tone" }).click();
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "call-12-headset");
  await dialog.getByRole("button", { name: "Done" }).click();
  await agent.state("Offline");
});

test("an administrator makes an entry point for calls", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/entry-points/new`);
  await page.getByLabel("Name", { exact: true }).fill("Hotline");
  await page.getByRole("heading", { name: "Files" }).waitFor();
  await page.getByLabel("Contacts come as").selectOption("voice");
  await page.getByText("Save first; then the address of the page is here.").waitFor();
  expect(await page.getByRole("heading", { name: "Files" }).count()).toBe(0);
  await until(() => page.getByLabel("Title · English").inputValue()).toBe("Call us");
  await page.getByLabel("Flow").selectOption({ label: "Telephone" });
  await page.getByRole("button", { name: /^Save/ }).click();
  const open = page.getByRole("link", { name: /^Open it/ });
  await open.waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "call-18-entry-point");
  const address = (await open.getAttribute("href"))!;
  expect(address).toMatch(/\/phone\/#ent_/);
  await page.goto(address);
  await page.getByRole("button", { name: "Call", exact: true }).waitFor();
});

test("in Portuguese, in the dark, wide and narrow", async () => {
  const caller = await stage.caller(CALLER, {
    viewport: { width: 1280, height: 800 },
    locale: "pt-PT",
    colorScheme: "dark",
  });
  await shot(caller.page, "call-13-pt-dark");
  expect(await axe(caller.page)).toEqual([]);
  await caller.page.getByRole("textbox", { name: "Nome" }).fill("Perna-vermelha");
  await caller.page.getByRole("checkbox").check();
  await caller.page.getByRole("button", { name: "Ligar", exact: true }).click();
  await caller.page.getByRole("button", { name: /Encomenda ou fatura/ }).waitFor();
  expect(await axe(caller.page)).toEqual([]);
  await shot(caller.page, "call-14-pt-dark-menu");
  await caller.page.getByRole("button", { name: /Encomenda ou fatura/ }).click();
  await caller.captions.getByText("Marque o número da encomenda").waitFor();
  await caller.headline.focus();
  for (const key of "15#") await caller.page.keyboard.press(key);
  const agent = await stage.agent(
    "a7",
    { viewport: { width: 400, height: 800 }, colorScheme: "dark" },
    AGENT,
  );
  await agent.ready();
  await agent.answer("Perna-vermelha");
  await hears(agent.page, CALLER);
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "call-15-desk-narrow-dark");
  await agent.page.setViewportSize({ width: 1280, height: 800 });
  await shot(agent.page, "call-16-desk-dark");
  const middle = await agent.page.locator("section.middle").boundingBox();
  const header = await agent.page.locator("section.middle header").boundingBox();
  expect(header!.width).toBeLessThanOrEqual(middle!.width);
  await caller.page.getByRole("button", { name: "Desligar" }).click();
  await caller.stands("A chamada terminou");
  await shot(caller.page, "call-17-pt-dark-over");
  await wrapUp(agent);
});
