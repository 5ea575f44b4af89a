import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

// An administrator gives a program one right, and it has no other.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a key is given one right by keyboard, and is refused elsewhere", async () => {
  const administrator = await stage.agent("administrator");
  const { page } = administrator;
  await page.goto(`${stage.program.base}/app/setup/api-keys`);
  await page.getByRole("button", { name: "Make a key" }).first().focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await page.keyboard.type("Our CRM");

  // Nothing is given before it is chosen.
  const rights = dialog.getByRole("checkbox");
  await until(() => rights.count()).toBeGreaterThan(5);
  expect(await dialog.getByRole("checkbox", { checked: true }).count()).toBe(0);
  expect(await dialog.getByRole("radio", { name: "Everything that I may do" }).isChecked()).toBe(false);
  await dialog.getByRole("button", { name: "Make a key" }).click();
  await dialog.getByRole("alert").filter({ hasText: "at least one right" }).waitFor();

  // Only what an administrator may do itself is there: it reads no conversations.
  expect(await dialog.getByText("Read an interaction").count()).toBe(0);
  await dialog.getByRole("searchbox", { name: "Find a right" }).focus();
  await page.keyboard.type("see the USERS");
  await until(() => rights.count()).toBe(1);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await until(() => rights.isChecked()).toBe(true);
  await dialog.getByRole("searchbox").fill("");
  expect(await axe(page)).toEqual([]);
  await shot(page, "key-rights");
  await dialog.getByRole("button", { name: "Make a key" }).focus();
  await page.keyboard.press("Enter");

  const key = await page.getByText(/^nbk_/).innerText();
  const ask = async (path: string) =>
    (await fetch(`${stage.program.base}/api/v1/${path}`, { headers: { Authorization: `Bearer ${key}` } }))
      .status;
  expect(await ask("users")).toBe(200);
  for (const path of ["queues", "floor", "audit", "api-keys", "contacts"]) expect(await ask(path)).toBe(403);
  await page.keyboard.press("Escape");
  const row = page.getByRole("row").filter({ hasText: "Our CRM" });
  await row.getByText("See the users of one's organisation.").waitFor();
  expect(await axe(page)).toEqual([]);
});

test("all of one's rights are a choice of their own, said in the language of the screen", async () => {
  const administrator = await stage.agent("administrator", {
    viewport: { width: 400, height: 800 },
    colorScheme: "dark",
  });
  const { page } = administrator;
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await until(() => page.evaluate(() => document.documentElement.lang)).toBe("pt");
  await page.goto(`${stage.program.base}/app/setup/api-keys`);
  await page.getByRole("button", { name: "Criar uma chave" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Criar e revogar chaves da API.").waitFor();
  await shot(page, "key-rights-portuguese");
  expect(await axe(page)).toEqual([]);
  await dialog.getByLabel("Para que serve").fill("Relatórios");
  await dialog.getByRole("radio", { name: "Tudo o que eu posso fazer" }).check();
  await dialog.getByRole("button", { name: "Criar uma chave" }).click();
  await page.getByText(/^nbk_/).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("tudo o que as suas funções dão").waitFor();
});
