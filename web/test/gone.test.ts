import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, looks, shot, Stage, until } from "./stage";

// What has no name any more is said to be so, and an id is never all that stands where a name is known.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

interface Made {
  id: string;
  user_name?: string;
}

const call = (page: Page, method: string, where: string, body?: unknown) =>
  page.evaluate(
    async ([method, where, body]) => {
      const reply = await fetch(`/api/v1/${where}`, {
        method: method as string,
        headers: { "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return { status: reply.status, body: reply.status === 204 ? undefined : await reply.json() };
    },
    [method, where, body] as const,
  );

/** Tables that are wider than their place. */
const sideways = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("table")]
      .filter((t) => t.parentElement!.scrollWidth > t.parentElement!.clientWidth + 1)
      .map((t) => t.caption?.innerText),
  );

test("the audit log names what it is about, and says who was deleted", async () => {
  const { page } = await stage.agent("administrator");
  const made = await call(page, "POST", "users", { user_name: "egret-9", roles: ["agent"] });
  expect(made.status).toBe(201);
  const { user } = made.body as { user: Made };
  expect((await call(page, "DELETE", `users/${user.id}`)).status).toBe(204);
  const skill = await call(page, "POST", "skills", { name: "Wading" });
  expect(skill.status).toBe(201);

  const gone = `deleted user ${user.id.slice(-4)}`;
  await page.goto(`${stage.program.base}/app/privacy/audit`);
  const deleted = page.getByRole("row").filter({ hasText: "User deleted" }).first();
  await deleted.getByText(gone).waitFor();
  // The id that stands in the log is beside it, and finds all that is about it.
  await deleted.getByText(user.id).waitFor();
  await page
    .getByRole("row")
    .filter({ hasText: "Set-up: created" })
    .filter({ hasText: "Wading" })
    .first()
    .waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "gone-audit");
  await deleted.getByRole("button", { name: gone }).click();
  await until(() => page.getByRole("row").filter({ hasText: gone }).count()).toBeGreaterThan(1);
  await page.setViewportSize({ width: 400, height: 800 });
  await until(() => sideways(page)).toEqual([]);
  await shot(page, "gone-audit-narrow");
});

test("keys and users are read on a narrow page without scrolling sideways", async () => {
  const { page } = await stage.agent("administrator", {
    viewport: { width: 400, height: 800 },
    colorScheme: "dark",
  });
  await page.goto(`${stage.program.base}/app/setup/api-keys`);
  await page.getByRole("button", { name: "Make a key" }).first().click();
  const dialog = page.getByRole("dialog");
  await page.keyboard.type("Our warehouse, for reports at night");
  await dialog.getByRole("radio", { name: "Everything that I may do" }).check();
  await dialog.getByRole("button", { name: "Make a key" }).click();
  await page.getByText(/^nbk_/).waitFor();
  await page.keyboard.press("Escape");
  const row = page.getByRole("row").filter({ hasText: "Our warehouse" });
  await row.getByRole("button", { name: "Revoke" }).waitFor();
  await until(() => sideways(page)).toEqual([]);
  expect(await axe(page)).toEqual([]);
  await shot(page, "gone-keys-narrow");

  await page.goto(`${stage.program.base}/app/setup/users`);
  await page.getByRole("link", { name: "a7" }).waitFor();
  await until(() => sideways(page)).toEqual([]);
  expect(await axe(page)).toEqual([]);
  await shot(page, "gone-users-narrow");
});

test("who is left out of a change of several is named, with why", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/users`);
  await page.getByRole("checkbox", { name: "Choose all of this page" }).check();
  await page.getByRole("button", { name: "Change…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What to do").selectOption({ label: "Lock" });
  // One's own account is not locked, and that is said.
  await dialog.getByText("1 is left out:").waitFor();
  await dialog.getByText("is your own account").waitFor();
  await dialog.getByText("State: Active → Locked").first().waitFor();
  await dialog.getByLabel("What to do").selectOption({ label: "Unlock" });
  await dialog.getByText(/are left out because they are so already:/).waitFor();
  await until(() => dialog.locator(".muted").allInnerTexts()).toContainEqual(expect.stringContaining("b2"));
  expect(await axe(page)).toEqual([]);
  await shot(page, "gone-several");
  await page.keyboard.press("Escape");
  // Whom the directory locked can be looked for.
  await page.getByLabel("State").selectOption({ label: "Locked by the directory" });
  await page
    .getByText("Nothing was found")
    .or(page.getByRole("button", { name: "Clear filters" }))
    .first()
    .waitFor();
  await looks(page, "gone-filter");
});
