import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { shot, Stage, until } from "./stage";

// What an administrator and a privacy officer do, and what happens to a mistake.

const stage = new Stage();
let page: Page;

beforeAll(() => stage.open());
beforeEach(async () => {
  page = (await stage.agent("administrator")).page;
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = (path: string, on = page) => on.goto(`${stage.program.base}/app/${path}`);

test("mistakes are shown beside the field, and unsaved input is not lost", async () => {
  await go("setup/users/new");
  await page.getByLabel("User name").fill("a7");
  await page.getByRole("button", { name: "Create user" }).last().click();
  await page.getByRole("alert").first().waitFor();
  await until(() => page.getByLabel("User name").inputValue()).toBe("a7");

  await page.getByRole("link", { name: "Queues" }).click();
  const leave = page.getByRole("dialog", { name: "Leave without saving?" });
  await leave.getByRole("button", { name: "Stay" }).click();
  await until(() => page.getByLabel("User name").inputValue()).toBe("a7");
  stage.forgive(/status of (409|422)/);
});

test("two administrators change one queue: the second is told and loses nothing", async () => {
  await go("setup/queues");
  await page.locator("tbody a").first().click();
  const goal = (on: Page) => on.locator("summary", { hasText: "Service level" }).click();
  await goal(page);

  const other = await stage.agent("administrator");
  await go(new URL(page.url()).pathname.slice("/app/".length), other.page);
  await goal(other.page);
  await other.page.getByLabel("Answer within").fill("33");
  await other.page.keyboard.press("Control+s");
  await other.page.getByText(/” is saved/).waitFor();

  await page.getByLabel("Short abandon").fill("7");
  await page.keyboard.press("Control+s");
  await page.getByText("Someone else saved meanwhile").waitFor();
  await until(() => page.getByLabel("Short abandon").inputValue()).toBe("7");
  await shot(page, "setup-conflict");
  await page.getByRole("button", { name: "Show theirs" }).click();
  await until(() => page.getByLabel("Answer within").inputValue()).toBe("33");
  stage.forgive(/status of 409/);
});

test("what a button does to a user keeps what is typed, and a lock-out is ended", async () => {
  const stranger = await (await stage.context()).newPage();
  const sign = (password: string) =>
    stranger.request.post(`${stage.program.base}/api/v1/sign-in`, {
      data: { organisation: "demo", user_name: "f1", password },
    });
  for (let i = 0; i < 5; i++) await sign("wrong wrong");
  expect((await sign(stage.program.password("f1"))).status()).toBe(429);

  await go("setup/users");
  await page.getByRole("link", { name: "f1", exact: true }).click();
  await page.getByText(/^locked until/).waitFor();
  await page.getByLabel("Display name").fill("Storm petrel");
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByText("f1 can sign in again.").waitFor();
  await until(() => page.getByLabel("Display name").inputValue()).toBe("Storm petrel");
  expect((await sign(stage.program.password("f1"))).status()).toBe(200);
  await page.keyboard.press("Control+s");
  // The sign-in moved the account on, and nothing that this page shows.
  await page.getByText("“f1” is saved.").waitFor();
  stage.forgive(/status of 409/);
});

test("a label is made, taken out of use, and put back", async () => {
  await go("setup/labels/new");
  await page.getByLabel("Name").fill("Bulky goods");
  await page.keyboard.press("Control+s");
  await page.getByRole("heading", { level: 1, name: "Bulky goods" }).waitFor();
  await page.getByRole("button", { name: "Take out of use" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take out of use" }).click();
  await page.getByText("“Bulky goods” is out of use.").waitFor();
  await page.getByRole("button", { name: "Put back" }).first().click();
  await page.getByText("“Bulky goods” is back in use.").waitFor();
  await page.getByRole("link", { name: "Bulky goods" }).waitFor();
});

test("a flow with a mistake in its text names the step, and cannot be published", async () => {
  await go("setup/flows");
  await page.locator("tbody a").first().click();
  await page.getByRole("button", { name: "Text", exact: true }).click();
  const words = page.getByLabel("Flow as text");
  await until(() => words.inputValue()).toContain('"start"');
  const good = await words.inputValue();
  const graph = JSON.parse(good) as { nodes: Record<string, { next?: string }> };
  const [id, node] = Object.entries(graph.nodes).find(([, n]) => n.next)!;
  node.next = "nowhere";
  await words.fill(JSON.stringify(graph, null, 2));
  await page.getByText("What to repair").waitFor();
  await page.getByRole("button", { name: new RegExp(`nodes.*${id}`) }).waitFor();
  await until(() => page.getByRole("button", { name: "Publish" }).isDisabled()).toBe(true);
  await shot(page, "setup-flow-problem");
  await page.getByRole("button", { name: "Discard" }).click();
  await until(() => words.inputValue()).toBe(good);
});

test("a person is found, exported, and erased with a receipt", async () => {
  const officer = (await stage.agent("privacy")).page;
  await go("privacy/contacts", officer);
  await officer.locator("tbody a").first().click();
  const download = officer.waitForEvent("download");
  await officer.getByRole("link", { name: "Export everything" }).click();
  expect((await download).suggestedFilename()).toMatch(/\.zip$/);
  await officer.getByRole("button", { name: "Erase this person" }).click();
  const dialog = officer.getByRole("dialog", { name: "Erase this person" });
  await until(() => dialog.getByRole("button", { name: "Erase this person" }).isDisabled()).toBe(true);
  await dialog.getByLabel("To confirm").fill("ERASE");
  await dialog.getByRole("button", { name: "Erase this person" }).click();
  await officer.getByRole("heading", { name: "Receipt of the erasure" }).waitFor();
  await shot(officer, "privacy-receipt");
});
