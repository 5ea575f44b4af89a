import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, scheme, shot, Stage, until } from "./stage";
import type { Agent } from "./agent";

// The supervisor's room as a wallboard: the day's charts, what figures mean and
// count, and the big screen.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const sizes = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];

/** What axe finds in both appearances and sizes. */
async function everyway(agent: Agent, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const size of sizes) {
    await agent.page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await scheme(agent.page, colorScheme);
      await shot(agent.page, `${name}-${size.width}-${colorScheme}`);
      found.push(...(await axe(agent.page)).map((v) => `${name}, ${size.width}, ${colorScheme}: ${v}`));
    }
  }
  await scheme(agent.page, "light");
  return found;
}

test("the day's charts count what comes in, live, and say it in a table", async () => {
  const supervisor = await stage.agent("supervisor");
  await supervisor.page.goto(`${stage.program.base}/app/room`);
  const day = supervisor.page.getByRole("region", { name: "Today" });
  await day.getByRole("img").waitFor();
  const offered = day.getByRole("listitem").filter({ hasText: "Offered" }).locator("> b");
  // What is counted is of the quarter-hour: where one begins in between, somebody else comes.
  const quarter = () => Math.floor(Date.now() / 900_000);
  for (let began = -1; began !== quarter();) {
    began = quarter();
    const before = Number(await offered.innerText());
    const visitor = await stage.visitor();
    await visitor.queue("Whimbrel");
    await until(async () => began !== quarter() || Number(await offered.innerText()) > before).toBe(true);
  }

  for (const kind of ["Service level", "Times", "Agents", "Contacts"]) {
    await day.getByRole("button", { name: kind, exact: true }).click();
    await day.getByRole("img", { name: new RegExp(`^${kind} today`) }).waitFor();
  }
  expect(await everyway(supervisor, "room")).toEqual([]);

  await day.getByRole("button", { name: "1 h", exact: true }).click();
  await day.getByRole("button", { name: "As a table" }).click();
  const rows = day.getByRole("row");
  await until(() => rows.count()).toBeGreaterThan(1);
  await rows.nth(1).getByRole("link").click();
  await supervisor.page.getByRole("heading", { name: "Conversations" }).waitFor();
  expect(supervisor.page.url()).toMatch(/from=.*&to=/);
});

test("each figure says what it means to pointer and keyboard, and shows what it counts", async () => {
  const supervisor = await stage.agent("supervisor");
  const page = supervisor.page;
  await page.goto(`${stage.program.base}/app/room`);
  const figures = page.getByLabel("Today at a glance");
  const name = figures.getByRole("button", { name: "abandoned", exact: true });
  const tip = page.getByRole("tooltip").filter({ hasText: "(abandoned - short) ÷ (offered - short)" });
  await name.hover();
  await tip.waitFor();
  await page.mouse.move(0, 0);
  await tip.waitFor({ state: "hidden" });
  await name.focus();
  await tip.waitFor();
  await shot(page, "room-definition");
  await page.keyboard.press("Escape");
  await tip.waitFor({ state: "hidden" });

  await figures
    .getByRole("button", { name: /^in .*goal|^answered in goal/ })
    .last()
    .click();
  const day = page.getByRole("region", { name: "Today" });
  await day.getByRole("button", { name: "Service level", exact: true, pressed: true }).waitFor();
});

test("a big screen keeps its choices in the address, hides names and comes back by itself", async () => {
  const supervisor = await stage.agent("supervisor");
  const page = supervisor.page;
  const agent = await stage.agent("a7");
  await agent.ready();
  await page.goto(`${stage.program.base}/app/room`);
  await page.getByRole("button", { name: "Big screen" }).click();
  await page.getByRole("rowheader", { name: "Billing" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "a7" }).waitFor();
  await page.getByRole("button", { name: "What it shows" }).click();
  await page.getByRole("radio", { name: "numbers" }).check();
  await page.getByRole("checkbox", { name: "Sales" }).uncheck();
  await page.keyboard.press("Escape");
  await page.reload();
  await page
    .getByRole("listitem")
    .filter({ hasText: /Agent \d/ })
    .first()
    .waitFor();
  expect(await page.getByRole("rowheader", { name: "Sales" }).count()).toBe(0);
  expect(await page.getByRole("listitem").filter({ hasText: "a7" }).count()).toBe(0);
  expect(await everyway(supervisor, "wall")).toEqual([]);

  await page.context().setOffline(true);
  await page.getByText(/No connection since/).waitFor();
  await page.context().setOffline(false);
  await page.getByText(/No connection since/).waitFor({ state: "hidden" });
  stage.forgive(/ERR_INTERNET_DISCONNECTED|WebSocket/);
  await agent.leave();
});
