import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { shot, Stage, until } from "./stage";

// Fields for passwords: what is typed is not to be read over a shoulder, and whoever keeps passwords in a manager
// may fill them in and paste them.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const LONG = `${"a long password, ".repeat(8)}as managers make them`;

/** Pastes words as a person does: from the clipboard, into what has the focus. */
async function paste(page: Page, words: string): Promise<void> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((text) => navigator.clipboard.writeText(text), words);
  await page.keyboard.press("ControlOrMeta+v");
}

/** A field that hides what is typed, says which password it takes, and takes a pasted one whole. */
async function takes(page: Page, field: Locator, kind: "current-password" | "new-password"): Promise<void> {
  expect(await field.getAttribute("type")).toBe("password");
  expect(await field.getAttribute("autocomplete")).toBe(kind);
  expect(await field.getAttribute("maxlength")).toBe(null); // a longer one is refused, never cut
  await field.focus();
  await paste(page, LONG);
  await until(() => field.inputValue()).toBe(LONG);
  await field.fill("");
  await field.evaluate((e: HTMLInputElement, v) => {
    e.value = v; // as an extension of the browser fills it in
    e.dispatchEvent(new Event("input", { bubbles: true }));
  }, "filled in");
  await until(() => field.inputValue()).toBe("filled in");
  await field.fill("");
}

test("at the sign-in, where it may be shown while it is typed", async () => {
  const page = await (await stage.context()).newPage();
  await page.goto(`${stage.program.base}/app/`);
  const field = page.getByRole("textbox", { name: "Password" });
  await field.waitFor();
  await takes(page, field, "current-password");
  expect(await page.getByLabel("User name").getAttribute("autocomplete")).toBe("username");
  await field.fill(LONG);
  await page.getByRole("button", { name: "Show password" }).click();
  await until(() => field.getAttribute("type")).toBe("text");
  await page.getByRole("button", { name: "Hide password" }).click();
  await until(() => field.getAttribute("type")).toBe("password");

  // Pasted, it signs in.
  await page.getByLabel("Organisation").fill(stage.program.organisation("b2"));
  await page.getByLabel("User name").fill("b2");
  await field.fill("");
  await field.focus();
  await paste(page, stage.program.password("b2"));
  await page.keyboard.press("Enter");
  await page.getByRole("banner").waitFor();
});

test("where it is changed", async () => {
  const { page } = await stage.agent("d4");
  await page.goto(`${stage.program.base}/app/account`);
  const fields = page.locator("form").filter({ has: page.locator("input[type=password]") });
  await fields.first().waitFor();
  const kinds = [];
  for (const field of await fields.locator("input[type=password]").all()) {
    const kind = (await field.getAttribute("autocomplete")) as "current-password" | "new-password";
    kinds.push(kind);
    await takes(page, field, kind);
  }
  expect(kinds).toEqual(["current-password", "new-password", "new-password"]);
  expect(await fields.locator("input[autocomplete=username]").inputValue()).toBe("d4"); // which a manager keeps it for
  await shot(page, "passwords-change");
});

test("where the desk asks once more who it is", async () => {
  const { page } = await stage.agent("e5");
  await page.goto(`${stage.program.base}/app/account`);
  await page.route("**/api/v1/me/factors/totp/begin", (route) =>
    route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify({ title: "Forbidden", status: 403, code: "confirm", detail: "Again." }),
    }),
  );
  await page.getByRole("button", { name: "Add an app" }).click();
  const dialog = page.getByRole("dialog", { name: "Is it you?" });
  await takes(page, dialog.getByLabel("Your password"), "current-password");
  stage.forgive(/status of 403/);
});
