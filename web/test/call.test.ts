import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
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
  await panel.getByLabel("Microphone").waitFor();
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
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.page.locator("section.middle.empty").waitFor();
  await agent.state("Offline");
});

test("who hangs up is gone at once, and the desk wraps up", async () => {
  const caller = await stage.caller(CALLER);
  await caller.call("Ruff");
  await caller.choose("A return or exchange");
  const agent = await stage.agent("a7", {}, AGENT);
  await agent.ready();
  await agent.accept("Ruff").catch(() => {});
  await caller.stands(/^Talking with/);
  await hears(agent.page, CALLER);
  await caller.page.getByRole("button", { name: "Hang up" }).click();
  await caller.stands("The call has ended");
  await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.page.locator("section.middle.empty").waitFor();
  await agent.state("Offline");
  await until(() => caller.page.getByRole("button", { name: "Call again" }).count()).toBe(1);
});
