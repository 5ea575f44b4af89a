import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { lasting, Stage, until } from "./stage";

// What is typed while a save is on its way, and saved by Enter or Ctrl+S, is saved when that save is done.

const stage = new Stage();
let page: Page;

beforeAll(() => stage.open());
beforeEach(async () => {
  ({ page } = await stage.agent("administrator"));
  await lasting(page);
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = (path: string) => page.goto(`${stage.program.base}/app/setup/${path}`);

/** Holds the first PUT to a path until it is let go, and gives what is sent there. */
async function hold(path: string): Promise<{ sent: Record<string, unknown>[]; let: () => void }> {
  const sent: Record<string, unknown>[] = [];
  let free = () => {};
  const held = new Promise<void>((done) => (free = done));
  await page.route(`**/api/v1/${path}`, async (route) => {
    if (route.request().method() !== "PUT") return route.fallback();
    sent.push(route.request().postDataJSON() as Record<string, unknown>);
    if (sent.length === 1) await held;
    await route.continue();
  });
  return { sent, let: () => free() };
}

/** Types two values of a field, the second while the first is being saved. */
async function twice(path: string, field: string, label: string, key: string, values: [string, string]) {
  const door = await hold(path);
  const one = page.getByLabel(label, { exact: label === "Name" }).first();
  await one.fill(values[0]);
  await one.press(key);
  await until(() => door.sent.length).toBe(1);
  await one.fill(values[1]);
  await one.press(key);
  door.let();
  await until(() => door.sent.length).toBe(2);
  await until(() => page.getByRole("button", { name: "Save", exact: true }).first().isDisabled()).toBe(true);
  expect(door.sent.map((body) => String(body[field]))).toEqual(values);
  await page.unrouteAll({ behavior: "wait" });
  await page.reload();
  await until(() => one.inputValue()).toBe(values[1]);
}

async function made(kind: string, body: object): Promise<string> {
  const answer = await page.request.post(`${stage.program.base}/api/v1/${kind}`, {
    data: body,
    headers: { Origin: stage.program.base },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

for (const key of ["Enter", "Control+s"]) {
  test(`the rules, by ${key}`, async () => {
    await go("rules");
    await twice("rules", "chat_capacity", "Chats at once per agent", key, ["7", "8"]);
  });

  test(`an object, by ${key}`, async () => {
    const id = await made("skills", { name: `Knots ${key}` });
    await go(`skills/${id}`);
    await twice(`skills/${id}`, "name", "Name", key, [`Bends ${key}`, `Hitches ${key}`]);
  });
}

test("the brand, by Enter", async () => {
  await go("brand");
  await twice("brand", "product", "Name of the product", "Enter", ["Halyard", "Sheet"]);
});

test("single sign-on, by Enter", async () => {
  await go("sign-on");
  await page.getByLabel("Issuer", { exact: true }).fill("https://login.example");
  await page.getByLabel("Client", { exact: true }).fill("desk");
  await page.getByLabel("Secret", { exact: true }).fill("0451");
  await twice("sign-on", "name", "Name of the provider", "Enter", ["Provider", "Provider of ours"]);
});

test("what is put back, pressed twice, is put back once", async () => {
  const id = await made("skills", { name: "Splices" });
  const gone = await page.request.delete(`${stage.program.base}/api/v1/skills/${id}?version=1`, {
    headers: { Origin: stage.program.base },
  });
  expect(gone.status(), await gone.text()).toBe(204);
  let free = () => {};
  const held = new Promise<void>((done) => (free = done));
  let asked = 0;
  await page.route("**/api/v1/skills/*/restore", async (route) => {
    asked++;
    await held;
    await route.continue();
  });
  await go(`skills/${id}`);
  await page.getByRole("button", { name: "Put back" }).dblclick();
  free();
  await page.getByText("“Splices” is back in use.").waitFor();
  expect(asked).toBe(1);
});
