import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Stage, until } from "./stage";

// The desk and the room as a screen reader has them: from the browser's own
// tree, and what is said without being asked for.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const controls = ["button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "switch", "tab"];
const named = [...controls, "table", "log", "region", "complementary", "navigation", "dialog", "image"];

/** Roles of what needs a name and has none, and of landmarks that are missing. */
async function faults(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  const shown = nodes
    .filter((n) => !n.ignored)
    .map((n) => ({ role: String(n.role?.value), name: String(n.name?.value ?? "").trim() }));
  const missing = ["banner", "main", "navigation"].filter((role) => !shown.some((n) => n.role === role));
  return [...missing, ...shown.filter((n) => named.includes(n.role) && !n.name).map((n) => n.role)];
}

/** Notes from here on what the region says; returns what it has said so far. */
async function listen(page: Page, region: "urgent" | "polite"): Promise<() => Promise<string[]>> {
  await page.evaluate((region) => {
    const said: string[] = [];
    Object.assign(window, { said });
    const at = document.querySelector(`[data-says="${region}"]`)!;
    new MutationObserver(() => {
      const line = at.textContent?.trim();
      if (line) said.push(line);
    }).observe(at, { childList: true, characterData: true, subtree: true });
  }, region);
  return () => page.evaluate(() => (window as unknown as { said: string[] }).said);
}

test("an offer is said once, also to who reads something else, and nothing on the desk is unnamed", async () => {
  const agent = await stage.agent("a7");
  await agent.ready();
  const first = await stage.visitor();
  await first.queue("Kittiwake");
  await agent.accept("Kittiwake");
  expect(await faults(agent.page)).toEqual([]);

  const said = await listen(agent.page, "urgent");
  const second = await stage.visitor();
  await second.queue("Gannet");
  await agent.offers.first().waitFor();
  await until(said).toEqual(["New contact waiting for you"]);
  expect(await faults(agent.page)).toEqual([]);
  await agent.accept("Gannet");
  expect(await said()).toEqual(["New contact waiting for you"]);

  // Gannet is open now: what Kittiwake writes is said, not shown.
  const heard = await listen(agent.page, "polite");
  await first.say("Are you there?");
  await until(heard).toHaveLength(1);
});

test("nothing in the room and on the big screen is unnamed", async () => {
  const supervisor = await stage.agent("supervisor");
  const { page } = supervisor;
  await page.goto(`${stage.program.base}/app/room`);
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  expect(await faults(page)).toEqual([]);
  await page.goto(`${stage.program.base}/app/wall`);
  await page.getByRole("rowheader", { name: "Billing" }).waitFor();
  expect(await faults(page)).toEqual([]);
});
