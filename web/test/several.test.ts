import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, lasting, looks, shot, Stage, until } from "./stage";

// Several objects of the set-up are chosen in their list, taken out of use and put back.

const stage = new Stage();
let page: Page;

beforeAll(() => stage.open());
beforeEach(async () => {
  ({ page } = await stage.agent("administrator"));
  // No line goes away by itself, however slow the machine is.
  await lasting(page);
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

interface Object {
  id: string;
  version: number;
}

/** Makes objects of a kind and gives them. */
function make(kind: string, bodies: unknown[]): Promise<Object[]> {
  return page.evaluate(
    async ({ kind, bodies }) => {
      const made: Object[] = [];
      for (const body of bodies) {
        const reply = await fetch(`/api/v1/${kind}`, {
          method: "POST",
          headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
          body: JSON.stringify(body),
        });
        if (!reply.ok) throw new Error(await reply.text());
        made.push((await reply.json()) as Object);
      }
      return made as never;
    },
    { kind, bodies },
  );
}

const inUse = (kind: string): Promise<string[]> =>
  page.evaluate(async (kind) => {
    const reply = await fetch(`/api/v1/${kind}`);
    const { items } = (await reply.json()) as { items: { name: string }[] };
    return items.map((o) => o.name);
  }, kind);

const go = (path: string) => page.goto(`${stage.program.base}/app/${path}`);
const box = (name: string) => page.getByRole("checkbox", { name: `Choose ${name}`, exact: true });
const dialog = () => page.getByRole("dialog");
const out = () => page.getByRole("button", { name: "Take out of use", exact: true });

test("several are chosen by keyboard, taken out of use after a preview, and put back", async () => {
  await go("setup/skills");
  await page.getByRole("heading", { level: 1, name: "Skills" }).waitFor();
  await make(
    "skills",
    ["Ada", "Bea", "Cleo", "Dora", "Eva"].map((name) => ({ name })),
  );
  await box("Eva").waitFor();
  const before = await inUse("skills");

  // A stretch with Shift, by keyboard and by pointer.
  await box("Ada").focus();
  await page.keyboard.press("Space");
  await page.getByText("1 chosen").waitFor();
  await box("Cleo").focus();
  await page.keyboard.press("Shift+Space");
  await page.getByText("3 chosen").waitFor();
  expect(await box("Bea").isChecked()).toBe(true);
  await box("Eva").click({ modifiers: ["Shift"] });
  await page.getByText("5 chosen").waitFor();
  await box("Eva").click();
  await box("Dora").click({ modifiers: ["Shift"] });
  await page.getByText("3 chosen").waitFor();
  const found = await looks(page, "several-chosen");

  await out().focus();
  await page.keyboard.press("Enter");
  await dialog().getByText("3 go out of use.").waitFor();
  for (const name of ["Ada", "Bea", "Cleo"]) await dialog().getByText(name, { exact: true }).waitFor();
  expect(await inUse("skills")).toEqual(before); // nothing is done yet
  found.push(...(await looks(page, "several-preview")));
  await dialog().getByRole("button", { name: "Take 3 out of use" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("3 are out of use.").waitFor();
  await dialog().waitFor({ state: "detached" });
  await until(() => inUse("skills")).toEqual(before.filter((n) => !["Ada", "Bea", "Cleo"].includes(n)));
  await box("Bea").waitFor({ state: "detached" });
  await until(() =>
    page
      .getByRole("checkbox", { name: "Choose all that are shown" })
      .evaluate((e) => e === document.activeElement),
  ).toBe(true);

  // Undone, they are where they were.
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText("3 are as they were before.").waitFor();
  await box("Bea").waitFor();
  expect(await inUse("skills")).toEqual(before);
  expect(found).toEqual([]);
});

test("what uses one is said, and the others go; what is out of use comes back", async () => {
  await go("setup/sites");
  await make("sites", [{ name: "Evora" }, { name: "Faro" }, { name: "Braga" }]);
  const queue = {
    name: "In Evora",
    channels: ["chat"],
    priority: 5,
    offer_seconds: 30,
    service_seconds: 60,
    service_percent: 80,
    max_missed: 2,
    member_rule: `site == "Evora"`,
  };
  await make("queues", [queue]);
  for (const name of ["Evora", "Faro", "Braga"]) await box(name).check();
  await page.getByText("3 chosen").waitFor();
  await out().click();
  await dialog().getByText("2 go out of use, 1 cannot be changed.").waitFor();
  await dialog().getByText("This site is used by the queue “In Evora”. Change that first.").waitFor();
  const found = await looks(page, "several-refused");
  await dialog().getByRole("button", { name: "Take 2 out of use" }).click();
  await page.getByText("2 are out of use. 1 was left out: Evora.").waitFor();
  await page.getByText("1 chosen").waitFor(); // who was left out stays chosen
  expect(await box("Evora").isChecked()).toBe(true);
  await shot(page, "several-left");

  // Back, with what is in use already.
  await page.getByRole("checkbox", { name: "Show what is out of use" }).check();
  await page.getByRole("checkbox", { name: "Choose all that are shown" }).check();
  await page.getByRole("button", { name: "Put back", exact: true }).first().click();
  await dialog().getByText("2 come back into use, 3 stay as they are.").waitFor();
  await dialog().getByRole("button", { name: "Put 2 back" }).click();
  await page.getByText("2 are back in use.").waitFor();
  await until(() => inUse("sites").then((s) => s.sort())).toEqual([
    "Braga",
    "Evora",
    "Faro",
    "Lisbon",
    "Porto",
  ]);
  expect(found).toEqual([]);
});

test("what becomes of them while they are looked at is shown again", async () => {
  await go("setup/labels");
  await make(
    "labels",
    ["Red", "Green"].map((name) => ({ name })),
  );
  for (const name of ["Red", "Green"]) await box(name).check();
  await out().click();
  await dialog().getByText("2 go out of use.").waitFor();
  await page.evaluate(async () => {
    const reply = await fetch("/api/v1/labels");
    const { items } = (await reply.json()) as { items: { id: string; name: string; version: number }[] };
    const red = items.find((o) => o.name === "Red")!;
    await fetch(`/api/v1/labels/${red.id}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify({ name: "Crimson", version: red.version }),
    });
  });
  await dialog().getByRole("button", { name: "Take 2 out of use" }).click();
  await dialog().getByText("Something changed meanwhile.").waitFor();
  await dialog().getByText("1 goes out of use, 1 cannot be changed.").waitFor();
  await dialog().getByRole("button", { name: "Take 1 out of use" }).click();
  await page.getByText("“Green” is out of use. 1 was left out: Crimson.").waitFor();
  stage.forgive(/status of 409/);
});

test("an answer that is lost on its way is asked for again, and can be undone", async () => {
  await go("setup/labels");
  await make(
    "labels",
    ["Blue", "Grey"].map((name) => ({ name })),
  );
  const before = await inUse("labels");
  for (const name of ["Blue", "Grey"]) await box(name).check();
  await out().click();
  await dialog().getByText("2 go out of use.").waitFor();
  const sure = dialog().getByRole("button", { name: "Take 2 out of use" });
  await page.route(
    "**/api/v1/labels/several",
    async (route) => {
      await route.fetch(); // it is done, and nobody is told
      await route.abort();
    },
    { times: 1 },
  );
  await sure.click();
  await dialog().getByText("The server cannot be reached").waitFor();
  await until(() => inUse("labels")).toEqual(before.filter((n) => !["Blue", "Grey"].includes(n)));
  await sure.click();
  await page.getByText("2 are out of use.").waitFor();
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText("2 are as they were before.").waitFor();
  expect(await inUse("labels")).toEqual(before);
  stage.forgive(/ERR_FAILED/);
});

test("in Portuguese, on a narrow screen", async () => {
  await go("setup/teams");
  await make(
    "teams",
    ["Norte", "Sul"].map((name) => ({ name })),
  );
  await box("Sul").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  for (const name of ["Norte", "Sul"])
    await page.getByRole("checkbox", { name: `Escolher ${name}`, exact: true }).check();
  await page.getByText("2 na escolha").waitFor();
  await shot(page, "several-pt");
  await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Retirar de uso", exact: true }).click();
  await dialog().getByText("2 saem de uso.").waitFor();
  await shot(page, "several-preview-pt");
  expect(await axe(page)).toEqual([]);
  await dialog().getByRole("button", { name: "Cancelar" }).click();
});
