import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { shot, Stage, until } from "./stage";

// Several people at work: handing on, and a supervisor who watches and moves.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a conversation goes to a colleague and to another queue, with its context", async () => {
  const visitor = await stage.visitor();
  const first = await stage.agent("a7");
  const colleague = await stage.agent("d4");
  await visitor.queue("Kittiwake");
  await first.ready();
  await first.accept("Kittiwake");
  await visitor.say("I was charged twice");
  await first.message("I was charged twice").waitFor();

  await colleague.ready();
  await first.transfer("d4", "Two bookings, please compare");
  await colleague.accept("Kittiwake");
  await colleague.message("I was charged twice").waitFor();
  await colleague.message("Two bookings, please compare").waitFor();
  await until(() => first.work.getByText("Kittiwake").count()).toBe(0);
  await visitor.log.getByText("d4 joined").waitFor();
  await colleague.say("I see both bookings");
  await visitor.bubble("I see both bookings").waitFor();
  await shot(colleague.page, "floor-transferred");

  const returns = await stage.agent("f1");
  await returns.ready();
  await first.state("Offline");
  await colleague.transfer("Returns", "Wants to send one pair back");
  await returns.accept("Kittiwake");
  await visitor.log.getByText("f1 joined").waitFor();
  await returns.message("I was charged twice").waitFor();
  expect(await visitor.log.innerText()).not.toMatch(/compare|one pair back/);
  for (const agent of [colleague, returns]) await agent.leave();
});

test("a supervisor sees who waits, moves it, and reads a conversation along", async () => {
  const supervisor = await stage.agent("supervisor");
  await supervisor.page.goto(`${stage.program.base}/app/room`);
  const waiting = supervisor.page.getByRole("region", { name: "Waiting now" });
  await waiting.getByText("Nobody is waiting.").waitFor();

  const visitor = await stage.visitor();
  await visitor.queue("Guillemot");
  const row = waiting.getByRole("row").filter({ hasText: "Guillemot" });
  await row.getByText("Billing").waitFor();
  await shot(supervisor.page, "floor-room-waiting");
  await row.getByRole("button", { name: "Move Guillemot" }).click();
  await supervisor.page.getByRole("menuitem", { name: "Sales" }).click();
  await supervisor.page.getByText("Guillemot is moved to Sales.").waitFor();
  await row.getByText("Sales").waitFor();

  const agent = await stage.agent("c9");
  await agent.ready();
  await agent.accept("Guillemot");
  await waiting.getByText("Nobody is waiting.").waitFor();
  await supervisor.page.getByRole("button", { name: /^c9/ }).click();
  await supervisor.page.getByRole("button", { name: "Open the conversation of Guillemot" }).click();
  const dialog = supervisor.page.getByRole("dialog");
  await dialog.getByText("AT-10552").waitFor();
  await agent.say("Good afternoon");
  await dialog.getByText("Good afternoon").waitFor();
  expect(await dialog.getByRole("textbox").count()).toBe(0);
  await shot(supervisor.page, "floor-room-reading");
  await agent.leave();
});
