import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { looks, Stage, until } from "./stage";

// An administrator connects a telephone line, sees in words what will happen, and tries numbers on it.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = (page: Page, path: string) => page.goto(`${stage.program.base}/app/${path}`);
const section = (page: Page, title: string) =>
  page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });

test("a trunk is connected, tried and shown wherever its number is", async () => {
  const { page } = await stage.agent("administrator");
  await go(page, "setup/trunks");
  await page.getByText("Connect an operator’s line").waitFor();
  const found = await looks(page, "trunks-none");
  await page.getByRole("button", { name: "New trunk" }).first().click();

  await page.getByLabel("Name", { exact: true }).fill("Lines");
  await page.getByLabel("Country").selectOption("PT");
  await page.getByLabel("Name or address").fill("sip.operator.example");
  await page.getByLabel("User name").fill("shop");
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByLabel("Addresses that calls come from").fill("203.0.113.0/28");
  await page.getByRole("button", { name: "Add number" }).click();
  await page.getByLabel("Number 1", { exact: true }).fill("210 000 001");
  const arrives = page.getByLabel("Arrives at");
  await until(() => arrives.locator("option").allTextContents()).toContain("Shop telephone");
  await arrives.selectOption({ label: "Shop telephone" });
  await page.getByLabel("Calls may leave").check();
  await page.getByLabel("Never to numbers that begin with").fill("+351 707");
  await page.getByLabel("Minutes a day, all together").fill("600");

  const summary = section(page, "What will happen");
  await until(() => summary.getByRole("listitem").allTextContents()).toEqual([
    "Calls from 203.0.113.0/28 to 210 000 001 arrive at “Shop telephone”.",
    "Calls leave only to Portugal, never to premium numbers or numbers that begin with +351 or 707.",
    "At most 600 minutes a day.",
    "They show the queue’s number, else 210 000 001.",
    "Emergency numbers always leave.",
    "Every voice is encrypted (SRTP); a call that cannot is refused.",
  ]);

  // A prefix without its country is refused beside its field, and nothing is lost.
  await page.keyboard.press("Control+s");
  await page.getByRole("alert").first().waitFor();
  await until(() => page.getByLabel("Password", { exact: true }).inputValue()).toBe("correct horse");
  stage.forgive(/status of 422/);
  await page.getByLabel("Never to numbers that begin with").fill("+351707");
  await page.getByLabel("Never to numbers that begin with").blur();
  await page.keyboard.press("Control+s");
  await page.getByText("“Lines” is created.").waitFor();
  await page.getByText("A password is set.").waitFor();
  await until(() => page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  await until(() => page.getByLabel("Number 1", { exact: true }).inputValue()).toBe("+351210000001");
  expect(await page.content()).not.toContain("correct horse");

  // What the dial plan decides, by keyboard.
  const ask = page.getByLabel("Number, as one dials it");
  const answer = section(page, "Test a number").getByRole("status");
  for (const [number, says] of [
    ["210000001", "A call to it arrives at “Shop telephone”, by “Lines”."],
    ["220 000 000", "dials +351220000000 and shows +351210000001"],
    ["+34 912 345 678", "does not leave. The trunk “Lines” does not call this country or area."],
    ["760 200 200", "does not call premium numbers."],
    ["112", "it dials 112"],
  ] as const) {
    await ask.fill(number);
    await ask.press("Enter");
    await answer.getByText(says).waitFor();
  }
  found.push(...(await looks(page, "trunk")));

  // Unencrypted voices need a confirmation, and are shown from then on.
  await page.getByLabel("Encryption of voices").selectOption("plain");
  await page.getByText("Anybody on the way can listen", { exact: true }).waitFor();
  await page.keyboard.press("Control+s");
  await page
    .getByText(/Confirm that, or require encryption/)
    .first()
    .waitFor();
  stage.forgive(/status of 422/);
  await page.getByLabel("I allow unencrypted voices on this trunk").check();
  found.push(...(await looks(page, "trunk-plain")));
  await page.keyboard.press("Control+s");
  await page.getByText("“Lines” is saved.").waitFor();
  await section(page, "Now").getByText("Unencrypted").waitFor();

  await page.getByRole("link", { name: "Trunks", exact: true }).click();
  await page.getByRole("cell", { name: "+351210000001" }).waitFor();
  await page.getByText("Unencrypted").waitFor();
  await page.getByText("Not connected").waitFor();
  found.push(...(await looks(page, "trunks")));

  await page.getByRole("link", { name: "Entry points" }).click();
  await page.getByRole("link", { name: "Shop telephone" }).click();
  const numbers = section(page, "Telephone numbers");
  await numbers.getByText("Unencrypted").waitFor();
  found.push(...(await looks(page, "trunk-entry-point")));
  await numbers.getByRole("link", { name: "+351210000001" }).click();
  await page.getByRole("heading", { level: 1, name: "Lines" }).waitFor();
  expect(found).toEqual([]);
});

test("in Portuguese it fits, and says what will happen", async () => {
  const { page } = await stage.agent("administrator");
  const made = await page.request.post(`${stage.program.base}/api/v1/trunks`, {
    headers: { origin: stage.program.base },
    data: {
      name: "Linhas",
      country: "PT",
      numbers: [{ number: "210000002" }],
      sources: ["203.0.113.0/28"],
      gateways: [{ host: "sip.operator.example", transport: "udp" }],
      outgoing: {
        allowed: true,
        prefixes: ["+351", "+34"],
        forbidden: ["+351707"],
        limits: [{ prefix: "+34", minutes: 60 }],
      },
    },
  });
  expect(made.status()).toBe(201);
  const { id } = (await made.json()) as { id: string };
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await until(() => page.locator("html").getAttribute("lang")).toBe("pt");
  await go(page, `setup/trunks/${id}`);
  await page.getByText("As chamadas só saem para números que começam por +351 ou +34").waitFor();
  expect(await looks(page, "trunk-pt")).toEqual([]);
});

test("who is no administrator sees no trunks", async () => {
  const { page } = await stage.agent("supervisor");
  await go(page, "setup/entry-points");
  await page.getByRole("link", { name: "Shop telephone" }).click();
  await page.getByRole("heading", { level: 1, name: "Shop telephone" }).waitFor();
  expect(await page.getByRole("link", { name: "Trunks", exact: true }).count()).toBe(0);
  expect(await page.getByText("Telephone numbers").count()).toBe(0);
});
