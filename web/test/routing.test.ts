import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, shot, Stage, until } from "./stage";

// How an administrator sets routing up.

const stage = new Stage();
let page: Page;

beforeAll(() => stage.open());
beforeEach(async () => {
  page = (await stage.agent("administrator")).page;
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = (path: string) => page.goto(`${stage.program.base}/app/${path}`);
const unfold = (title: string) => page.locator("summary", { hasText: title }).click();
const words = () => page.locator("section", { hasText: "What will happen" }).locator("li").allInnerTexts();

test("a queue is set up with all its rules, and says in words what will happen", async () => {
  await go("setup/queues/new");
  await page.getByLabel("Name", { exact: true }).fill("Night desk");
  await page.getByRole("checkbox", { name: "Chat" }).check();
  await until(async () => (await words())[0]).toMatch(/^A chat goes to the agent who has been idle longest/);

  await unfold("Which agent");
  await page.getByLabel("Which agent").selectOption("most_proficient");
  await page.getByLabel("Keep for the last agent").fill("45");
  await unfold("Steps of loosening");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("button", { name: "Add a step" }).click();
  const second = page.getByRole("group", { name: "Step 2" });
  await second.getByLabel("After waiting").fill("90");
  await second.getByLabel("Levels off").fill("10");
  await unfold("Call back who waits");
  await page.getByLabel("Offered every").fill("60");
  await page.getByLabel("Key to accept").selectOption("8");
  await unfold("Where contacts go that cannot stay");
  await page.getByRole("button", { name: "Add a rule" }).click();
  const rule = page.getByRole("group", { name: "Rule 1" });
  await rule.getByLabel("When").selectOption("nobody");
  await rule.getByLabel("Then").selectOption({ index: 1 });

  await until(words).toContain("After 1 min 30 s no skill is needed any more.");
  const said = await words();
  expect(said[0]).toContain("the agent with the highest skill levels");
  expect(said).toContain(
    "For 45 s it is kept for the agent who had the person last, if that agent is at work.",
  );
  expect(said.filter((s) => /^If nobody is at work, it moves to /.test(s))).toHaveLength(1);
  expect(await axe(page)).toEqual([]);
  await shot(page, "queue-editor");

  await page.keyboard.press("Control+s");
  await page.getByText("“Night desk” is created.").waitFor();
  await page.reload();
  await until(words).toEqual(said);
  await page.getByText("Offered every 1 min, by key 8").waitFor();
});

test("every fault is told beside its field, in a part that opens by itself", async () => {
  await go("setup/queues/new");
  await page.getByLabel("Name", { exact: true }).fill("Faulty");
  await unfold("Steps of loosening");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("group", { name: "Step 2" }).getByLabel("Levels off").fill("0");
  await page.getByRole("group", { name: "Step 2" }).getByLabel("After waiting").fill("5");
  await unfold("Steps of loosening");
  await unfold("Where contacts go that cannot stay");
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByRole("group", { name: "Rule 1" }).getByLabel("When").selectOption("closed");
  await unfold("Where contacts go that cannot stay");
  await page.keyboard.press("Control+s");

  const late = page.getByRole("group", { name: "Step 2" }).getByLabel("After waiting");
  await until(() => late.getAttribute("aria-invalid")).toBe("true");
  const described = await late.getAttribute("aria-describedby");
  await until(() => page.locator(`[id="${described}"]`).innerText()).toBe(
    "is not later than the step before it.",
  );
  const when = page.getByRole("group", { name: "Rule 1" }).getByLabel("When");
  await until(() => when.getAttribute("aria-invalid")).toBe("true");
  await until(() => page.getByRole("group", { name: "Rule 1" }).innerText()).toContain("needs opening hours");
  await shot(page, "queue-faults");
  expect(await axe(page)).toEqual([]);
  stage.forgive(/status of 422/);
});

test("a queue is tried before it is saved, and the answer says why not the others", async () => {
  await go("setup/queues/new");
  await page.getByLabel("Name", { exact: true }).fill("Tried");
  await unfold("Steps of loosening");
  await page.getByRole("button", { name: "Add a step" }).click();
  const skill = page.getByLabel("Add a skill: Skills needed");
  await skill.selectOption({ index: 1 });
  await page
    .getByLabel(/^Level: /)
    .first()
    .selectOption("1");
  await unfold("Try it");
  const result = page.getByRole("region", { name: "What would happen" });
  const attempt = () => page.getByRole("button", { name: "Try", exact: true }).click();
  await attempt();
  await result.getByText(/gets it\.$/).waitFor();
  const chosen = (await result.getByText(/gets it\.$/).innerText()).split(" ")[0]!;
  await result.getByText(/^Why not the/).click();
  await shot(page, "queue-try");
  await unfold("Steps of loosening"); // its lists would lie under the bar with Save
  expect(await axe(page)).toEqual([]);

  // With all of the others away and the chosen one at lunch, nobody can have it.
  for (const select of await page.getByLabel(/^State of /).all()) await select.selectOption("offline");
  await page.getByText("Something changed since.").waitFor();
  await page.getByLabel(`State of ${chosen}`).selectOption("not_ready");
  await attempt();
  await result.getByText("Nobody can have it yet.").waitFor();
  await result.getByText("After 30 s").waitFor();
  await result.getByText(/^Nothing more happens/).waitFor();
  await until(() => result.locator("li", { hasText: chosen }).first().innerText()).toContain("not ready");
  await page.getByRole("button", { name: "As they are now" }).click();
  await until(() => page.getByLabel(`State of ${chosen}`).inputValue()).toBe("offline");
});

test("rules are put in order, and parts unfold, by keyboard alone", async () => {
  await go("setup/queues/new");
  await page.locator("summary", { hasText: "Where contacts go" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Add a rule" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Space");
  const kind = (n: number) => page.getByRole("group", { name: `Rule ${n}` }).getByLabel("When");
  await kind(2).focus();
  await page.keyboard.press("ArrowDown");
  await until(() => kind(2).inputValue()).toBe("length");
  await page.getByRole("button", { name: "Move rule 2 up" }).focus();
  await page.keyboard.press("Enter");
  await until(() => kind(1).inputValue()).toBe("length");
  await until(() => kind(2).inputValue()).toBe("wait");
});

test("the blended rule is a grid that goes back to how it comes", async () => {
  // What the page does not show is left as it is.
  const rules = `${stage.program.base}/api/v1/rules`;
  const screen = { pictures: 7, width: 1280, height: 720, kilobits: 500, surface: "any" };
  const before = (await (await page.request.get(rules)).json()) as Record<string, unknown>;
  for (const of of ["id", "position", "created_at", "updated_at", "archived_at"]) delete before[of];
  const put = await page.request.put(rules, {
    headers: { Origin: stage.program.base },
    data: { ...before, screen },
  });
  expect(put.status()).toBe(200);
  await go("setup/rules");
  const cell = page.getByRole("checkbox", { name: "While holding Chat, not offered: Email" });
  expect(await cell.isChecked()).toBe(false);
  await cell.check();
  await page.keyboard.press("Control+s");
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await page.reload();
  await until(() => cell.isChecked()).toBe(true);
  expect(((await (await page.request.get(rules)).json()) as { screen: object }).screen).toEqual(screen);
  await shot(page, "rules-blend");
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "As it comes" }).click();
  expect(await cell.isChecked()).toBe(false);
  await page.keyboard.press("Control+s");
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
});
