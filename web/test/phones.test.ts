import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { freePort, Softphone } from "./softphone";
import { axe, shot, Stage, until } from "./stage";

// An administrator sets up a phone; a real one registers with it, over TLS.

const PHONE = 625;

let tls = "";
const stage = new Stage();
beforeAll(async () => {
  tls = `tls://127.0.0.1:${await freePort()}`;
  stage.program.sip = tls;
  await stage.open();
}, 120_000);
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** What axe finds, light and dark, wide and narrow. */
async function looks(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [width, colorScheme] of [
    [1280, "light"],
    [1280, "dark"],
    [400, "light"],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await shot(page, `${name}-${width}-${colorScheme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (wide) found.push(`${name} is wider than ${width}`);
    found.push(...(await axe(page)).map((v) => `${name} ${width} ${colorScheme}: ${v}`));
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

test("a phone is set up, gets its password once, and registers by TLS", { timeout: 240_000 }, async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/phones/new`);
  await page.getByLabel("Name", { exact: true }).fill("Bo’s desk");
  await page.getByLabel("Whose phone it is").selectOption({ label: "a7" });
  await page.getByLabel("Extension").fill("21");
  await page.getByLabel("The phone knows MD5 only").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Not registered").waitFor();
  const found = await looks(page, "phones-fresh");
  await page.getByRole("button", { name: "Make a password" }).click();
  const dialog = page.getByRole("dialog", { name: "Password of Bo’s desk" });
  const password = await dialog.locator("code").innerText();
  found.push(...(await axe(page)));
  await shot(page, "phones-password");
  await page.keyboard.press("Escape");
  const account = await page.locator("dd code").getByText(/^phn_/).innerText();
  expect(account).toMatch(/\.md5$/);

  const phone = new Softphone(PHONE);
  try {
    await phone.register(account, password, tls);
    await until(() => phone.said).toMatch(/200 OK/);
    await page.getByText("Registered", { exact: true }).waitFor({ timeout: 20_000 });
    found.push(...(await looks(page, "phones-registered")));
    await stage.program.kill();
    await stage.program.start();
    stage.forgive(/ERR_CONNECTION|WebSocket|status of 50/);
    await page.reload();
    await page.getByText("Registered", { exact: true }).waitFor({ timeout: 90_000 }); // at its next refresh
  } finally {
    await phone.hangUp();
    phone.remove();
  }
  await page.getByText("Not registered").waitFor({ timeout: 20_000 });
  await page.getByLabel("Encryption", { exact: true }).selectOption({ label: "May be unencrypted" });
  await page.getByText("Anybody on the way can listen").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("voices pass to this phone unencrypted").first().waitFor();
  found.push(...(await looks(page, "phones-plain")));
  await page.getByLabel("I allow this phone to be unencrypted").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Unencrypted", { exact: true }).first().waitFor();
  await page.goto(`${stage.program.base}/app/setup/phones`);
  await page.getByText("Unencrypted", { exact: true }).waitFor();
  found.push(...(await looks(page, "phones-list")));
  stage.forgive(/status of 422/);
  expect(found).toEqual([]);
});
