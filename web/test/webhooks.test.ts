import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, scheme, shot, Stage, until } from "./stage";

// An administrator has another system told of alerts, and sees what became of it.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a webhook is set up, tried, and says what became of the try", async () => {
  const administrator = await stage.agent("administrator");
  const { page } = administrator;
  await page.goto(`${stage.program.base}/app/setup/webhooks`);
  await page.getByText("A webhook brings alerts to another system").waitFor();
  await page.goto(`${stage.program.base}/app/setup/webhooks/new`);
  await page.getByLabel("Name", { exact: true }).fill("On call");
  // The house is not told, and the reason stands beside the field.
  await page.getByLabel("Address").fill("https://10.0.0.1/alerts");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("must be on the public network").first().waitFor();
  stage.forgive(/status of 422/);
  await page.getByLabel("Address").fill("https://alerts.example.com/nubitalk");
  expect(await page.getByLabel("An alert is raised", { exact: true }).isChecked()).toBe(true);
  const secure = page.getByLabel("A security alert is raised", { exact: true });
  expect(await secure.isChecked()).toBe(false);
  await secure.check();
  await page.getByRole("button", { name: "Make one" }).click();
  await until(() => page.getByLabel("Secret for signing").inputValue()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(await axe(page)).toEqual([]);
  await shot(page, "webhook-new");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("There is one; it is never shown.").waitFor();
  expect(await page.getByLabel("Secret for signing").inputValue()).toBe("");

  // Nobody answers there: it is sent again, and the page says so by itself.
  await page.getByRole("button", { name: "Send a ping" }).click();
  const row = page.getByRole("row").filter({ hasText: "A try" });
  await row.getByText(/no secure connection|no answer within|inside the house/).waitFor({ timeout: 120_000 });
  await row.getByText(/Again at \d\d:\d\d|Given up/).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "webhook-tried");

  // What is edited would not be tried.
  await page.getByLabel("Name", { exact: true }).fill("Who is on call");
  await until(() => page.getByRole("button", { name: "Send a ping" }).isDisabled()).toBe(true);
  await page.getByText("Save first").waitFor();
  await page.getByRole("button", { name: "Discard" }).click();

  // Narrow, dark, in Portuguese.
  await page.setViewportSize({ width: 400, height: 900 });
  await scheme(page, "dark");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "O que lhe foi comunicado" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "webhook-narrow");
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});
