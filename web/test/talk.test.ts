import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";
import { hears, hearsNot, hearsSomething } from "./tone";

// A chat that is spoken: the visitor in the widget on a shop's page, the agent at
// the desk, each with a tone at the microphone and a camera that draws a pattern.

const VISITOR = 625;
const AGENT = 1250;
const COLLEAGUE = 2000;
const SUPERVISOR = 2500;

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** How many of a picture's pixels are of a colour that only the pattern of a camera has; -1 without a picture. */
function coloured(page: Page, label: RegExp | string): Promise<number> {
  return page.getByLabel(label).evaluateAll((all) => {
    const video = all.find((e): e is HTMLVideoElement => e instanceof HTMLVideoElement);
    if (!video?.videoWidth) return -1;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [64, 48];
    const pen = canvas.getContext("2d")!;
    pen.drawImage(video, 0, 0, 64, 48);
    const { data } = pen.getImageData(0, 0, 64, 48);
    let count = 0;
    for (let i = 0; i < data.length; i += 4)
      if (
        Math.max(data[i]!, data[i + 1]!, data[i + 2]!) - Math.min(data[i]!, data[i + 1]!, data[i + 2]!) >
        60
      )
        count++;
    return count;
  });
}

test("a chat is spoken and seen, and goes on in writing", async () => {
  const visitor = await stage.visitor({}, undefined, VISITOR);
  const agent = await stage.agent("a7", {}, AGENT);
  const strip = agent.page.getByRole("region", { name: "Talking in this chat" });
  const panel = agent.page.getByRole("region", { name: "The call" });
  const talk = visitor.page.getByRole("region", { name: "Talking", exact: true });
  await visitor.queue("Blue heron");
  expect(
    await visitor.page.evaluate(
      () => performance.getEntriesByName(`${location.origin}/widget-call.js`).length,
    ),
  ).toBe(0);
  await agent.ready();
  await agent.accept("Blue heron");

  // The visitor asks, and the agent declines.
  await talk.getByRole("button", { name: /^Talk with/ }).click();
  await strip.getByText("Blue heron would like to talk with you").waitFor();
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "talk-01-asked");
  // The answer to that comes late: what the agent wants next does not wait for it.
  let answer = () => {};
  const held = new Promise<void>((free) => (answer = free));
  await agent.page.route("**/api/v1/interactions/*/spoken", async (route) => {
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await strip.getByRole("button", { name: "Not now" }).click();
  await visitor.log.getByText(/^Not now, said/).waitFor();

  // The agent offers by key, and the visitor declines, then agrees.
  await strip.getByRole("button", { name: "Talk", exact: true }).waitFor();
  await agent.page.keyboard.press("Alt+v");
  answer();
  await talk.getByText("would like to talk with you").waitFor();
  expect(await axe(visitor.page)).toEqual([]);
  await shot(visitor.page, "talk-02-offered");
  await talk.getByRole("button", { name: "No, thanks" }).click();
  await agent.log.getByText("Blue heron declined to talk").waitFor();
  await strip.getByRole("button", { name: "Talk", exact: true }).click();
  await talk.getByRole("button", { name: "Talk", exact: true }).click();
  await talk.getByText(/^Talking with/).waitFor();
  await panel.getByText("Connected", { exact: true }).waitFor();
  await hears(agent.page, VISITOR);
  await hears(visitor.page, AGENT);
  await hearsNot(agent.page, AGENT);

  // Cameras: the visitor's, then the agent's; each is off at once for who switches it off.
  await talk.getByRole("button", { name: "Camera" }).click();
  await until(() => coloured(agent.page, "Picture of Blue heron")).toBeGreaterThan(100);
  await strip.getByRole("button", { name: "Camera" }).click();
  await until(() => coloured(visitor.page, /^Picture of/)).toBeGreaterThan(100);
  expect(await axe(agent.page)).toEqual([]);
  expect(await axe(visitor.page)).toEqual([]);
  await shot(agent.page, "talk-03-desk");
  await shot(visitor.page, "talk-04-widget");
  await talk.getByRole("button", { name: "Camera" }).click();
  await agent.page.getByLabel("Picture of Blue heron").waitFor({ state: "detached" });
  await hears(agent.page, VISITOR);

  // Hold, and mute.
  await agent.page.keyboard.press("Alt+o");
  await hearsNot(visitor.page, AGENT);
  await hearsSomething(visitor.page);
  await panel.getByRole("button", { name: "Go on" }).click();
  await hears(visitor.page, AGENT);
  await talk.getByRole("button", { name: "Mute" }).click();
  await hearsNot(agent.page, VISITOR);

  // Both sides reload; what is written goes on beside.
  await visitor.page.reload();
  await talk.getByText(/^Talking with/).waitFor();
  await hears(agent.page, VISITOR);
  await hears(visitor.page, AGENT);
  await agent.page.reload();
  await panel.getByText("Connected", { exact: true }).waitFor();
  await hears(visitor.page, AGENT);
  await visitor.say("I hear you");
  await agent.message("I hear you").waitFor();

  // The visitor ends the call, and the chat goes on.
  await talk.getByRole("button", { name: "End the call" }).click();
  await panel.waitFor({ state: "detached" });
  await visitor.log.getByText("The call has ended; the chat goes on").waitFor();
  await agent.say("Goodbye");
  await visitor.bubble("Goodbye").waitFor();
  await agent.finish("Invoice sent");
});

test("a key pressed before its part of the screen is there is not lost", async () => {
  const visitor = await stage.visitor({}, undefined, VISITOR);
  const agent = await stage.agent("a7", {}, AGENT);
  const talk = visitor.page.getByRole("region", { name: "Talking", exact: true });
  let come = () => {};
  const held = new Promise<void>((free) => (come = free));
  let ask = () => {};
  const asked = new Promise<void>((now) => (ask = now));
  await agent.page.route("**/TalkStrip-*.js", async (route) => {
    ask();
    await held;
    await route.fallback();
  });
  await visitor.queue("Wood sandpiper");
  await agent.ready();
  await agent.accept("Wood sandpiper");
  await asked;
  await agent.page.keyboard.press("Alt+v");
  come();
  await talk.getByRole("button", { name: "No, thanks" }).click();
  await agent.log.getByText("Wood sandpiper declined to talk").waitFor();
});

test("a spoken chat: a colleague is asked, has it, and passes it on", async () => {
  const visitor = await stage.visitor({}, undefined, VISITOR);
  const agent = await stage.agent("a7", {}, AGENT);
  const talk = visitor.page.getByRole("region", { name: "Talking", exact: true });
  const panel = agent.page.getByRole("region", { name: "The call" });
  await visitor.queue("Grey wagtail");
  await agent.ready();
  await agent.accept("Grey wagtail");
  await agent.page.keyboard.press("Alt+v");
  await talk.getByRole("button", { name: "Talk", exact: true }).click();
  await hears(agent.page, VISITOR);
  await hears(visitor.page, AGENT);

  // A colleague is asked alone: the visitor hears neither, but music; then all talk.
  const colleague = await stage.agent("b2", {}, COLLEAGUE);
  await colleague.ready();
  await agent.page.keyboard.press("Alt+c");
  await agent.page.getByRole("radio", { name: /b2/ }).check();
  await agent.page.getByRole("button", { name: "Ask", exact: true }).click();
  await colleague.work.getByText("Grey wagtail").click();
  await colleague.page.getByRole("button", { name: "Join the call" }).click();
  await panel.getByRole("button", { name: /alone$/ }).click();
  await hears(agent.page, COLLEAGUE);
  await hearsNot(visitor.page, AGENT);
  await hearsNot(visitor.page, COLLEAGUE);
  await hearsSomething(visitor.page);
  await panel.getByRole("button", { name: "All together" }).click();
  await hears(visitor.page, AGENT);
  await hears(visitor.page, COLLEAGUE);
  await hears(colleague.page, VISITOR);
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "talk-05-consulted");

  // The colleague has it, and the visitor talks on.
  await panel.getByRole("button", { name: /^Hand over to/ }).click();
  await agent.page.locator("section.middle.empty").waitFor();
  await hears(visitor.page, COLLEAGUE);
  await hearsNot(visitor.page, AGENT);
  await hears(colleague.page, VISITOR);
  await visitor.say("Now I hear you");
  await colleague.message("Now I hear you").waitFor();
  await talk.getByRole("button", { name: "Camera" }).click();
  await until(() => coloured(colleague.page, "Picture of Grey wagtail")).toBeGreaterThan(100);
  await talk.getByRole("button", { name: "Camera" }).click();

  // A supervisor listens to what is spoken in a chat, too.
  const supervisor = await stage.agent("supervisor", {}, SUPERVISOR);
  await supervisor.page.goto(`${stage.program.base}/app/room`);
  await supervisor.page.getByRole("button", { name: /b2/ }).first().click();
  await supervisor.page.getByRole("button", { name: "Listen to the call of Grey wagtail" }).click();
  await hears(supervisor.page, VISITOR);
  await hears(supervisor.page, COLLEAGUE);

  // It is passed on without asking: what was spoken is spoken with whom it goes to.
  await colleague.transfer("a7", "Wants to hear it from you");
  await agent.offers
    .filter({ hasText: "Grey wagtail" })
    .getByRole("button", { name: /^(Accept|Answer)/ })
    .click();
  await hears(visitor.page, AGENT);
  await hears(agent.page, VISITOR);
  await hearsNot(visitor.page, COLLEAGUE);
  await shot(agent.page, "talk-06-transferred");
  await shot(visitor.page, "talk-07-transferred-widget");

  // The server dies and comes back: both talk on by themselves.
  await stage.program.kill();
  await hearsNot(visitor.page, AGENT);
  await hearsNot(agent.page, VISITOR);
  await stage.program.start();
  await hears(visitor.page, AGENT);
  await hears(agent.page, VISITOR);
  stage.forgive(/ERR_CONNECTION|WebSocket|status of 50/);
  await talk.getByRole("button", { name: "End the call" }).click();
  await panel.waitFor({ state: "detached" });
  await agent.say("All is well");
  await visitor.bubble("All is well").waitFor();
  await agent.finish("Invoice sent");
});
