import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Agent } from "./agent";
import { looks, Stage, until } from "./stage";

// A page that is not there, and one that is not for who asks: it says so as any page says what it is.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const missing = "There is nothing here";
const locked = "Your roles do not include this";

async function visit({ page }: Agent, path: string, says: string): Promise<void> {
  await page.goto(`${stage.program.base}/app/${path}`);
  await page.getByRole("heading", { name: says, level: 1 }).waitFor();
  expect(await page.getByRole("heading", { level: 1 }).count(), path).toBe(1);
  await until(() => page.title(), path).toContain(`${says} · `);
  await until(
    () =>
      page.evaluate(() =>
        document.activeElement === document.body ? "" : (document.activeElement?.textContent ?? ""),
      ),
    path,
  ).toContain(says);
}

test("what is not there is told by a heading and the window's title", { timeout: 600_000 }, async () => {
  const boss = await stage.agent("administrator");
  const { page } = boss;
  const found: string[] = [];
  for (const path of [
    "nowhere",
    "setup/nowhere",
    "setup/queues/que_01m8njq21hvs2kfwrr1xtbp65x",
    "setup/users/usr_01m8njq21hvs2kfwrr1xtbp65x",
    "setup/roles/rol_01m8njq21hvs2kfwrr1xtbp65x",
    "privacy/nowhere",
  ])
    await visit(boss, path, missing);
  stage.forgive(/status of 404/);
  found.push(...(await looks(page, "no-page")));

  // From there to a page that is: its title is that page's, also below the same heading.
  await visit(boss, "setup/queues/que_01m8njq21hvs2kfwrr1xtbp65x", missing);
  stage.forgive(/status of 404/);
  await page.getByRole("link", { name: "Queues", exact: true }).first().press("Enter");
  await page.getByRole("heading", { name: "Queues", level: 1 }).waitFor();
  await until(() => page.title()).toMatch(/^Queues · /);
  await page.goBack();
  await page.getByRole("heading", { name: missing, level: 1 }).waitFor();
  stage.forgive(/status of 404/);
  await until(() => page.title()).toContain(missing);
  await page.getByRole("button", { name: "Go to the start" }).press("Enter");
  await page.getByRole("heading", { name: missing }).waitFor({ state: "detached" });
  await until(() => page.title()).not.toContain(missing);
  stage.forgive(/status of 404/);
  expect(found).toEqual([]);
});

test("a person and a conversation that are gone are told so", async () => {
  await visit(await stage.agent("privacy"), "privacy/contacts/con_01m8njq21hvs2kfwrr1xtbp65x", missing);
  await visit(await stage.agent("supervisor"), "conversations/int_01m8njq21hvs2kfwrr1xtbp65x", missing);
  stage.forgive(/status of 404/);
});

test("what is not for somebody is told so", async () => {
  const agent = await stage.agent("a7");
  for (const path of ["room", "privacy/audit", "organisations"]) await visit(agent, path, locked);
  expect(await looks(agent.page, "not-allowed")).toEqual([]);
});
