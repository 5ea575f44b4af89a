import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { Gateway } from "./gateway";
import { freePort } from "./softphone";
import { axe, looks, shot, Stage, until } from "./stage";

// An administrator has a line of the operator's carry a trunk; when the line fails, whoever watches the room
// and who set the trunk up see it, until it is back.

const stage = new Stage();
let gateway: Gateway;
beforeAll(async () => {
  gateway = new Gateway(await freePort());
  stage.program.sip = `udp://127.0.0.1:${await freePort()},tcp://127.0.0.1:${await freePort()}`;
  stage.program.lines = join(stage.program.data, "lines.yaml");
  writeFileSync(
    stage.program.lines,
    `lines:
  - name: lisbon
    country: PT
    gateways: [{host: 127.0.0.1, port: ${gateway.port}, transport: tcp}]
    sources: [127.0.0.1]
    max_calls: 20
    organisations:
      - {name: demo, numbers: ["+351210000000..+351210000009", "+351220000000"]}
      - {name: elsewhere, numbers: ["+351230000000"]}
`,
  );
  await gateway.start();
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await gateway.stop();
});

const go = (page: Page, path: string) => page.goto(`${stage.program.base}/app/${path}`);
const section = (page: Page, title: string) =>
  page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });

test("a line carries a trunk, chosen by keyboard, with its own numbers alone", async () => {
  const { page } = await stage.agent("administrator");
  await go(page, "setup/trunks");
  await page.getByRole("button", { name: "New trunk" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("Lisbon");
  const carried = page.getByLabel("Carried by");
  await carried.focus();
  await page.keyboard.press("ArrowDown");
  await until(() => carried.inputValue()).toBe("lisbon");
  const line = section(page, "Carried by");
  await line.getByText("+351210000000 to +351210000009").waitFor();
  await line.getByText("+351220000000").waitFor();
  expect(await page.content()).not.toContain("+35123");
  for (const gone of ["Name or address", "User name", "Addresses that calls come from", "SRTP suites"])
    expect(await page.getByLabel(gone).count(), gone).toBe(0);

  await page.getByRole("button", { name: "Add number" }).click();
  await page.getByLabel("Number 1", { exact: true }).fill("230 000 000");
  const arrives = page.getByLabel("Arrives at");
  await until(() => arrives.locator("option").allTextContents()).toContain("Shop telephone");
  await arrives.selectOption({ label: "Shop telephone" });
  await page.getByLabel("Calls may leave").check();
  await page.keyboard.press("Control+s");
  await page.getByText("is in use already; a number belongs to one trunk.").first().waitFor();
  stage.forgive(/status of 422/);
  await page.getByLabel("Number 1", { exact: true }).fill("210 000 001");
  await page.getByLabel("Number 1", { exact: true }).blur();
  await until(() => section(page, "What will happen").getByRole("listitem").first().textContent()).toBe(
    "Calls by the operator’s line “lisbon” to 210 000 001 arrive at “Shop telephone”.",
  );
  const found = await looks(page, "line-new");
  await page.keyboard.press("Control+s");
  await page.getByText("“Lisbon” is created.").waitFor();
  const now = section(page, "Now");
  await now.getByText("In service").waitFor();
  const ask = page.getByLabel("Number, as one dials it");
  await ask.fill("220 123 456");
  await ask.press("Enter");
  await section(page, "Test a number").getByText("dials +351220123456 and shows +351210000001").waitFor();
  found.push(...(await looks(page, "line")));

  // Gateways of one's own again, and back, without saving.
  await carried.selectOption({ label: "Gateways of your own" });
  await page.getByLabel("Name or address").waitFor();
  await carried.selectOption({ label: "The operator’s line “lisbon”" });
  await until(() => page.getByLabel("Name or address").count()).toBe(0);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await until(() => page.locator("html").getAttribute("lang")).toBe("pt");
  await page.getByText("As chamadas pela linha do operador “lisbon” para").waitFor();
  found.push(...(await looks(page, "line-pt")));
  expect(found).toEqual([]);
});

test(
  "a line that fails is an alarm in the room and with the trunk, and ends by itself",
  { timeout: 900_000 },
  async () => {
    const patience = { timeout: 150_000 };
    const supervisor = await stage.agent("supervisor");
    const { page } = await stage.agent("administrator");
    await go(supervisor.page, "room");
    await go(page, "setup/trunks");
    await page.getByRole("cell", { name: "Lisbon", exact: true }).waitFor();
    const panel = supervisor.page.getByRole("region", { name: "Alerts" });
    await panel.getByText("All figures are within their thresholds.").waitFor();

    await gateway.stop();
    const says = /Trunk Lisbon.*no gateway answers: calls cannot leave by it/s;
    await panel.filter({ hasText: says }).waitFor(patience);
    const row = page.getByRole("row", { name: /Lisbon/ });
    await row.getByText("Out of service").waitFor(patience);
    await row.getByText(/^Critical: /).waitFor(patience);
    const found = await looks(page, "line-down");
    found.push(...(await axe(supervisor.page)));
    await shot(supervisor.page, "line-down-room");
    const seen = panel.getByRole("button", { name: /Trunk Lisbon/ }).first();
    await seen.focus();
    await supervisor.page.keyboard.press("Enter");

    await gateway.start();
    await panel.getByText("All figures are within their thresholds.").waitFor(patience);
    await row.getByText("In service").waitFor(patience);
    await until(() => row.getByText(/^Critical: /).count()).toBe(0);
    expect(found).toEqual([]);
  },
);

test("the operator sees how its lines stand, who has their places, and nobody's calls", async () => {
  const { page } = await stage.agent("operator");
  await page.getByRole("link", { name: "Lines" }).press("Enter");
  const line = page.getByRole("region", { name: "lisbon" });
  await line.getByText("In service").waitFor();
  await line.getByText("0 of 20 places taken").waitFor();
  await line.getByText("10 kept for those who have them reserved").waitFor();
  await line.getByText("10 free for anybody").waitFor();
  const elsewhere = line.getByRole("row", { name: /elsewhere/ });
  await elsewhere.getByText("Not here, or suspended").waitFor();
  await line.getByRole("row", { name: /^demo/ }).getByText("+351210000000 to +351210000009").waitFor();
  await line
    .getByRole("row", { name: new RegExp(`127.0.0.1:${gateway.port}`) })
    .getByText("Answers")
    .waitFor();
  await line.getByText("Every call found a place").waitFor();
  const found = await looks(page, "line-operator");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByText("0 de 20 lugares ocupados").waitFor();
  found.push(...(await looks(page, "line-operator-pt")));
  expect(found).toEqual([]);

  // Nobody else has the page.
  const reseller = await stage.agent("reseller");
  await reseller.page.getByRole("link", { name: "Organizações" }).waitFor();
  expect(await reseller.page.getByRole("link", { name: /^Lin/ }).count()).toBe(0);
  const answer = await reseller.page.request.get(`${stage.program.base}/api/v1/lines`);
  expect(answer.status()).toBe(403);
});
