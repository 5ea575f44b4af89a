import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Stage, until } from "./stage";

// What is chosen of a report while an earlier choice is still being read is what is shown in the end.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("the scores of the span that was chosen last", async () => {
  const { page } = await stage.agent("supervisor");
  let free = () => {};
  const held = new Promise<void>((done) => (free = done));
  await page.route("**/api/v1/evaluations/scores?*", async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const weeks = (Date.parse(asked.get("to")!) - Date.parse(asked.get("from")!)) / (7 * 86_400_000) + 1;
    const response = await route.fetch();
    const scores = (await response.json()) as { total: object };
    if (weeks === 26) await held;
    await route.fulfill({ response, json: { ...scores, total: { ...scores.total, count: weeks } } });
  });
  await page.goto(`${stage.program.base}/app/quality/scores`);
  const count = () =>
    page
      .locator("main")
      .getByText(/^Evaluations: \d+/)
      .innerText();
  await until(count).toContain("Evaluations: 12 ");
  const span = page.getByRole("combobox", { name: "Time" });
  const older = page.waitForResponse((r) => r.url().includes("/scores?"));
  await span.selectOption("26");
  await span.selectOption("52");
  await until(count).toContain("Evaluations: 52 ");
  await older; // that of 52
  const late = page.waitForResponse((r) => r.url().includes("/scores?"));
  free();
  await (await late).finished();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  expect(await count()).toContain("Evaluations: 52 ");
});

test("the evaluations of the state that was chosen last", async () => {
  const { page } = await stage.agent("supervisor");
  let free = () => {};
  const held = new Promise<void>((done) => (free = done));
  let asked = 0;
  await page.route("**/api/v1/evaluations?*", async (route) => {
    const state = new URL(route.request().url()).searchParams.get("state");
    if (!state) return route.fallback();
    asked++;
    if (state === "completed") await held;
    const one = { id: `evl_${state}`, form: "", agent: "", evaluator: "", state, origin: "manual" };
    await route.fulfill({ json: { items: [{ ...one, assigned_at: new Date().toISOString(), version: 1 }] } });
  });
  await page.goto(`${stage.program.base}/app/quality/evaluations`);
  const state = page.getByRole("combobox", { name: "State" });
  await state.selectOption("completed");
  await until(() => asked).toBe(1);
  await state.selectOption("withdrawn");
  free();
  const shown = () => page.getByRole("table").locator("tbody .tag").allInnerTexts();
  await until(shown).toEqual(["withdrawn"]);
  expect(asked).toBe(2);
});
