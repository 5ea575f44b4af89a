import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, looks, shot, Stage, until } from "./stage";

// Roles of one's own: copied from a built-in one, changed with a view of what that does to whom, and deleted with
// another in their place.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Calls the API in the page's own session. */
const ask = <T>(page: Page, method: string, path: string, body?: unknown): Promise<T> =>
  page.evaluate(
    async ([how, where, what]) => {
      const reply = await fetch(`/api/v1/${where}`, {
        method: how,
        headers: what === undefined ? {} : { "Content-Type": "application/json" },
        body: what === undefined ? undefined : JSON.stringify(what),
      });
      const said = await reply.text();
      if (!reply.ok) throw new Error(`${how} ${where}: ${reply.status} ${said}`);
      return said ? JSON.parse(said) : undefined;
    },
    [method, path, body] as const,
  );

interface Role {
  id: string;
  version: number;
}

test("a role is copied, given, and changed with a view of what that does", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/roles`);
  await page.getByRole("heading", { name: "Roles", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Copy Supervisor" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "roles-01-list");

  const copy = page.getByRole("button", { name: "Copy Supervisor" });
  await copy.focus();
  await page.keyboard.press("Enter");
  const listen = page.getByRole("checkbox", { name: /^Listen to recordings/ });
  await listen.waitFor();
  await until(() => listen.isChecked()).toBe(true);
  await listen.uncheck();
  await page.getByLabel("Name", { exact: true }).fill("Supervisor");
  await page.getByRole("button", { name: "Make the role" }).click();
  await page.getByText(/is the name of a built-in role/).waitFor();
  expect(await listen.isChecked()).toBe(false); // nothing entered is lost
  await page.getByLabel("Name", { exact: true }).fill("Team lead");
  await page.getByRole("button", { name: "Make the role" }).click();
  await page.getByText("Nobody has this role").waitFor();
  stage.forgive(/status of 422/);

  const id = new URL(page.url()).pathname.split("/").pop()!;
  await ask(page, "POST", "users", { user_name: "lead-1", roles: [id] });
  await page.reload();
  await page.getByText("lead-1", { exact: true }).waitFor();
  await page.getByText("Nothing changes.").waitFor();
  await page.getByRole("checkbox", { name: /^Export scores/ }).uncheck();
  await page.getByLabel("Find a permission").fill("audit");
  await page.getByRole("checkbox", { name: /^Read the audit log/ }).check();
  await page.getByText("gains", { exact: true }).waitFor();
  await page.getByText("loses", { exact: true }).waitFor();
  expect(await axe(page)).toEqual([]);
  await looks(page, "roles-02-effect");

  // Somebody else saves first.
  const now = await ask<Role & { permissions: Record<string, string> }>(page, "GET", `roles/${id}`);
  await ask(page, "PUT", `roles/${id}`, { version: now.version, name: "Lead", permissions: now.permissions });
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/It now has this name and these permissions: Lead/).waitFor();
  await shot(page, "roles-03-conflict");
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await page.getByText("Saved. It holds from now on.").waitFor();
  stage.forgive(/status of 409/);
  const kept = await ask<{ name: string; permissions: Record<string, string> }>(page, "GET", `roles/${id}`);
  expect([kept.name, kept.permissions["audit.read"], kept.permissions["quality.export"]]).toEqual([
    "Team lead",
    "all",
    undefined,
  ]);

  await page.goto(`${stage.program.base}/app/setup/users`);
  await page
    .getByRole("row", { name: /lead-1/ })
    .getByText("Team lead")
    .waitFor();
});

test("a role that somebody has is deleted with another in its place", async () => {
  const { page } = await stage.agent("administrator");
  const role = await ask<Role>(page, "POST", "roles", {
    name: "Night watch",
    base: "monitor",
    permissions: { "floor.watch": "all" },
  });
  const made = await ask<{ user: { id: string } }>(page, "POST", "users", {
    user_name: "night-1",
    roles: [role.id],
  });
  await page.goto(`${stage.program.base}/app/setup/roles/${role.id}`);
  await page.getByRole("button", { name: "Delete the role" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/They get another role in its place/).waitFor();
  await dialog.getByLabel("Instead they have").selectOption({ label: "Supervisor" });
  expect(await axe(page)).toEqual([]);
  await shot(page, "roles-04-delete");
  await dialog.getByRole("button", { name: "Delete the role" }).click();
  await page.getByText("Night watch was deleted.").waitFor();
  await until(
    async () => (await ask<{ roles: string[] }>(page, "GET", `users/${made.user.id}`)).roles,
  ).toEqual(["supervisor"]);
});
