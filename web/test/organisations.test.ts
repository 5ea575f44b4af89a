import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, looks, shot, Stage, until } from "./stage";

// Many organisations: found, paged through, and suspended together with a view of what that does, and back again.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** So many that there is a second page. */
const count = 53;
const slug = (i: number) => `many-${String(i).padStart(2, "0")}`;

/** Calls the API in the page's own session. */
const ask = <T>(page: Page, method: string, path: string, body?: unknown): Promise<T> =>
  page.evaluate(
    async ([how, where, what]) => {
      const reply = await fetch(`/api/v1/${where}`, {
        method: how,
        headers: what === undefined ? {} : { "Content-Type": "application/json" },
        body: what === undefined ? undefined : JSON.stringify(what),
      });
      if (!reply.ok) throw new Error(`${how} ${where}: ${reply.status} ${await reply.text()}`);
      return (await reply.json()) as T;
    },
    [method, path, body] as const,
  );

const create = (page: Page, kind: "tenant" | "reseller", slug: string, name: string) =>
  ask<{ organisation: { id: string }; administrator: string; password: string }>(
    page,
    "POST",
    "organisations",
    {
      ...{ kind, slug, name, language: "en", time_zone: "Europe/Lisbon", administrator: "administrator" },
    },
  );

const rows = (page: Page) => page.getByRole("table", { name: "Organisations" }).locator("tbody tr");
const found = (page: Page) => page.getByRole("searchbox", { name: "Name or short name" });

