import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Relay } from "./relay";
import { Stage, until } from "./stage";
import { hears, hearsNot } from "./tone";

// Browsers to whom UDP to the server is closed: all sound goes by a TURN server.

const CALLER = 625;
const AGENT = 1250;

const relay = new Relay();
const stage = new Stage();
beforeAll(async () => {
  await relay.start();
  stage.program.turn = relay.url;
  stage.program.turnSecret = relay.secret;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await relay.stop();
});

test("a call by relays only, and again after a reload", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  const panel = agent.page.getByRole("region", { name: "The call" });
  const caller = await stage.caller(CALLER);
  await caller.queue("Grey plover");
  await agent.ready();
  await agent.offers.filter({ hasText: "Grey plover" }).waitFor();
  await agent.page.keyboard.press("Enter");
  await panel.getByText("Connected", { exact: true }).waitFor();
  await hears(agent.page, CALLER);
  await hears(caller.page, AGENT);
  await hearsNot(agent.page, AGENT);
  await hearsNot(caller.page, CALLER);

  // Each browser has a place of its own, by a name that says nothing of it; the
  // server is all that they reach.
  await until(() => relay.users.length).toBeGreaterThanOrEqual(2);
  expect(new Set(relay.users).size).toBe(relay.users.length);
  for (const user of relay.users) expect(user).toMatch(/^[a-z2-7]{26}$/);
  expect([...relay.peers]).toEqual(["127.0.0.1"]);

  const before = relay.users.length;
  await caller.page.reload();
  await caller.stands(/^Talking with/);
  await hears(caller.page, AGENT);
  await hears(agent.page, CALLER);
  expect(relay.users.length).toBeGreaterThan(before);

  await agent.page.getByRole("button", { name: /^Hang up/ }).click();
  await caller.stands("The call has ended");
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
});

test("a chat that is spoken, by relays only", async () => {
  const visitor = await stage.visitor({}, undefined, CALLER);
  const agent = await stage.agent("a7", {}, AGENT);
  const strip = agent.page.getByRole("region", { name: "Talking in this chat" });
  const talk = visitor.page.getByRole("region", { name: "Talking", exact: true });
  await visitor.queue("Crossbill");
  await agent.ready();
  await agent.accept("Crossbill");
  const before = relay.users.length;
  await strip.getByRole("button", { name: "Talk", exact: true }).click();
  await talk.getByRole("button", { name: "Talk", exact: true }).click();
  await talk.getByText(/^Talking with/).waitFor();
  await hears(agent.page, CALLER);
  await hears(visitor.page, AGENT);
  expect(relay.users.length).toBeGreaterThanOrEqual(before + 2);
  await talk.getByRole("button", { name: "End the call" }).click();
  await strip.getByRole("button", { name: "Talk", exact: true }).waitFor();
  await agent.finish("Invoice sent");
});
