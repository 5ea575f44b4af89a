import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import { freePort, Softphone } from "./softphone";
import { axe, looks, scheme, shot, Stage, until } from "./stage";

// Outbound work: who is to be called is uploaded after a look, a campaign calls it, and agents see each contact
// before they call.

const PHONE = 625;
const AGENT = 1250;
const csv = [
  "phone,name,time_zone,city",
  "210 000 009,Ana Sousa,Europe/Lisbon,Porto",
  "12,Nobody,,Porto",
  "+351 210 000 009,Ana again,,Porto",
  "210 000 010,Bruno Lima,,Lagos",
  "210 000 011,Carla Reis,Atlantic/Azores,Horta",
  "",
].join("\n");

let gateway = 0;
const stage = new Stage();
beforeAll(async () => {
  gateway = await freePort();
  stage.program.sip = `udp://127.0.0.1:${await freePort()}`;
  await stage.open();
  const { page } = await stage.agent("administrator");
  const { items } = await ask<{ items: { id: string; name: string }[] }>(page, "GET", "entry-points");
  await ask(page, "POST", "trunks", {
    name: "Exchange",
    enabled: true,
    country: "PT",
    sources: ["127.0.0.1"],
    gateways: [{ host: "127.0.0.1", port: gateway, transport: "udp" }],
    outgoing: { allowed: true },
    numbers: [{ number: "210000001", entry_point: items.find((e) => e.name === "Shop telephone")!.id }],
  });
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Asks the interface as who is signed in at a page. */
async function ask<T>(page: Page, method: string, path: string, data?: unknown): Promise<T> {
  const answer = await page.request.fetch(`${stage.program.base}/api/v1/${path}`, {
    method,
    headers: { "Content-Type": "application/json", Origin: stage.program.base },
    data,
  });
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

/** A campaign that runs, over contacts of a list of its own, made without the pages. */
async function running(page: Page, name: string): Promise<string> {
  type Named = { items: { id: string; name: string }[] };
  const named = async (kind: string, which: string) =>
    (await ask<Named>(page, "GET", kind)).items.find((o) => o.name === which)!.id;
  const list = await ask<{ id: string }>(page, "POST", "contact-lists", { name: `${name}: whom` });
  const file = Buffer.from(csv).toString("base64");
  const { seen } = await ask<{ seen: string }>(page, "POST", `contact-lists/${list.id}/import/preview`, {
    file,
  });
  await ask(page, "POST", `contact-lists/${list.id}/import`, { file, seen });
  const made = await ask<{ id: string }>(page, "POST", "campaigns", {
    name,
    state: "running",
    lists: [list.id],
    queue: await named("queues", "Billing"),
    max_attempts: 3,
    busy_minutes: 15,
    no_answer_minutes: 240,
    unreachable_minutes: 60,
    preview_seconds: 900,
    outcomes: [{ disposition: await named("dispositions", "Invoice sent"), then: "done" }],
    notes: "Ask whether the new address is right.",
  });
  return made.id;
}

const narrow = async (page: Page, picture: string, place: Locator) => {
  await page.setViewportSize({ width: 400, height: 800 });
  await scheme(page, "dark");
  await place.scrollIntoViewIfNeeded();
  await shot(page, picture);
  const found = await axe(page);
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
    found.push(`${picture} is too wide`);
  await page.setViewportSize({ width: 1280, height: 900 });
  await scheme(page, "light");
  return found;
};

const portuguese = async (page: Page) => {
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await until(() => page.evaluate(() => document.documentElement.lang)).toBe("pt");
};

test("a list is uploaded after a look, and a campaign over it is run", async () => {
  const { page } = await stage.agent("administrator", { viewport: { width: 1280, height: 900 } });
  const found: string[] = [];
  await page.goto(`${stage.program.base}/app/setup/contact-lists`);
  await page.getByRole("button", { name: "New contact list" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("Customers of spring");
  await page.getByLabel("Name", { exact: true }).press("Enter");
  const upload = page.locator("section").filter({ has: page.getByRole("heading", { name: "Add contacts" }) });
  await page.getByText("Nobody is in this list yet.").waitFor();
  found.push(...(await looks(page, "campaigns-01-empty-list")));

  // What cannot be read is said beside the file, and the lines that were pasted stay.
  await upload.getByLabel("Or paste lines").fill("name\nAna");
  await upload.getByRole("button", { name: "Look at it first" }).click();
  await upload.getByRole("alert").first().waitFor();
  await until(() => upload.getByLabel("Or paste lines").inputValue()).toBe("name\nAna");
  await shot(page, "campaigns-02-unreadable");

  const file = { name: "spring.csv", mimeType: "text/csv", buffer: Buffer.from(csv) };
  await upload.getByLabel("File", { exact: true }).setInputFiles(file);
  await upload.getByText("3 will be added").waitFor();
  await upload.getByText("Not read: city").waitFor();
  const line = (n: number) =>
    upload.getByRole("row").filter({ has: page.getByRole("cell", { name: `${n}`, exact: true }) });
  await line(3).getByText("Cannot be used").waitFor();
  await line(4).getByText("Same number as line 2").waitFor();
  found.push(...(await looks(page, "campaigns-03-preview")));
  await upload.getByRole("button", { name: "Add 3 contacts" }).press("Enter");
  await page.getByRole("cell", { name: "Carla Reis" }).waitFor();
  expect(await page.getByText("000 011").count()).toBe(0);
  found.push(...(await looks(page, "campaigns-04-list")));

  await page.goto(`${stage.program.base}/app/setup/campaigns`);
  await page.getByRole("button", { name: "New campaign" }).first().click();
  const effect = page.getByRole("region", { name: "What will happen" });
  await effect.getByText("Nobody is called").waitFor();
  // Bad input is told beside its field.
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("[aria-invalid=true]").first().waitFor();
  await shot(page, "campaigns-05-problems");
  await page.getByLabel("Name", { exact: true }).fill("Spring");
  await page.getByRole("checkbox", { name: /Customers of spring/ }).press("Space");
  await page.getByLabel("Queue", { exact: true }).selectOption({ label: "Billing" });
  await page.getByLabel("What agents read beside each contact").fill("Ask whether the new address is right.");
  await effect.getByText("Agents of Billing call 3 contacts of Customers of spring").waitFor();
  await effect.getByText("Each at most 3 times; after no answer again in 4 h.").waitFor();
  await page.getByRole("button", { name: "Add a result" }).press("Enter");
  await page.getByLabel("Result", { exact: true }).selectOption({ label: "Invoice sent" });
  await page.getByLabel("Then", { exact: true }).selectOption({ label: "Call again" });
  found.push(...(await looks(page, "campaigns-06-new")));
  const start = page.getByRole("button", { name: "Start", exact: true });
  await page.keyboard.press("Control+s");
  await start.press("Enter");
  await page.getByText("Running", { exact: true }).waitFor();
  await page.getByRole("img", { name: "Progress of Spring: 0 of 3" }).waitFor();
  found.push(...(await looks(page, "campaigns-07-running")));
  await page.getByRole("button", { name: "Pause", exact: true }).press("Enter");
  await page.getByText("Paused", { exact: true }).waitFor();

  await page.goto(`${stage.program.base}/app/setup/campaigns`);
  await page.getByRole("link", { name: "Spring", exact: true }).waitFor();
  found.push(...(await looks(page, "campaigns-08-list")));

  await page.goto(`${stage.program.base}/app/setup/do-not-call`);
  await page.getByLabel("Telephone numbers").fill("210 000 099\nnone");
  await page.getByRole("button", { name: "Add numbers" }).click();
  await page.getByText("1 number is on the list.").waitFor();
  await page.getByText("These are no telephone numbers").waitFor();
  await page.getByLabel("Number", { exact: true }).fill("210 000 099");
  await page.getByLabel("Number", { exact: true }).press("Enter");
  await page.getByText(/^It is on the list, since/).waitFor();
  found.push(...(await looks(page, "campaigns-09-never")));

  await portuguese(page);
  await page.getByText("Está na lista desde").waitFor();
  found.push(...(await narrow(page, "campaigns-10-never-pt", page.getByText("Está na lista desde"))));
  await page.goto(`${stage.program.base}/app/setup/campaigns`);
  await page.getByRole("link", { name: "Spring", exact: true }).click();
  const started = page.getByRole("button", { name: "Continuar" });
  await started.waitFor();
  await shot(page, "campaigns-11-pt");
  found.push(...(await narrow(page, "campaigns-12-pt-narrow", started)));
  stage.forgive(/status of 422/); // of the two that were refused above
  expect(found).toEqual([]);
});

test("an agent sees who is next, puts one off and calls the other", async () => {
  const { page } = await stage.agent("administrator", { viewport: { width: 1280, height: 900 } });
  const id = await running(page, "Autumn");
  await page.goto(`${stage.program.base}/app/setup/campaigns/${id}`);
  await page.getByRole("img", { name: "Progress of Autumn: 0 of 3" }).waitFor();
  const part = (name: string) => page.locator("dl div").filter({ hasText: name }).locator("dd").innerText();
  expect(await part("Not called yet")).toBe("3");

  const found: string[] = [];
  const agent = await stage.agent("a7", { viewport: { width: 1280, height: 900 } }, AGENT);
  await agent.ready();
  const desk = agent.page;
  const phone = new Softphone(PHONE);
  try {
    await phone.answer("+351210000010", gateway);
    const next = desk.getByRole("button", { name: "Next contact: Autumn" });
    await next.waitFor();
    await shot(desk, "campaigns-20-desk");
    await next.press("Enter");
    const card = desk.getByRole("region", { name: "Contact to call" });
    await card.getByRole("heading", { name: "Ana Sousa" }).waitFor();
    await card.getByText("Ask whether the new address is right.").waitFor();
    await until(() => part("With agents")).toBe("1");
    found.push(...(await axe(desk)));
    await shot(desk, "campaigns-21-contact");
    found.push(...(await narrow(desk, "campaigns-22-contact-narrow", card)));

    // It stays hers when the page is loaded again.
    await desk.reload();
    await card.getByRole("heading", { name: "Ana Sousa" }).waitFor();
    await card.getByRole("button", { name: "Skip", exact: true }).press("Enter");
    await card.getByLabel("Why not?").selectOption({ label: "Call later" });
    await card.getByLabel("In how many minutes").fill("30");
    found.push(...(await axe(desk)));
    await shot(desk, "campaigns-23-skip");
    await card.getByRole("button", { name: "Skip this contact" }).press("Enter");
    await until(() => part("To be called again")).toBe("1");

    await next.press("Enter");
    await card.getByRole("heading", { name: "Bruno Lima" }).waitFor();
    await card.getByRole("button", { name: "Call this contact" }).press("Enter");
    await desk.getByRole("heading", { name: "Bruno Lima", level: 1 }).waitFor();
    await desk.getByRole("region", { name: "The call" }).getByText("Connected", { exact: true }).waitFor();
    await desk.getByText("Call again", { exact: true }).press("Enter");
    await desk.getByRole("button", { name: "Note the time" }).waitFor();
    found.push(...(await axe(desk)));
    await shot(desk, "campaigns-24-call");
    found.push(
      ...(await narrow(
        desk,
        "campaigns-25-call-narrow",
        desk.getByRole("button", { name: "Note the time" }),
      )),
    );
    await desk.getByRole("button", { name: /^Hang up/ }).click();
    await desk.getByRole("region", { name: "Wrap-up" }).waitFor();
    await shot(desk, "campaigns-26-wrap-up");
    // The campaign's own results alone are to be chosen from.
    const result = agent.person.getByLabel("Disposition");
    await until(() => result.getByRole("option").count()).toBe(2);
    await result.selectOption({ label: "Invoice sent" });
    await desk.getByRole("button", { name: /^Complete/ }).click();
    await page.getByRole("img", { name: "Progress of Autumn: 1 of 3" }).waitFor();
    await page.getByText("Somebody answered 1").waitFor();
    await shot(page, "campaigns-27-progress");
    found.push(...(await axe(page)));

    // Paused, nobody is given out any more.
    await next.waitFor();
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await next.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Go on", exact: true }).click();
    await next.waitFor();
    await portuguese(desk);
    await desk.getByRole("button", { name: "Contacto seguinte: Autumn" }).press("Enter");
    await desk.getByRole("heading", { name: "Carla Reis" }).waitFor();
    await shot(desk, "campaigns-28-pt");
    found.push(...(await axe(desk)));
  } finally {
    await phone.hangUp();
    phone.remove();
  }
  expect(found).toEqual([]);
});
