import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, looks, shot, Stage, until } from "./stage";
import { hears, hearsNot, hearsSomething } from "./tone";

// A call is parked by one agent, seen by others and in the room, and taken back.

const CALLER = 625;
const AGENT = 1250;
const OTHER = 1875;

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("an agent parks a call by key, another takes it back", async () => {
  const found: string[] = [];
  const agent = await stage.agent("a7", {}, AGENT);
  const panel = agent.page.getByRole("region", { name: "The call" });
  const caller = await stage.caller(CALLER);
  await caller.queue("Grey plover");
  await agent.ready();
  await agent.offers.filter({ hasText: "Grey plover" }).waitFor();
  await agent.page.keyboard.press("Enter");
  await agent.page.getByRole("heading", { name: "Grey plover", level: 1 }).waitFor();
  await panel.getByText("Connected", { exact: true }).waitFor();
  await hears(agent.page, CALLER);
  await shot(agent.page, "parked-01-button");
  await agent.page.keyboard.press("Alt+j");
  await agent.page.getByText("Parked at 701.").waitFor();
  const mine = agent.page.getByRole("region", { name: "Parked calls" });
  await mine.getByText("Grey plover").waitFor();
  await hearsNot(caller.page, AGENT);
  await hearsSomething(caller.page);
  found.push(...(await looks(agent.page, "parked-02-desk")));

  // The room shows it; who only watches has no list.
  const sue = await stage.agent("supervisor", { viewport: { width: 1280, height: 900 } });
  await sue.page.goto(`${stage.program.base}/app/room`);
  const table = sue.page.getByRole("region", { name: "Parked calls" });
  await table.getByText("Grey plover").waitFor();
  found.push(...(await looks(sue.page, "parked-03-room")));

  // A colleague takes it back by the palette of commands.
  const other = await stage.agent("b2", {}, OTHER);
  await other.page.getByRole("region", { name: "Parked calls" }).getByText("701").waitFor();
  await other.page.keyboard.press("Control+k");
  await other.page.keyboard.type("Take back 701");
  await other.page.keyboard.press("Enter");
  await other.page.getByRole("heading", { name: "Grey plover", level: 1 }).waitFor();
  await hears(other.page, CALLER);
  await hears(caller.page, OTHER);
  await mine.waitFor({ state: "detached" });
  await table.waitFor({ state: "detached" });

  // Parked by the button, it is taken back by the button.
  await other.page.getByRole("button", { name: "Park", exact: true }).click();
  await mine.getByRole("button", { name: "Take back 701" }).click();
  await agent.page.getByRole("heading", { name: "Grey plover", level: 1 }).waitFor();
  await hears(caller.page, AGENT);
  expect(found).toEqual([]);
});

test("the rules say where calls are parked", async () => {
  const { page } = await stage.agent("administrator", { viewport: { width: 1280, height: 900 } });
  await page.goto(`${stage.program.base}/app/setup/rules`);
  const seconds = page.getByLabel("Comes back after");
  await seconds.fill("90");
  await page.getByRole("heading", { name: "Parking calls" }).scrollIntoViewIfNeeded();
  await shot(page, "parked-04-rules");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).waitFor();
  await page.reload();
  await seconds.waitFor();
  await until(() => seconds.inputValue()).toBe("90");
  expect(await axe(page)).toEqual([]);
});