test(
  "organisations are found, paged through, and suspended together and back",
  { timeout: 900_000 },
  async () => {
    const { page } = await stage.agent("operator");
    for (let i = 0; i < count; i++)
      await create(page, "tenant", slug(i), `Many ${String(i).padStart(2, "0")}`);
    await create(page, "reseller", "seller", "Seller of many");
    await page.goto(`${stage.program.base}/app/organisations`);

    // Pages.
    await until(() => rows(page).count()).toBe(50);
    await page.getByText("1 to 50").waitFor();
    await until(() => page.getByRole("button", { name: "Page before" }).isDisabled()).toBe(true);
    const complaints = await looks(page, "organisations-list");
    const first = await rows(page).locator("a b").allInnerTexts();
    await page.getByRole("button", { name: "Page after" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(/^51 to /).waitFor();
    await until(async () =>
      (await rows(page).locator("a b").allInnerTexts()).filter((n) => first.includes(n)),
    ).toEqual([]);
    await until(() => page.getByRole("button", { name: "Page after" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Page before" }).click();
    await until(() => rows(page).locator("a b").allInnerTexts()).toEqual(first);

    // A second press while the page is on its way turns one page all the same, forward and back.
    let go = () => {};
    const held = new Promise<void>((done) => (go = done));
    let turns = 0;
    await page.route(/organisations\?.*cursor=/, async (route) => {
      turns++;
      await held;
      await route.continue();
    });
    await page.getByRole("button", { name: "Page after" }).press("Enter");
    await until(() => turns).toBe(1);
    await page.getByRole("button", { name: "Page after" }).press("Enter");
    go();
    await page.getByText(/^51 to /).waitFor();
    await until(() => page.getByRole("button", { name: "Page after" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Page before" }).click({ clickCount: 2 });
    await page.getByText("1 to 50").waitFor();
    await until(() => rows(page).locator("a b").allInnerTexts()).toEqual(first);
    await until(() => page.getByRole("button", { name: "Page before" }).isDisabled()).toBe(true);
    await page.unrouteAll({ behavior: "wait" });

    // What is looked for is typed, stays in the address, and is found there again.
    await found(page).focus();
    await page.keyboard.type("many-0");
    await until(() => rows(page).count()).toBe(10);
    await until(() => found(page).inputValue()).toBe("many-0");
    expect(new URL(page.url()).searchParams.get("find")).toBe("many-0");
    await page.reload();
    await until(() => rows(page).count()).toBe(10);
    await until(() => found(page).inputValue()).toBe("many-0");
    await page.getByRole("combobox", { name: "Kind" }).selectOption({ label: "Resellers" });
    await page.getByText("No organisation is like this.").waitFor();
    complaints.push(...(await looks(page, "organisations-nothing")));
    await page.getByRole("button", { name: "Show all" }).click();
    await until(() => rows(page).count()).toBe(50);
    expect(new URL(page.url()).search).toBe("");
    await until(() => found(page).inputValue()).toBe("");

    // Several at once, chosen by keyboard: those that change and those that stay are shown before anything is done.
    const before = await one(page, slug(1));
    await ask(page, "PATCH", `organisations/${before.id}`, { version: before.version, status: "suspended" });
    await page.goto(`${stage.program.base}/app/organisations?find=many-0`);
    await until(() => rows(page).count()).toBe(10);
    for (const n of ["00", "01", "02"]) {
      await page.getByRole("checkbox", { name: `Choose Many ${n}` }).focus();
      await page.keyboard.press("Space");
    }
    await page.getByText("3 chosen").waitFor();
    await page.getByRole("button", { name: "Change state" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Change 2" }).waitFor();
    await dialog.getByText("is so already").waitFor();
    complaints.push(...(await looks(page, "organisations-several")));
    await dialog.getByRole("button", { name: "Change 2" }).click();
    await page.getByText("2 changed.").waitFor();
    await dialog.waitFor({ state: "detached" });
    await until(() => rows(page).filter({ hasText: "suspended" }).count()).toBe(3);
    await shot(page, "organisations-undo");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("2 are as before.").waitFor();
    await until(() => rows(page).filter({ hasText: "suspended" }).count()).toBe(1);
    expect((await one(page, slug(1))).status).toBe("suspended");

    // By state, and back to work.
    await page.getByRole("combobox", { name: "Status" }).selectOption("suspended");
    await until(() => rows(page).count()).toBe(1);
    await page.getByRole("checkbox", { name: "Choose this page" }).check();
    await page.getByRole("button", { name: "Change state" }).click();
    await dialog.getByRole("button", { name: "Change 1" }).click();
    await page.getByText("No organisation is like this.").waitFor();
    expect((await one(page, slug(1))).status).toBe("active");

    // In Portuguese, on a narrow screen.
    await page.goto(`${stage.program.base}/app/organisations?find=many-0`);
    await until(() => rows(page).count()).toBe(10);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Portugu");
    await page.keyboard.press("Enter");
    await page.setViewportSize({ width: 400, height: 900 });
    await page.getByRole("checkbox", { name: "Escolher Many 03" }).check();
    await shot(page, "organisations-pt");
    for (const filter of ["Estado", "Tipo", "Abaixo de"])
      await page.getByRole("combobox", { name: filter, exact: true }).click({ trial: true }); // nothing lies on it
    await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
    await page.getByRole("button", { name: "Mudar o estado" }).click();
    await page.getByRole("dialog").getByText("Many 03").waitFor();
    await shot(page, "organisations-several-pt");
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
  },
);

interface Organisation {
  id: string;
  version: number;
  status: string;
}
const one = async (page: Page, find: string) =>
  (await ask<{ items: Organisation[] }>(page, "GET", `organisations?anywhere=true&find=${find}`)).items[0]!;

test("a reseller has an empty page that teaches, and what is below it is left to it", async () => {
  const { page } = await stage.agent("operator");
  const name = `Seller ${Date.now() % 100_000}`;
  const made = await create(page, "reseller", name.toLowerCase().replace(" ", "-"), name);

  const own = await (await stage.context()).newPage();
  await own.goto(`${stage.program.base}/app/`);
  await own.getByLabel("Organisation").fill(name.toLowerCase().replace(" ", "-"));
  await own.getByLabel("User name").fill("administrator");
  await own.getByRole("textbox", { name: "Password" }).fill(made.password);
  await own.getByRole("button", { name: "Sign in" }).click();
  await own.getByLabel("Current password").fill(made.password);
  await own.getByLabel("New password", { exact: true }).fill("seven green bicycles");
  await own.getByLabel("New password again").fill("seven green bicycles");
  await own.getByRole("button", { name: "Choose a new password" }).click();
  await own.getByRole("banner").waitFor();
  await own.goto(`${stage.program.base}/app/organisations`);
  await own.getByText("No organisation yet").waitFor();
  const complaints = await looks(own, "organisations-empty");
  await create(own, "tenant", `${name.toLowerCase().replace(" ", "-")}-shop`, `Shop of ${name}`);
  await own.reload();
  await until(() => rows(own).count()).toBe(1);

  await page.goto(`${stage.program.base}/app/organisations?below=${made.organisation.id}`);
  await until(() => rows(page).count()).toBe(1);
  await rows(page).getByRole("link", { name, exact: true }).waitFor();
  await page.getByRole("checkbox", { name: `Choose Shop of ${name}` }).check();
  await page.getByRole("button", { name: "Change state" }).click();
  await page.getByRole("dialog").getByText("is below a reseller, who changes it").waitFor();
  await until(() => page.getByRole("dialog").getByRole("button", { name: "Change 0" }).isDisabled()).toBe(
    true,
  );
  complaints.push(...(await looks(page, "organisations-not-yours")));
  expect(complaints).toEqual([]);
});

/** A name's end that no other test uses. */
const stamp = () => String(Date.now() % 1_000_000);

test("resellers open as a tree, by keyboard, with what is below them", { timeout: 300_000 }, async () => {
  const { page } = await stage.agent("operator");
  const of = stamp();
  const parent = (await create(page, "reseller", `tree-${of}`, `Tree ${of}`)).organisation;
  const shop = (await create(page, "tenant", `leaf-${of}`, `Leaf ${of}`)).organisation;
  await create(page, "reseller", `bare-${of}`, `Bare ${of}`);
  const { version } = await one(page, `leaf-${of}`);
  await ask(page, "POST", `organisations/${shop.id}/move`, { version, parent: parent.id });

  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("button", { name: "As a tree" }).click();
  const tree = page.getByRole("tree", { name: "Organisations" });
  const line = (name: string) => tree.getByRole("treeitem", { name });
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  await line(`Bare ${of}`).waitFor();
  expect(await line(`Leaf ${of}`).count()).toBe(0);

  // By keyboard from the first line to the last, into it and out.
  await tree.locator("[tabindex='0']").focus();
  await page.keyboard.press("End");
  const all = tree.getByRole("treeitem");
  await until(focused).toBe((await all.last().textContent())!.trim());
  await page.keyboard.press("Home");
  await until(focused).toBe((await all.first().textContent())!.trim());
  await line(`Bare ${of}`).focus();
  await page.keyboard.press("ArrowRight");
  await line("Nothing below yet").waitFor();
  await page.keyboard.press("ArrowRight");
  await until(focused).toBe("Nothing below yet");
  await page.keyboard.press("ArrowLeft");
  await until(focused).toContain(`Bare ${of}`);
  await page.keyboard.press("ArrowLeft");
  await line("Nothing below yet").waitFor({ state: "detached" });
  await page.keyboard.press("ArrowUp");
  await until(focused).toContain(`Tree ${of}`);
  await page.keyboard.press("ArrowRight");
  await line(`Leaf ${of}`).waitFor();
  expect(await line(`Leaf ${of}`).getAttribute("aria-level")).toBe("2");
  expect(await line(`Tree ${of}`).getAttribute("aria-expanded")).toBe("true");
  const complaints = await looks(page, "organisations-tree");
  await line(`Tree ${of}`).focus();
  await page.keyboard.press("ArrowDown");
  await until(focused).toContain(`Leaf ${of}`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `Leaf ${of}`, level: 1 }).waitFor();
  await page.goBack(); // to the tree
  await line(`Tree ${of}`).click();
  await line(`Leaf ${of}`).getByRole("link").waitFor();

  // In Portuguese, on a narrow screen; then as a list again.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByRole("treeitem", { name: `Leaf ${of}` }).scrollIntoViewIfNeeded();
  await shot(page, "organisations-tree-pt");
  await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  await page.getByRole("button", { name: "Em lista" }).click();
  await page.getByRole("searchbox").waitFor();
  expect(complaints).toEqual([]);
});

test(
  "a long tree goes on where it stopped, and what failed is tried again",
  { timeout: 300_000 },
  async () => {
    const { page } = await stage.agent("operator");
    const of = stamp();
    const parent = (await create(page, "reseller", `long-${of}`, `Long ${of}`)).organisation;
    for (const n of [1, 2, 3]) {
      const { id } = (await create(page, "tenant", `part-${n}-${of}`, `Part ${n} of ${of}`)).organisation;
      const { version } = await one(page, `part-${n}-${of}`);
      await ask(page, "POST", `organisations/${id}/move`, { version, parent: parent.id });
    }
    let failures = 1;
    await page.route(new RegExp(`organisations\\?.*parent=${parent.id}`), (route) =>
      failures-- > 0
        ? route.abort()
        : route.continue({ url: route.request().url().replace("limit=100", "limit=2") }),
    );
    await page.goto(`${stage.program.base}/app/organisations?as=tree`);
    const line = (name: string) => page.getByRole("treeitem", { name });
    await line(`Long ${of}`).click();
    await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
    stage.forgive(/ERR_FAILED/);
    await line(`Part 2 of ${of}`).waitFor();
    expect(await line(`Part 3 of ${of}`).count()).toBe(0);
    const more = line(`More below Long ${of}`);
    await more.focus();
    await page.keyboard.press("Enter");
    await until(() => page.evaluate(() => document.activeElement?.textContent ?? "")).toContain(
      `Part 3 of ${of}`,
    );
    await more.waitFor({ state: "detached" });
    await until(() => line(`of ${of}`).count()).toBe(3);
  },
);

test("the audit log names the organisations that it tells of", { timeout: 300_000 }, async () => {
  const { page } = await stage.agent("operator");
  const of = stamp();
  const parent = (await create(page, "reseller", `named-${of}`, `Named ${of}`)).organisation;
  const shop = (await create(page, "tenant", `moved-${of}`, `Moved ${of}`)).organisation;
  const gone = (await create(page, "tenant", `gone-${of}`, `Gone ${of}`)).organisation;
  const { version } = await one(page, `moved-${of}`);
  await ask(page, "POST", `organisations/${shop.id}/move`, { version, parent: parent.id });
  const before = await one(page, `gone-${of}`);
  await ask(page, "POST", `organisations/${gone.id}/end`, {
    version: before.version,
    days: 0,
    name: `Gone ${of}`,
  });
  await until(
    async () => (await ask<Organisation>(page, "GET", `organisations/${gone.id}`)).status,
    "its end",
  ).toBe("closed");

  let questions = 0;
  page.on("request", (r) => (questions += r.url().includes("/organisations/names") ? 1 : 0));
  await page.goto(`${stage.program.base}/app/privacy/audit`);
  const lines = page.getByRole("table", { name: "Audit log" }).locator("tbody tr");
  const line = (words: string) => lines.filter({ hasText: words });
  await line(`to: Named ${of}`)
    .filter({ hasText: `Moved ${of}` })
    .first()
    .waitFor();
  await line(`closed organisation Gone ${of} (${gone.id.slice(-4)})`)
    .first()
    .waitFor();
  expect(questions).toBe(1);
  const complaints = await looks(page, "organisations-audit");

  // Nothing is told of what is not there.
  const told = await ask<{ items: { id: string }[] }>(
    page,
    "GET",
    `organisations/names?ids=${[shop.id, gone.id, "ten_01m8njq21hvs2kfwrr1xtbp65x"].join(",")}`,
  );
  expect(told.items.map((o) => o.id).sort()).toEqual([shop.id, gone.id].sort());
  expect(complaints).toEqual([]);
});

test("a trial is given, made longer and ended, with what that does", { timeout: 300_000 }, async () => {
  const { page } = await stage.agent("operator");
  const of = stamp();
  const { id } = (await create(page, "tenant", `trial-${of}`, `Trial of ${of}`)).organisation;
  const now = () => ask<Organisation & { trial_until?: string }>(page, "GET", `organisations/${id}`);
  await page.goto(`${stage.program.base}/app/organisations/${id}`);
  const open = page.getByRole("button", { name: "Trial", exact: true });
  const dialog = page.getByRole("dialog");
  const days = dialog.getByLabel("Days from now");
  const save = dialog.getByRole("button", { name: "Save trial" });
  await open.press("Enter");
  await dialog.getByText("It is not on trial.").first().waitFor();
  for (const wrong of ["366", "1.5", ""]) {
    await days.fill(wrong);
    await dialog.getByText("Enter a whole number from 0 to 365.").waitFor();
    await until(() => save.isDisabled()).toBe(true);
  }
  await days.fill("14");
  await dialog.getByText(/^It works until .* unless you give it longer/).waitFor();
  const complaints = await looks(page, "organisations-trial");

  // Somebody else changes the organisation meanwhile: nothing entered is lost.
  const { version } = await now();
  await ask(page, "PATCH", `organisations/${id}`, { version, name: `Trial of all ${of}` });
  await days.press("Enter");
  await dialog.getByRole("alert").waitFor();
  stage.forgive(/status of 409/);
  await until(() => days.inputValue()).toBe("14");
  await save.click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/^on trial until/).waitFor();
  expect(Date.parse((await now()).trial_until!)).toBeGreaterThan(Date.now());

  // Suspended, it is let work again or not, as is said.
  const given = await now();
  await ask(page, "PATCH", `organisations/${id}`, { version: given.version, status: "suspended" });
  await page.reload();
  await open.click();
  await dialog.getByLabel("Let it work again").uncheck();
  await dialog.getByText("It stays suspended.").waitFor();
  await dialog.getByLabel("Let it work again").check();
  await days.fill("0");
  await dialog.getByText("It works without an end.").waitFor();
  await save.click();
  await dialog.waitFor({ state: "detached" });
  const ended = await now();
  expect([ended.status, ended.trial_until]).toEqual(["active", undefined]);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByRole("button", { name: "Período experimental", exact: true }).click();
  await dialog.getByText(/^Funciona até/).waitFor();
  await shot(page, "organisations-trial-pt");
  expect(await axe(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

test("the operator sees how certificates stand, and what to publish", async () => {
  const { page } = await stage.agent("operator");
  await page.route("**/api/v1/system", async (route) => {
    const answer = await route.fetch();
    const names = ["contact.example", "www.contact.example"];
    const ends_at = "2027-03-03T12:00:00Z";
    const later = "2026-12-04T12:00:00Z";
    await route.fulfill({
      json: {
        ...((await answer.json()) as object),
        memory: "AMD SEV-SNP",
        records: [`contact.example. 300 IN HTTPS 1 . alpn="h2" ech="${"AEX+DQBB".repeat(12)}"`],
        certificates: [
          { names, ends_at, works: true, responder: "good", must: false, answer_until: later },
          { names, ends_at, works: false, responder: "revoked", must: false, revoked_at: later },
          { names, ends_at, works: false, responder: "none", must: true },
          { names, ends_at, works: true, responder: "none", must: false },
        ],
      },
    });
  });
  await page.goto(`${stage.program.base}/app/organisations`);
  const certificates = page.getByRole("list", { name: "Certificates" }).getByRole("listitem");
  await until(() => certificates.count()).toBe(4);
  for (const [i, words] of [
    /Vouched for until 4 Dec 2026/,
    /Revoked since 4 Dec 2026.*Another one is needed/,
    /browsers refuse it without one/,
    /names no responder/,
  ].entries())
    await certificates.nth(i).getByText(words).waitFor();
  await page.getByText("encrypted by the machine (AMD SEV-SNP)").waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^contact\.example\. 300 IN HTTPS/,
  );
  await page.getByRole("button", { name: "Copy" }).scrollIntoViewIfNeeded();
  expect(await looks(page, "organisations-installation")).toEqual([]);
});
