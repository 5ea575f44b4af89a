import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, lasting, looks, shot, Stage, until } from "./stage";

// Custom fields: made with advice on what looks like personal data, ordered, archived, emptied, and filled beside what
// has them.

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

interface Made {
  id: string;
  version: number;
}

const make = (page: Page, entity: string, key: string, other: object = {}) =>
  ask<Made>(page, "POST", "fields", {
    entity,
    key,
    label: { en: `The ${key}`, pt: `O ${key}` },
    type: "text",
    class: "none",
    ...other,
  });

/** Takes every field out of use, so that each test begins without. */
async function none(page: Page): Promise<void> {
  const { items } = await ask<{ items: Made[] }>(page, "GET", "fields");
  for (const one of items) await ask(page, "DELETE", `fields/${one.id}?version=${one.version}`);
}

test("an administrator makes a field, and is told what it looks like", async () => {
  const { page } = await stage.agent("administrator");
  await none(page);
  await page.goto(`${stage.program.base}/app/setup/fields`);
  await page.getByRole("heading", { name: "Fields", level: 1 }).waitFor();
  await page
    .getByText(/nothing needs one/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Customer tier" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "fields-01-empty");

  await page.getByRole("button", { name: "New field: Contacts" }).press("Enter");
  const label = page.getByLabel("Label in English");
  await label.fill("Religion");
  await until(() => page.getByLabel("Key").inputValue()).toBe("religion");
  await page.getByLabel("Label in Portuguese").fill("Religião");
  await page.getByText(/This looks like personal data: religion/).waitFor();
  await page.getByText(/The law allows this only for few reasons/).waitFor();
  expect(await looks(page, "fields-02-advice")).toEqual([]);
  await page.getByRole("button", { name: /^Choose “Anything else about a person”/ }).click();
  await until(() => page.getByLabel("Class of data").inputValue()).toBe("content");
  await until(() => page.getByLabel("Hide it until somebody asks").isChecked()).toBe(true);

  await page.getByLabel("Pattern").fill("(");
  await page.getByRole("button", { name: /^Save/ }).click();
  await page
    .getByText(/no regular expression/)
    .first()
    .waitFor();
  stage.forgive(/status of 422/);
  await until(() => label.inputValue()).toBe("Religion"); // nothing entered is lost
  await page.getByLabel("Pattern").fill("");
  await page.getByRole("button", { name: /^Save/ }).click();
  await page.getByText("0 values").waitFor();
  const { items } = await ask<{ items: (Made & { class: string; masked: boolean })[] }>(
    page,
    "GET",
    "fields",
  );
  expect(items.map((f) => [f.class, f.masked])).toEqual([["content", true]]);
});

test("fields are put in order by keyboard, and come back from the archive", async () => {
  const { page } = await stage.agent("administrator");
  await none(page);
  await make(page, "contact", `a${Date.now()}`, { label: { en: "First", pt: "Primeiro" } });
  await make(page, "queue", `b${Date.now()}`, { label: { en: "Of a queue", pt: "De uma fila" } });
  await make(page, "contact", `c${Date.now()}`, { label: { en: "Second", pt: "Segundo" } });
  await page.goto(`${stage.program.base}/app/setup/fields`);
  const list = page.getByRole("list", { name: "Contacts" });
  await list.getByRole("link", { name: "First" }).waitFor();
  await page.getByRole("button", { name: "Move up: Second" }).press("Enter");
  await until(() => list.getByRole("link").allInnerTexts()).toEqual(["Second", "First"]);
  expect(await looks(page, "fields-03-list")).toEqual([]);

  await list.getByRole("link", { name: "First" }).click();
  await page.getByRole("button", { name: "Take out of use" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take out of use" }).click();
  await page.getByLabel("Show those out of use").check();
  const gone = page.getByRole("list", { name: "out of use" });
  await gone
    .getByRole("listitem")
    .filter({ hasText: "First" })
    .getByRole("button", { name: "Put back" })
    .click();
  await until(() => list.getByRole("link").allInnerTexts()).toEqual(["Second", "First"]);
});

test("fields are moved while an earlier move is on its way", async () => {
  const { page } = await stage.agent("administrator");
  await none(page);
  for (const name of ["First", "Second", "Third"])
    await make(page, "contact", `${name.toLowerCase()}${Date.now()}`, { label: { en: name, pt: name } });
  await page.goto(`${stage.program.base}/app/setup/fields`);
  const names = () => page.getByRole("list", { name: "Contacts" }).getByRole("link").allInnerTexts();
  await until(names).toEqual(["First", "Second", "Third"]);
  const asked: string[][] = [];
  let go = () => {};
  const held = new Promise<void>((done) => (go = done));
  await page.route("**/api/v1/fields/order", async (route) => {
    asked.push((route.request().postDataJSON() as { ids: string[] }).ids);
    if (asked.length === 1) await held;
    await route.continue();
  });
  const up = page.getByRole("button", { name: "Move up: Third" });
  await up.press("Enter");
  await until(names).toEqual(["First", "Third", "Second"]);
  await until(() => up.evaluate((e) => e === document.activeElement)).toBe(true);
  await up.press("Enter");
  await until(names).toEqual(["Third", "First", "Second"]);
  await until(() => asked.length).toBe(1);
  go();
  await until(() => asked.length).toBe(2);
  await until(async () => {
    const { items } = await ask<{ items: { label: { en: string } }[] }>(page, "GET", "fields");
    return items.map((f) => f.label.en);
  }).toEqual(["Third", "First", "Second"]);
  await until(names).toEqual(["Third", "First", "Second"]);
});

test("several fields are taken out of use at once, and put back", async () => {
  const { page } = await stage.agent("administrator");
  await lasting(page);
  await none(page);
  for (const [entity, name] of [
    ["contact", "Tier"],
    ["contact", "Birthday"],
    ["queue", "Cost"],
  ] as const)
    await make(page, entity, `${name.toLowerCase()}${Date.now()}`, { label: { en: name, pt: name } });
  await page.goto(`${stage.program.base}/app/setup/fields`);
  const inUse = async () => {
    const { items } = await ask<{ items: { label: { en: string } }[] }>(page, "GET", "fields");
    return items.map((f) => f.label.en);
  };
  const box = (name: string) => page.getByRole("checkbox", { name: `Choose ${name}`, exact: true });
  // A stretch with Shift goes over the lists, as they are shown.
  await box("Birthday").focus();
  await page.keyboard.press("Space");
  await box("Cost").focus();
  await page.keyboard.press("Shift+Space");
  await page.getByText("2 chosen").waitFor();
  expect(await looks(page, "fields-several")).toEqual([]);
  await page.getByRole("button", { name: "Take out of use", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("2 go out of use.").waitFor();
  for (const name of ["Birthday", "Cost"]) await dialog.getByText(name, { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Take 2 out of use" }).click();
  await page.getByText("2 are out of use.").waitFor();
  await until(inUse).toEqual(["Tier"]);
  await box("Cost").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText("2 are as they were before.").waitFor();
  await until(inUse).toEqual(["Tier", "Birthday", "Cost"]);

  // What is out of use is chosen with the rest, and comes back.
  await box("Cost").check();
  await page.getByRole("button", { name: "Take out of use", exact: true }).click();
  await dialog.getByRole("button", { name: "Take 1 out of use" }).click();
  await until(inUse).toEqual(["Tier", "Birthday"]);
  await dialog.waitFor({ state: "detached" });
  await page.getByLabel("Show those out of use").check();
  for (const name of ["Tier", "Birthday", "Cost"]) await box(name).check();
  await page.getByText("3 chosen").waitFor();
  await page.getByRole("button", { name: "Put back", exact: true }).first().click();
  await dialog.getByText(/1 comes back into use, 2 stay as they are/).waitFor();
  await dialog.getByRole("button", { name: "Put 1 back" }).click();
  await until(inUse).toEqual(["Tier", "Birthday", "Cost"]);
});

test("values are filled beside what has them, checked, and seen by whom they are for", async () => {
  const { page } = await stage.agent("administrator");
  await none(page);
  const stamp = Date.now();
  const note = await make(page, "queue", `note_${stamp}`, { label: { en: "Note", pt: "Nota" } });
  await make(page, "queue", `floor_${stamp}`, {
    label: { en: "Floor", pt: "Andar" },
    type: "whole",
    least: "0",
    most: "9",
  });
  const { items: queues } = await ask<{ items: Made[] }>(page, "GET", "queues");
  await page.goto(`${stage.program.base}/app/setup/queues/${queues[0]!.id}`);
  const own = page.getByRole("group", { name: "Own fields" });
  await own.getByLabel("Note").fill("4111 1111 1111 1111");
  await own.getByLabel("Floor").fill("12");
  await own.getByRole("button", { name: "Save fields" }).click();
  await own.getByText(/above 9/).waitFor();
  await own.getByText(/looks like the number of a payment card/).waitFor();
  stage.forgive(/status of 422/);
  await until(() => own.getByLabel("Floor").inputValue()).toBe("12"); // nothing entered is lost
  await own.scrollIntoViewIfNeeded();
  await shot(page, "fields-04-values");
  expect(await looks(page, "fields-04-problems")).toEqual([]);
  await own.getByLabel("Floor").fill("3");
  await own.getByLabel("It is none of that: save it").check();
  await own.getByRole("button", { name: "Save fields" }).click();
  await page.getByText("Fields saved.").waitFor();

  // Somebody else changes the same value meanwhile.
  const path = `queues/${queues[0]!.id}/fields`;
  const seen = await ask<{ items: { key: string; version: number }[] }>(page, "GET", path);
  await ask(page, "PUT", path, {
    changes: [
      {
        key: `note_${stamp}`,
        value: "theirs",
        version: seen.items.find((v) => v.key === `note_${stamp}`)!.version,
      },
    ],
  });
  await own.getByLabel("Note").fill("mine");
  await own.getByRole("button", { name: "Save fields" }).click();
  await own.getByText(/Somebody else changed these fields/).waitFor();
  stage.forgive(/status of 409/);
  await until(() => own.getByLabel("Note").inputValue()).toBe("mine");
  await own.getByRole("button", { name: "Save fields" }).click();
  await until(async () => {
    const now = await ask<{ items: { key: string; value?: unknown }[] }>(page, "GET", path);
    return now.items.find((v) => v.key === `note_${stamp}`)?.value;
  }).toBe("mine");
  // Saved, not on its way: a page with something unsaved is not left without a question.
  await until(() =>
    own.getByRole("button", { name: "Save fields" }).and(own.locator(":disabled:not([aria-busy])")).count(),
  ).toBe(1);

  await page.goto(`${stage.program.base}/app/setup/fields/${note.id}`);
  await page.getByText("1 value", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Erase all values" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/cannot be undone/).waitFor();
  await shot(page, "fields-05-erase");
  await dialog.getByRole("button", { name: "Erase all values" }).click();
  await page.getByText("0 values").waitFor();
});

test("an agent fills fields beside the conversation, and a hidden one is shown on purpose", async () => {
  const admin = await stage.agent("administrator");
  await none(admin.page);
  const stamp = Date.now();
  await make(admin.page, "interaction", `order_${stamp}`, {
    label: { en: "Order", pt: "Encomenda" },
    attribute: "order",
  });
  await make(admin.page, "contact", `health_${stamp}`, {
    label: { en: "Allergies", pt: "Alergias" },
    class: "content",
    masked: true,
  });
  const agent = await stage.agent("a7");
  await agent.ready();
  const visitor = await stage.visitor();
  await visitor.queue("Fieldfare");
  await agent.accept("Fieldfare");
  await agent.person.getByText("About this contact").waitFor();
  const groups = agent.person.getByRole("group", { name: "Own fields" });
  await groups.nth(0).getByLabel("Allergies").fill("Nuts");
  await groups.nth(0).getByRole("button", { name: "Save fields" }).click();
  await agent.person.getByText("Hidden", { exact: true }).waitFor();
  await agent.person.getByRole("button", { name: "Show Allergies" }).click();
  await until(() => groups.nth(0).getByLabel("Allergies").inputValue()).toBe("Nuts");
  await until(() => groups.nth(1).getByLabel("Order").inputValue()).toBe("AT-10552"); // by the flow
  await groups.nth(1).getByLabel("Order").fill("A-17");
  await groups.nth(1).getByRole("button", { name: "Save fields" }).click();
  await agent.page.getByText("Fields saved.").first().waitFor();
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "fields-06-desk");
  const { items } = await ask<{ items: { action: string }[] }>(admin.page, "GET", "audit?action=field.shown");
  expect(items.length).toBeGreaterThan(0);
  await agent.leave();
});

test("the pages are Portuguese, too", async () => {
  const { page } = await stage.agent("administrator");
  await none(page);
  await make(page, "contact", `nif_${Date.now()}`, {
    label: { en: "Tax number", pt: "NIF" },
    class: "pseudonym",
    required: true,
  });
  await page.goto(`${stage.program.base}/app/setup/fields`);
  await page.getByRole("list", { name: "Contacts" }).getByRole("link", { name: "Tax number" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Campos", level: 1 }).waitFor();
  await page.getByRole("link", { name: "NIF" }).click();
  await page.getByText(/parece um dado pessoal: um número de identificação/).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "fields-07-pt");
});

test("conversations are found by what stands in an own field", async () => {
  const { page } = await stage.agent("administrator");
  await none(page);
  const key = `solved_${Date.now()}`;
  await make(page, "interaction", key, { label: { en: "Solved", pt: "Resolvido" }, type: "yes_no" });
  await make(page, "interaction", `secret_${Date.now()}`, {
    label: { en: "Secret", pt: "Segredo" },
    type: "yes_no",
    masked: true,
  });
  const chief = (await stage.agent("supervisor")).page;
  const { items } = await ask<{ items: { id: string }[] }>(chief, "GET", "interactions?state=closed&limit=3");
  expect(items.length).toBe(3);
  await ask(chief, "PUT", `interactions/${items[1]!.id}/fields`, {
    changes: [{ key, value: true, version: 0 }],
  });
  await chief.goto(`${stage.program.base}/app/conversations`);
  const rows = chief.getByRole("table", { name: "Conversations" }).locator("tbody tr");
  await until(() => rows.count()).toBeGreaterThan(1);
  const field = chief.getByRole("combobox", { name: "Own field" });
  await until(() => field.locator("option").allInnerTexts()).toEqual(["Any", "Solved"]); // not what is hidden
  await field.selectOption({ label: "Solved" });
  await chief.getByRole("combobox", { name: "Solved" }).selectOption({ label: "Yes" });
  await until(() => rows.count()).toBe(1);
  expect(new URL(chief.url()).searchParams.get("field")).toBe(key);
  expect(await looks(chief, "fields-06-search")).toEqual([]);
  await rows.getByRole("link").first().click();
  await until(() => new URL(chief.url()).pathname).toBe(`/app/conversations/${items[1]!.id}`);

  // The address finds it again, and the filters are taken away together.
  await chief.goto(`${stage.program.base}/app/conversations?field=${key}&value=false`);
  await chief.getByText("No conversation fits").waitFor();
  await until(() => chief.getByRole("combobox", { name: "Solved" }).inputValue()).toBe("false");
  await chief.getByRole("button", { name: "Clear filters" }).first().click();
  await until(() => rows.count()).toBeGreaterThan(1);
  await until(() => field.inputValue()).toBe("");

  await chief.keyboard.press("Control+k");
  await chief.keyboard.type("Portugu");
  await chief.keyboard.press("Enter");
  await chief.setViewportSize({ width: 400, height: 900 });
  await chief.getByRole("combobox", { name: "Campo próprio" }).selectOption({ label: "Resolvido" });
  await chief.getByRole("combobox", { name: "Resolvido" }).scrollIntoViewIfNeeded();
  await shot(chief, "fields-06-search-pt");
});

test("contacts are found by what stands in an own field", async () => {
  const admin = await stage.agent("administrator");
  await none(admin.page);
  const key = `tier_${Date.now()}`;
  await make(admin.page, "contact", key, {
    label: { en: "Tier", pt: "Escalão" },
    type: "choice",
    choices: [
      { value: "gold", label: { en: "Gold", pt: "Ouro" } },
      { value: "tin", label: { en: "Tin", pt: "Lata" } },
    ],
  });
  await make(admin.page, "interaction", `solved_${Date.now()}`, {
    label: { en: "Solved", pt: "Resolvido" },
    type: "yes_no",
  });
  const { page } = await stage.agent("privacy");
  const { items } = await ask<{ items: { id: string }[] }>(page, "GET", "contacts?limit=3");
  expect(items.length).toBe(3);
  await ask(page, "PUT", `contacts/${items[1]!.id}/fields`, {
    changes: [{ key, value: "gold", version: 0 }],
  });

  await page.goto(`${stage.program.base}/app/privacy/contacts`);
  const rows = page.getByRole("table", { name: "People" }).locator("tbody tr");
  await until(() => rows.count()).toBeGreaterThan(1);
  const field = page.getByRole("combobox", { name: "Own field" });
  const address = page.getByRole("searchbox", { name: "Address" });
  await address.fill("nobody@example.org");
  await until(() => field.locator("option").allInnerTexts()).toEqual(["Any", "Tier"]); // not what conversations have
  await field.selectOption({ label: "Tier" });
  await until(() => address.inputValue()).toBe(""); // one or the other
  const tier = page.getByRole("combobox", { name: "Tier" });
  await tier.selectOption({ label: "Gold" });
  await until(() => rows.count()).toBe(1);
  expect(await looks(page, "fields-08-contacts")).toEqual([]);

  // It is gone back to; and whom nobody fits.
  await rows.getByRole("link").first().click();
  await until(() => new URL(page.url()).pathname).toBe(`/app/privacy/contacts/${items[1]!.id}`);
  await page.goBack();
  await until(() => tier.inputValue()).toBe("gold");
  await until(() => rows.count()).toBe(1);
  await tier.selectOption({ label: "Tin" });
  await rows.first().waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "Nobody has this value" }).waitFor();

  // An address takes the place of the field, and never stands in the page's own.
  await address.fill("nobody@example.org");
  await until(() => field.inputValue()).toBe("");
  await address.press("Enter");
  await until(() => new URL(page.url()).search).toBe("");
  await address.fill("");
  await address.press("Enter");
  await until(() => rows.count()).toBeGreaterThan(1);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByRole("combobox", { name: "Campo próprio" }).selectOption({ label: "Escalão" });
  await page.getByRole("combobox", { name: "Escalão" }).selectOption({ label: "Ouro" });
  await until(() => page.getByRole("table", { name: "Pessoas" }).locator("tbody tr").count()).toBe(1);
  await shot(page, "fields-08-contacts-pt");
  await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
});
