import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

// The operator renews an organisation's keys; and what the server refuses is
// said in the language of the screen.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("an organisation's keys are renewed by keyboard, and the page says when it is done", async () => {
  const operator = await stage.agent("operator");
  const { page } = operator;
  await page.goto(`${stage.program.base}/app/organisations`);
  const open = page.getByRole("button", { name: "Keys of Demo company" });
  await open.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  const version = dialog.locator("dd").first();
  await until(() => version.textContent()).toBe("1");
  expect(await axe(page)).toEqual([]);
  const renew = dialog.getByRole("button", { name: "Renew keys" });
  await renew.focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("The keys are renewed.").waitFor();
  await until(() => version.textContent()).toBe("2");
  expect(await dialog.getByText("Still to be wrapped anew").count()).toBe(0);
  expect(await axe(page)).toEqual([]);
  await shot(page, "keys-renewed");
  await page.keyboard.press("Escape");
  await until(() => open.evaluate((e) => e === document.activeElement)).toBe(true);

  // Who works in the organisation sees in its log that it was done.
  const privacy = await stage.agent("privacy");
  await privacy.page.goto(`${stage.program.base}/app/privacy/audit`);
  await privacy.page.getByRole("cell", { name: "Keys renewed" }).first().waitFor();
});

test("a refusal is said in the language of the screen", async () => {
  const administrator = await stage.agent("administrator");
  const { page } = administrator;
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await until(() => page.evaluate(() => document.documentElement.lang)).toBe("pt");
  await page.goto(`${stage.program.base}/app/setup/reasons/new`);
  await page.getByLabel("Nome").first().fill("Ready");
  await page.keyboard.press("Control+s");
  await page.getByText("é um estado do próprio sistema").first().waitFor();
  stage.forgive(/status of 422/);
  await shot(page, "refused-in-portuguese");
});
