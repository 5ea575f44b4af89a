import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { canGoBack } from "../desktop/src/setup/goBack";
import { shorter } from "../desktop/src/setup/kept";
import { lasting, looks, shot, Stage, until } from "./stage";

// What an administrator saved is put back as it was, from the line that says so; and what cannot be put back is said
// before it is saved.

const stage = new Stage();
let page: Page;

beforeAll(() => stage.open());
beforeEach(async () => {
  page = await administrator();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** An administrator on whose pages no line goes away by itself, however slow the machine is. */
async function administrator(): Promise<Page> {
  const { page } = await stage.agent("administrator");
  await lasting(page);
  return page;
}

const go = (path: string, on = page) => on.goto(`${stage.program.base}/app/${path}`);
const undo = (on = page) => on.getByRole("button", { name: "Undo", exact: true });
const back = (on = page) => on.getByText("All is as it was before.");
const chats = (on = page) => on.getByLabel("Chats at once per agent");

/** Asks the program as the administrator. */
async function asked<T>(method: string, path: string, data?: object): Promise<T> {
  const answer = await page.request.fetch(`${stage.program.base}/api/v1/${path}`, {
    method,
    data,
    headers: { Origin: stage.program.base },
  });
  expect(answer.status(), await answer.text()).toBeLessThan(300);
  return (await answer.json()) as T;
}

/** Goes to the rules and gives how many chats an agent has by them. */
async function rules(on = page): Promise<string> {
  await go("setup/rules", on);
  return chats(on).inputValue();
}

async function save(on = page): Promise<void> {
  await on.keyboard.press("Control+s");
  await on.getByText("Not saved yet").waitFor({ state: "detached" });
}

test("rules are put back by keyboard, and what was typed since stays", async () => {
  const before = await rules();
  await chats().fill("11");
  await save();
  await undo().focus();
  const found = await looks(page, "undo-rules");
  const idle = page.getByLabel("A visitor who is gone for");
  await idle.fill("33");
  await undo().press("Enter");
  await back().waitFor();
  await until(() => chats().inputValue()).toBe(before);
  await until(() => idle.inputValue()).toBe("33");
  expect(await undo().count()).toBe(0);
  // It goes on from there.
  await save();
  await page.reload();
  await until(() => chats().inputValue()).toBe(before);
  await until(() => idle.inputValue()).toBe("33");
  expect(found).toEqual([]);
});

test("rules are put back from another page, and the page that is come back to has them", async () => {
  const before = await rules();
  await chats().fill("12");
  await save();
  await page.getByRole("link", { name: "Skills" }).click();
  await page.getByRole("heading", { level: 1, name: "Skills" }).waitFor();
  await page.getByRole("link", { name: "Rules and retention" }).click();
  await until(() => chats().inputValue()).toBe("12");
  await undo().click();
  await back().waitFor();
  await until(() => chats().inputValue()).toBe(before);
  await chats().fill("13"); // it knows the version that there is now
  await save();
  await undo().click();
  await until(() => chats().inputValue()).toBe(before);
});

test("nothing is undone that someone else has changed since", async () => {
  await rules();
  const other = await administrator();
  await chats().fill("14");
  await save();
  await rules(other);
  await chats(other).fill("15");
  await save(other);
  await undo().click();
  await page.getByText("Nothing was undone: someone else has changed it since.").waitFor();
  expect(await rules()).toBe("15");
  stage.forgive(/status of 409/);
});

test("an undo that fails on the way is offered again, and asks who it is where the change did", async () => {
  const before = await rules();
  await chats().fill("16");
  await save();
  const door = (url: URL) => url.pathname === "/api/v1/rules";
  await page.route(door, (route) => route.abort(), { times: 1 });
  await undo().click();
  const again = page.getByRole("button", { name: "Try again" });
  await again.waitFor();
  await shot(page, "undo-again");
  const confirm = {
    type: "about:blank",
    title: "Forbidden",
    status: 403,
    code: "confirm",
    detail: "Who is it?",
  };
  await page.route(
    door,
    (route) => route.fulfill({ status: 403, contentType: "application/problem+json", json: confirm }),
    { times: 1 },
  );
  await again.click();
  const dialog = page.getByRole("dialog", { name: "Is it you?" });
  await dialog.getByLabel("Your password").fill(stage.program.password("administrator"));
  await dialog.getByLabel("Your password").press("Enter");
  await back().waitFor();
  await until(() => chats().inputValue()).toBe(before);
  stage.forgive(/status of 403|ERR_FAILED/);
});

test("rules by which something is erased say so before, and offer no undo", async () => {
  await rules();
  const kept = page.getByLabel("Conversations are kept for");
  const before = Number(await kept.inputValue());
  await kept.fill(String(before - 1));
  await page.keyboard.press("Control+s");
  const dialog = page.getByRole("dialog", { name: "Erase what is older?" });
  await dialog.getByText(`Conversations: ${before - 1} days instead of ${before}`).waitFor();
  const found = await looks(page, "undo-erase");
  await dialog.getByRole("button", { name: "Cancel" }).press("Enter");
  await page.getByText("Not saved yet").waitFor();
  expect(await kept.inputValue()).toBe(String(before - 1));
  await page.keyboard.press("Control+s");
  await dialog.getByRole("button", { name: "Save and erase" }).click();
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  expect(await undo().count()).toBe(0);
  // To keep more erases nothing.
  await kept.fill(String(before));
  await save();
  await undo().waitFor();
  expect(found).toEqual([]);
});

test("a queue is put back", async () => {
  await go("setup/queues");
  await page.locator("tbody a").first().click();
  const name = page.getByLabel("Name", { exact: true });
  const before = await until(() => name.inputValue())
    .not.toBe("")
    .then(() => name.inputValue());
  await name.fill(`${before} 2`);
  await page.keyboard.press("Control+s");
  await page.getByRole("heading", { level: 1, name: `${before} 2` }).waitFor();
  await undo().click();
  await page.getByRole("heading", { level: 1, name: before, exact: true }).waitFor();
  await until(() => name.inputValue()).toBe(before);
});

describe("what can be put back", () => {
  const one = { name: "Shop", secret_set: true };
  test("is a change that leaves the secret alone", () => {
    expect(
      canGoBack("connections", one, { ...one, name: "Store" }, { secret: "", secret_remove: false }),
    ).toBe(true);
    expect(canGoBack("flows", one, one, {})).toBe(false);
  });
  test("is not a change that replaces, takes away or loses a secret", () => {
    expect(canGoBack("connections", one, one, { secret: "x" })).toBe(false);
    expect(canGoBack("connections", one, one, { secret_remove: true })).toBe(false);
    expect(canGoBack("connections", one, { ...one, secret_set: false }, { secret: "" })).toBe(false);
  });
  test("is not what is erased: by rules that keep less", () => {
    const kept = { conversation_days: 90, record_days: 365, audit_days: 730 };
    expect(shorter(kept, { ...kept, audit_days: 800 })).toEqual([]);
    expect(shorter(kept, { ...kept, conversation_days: 30, record_days: 364 })).toEqual([
      { rule: "conversation_days", before: 90, after: 30 },
      { rule: "record_days", before: 365, after: 364 },
    ]);
  });
});

test("a user is put back, also when it signed in meanwhile", async () => {
  const user = await stage.agent("b2");
  await go("setup/users");
  await page.getByRole("link", { name: "b2", exact: true }).click();
  const language = page.getByLabel("Language");
  const chats = page.getByLabel("Chats at once");
  await until(() => language.inputValue()).not.toBe("");
  const before = [await language.inputValue(), await chats.inputValue()];
  await language.selectOption(before[0] === "pt" ? "en" : "pt");
  await chats.fill("7");
  await page.keyboard.press("Control+s");
  await page.getByText("“b2” is saved.").waitFor();
  await chats.fill("8"); // and not saved
  await user.page.context().clearCookies();
  await stage.agent("b2");
  await undo().click();
  await back().waitFor();
  stage.forgive(/status of 409/); // it was told that the account had moved on
  await until(() => language.inputValue()).toBe(before[0]!);
  expect(await chats.inputValue()).toBe("8");
  await chats.fill(before[1]!);
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await page.reload();
  await until(() => language.inputValue()).toBe(before[0]!);
  expect(await chats.inputValue()).toBe(before[1]);
});

test("an own role is put back", async () => {
  const role = await asked<{ id: string }>("POST", "roles", {
    name: "Coach",
    base: "supervisor",
    permissions: { "floor.watch": "all", "quality.export": "all" },
  });
  await go(`setup/roles/${role.id}`);
  const scores = page.getByRole("checkbox", { name: /^Export scores/ });
  await until(() => scores.isChecked()).toBe(true);
  await scores.uncheck();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. It holds from now on.").waitFor();
  await undo().click();
  await back().waitFor();
  await until(() => scores.isChecked()).toBe(true);
  const now = await asked<{ permissions: Record<string, string> }>("GET", `roles/${role.id}`);
  expect(now.permissions).toEqual({ "floor.watch": "all", "quality.export": "all" });
});
