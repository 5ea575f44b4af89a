import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { House } from "./house";
import { complaints, launch, openPage, picture, signIn } from "./people";

// What an administrator and a privacy officer do.

let house: House;
let browser: Browser;
let admin: Page;

beforeAll(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await house?.close();
});

beforeEach(async () => {
  admin = await openPage(browser);
  await signIn(admin, house, "administrator");
});

afterEach(async () => {
  expect(complaints.get(admin)).toEqual([]);
  await admin.context().close();
});

const go = (path: string) => admin.goto(`${house.demo.base_url}/app${path}`);

test("a user with nothing but a name signs in and chooses a password", async () => {
  await go("/setup/users/new");
  await admin.getByLabel("User name").fill("z9");
  await admin.getByRole("button", { name: "Create user" }).last().click();
  const dialog = admin.getByRole("dialog", { name: "The user is created" });
  const password = (await dialog.locator("code").textContent()) ?? "";
  await picture(admin, "one-time-password");
  await dialog.getByRole("button", { name: "Close" }).last().click();

  const page = await openPage(browser);
  await page.goto(`${house.demo.base_url}/app/`);
  await page.getByLabel("Organisation").fill("demo");
  await page.getByLabel("User name").fill("z9");
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await page.getByLabel("Current password").fill(password);
  await page.getByLabel("New password", { exact: true }).fill("short");
  await page.getByLabel("New password again").fill("short");
  await page.getByRole("button", { name: "Choose a new password" }).click();
  await page.getByRole("alert").first().waitFor();
  await page.getByLabel("New password", { exact: true }).fill("four quiet green lamps");
  await page.getByLabel("New password again").fill("four quiet green lamps");
  await page.getByRole("button", { name: "Choose a new password" }).click();
  await page.getByRole("button", { name: /Menu of z9/ }).waitFor();
  expect(complaints.get(page)).toEqual([]);
  await page.context().close();
});

test("mistakes are shown beside the field, and unsaved input is not lost", async () => {
  await go("/setup/users/new");
  await admin.getByLabel("User name").fill("a7");
  await admin.getByRole("button", { name: "Create user" }).last().click();
  await admin.getByRole("alert").first().waitFor();
  expect(await admin.getByLabel("User name").inputValue()).toBe("a7");

  await admin.getByRole("link", { name: "Queues" }).click();
  await admin
    .getByRole("dialog", { name: "Leave without saving?" })
    .getByRole("button", { name: "Stay" })
    .click();
  expect(await admin.getByLabel("User name").inputValue()).toBe("a7");
});

test("two administrators change one queue: the second is told and loses nothing", async () => {
  await go("/setup/queues");
  await admin.locator("tbody a").first().click();
  await admin.getByLabel("Name").waitFor();

  const other = await openPage(browser);
  await signIn(other, house, "administrator");
  await other.goto(admin.url());
  await other.getByLabel("Answer within").fill("33");
  await other.keyboard.press("Control+s");
  await other.getByText(/is saved/).waitFor();

  await admin.getByLabel("Short abandon").fill("7");
  await admin.keyboard.press("Control+s");
  await admin.getByText("Someone else saved meanwhile").waitFor();
  expect(await admin.getByLabel("Short abandon").inputValue()).toBe("7");
  await admin.getByRole("button", { name: "Show theirs" }).click();
  expect(await admin.getByLabel("Answer within").inputValue()).toBe("33");
  await other.context().close();
});

test("a label is made, taken out of use, and put back", async () => {
  await go("/setup/labels/new");
  await admin.getByLabel("Name").fill("Bulky goods");
  await admin.keyboard.press("Control+s");
  await admin.getByRole("heading", { level: 1, name: "Bulky goods" }).waitFor();
  await admin.getByRole("button", { name: "Take out of use" }).click();
  await admin.getByRole("dialog").getByRole("button", { name: "Take out of use" }).click();
  await admin.getByText("“Bulky goods” is out of use.").waitFor();
  await admin.getByRole("button", { name: "Put back" }).first().click();
  await admin.getByText("“Bulky goods” is back in use.").waitFor();
  await admin.getByRole("link", { name: "Bulky goods" }).waitFor();
});

test("a flow with a mistake names the node, and is not saved", async () => {
  await go("/setup/flows");
  await admin.locator("tbody a").first().click();
  const words = admin.getByLabel("Flow as text");
  await expect.poll(() => words.inputValue()).toContain('"start"');
  const good = await words.inputValue();
  const graph = JSON.parse(good) as { start: string; nodes: Record<string, { next?: string }> };
  const [id, node] = Object.entries(graph.nodes).find(([, n]) => n.next)!;
  node.next = "nowhere";
  await words.fill(JSON.stringify(graph, null, 2));
  await admin.keyboard.press("Control+s");
  await admin.getByText("What to repair").waitFor();
  await admin
    .getByRole("button", { name: new RegExp(`nodes.*${id}`) })
    .first()
    .waitFor();
  await picture(admin, "flow-problem");
  await admin.getByRole("button", { name: "Discard" }).click();
  await expect.poll(() => words.inputValue()).toBe(good);
});

test("a person is found, exported, and erased with a receipt", async () => {
  const officer = await openPage(browser);
  await signIn(officer, house, "privacy");
  await officer.goto(`${house.demo.base_url}/app/privacy/contacts`);
  await officer.locator("tbody a").first().click();
  const download = officer.waitForEvent("download");
  await officer.getByRole("link", { name: "Export everything" }).click();
  expect((await download).suggestedFilename()).toMatch(/\.zip$/);
  await officer.getByRole("button", { name: "Erase this person" }).click();
  const dialog = officer.getByRole("dialog", { name: "Erase this person" });
  expect(await dialog.getByRole("button", { name: "Erase this person" }).isDisabled()).toBe(true);
  await dialog.getByLabel("To confirm").fill("ERASE");
  await dialog.getByRole("button", { name: "Erase this person" }).click();
  await officer.getByRole("heading", { name: "Receipt of the erasure" }).waitFor();
  await picture(officer, "receipt");
  expect(complaints.get(officer)).toEqual([]);
  await officer.context().close();
});
