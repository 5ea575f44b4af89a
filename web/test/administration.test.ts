import type { Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { looks, Stage, until } from "./stage";

// What an administrator's pages do while an answer is on its way, when none comes, and with the keyboard alone.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = (page: Page, path: string) => page.goto(`${stage.program.base}/app/${path}`);

/** The first such request, which waits until it is let go; the others go on. */
async function hold(page: Page, method: string, address: string | RegExp): Promise<() => Promise<void>> {
  let caught: (route: Route) => void = () => {};
  const first = new Promise<Route>((here) => (caught = here));
  let one = true;
  await page.route(address, async (route) => {
    if (!one || route.request().method() !== method) return route.fallback();
    one = false;
    caught(route);
  });
  return async () => (await first).continue();
}

test("what is typed while it is being saved stays, and is saved next", async () => {
  const { page } = await stage.agent("administrator");
  const saved = (what: string | RegExp) =>
    page.getByRole("status").filter({ hasText: what }).first().waitFor();

  // A user: the name is sent, and the telephone number typed before the answer.
  await go(page, "setup/users");
  await page.getByRole("link", { name: "c9", exact: true }).click();
  await page.getByLabel("Display name").fill("Curlew");
  let letGo = await hold(page, "PATCH", /\/api\/v1\/users\/usr_\w+$/);
  await page.keyboard.press("Control+s");
  await until(() => page.getByRole("button", { name: "Save" }).getAttribute("aria-busy")).toBe("true");
  await page.getByLabel("Display name").fill("Curlew of Sado");
  await letGo();
  await saved("“c9” is saved");
  await until(() => page.getByLabel("Display name").inputValue()).toBe("Curlew of Sado");
  await page.getByText("Not saved yet").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await page.reload();
  await until(() => page.getByLabel("Display name").inputValue()).toBe("Curlew of Sado");

  // Something new: its page begins with what was typed while it was being stored.
  await go(page, "setup/labels/new");
  await page.getByLabel("Name", { exact: true }).fill("Sand");
  letGo = await hold(page, "POST", "**/api/v1/labels");
  await page.keyboard.press("Control+s");
  await until(() => page.getByRole("button", { name: "Save" }).getAttribute("aria-busy")).toBe("true");
  await page.getByLabel("Name", { exact: true }).fill("Sandpiper");
  await letGo();
  await page.getByRole("heading", { name: "Sand", exact: true, level: 1 }).waitFor();
  await until(() => page.getByLabel("Name", { exact: true }).inputValue()).toBe("Sandpiper");
  await page.keyboard.press("Control+s");
  await page.getByRole("heading", { name: "Sandpiper", exact: true, level: 1 }).waitFor();
});

test("the rule on evaluations can be changed again", async () => {
  const { page } = await stage.agent("administrator");
  await go(page, "setup/rules");
  const days = page.getByLabel("Agents can answer for");
  for (const number of ["21", "9"]) {
    await days.fill(number);
    await page.keyboard.press("Control+s");
    await page.getByText("Not saved yet").waitFor({ state: "detached" });
    await page.reload();
    await until(() => days.inputValue()).toBe(number);
  }
});

test("an order is put right by pressing on, and the focus goes along", async () => {
  const { page } = await stage.agent("administrator");
  await go(page, "setup/skills");
  const names = () => page.locator("tbody td:first-child a").allInnerTexts();
  const before = await until(names).not.toEqual([]).then(names);
  const [first, second, third] = before as [string, string, string];
  const down = page.getByRole("button", { name: `Move ${first} down` });
  const letGo = await hold(page, "PUT", "**/api/v1/skills/order");
  await down.focus();
  await page.keyboard.press("Enter");
  await until(names).toEqual([second, first, ...before.slice(2)]);
  expect(await down.evaluate((e) => e === document.activeElement)).toBe(true);
  await page.keyboard.press("Enter");
  await letGo();
  await until(names).toEqual([second, third, first, ...before.slice(3)]);
  await page.keyboard.press("Enter"); // to the end, from where there is only the way back
  const up = page.getByRole("button", { name: `Move ${first} up` });
  await until(() => up.evaluate((e) => e === document.activeElement)).toBe(true);
  const stored = async () => {
    const answer = await page.request.get(`${stage.program.base}/api/v1/skills`);
    const { items } = (await answer.json()) as { items: { name: string; position: number }[] };
    return items.sort((a, b) => a.position - b.position).map((s) => s.name);
  };
  await until(stored).toEqual([...before.slice(1), first]);
});

test("a list that cannot be fetched says so, and is asked for again", async () => {
  const { page } = await stage.agent("administrator");
  await page.route("**/api/v1/hours?*", (route) => route.abort());
  await go(page, "setup/hours");
  await page.getByText("The server cannot be reached").first().waitFor();
  await page.unroute("**/api/v1/hours?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("table", { name: "Opening hours" }).waitFor();
  stage.forgive(/ERR_FAILED/);
});

test("the log shows the answer to the last question, whichever comes first", async () => {
  const { page } = await stage.agent("privacy");
  await go(page, "privacy/audit");
  await page.locator("tbody tr").first().waitFor();
  const letGo = await hold(page, "GET", /\/api\/v1\/audit\?.*actor=nobody-one/);
  const actor = page.getByLabel("Who", { exact: true });
  await actor.fill("nobody-one");
  await actor.press("Enter");
  await until(() => page.getByRole("button", { name: "Filter" }).getAttribute("aria-busy")).toBe("true");
  await actor.fill("nobody-two");
  const second = page.waitForResponse(/actor=nobody-two/);
  await actor.press("Enter");
  await second;
  await actor.fill("");
  await actor.press("Enter");
  await page.locator("tbody tr").first().waitFor();
  const old = page.waitForResponse(/actor=nobody-one/);
  await letGo();
  await (await old).finished();
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
  expect(await page.locator("tbody tr").count()).toBeGreaterThan(0);
});

test("an organisation is made by keyboard, and marking words in its form does not close it", async () => {
  const { page } = await stage.agent("operator");
  await go(page, "organisations");
  await page.getByRole("button", { name: "Create organisation" }).click();
  const dialog = page.getByRole("dialog");
  const name = dialog.getByLabel("Name", { exact: true });
  await name.fill("Wader Shop");
  const box = (await name.boundingBox())!;
  await page.mouse.move(box.x + 80, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(20, box.y, { steps: 4 });
  await page.mouse.up();
  expect(await name.inputValue()).toBe("Wader Shop");
  // Without a short name it is refused, told beside it, and there the next letter goes.
  await name.press("Enter");
  const slug = dialog.getByLabel("Short name");
  await until(() => slug.getAttribute("aria-invalid")).toBe("true");
  expect(await slug.evaluate((e) => e === document.activeElement)).toBe(true);
  await page.keyboard.type(`wader-${Date.now()}`);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Copy" }).waitFor();
  await page.keyboard.press("Escape");
  // A press beside it still closes what is only a question.
  await page.getByRole("button", { name: "Create organisation" }).click();
  await page.mouse.click(5, 5);
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Wader Shop" }).waitFor();
  expect(await looks(page, "administration-organisations")).toEqual([]);
  stage.forgive(/status of 422/);
});

test("Enter in the search of a role's permissions saves nothing", async () => {
  const { page } = await stage.agent("administrator");
  await go(page, "setup/roles/copy/agent");
  await page.getByLabel("Name", { exact: true }).fill("Half made");
  const find = page.getByRole("searchbox");
  await find.fill("listen");
  await find.press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("Wholly made");
  await page.keyboard.press("Control+s"); // and this makes it
  await page.getByRole("heading", { name: "Wholly made", level: 1 }).waitFor();
  const answer = await page.request.get(`${stage.program.base}/api/v1/roles`);
  const { items } = (await answer.json()) as { items: { name: string }[] };
  expect(items.map((r) => r.name)).not.toContain("Half made");
});

test("a contact keeps what is typed whatever is pressed beside it, and a consent ends once that is confirmed", async () => {
  const { page } = await stage.agent("privacy");
  await go(page, "privacy/contacts");
  // Somebody who agreed to something.
  const visitor = await stage.visitor();
  await visitor.start("Godwit");
  const agreed = async () => {
    for (let cursor = ""; ;) {
      const answer = await page.request.get(
        `${stage.program.base}/api/v1/contacts?limit=200&cursor=${cursor}`,
      );
      const { items, next } = (await answer.json()) as {
        items: { id: string; name: string }[];
        next?: string;
      };
      const found = items.find((c) => c.name === "Godwit");
      if (found || !next) return found?.id;
      cursor = next;
    }
  };
  await until(agreed).toBeDefined();
  const id = await agreed();
  await go(page, `privacy/contacts/${id}`);
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Redshank");
  await page.getByRole("button", { name: "Restrict processing" }).click();
  await page.getByRole("button", { name: "Lift the restriction" }).waitFor();
  await until(() => name.inputValue()).toBe("Redshank");

  const withdraw = page.getByRole("button", { name: "Withdraw", exact: true });
  const before = await withdraw.count();
  await withdraw.first().click();
  const asks = page.getByRole("dialog", { name: "Withdraw the consent" });
  await asks.getByRole("button", { name: "Cancel" }).click();
  await until(() => withdraw.count()).toBe(before);
  await withdraw.first().click();
  await asks.getByRole("button", { name: "Withdraw", exact: true }).click();
  await until(() => withdraw.count()).toBe(before - 1);
  await until(() => name.inputValue()).toBe("Redshank");

  // An address that is none, below one left empty: it is told of beside its own.
  await page.getByRole("button", { name: "Add an address" }).click();
  await page.getByRole("button", { name: "Add an address" }).click();
  await page.getByLabel("Address", { exact: true }).last().fill("no address");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const wrong = page.locator("fieldset > .row:has(+ .problem)");
  await until(() => wrong.getByLabel("Address", { exact: true }).inputValue()).toBe("no address");
  await page.getByRole("button", { name: "Remove no address" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "Redshank", level: 1 }).waitFor();
  await page.reload();
  await until(() => name.inputValue()).toBe("Redshank");
  stage.forgive(/status of 422/);
});

test("what cannot be taken back is asked once, and what can is put back", async () => {
  const { page } = await stage.agent("operator");
  await go(page, "organisations/sign-up-links");
  await page.getByRole("button", { name: "Make a link" }).first().click();
  await page.getByRole("dialog").getByLabel("What it is for").fill("Fair in Porto");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("button", { name: "Remove Fair in Porto" }).click();
  const asks = page.getByRole("dialog", { name: "Remove the link" });
  await page.keyboard.press("Enter"); // which is at what changes nothing
  await asks.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Remove Fair in Porto" }).click();
  await asks.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("Fair in Porto is removed.").waitFor();
  await page.getByRole("button", { name: "Remove Fair in Porto" }).waitFor({ state: "detached" });

  const admin = (await stage.agent("administrator")).page;
  await go(admin, "setup/do-not-call");
  await admin.getByText("0 numbers are on the list.").waitFor();
  // How many there are now is told late: whoever asks for one does not wait for it.
  let tell = () => {};
  const held = new Promise<void>((free) => (tell = free));
  await admin.route("**/api/v1/do-not-call", async (route) => {
    if (route.request().method() === "GET") await held;
    await route.fallback();
  });
  await admin.getByLabel("Telephone numbers").fill("+351 210 000 321");
  await admin.getByRole("button", { name: "Add numbers" }).click();
  await admin.getByText("1 added, 0 were on it.").waitFor();
  await admin.getByLabel("Number", { exact: true }).fill("+351 210 000 321");
  await admin.keyboard.press("Enter");
  await admin.getByRole("button", { name: "Take it off the list" }).waitFor();
  tell();
  await admin.getByRole("button", { name: "Take it off the list" }).click();
  await admin.getByRole("button", { name: "Put it back" }).click();
  await admin.getByText("The number is on the list again.").waitFor();
  await admin.getByLabel("Number", { exact: true }).press("Enter");
  await admin.getByRole("button", { name: "Take it off the list" }).waitFor();
});
