import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { looks, Stage, until } from "./stage";

// What an organisation's pages look like: chosen with a preview, refused where nobody could read it, worn by the
// header and by the sign-in, undone; a reseller's or operator's own reaches those below.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** A logo: a dark bar on nothing, as a file. */
async function logo(page: Agent["page"]) {
  const data = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 600; // is made to fit
    canvas.height = 150;
    const pen = canvas.getContext("2d")!;
    pen.fillStyle = "#101010";
    pen.beginPath();
    pen.ellipse(300, 75, 280, 60, 0, 0, 7);
    pen.fill();
    return canvas.toDataURL("image/png").split(",")[1]!;
  });
  return { name: "logo.png", mimeType: "image/png", buffer: Buffer.from(data, "base64") };
}

const accent = (page: Agent["page"]) =>
  page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent").trim());

test("an administrator chooses a brand, and everybody there sees it", async () => {
  const { page } = await stage.agent("administrator");
  const base = stage.program.base;
  await page.goto(`${base}/app/setup/brand`);
  await page.getByRole("heading", { name: "Brand", level: 1 }).waitFor();
  const found = await looks(page, "brand-01-nothing");

  // Bad input is told beside its field, and nothing that was entered is lost.
  await page.getByLabel("Name of the product").fill("Água & Pão");
  await page.getByLabel("Where users find help").fill("javascript:alert(1)");
  await page.getByText("must be an https address such as https://help.example/").waitFor();
  await page.getByLabel("Accent colour", { exact: true }).fill("#ffd400");
  await page.getByText("4.5:1 is needed").waitFor(); // the rest is shown all the same
  await page.locator("figure").getByText("Água & Pão").first().waitFor();
  await page.getByLabel("Where users find help").fill("https://help.example/agua");
  await page.getByText("must be an https address").waitFor({ state: "detached" });
  expect(await page.getByRole("button", { name: "Save", exact: true }).isDisabled()).toBe(true);
  found.push(...(await looks(page, "brand-02-unreadable")));
  await page.getByRole("button", { name: "Take #" }).first().click();
  await page.getByText("4.5:1 is needed").waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.matches(".accent input"))).toBe(true);
  await page.getByLabel("Accent colour", { exact: true }).fill("#7a1fa2");
  await page.setInputFiles("input[type=file]", await logo(page));
  await page.getByText("Your own logo.").waitFor();
  await page.locator("figure[data-theme=dark] img").waitFor();
  found.push(...(await looks(page, "brand-03-preview")));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("The brand is saved.").waitFor();
  await page.getByRole("button", { name: "Undo" }).focus(); // so it stays
  await page.locator("header .home img[alt='Água & Pão']").waitFor();
  expect(await accent(page)).toBe("#7a1fa2");
  await until(() => page.title()).toContain("Água & Pão");
  found.push(...(await looks(page, "brand-04-saved")));

  // The sign-in by the link, where nobody ever was; and what is not known looks like the installation.
  const link = await page.locator("code").filter({ hasText: "/app/at/" }).innerText();
  const stranger = await (await stage.context()).newPage();
  await stranger.goto(link);
  await stranger.locator("main img[alt='Água & Pão']").waitFor();
  expect(await accent(stranger)).toBe("#7a1fa2");
  expect(new URL(stranger.url()).pathname).not.toContain("/at/");
  expect(await stranger.getByRole("link", { name: "Help" }).getAttribute("href")).toBe(
    "https://help.example/agua",
  );
  found.push(...(await looks(stranger, "brand-05-sign-in")));
  const other = await (await stage.context()).newPage();
  await other.goto(`${base}/app/at/nobody-knows-this`);
  await other.locator("main .logo .name", { hasText: "Nubitalk" }).waitFor();
  expect(await accent(other)).toBe("#0b6e6e");

  // A customer who comes to call sees whose page it is.
  const customer = await (await stage.context()).newPage();
  await customer.goto(stage.program.phone);
  await customer.locator("header img[alt='Água & Pão']").waitFor();
  expect(await accent(customer)).toBe("#12343b"); // the entry point chose a colour of its own
  found.push(...(await looks(customer, "brand-09-call")));

  // Undone with a click.
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("The brand is as it was.").waitFor();
  await page.locator("header .logo .name", { hasText: "Nubitalk" }).waitFor();
  expect(await accent(page)).toBe("#0b6e6e");
  stage.forgive(/status of 422/); // what was refused above
  expect(found).toEqual([]);
});

