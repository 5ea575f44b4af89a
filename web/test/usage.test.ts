import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, lasting, looks, shot, Stage, until } from "./stage";

// What organisations may have and have used: the operator limits a tenant, whose administrator sees and meets
// the limit; and a tenant is moved below a reseller, and back.

const stage = new Stage();
const month = new Date().toISOString().slice(0, 7); // which may be over before its test ends
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a tenant is limited by keyboard, and its administrator meets the limit", async () => {
  const { page } = await stage.agent("operator");
  await lasting(page);
  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("link", { name: "Demo company" }).click();
  await page.getByRole("heading", { name: "Month by month" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "usage-01-organisation");

  const change = page.getByRole("button", { name: "Change limits" });
  await change.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Agents").fill("1");
  await dialog.getByText(/none can be added until/).waitFor();
  for (const channel of ["Calls", "Chats", "Emails"]) await dialog.getByLabel(channel).uncheck();
  await dialog.getByText(/^Choose at least one channel/).waitFor();
  for (const channel of ["Calls", "Chats"]) await dialog.getByLabel(channel).check();
  expect(await axe(page)).toEqual([]);
  await shot(page, "usage-02-limits");
  await dialog.getByLabel("Agents").press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/More than the limit/).waitFor();
  await page.getByText("Calls, Chats", { exact: true }).waitFor();
  await looks(page, "usage-03-limited");

  // A limit of less than nothing is refused beside its field, and nothing entered is lost.
  await change.click();
  await dialog.getByLabel("Storage").fill("500");
  await dialog.getByLabel("Telephone numbers").fill("12.5");
  await dialog.getByRole("button", { name: "Save" }).click();
  await until(() => dialog.getByLabel("Storage").inputValue()).toBe("500");
  await dialog.getByLabel("Telephone numbers").fill("12");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/of 12/).waitFor();

  // Another one is put back.
  await change.click();
  await dialog.getByLabel("Telephone numbers").fill("13");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText(/of 13/).waitFor();
  await page.getByRole("button", { name: "Undo", exact: true }).last().click();
  await page.getByText("All is as it was before.").waitFor();
  await page.getByText(/of 12/).waitFor();

  // It is marked among others, and found by that.
  await page.goto(`${stage.program.base}/app/organisations?kind=tenant`);
  const over = page.getByRole("checkbox", { name: "Over a limit (1)" });
  await over.press("Space");
  await until(() => new URL(page.url()).searchParams.get("over")).toBe("yes");
  const found = page.getByRole("table", { name: "Organisations" }).locator("tbody tr");
  await until(() => found.count()).toBe(1);
  await found.getByTitle("more agents than its limit").waitFor();
  expect(await looks(page, "usage-03-over")).toEqual([]);
  await over.uncheck();
  await until(() => found.count()).toBeGreaterThan(1);
  await page.getByRole("link", { name: "Demo company" }).click();

  const administrator = await stage.agent("administrator");
  const own = administrator.page;
  await own.goto(`${stage.program.base}/app/setup/usage`);
  await own.getByText(/More than the limit/).waitFor();
  expect(await axe(own)).toEqual([]);
  await shot(own, "usage-04-own");
  await own.goto(`${stage.program.base}/app/setup/users/new`);
  await own.getByLabel("User name").fill("onemore");
  await own.getByRole("button", { name: /^(Create|Save)/ }).click();
  await own
    .getByText(/your organisation may have 1/)
    .first()
    .waitFor();
  await shot(own, "usage-05-refused");
  stage.forgive(/status of 422/);

  // Without limits it goes on as before.
  await change.click();
  for (const field of ["Agents", "Telephone numbers", "Storage"]) await dialog.getByLabel(field).fill("");
  await dialog.getByLabel("Emails").check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  await until(() => page.getByText(/no limit/).count()).toBe(3);
});

test("a tenant is moved below a reseller, and back; a month is exported", async () => {
  const { page } = await stage.agent("operator");
  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("button", { name: "Create organisation" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Northern");
  await dialog.getByLabel("Short name").fill("northern");
  await dialog.getByLabel("Kind").selectOption({ label: "Reseller" });
  await dialog.getByRole("button", { name: "Create organisation" }).click();
  await page.getByText("The organisation is created").waitFor();
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "Demo company" }).click();
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await until(() => dialog.getByLabel("Below").locator("option").count()).toBeGreaterThan(1);
  await dialog.getByLabel("Below").selectOption({ label: "Northern" });
  await shot(page, "usage-06-move");
  await dialog.getByRole("button", { name: "Move", exact: true }).click();
  await page.getByText("Demo company is below Northern now.").waitFor();
  // Its limits are the reseller's to set now.
  await page.getByRole("button", { name: "Change limits" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Organisations" }).last().click();
  await page.getByRole("link", { name: "Northern" }).first().click(); // its own row, or where the company is below it
  await page.getByRole("heading", { name: "Northern" }).waitFor();
  await page.getByRole("link", { name: "Demo company" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "usage-07-reseller");
  await page.getByRole("link", { name: "Demo company" }).click();
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await dialog.getByLabel("Below").selectOption({ index: 0 });
  await dialog.getByRole("button", { name: "Move", exact: true }).click();
  await page.getByRole("button", { name: "Change limits" }).waitFor();

  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("button", { name: "Export a month" }).click();
  await dialog.getByLabel("Month").fill(new Date().toISOString().slice(0, 7));
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Save file" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe(`usage-${new Date().toISOString().slice(0, 7)}.csv`);
});

test("what the tenants used in a month is found, put in order and summed", async () => {
  const { page } = await stage.agent("operator");
  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("button", { name: "Use of a month" }).click();
  await page.getByRole("heading", { name: "Use of a month" }).waitFor();
  await page.goto(`${stage.program.base}/app/organisations/usage?month=${month}`);
  const rows = page.getByRole("table", { name: "Use of a month" }).locator("tbody tr");
  await rows
    .first()
    .getByText(/^(All \d+ tenants|1 tenant)$/)
    .waitFor();
  await page.getByRole("link", { name: "Demo company" }).waitFor();
  expect(await looks(page, "usage-08-list")).toEqual([]);

  // What is looked for and the order stand in the address; nothing is found in words.
  await page.getByLabel("In order of").selectOption({ label: "Chats" });
  await until(() => new URL(page.url()).searchParams.get("order")).toBe("chat");
  await page.getByRole("checkbox", { name: "The other way round" }).press("Space");
  await until(() => new URL(page.url()).searchParams.get("turned")).toBe("yes");
  await page.getByRole("link", { name: "Demo company" }).waitFor();
  await page.getByRole("searchbox", { name: "Name or short name" }).fill("nobody is called so");
  await page.getByText("No tenant that was counted in this month is like this.").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByRole("link", { name: "Demo company" }).click();
  await page.getByRole("heading", { name: "Month by month" }).waitFor();
});
