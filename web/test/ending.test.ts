import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { axe, looks, shot, Stage } from "./stage";

// The end of an organisation: begun with a grace, called off, begun again; its administrator signs in to take the
// proof's address along; the grace is cut short by typing the name, and the certificate is there for both.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("an organisation ends with a grace, and leaves a certificate", async () => {
  const { page } = await stage.agent("operator");
  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("button", { name: "Create organisation" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Short Lived");
  await dialog.getByLabel("Short name").fill("short-lived");
  await dialog.getByRole("button", { name: "Create organisation" }).click();
  const password = await dialog.locator("code.secret").innerText();
  await dialog.getByRole("button", { name: "Close" }).last().click();

  const context = await stage.context();
  const first = new Agent(await context.newPage(), "administrator");
  await first.page.goto(`${stage.program.base}/app/`);
  await first.enter("short-lived", password);
  await first.page.getByLabel("Current password").fill(password);
  await first.page.getByLabel("New password", { exact: true }).fill("seven green bicycles");
  await first.page.getByLabel("New password again").fill("seven green bicycles");
  await first.page.getByRole("button", { name: "Choose a new password" }).click();
  await first.page.getByRole("banner").waitFor();

  await page.getByRole("link", { name: "Short Lived" }).click();
  await page.getByRole("button", { name: "End", exact: true }).click();
  expect(await axe(page)).toEqual([]);
  await looks(page, "ending-01-begin");
  await dialog.getByRole("button", { name: "Begin the end" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/^Short Lived ends /).waitFor();
  expect(await axe(page)).toEqual([]);
  await looks(page, "ending-02-running");

  await page.getByRole("button", { name: "Call off" }).click();
  await page.getByRole("button", { name: "End", exact: true }).waitFor();
  await page.getByRole("button", { name: "End", exact: true }).click();
  await dialog.getByLabel("Grace time").selectOption({ label: "7 days" });
  await dialog.getByRole("button", { name: "Begin the end" }).click();
  await page.getByText(/^Short Lived ends /).waitFor();

  // Its administrator finds nothing but the way out.
  await first.page.goto(`${stage.program.base}/app/`);
  await first.page.getByRole("heading", { name: /^This organisation ends / }).waitFor();
  expect(await axe(first.page)).toEqual([]);
  await looks(first.page, "ending-03-leaving");
  await first.page.goto(`${stage.program.base}/app/setup`);
  await first.page.getByText("Your roles do not include this").waitFor();
  await first.page.goto(`${stage.program.base}/app/leaving`);
  await first.page.getByRole("button", { name: "Make the address" }).click();
  const address = await first.page.getByRole("dialog").locator("code.secret").innerText();

  const anyone = await (await stage.context()).newPage();
  await anyone.goto(address);
  await anyone.getByRole("button", { name: "Get the certificate" }).click();
  await anyone.getByText(/^It has not ended yet/).waitFor();

  await page.getByRole("button", { name: "End now" }).click();
  await dialog.getByLabel("Name of the organisation").fill("Another");
  await dialog.getByRole("button", { name: "End for good" }).click();
  await dialog.getByText("This is not its name.").waitFor();
  await shot(page, "ending-04-name");
  await dialog.getByLabel("Name of the organisation").fill("Short Lived");
  await dialog.getByRole("button", { name: "End for good" }).click();
  await page.getByRole("button", { name: "Download certificate" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await looks(page, "ending-05-certificate");
  await first.page.getByRole("button", { name: "Sign in" }).waitFor();

  await anyone.getByRole("button", { name: "Get the certificate" }).click();
  const loading = anyone.waitForEvent("download");
  await anyone.getByRole("button", { name: "Download certificate" }).click();
  const document = JSON.parse(readFileSync(await (await loading).path(), "utf8")) as { certificate: string };
  const said = JSON.parse(document.certificate) as { name: string; rows: Record<string, number> };
  expect(said.name).toBe("Short Lived");
  expect(said.rows.users).toBe(1);
  expect(await axe(anyone)).toEqual([]);
  await looks(anyone, "ending-06-by-code");
  stage.forgive(/status of 40[13]/);
});