test("of two who change it at the same time, the second is asked whose is kept", async () => {
  const [one, two] = [await stage.agent("administrator"), await stage.agent("administrator")];
  for (const { page } of [one, two]) {
    await page.goto(`${stage.program.base}/app/setup/brand`);
    await page.getByLabel("Name of the product").waitFor();
  }
  await two.page.getByLabel("Name of the product").fill("Second");
  await one.page.getByLabel("Name of the product").fill("First");
  await one.page.getByRole("button", { name: "Save", exact: true }).click();
  await one.page.getByText("The brand is saved.").waitFor();
  await two.page.getByRole("button", { name: "Save", exact: true }).click();
  await two.page.getByText("Someone else saved meanwhile").waitFor();
  expect(await two.page.getByLabel("Name of the product").inputValue()).toBe("Second");
  const found = await looks(two.page, "brand-08-two");
  await two.page.getByRole("button", { name: "Save mine over it" }).click();
  await two.page.locator("header .logo .name", { hasText: "Second" }).waitFor();
  await two.page.getByRole("button", { name: "Undo" }).click();
  await two.page.locator("header .logo .name", { hasText: "First" }).waitFor();
  await two.page.getByRole("button", { name: "Back to what is above" }).click();
  await two.page.getByRole("button", { name: "Save", exact: true }).click();
  await two.page.locator("header .logo .name", { hasText: "Nubitalk" }).waitFor();
  stage.forgive(/status of 409/);
  expect(found).toEqual([]);
});

test("the operator's brand holds below, also in Portuguese and on a narrow page", async () => {
  const operator = await stage.agent("operator");
  await operator.page.goto(`${stage.program.base}/app/organisations/brand`);
  await operator.page.getByRole("heading", { name: "Brand", level: 1 }).waitFor();
  await operator.page.keyboard.press("Control+K");
  await operator.page.getByRole("dialog").waitFor();
  await operator.page.keyboard.type("Portugu");
  await operator.page.keyboard.press("Enter");
  await operator.page.getByRole("heading", { name: "Marca", level: 1 }).waitFor();
  await operator.page.getByLabel("Nome do produto").fill("Cloudline");
  await operator.page.getByLabel("A nossa marca vale para todas abaixo").check();
  await operator.page.getByText(/organizaç(ão|ões) abaixo ter/).waitFor();
  const found = await looks(operator.page, "brand-06-operator-pt");
  await operator.page.getByRole("button", { name: "Guardar", exact: true }).click();
  await operator.page.getByText("A marca está guardada.").waitFor();
  await operator.page.getByRole("button", { name: "Desfazer" }).focus(); // so it stays
  await until(() => operator.page.title()).toBe("Marca · Cloudline");

  const { page } = await stage.agent("administrator", { viewport: { width: 400, height: 800 } });
  await page.goto(`${stage.program.base}/app/setup/brand`);
  await page.getByText("The brand of").filter({ hasText: "holds here" }).waitFor();
  expect(await page.getByLabel("Name of the product").isDisabled()).toBe(true);
  await until(() => page.title()).toContain("Cloudline");
  found.push(...(await looks(page, "brand-07-held")));

  await operator.page.getByRole("button", { name: "Desfazer" }).click();
  await operator.page.getByText("A marca está como estava.").waitFor();
  await page.reload();
  await page.getByLabel("Name of the product").and(page.locator(":enabled")).waitFor();
  expect(found).toEqual([]);
});
