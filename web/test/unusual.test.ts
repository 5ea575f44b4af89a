import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { looks, shot, Stage, until } from "./stage";

// Somebody finds out a password by trying: its owner is told, ends what the other has, and an administrator sees it.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a sign-in after wrong passwords is told to its user, whose new password ends it", async () => {
  const { page } = await stage.agent("a7");
  const thief = new Agent(await (await stage.context()).newPage(), "a7");
  await thief.page.goto(`${stage.program.base}/app/`);
  for (let i = 0; i < 3; i++) {
    const answered = thief.page.waitForResponse((r) => r.url().endsWith("/api/v1/sign-in"));
    await thief.enter("demo", `no such password ${i}`);
    expect((await answered).status()).toBe(401);
    await thief.page.getByRole("alert").waitFor();
  }
  stage.forgive(/status of 401.*\/sign-in/);
  await thief.signIn("demo", stage.program.password("a7"));
  await thief.page.goto(`${stage.program.base}/app/account`);
  await thief.page.getByRole("heading", { name: "Where you are signed in" }).waitFor();
  expect(await thief.page.getByText(/^Somebody signed in as you/).count()).toBe(0); // it is the other one's

  // Its user learns of it wherever the user is.
  await page.reload();
  const told = page.getByText("Somebody signed in as you in an unusual way (1).");
  await told.first().waitFor();
  await shot(page, "unusual-toast");
  await page.getByRole("button", { name: "Look", exact: true }).click();
  await until(() => new URL(page.url()).pathname).toBe("/app/account");
  const row = page.getByRole("list", { name: "Where you are signed in" }).getByRole("listitem");
  await row.filter({ hasText: "unusual: after wrong passwords" }).waitFor();
  await until(() => row.filter({ hasText: "unusual: " }).count()).toBe(1);
  expect(await row.filter({ hasText: "this one" }).filter({ hasText: "unusual: " }).count()).toBe(0);
  const found = await looks(page, "unusual-account");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByText("fora do habitual: depois de palavras-passe erradas").scrollIntoViewIfNeeded();
  await shot(page, "unusual-account-pt");
  const ends = await page.getByRole("button", { name: "Terminar", exact: true }).first().boundingBox();
  expect(ends && ends.x + ends.width <= 400).toBe(true); // in reach without scrolling sideways
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("English");
  await page.keyboard.press("Enter");

  await page.getByLabel("Current password").fill(stage.program.password("a7"));
  await page.getByLabel("New password", { exact: true }).fill("seven green bicycles");
  await page.getByLabel("New password again").fill("seven green bicycles");
  await page.getByLabel("New password again").press("Enter");
  await thief.page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.getByRole("main").getByText("Somebody signed in as you").waitFor({ state: "detached" });
  await until(() => row.filter({ hasText: "unusual: " }).count()).toBe(0);
  await thief.page.reload();
  await thief.enter("demo", stage.program.password("a7"));
  await thief.page.getByRole("alert").waitFor();
  stage.forgive(/status of 401/);

  // An administrator sees it above the log, beside an export that is this one's first.
  const boss = (await stage.agent("administrator")).page;
  await boss.goto(`${stage.program.base}/app/setup/users`);
  await boss.getByRole("button", { name: "Export", exact: true }).click();
  const loading = boss.waitForEvent("download");
  await boss.getByRole("dialog").getByRole("button", { name: "Download as a file" }).click();
  await loading;

  // As alerts they are in the room, beside Privacy and above the log, until somebody has seen them.
  const nav = boss.getByRole("navigation", { name: "Go to" });
  await boss.goto(`${stage.program.base}/app/room`);
  const alerts = boss.getByRole("region", { name: "Security" });
  const one = (text: string) => alerts.getByRole("listitem").filter({ hasText: text });
  await one("unusual sign-in").filter({ hasText: "after wrong passwords" }).waitFor();
  await one("unusual export").filter({ hasText: "Users exported" }).waitFor();
  await until(() => nav.getByText("2 alerts that nobody has seen").count()).toBe(1);
  found.push(...(await looks(boss, "security-room")));
  await one("unusual export").getByRole("button", { name: "I have seen" }).click();
  await one("unusual export").waitFor({ state: "detached" });
  await until(() => nav.getByText("1 alert that nobody has seen").count()).toBe(1);
  await one("unusual sign-in").getByRole("button", { name: "Audit log" }).click();
  await until(() => new URL(boss.url()).searchParams.get("action")).toBe("sign_in.unusual");
  await alerts.getByText("unusual sign-in").waitFor();

  await boss.goto(`${stage.program.base}/app/privacy/audit`);
  await boss.getByRole("button", { name: "Unusual export: 1" }).waitFor();
  await boss.getByRole("button", { name: "Unusual sign-in: 1" }).waitFor();
  found.push(...(await looks(boss, "unusual-audit")));
  await boss.getByRole("button", { name: "Unusual sign-in: 1" }).press("Enter");
  await until(() => new URL(boss.url()).searchParams.get("action")).toBe("sign_in.unusual");
  const entries = boss.getByRole("table", { name: "Audit log" }).locator("tbody tr");
  await until(() => entries.count()).toBe(1);
  await entries.filter({ hasText: "after wrong passwords" }).waitFor();
  await shot(boss, "unusual-audit-one");
  await boss.keyboard.press("Control+k");
  await boss.keyboard.type("Portugu");
  await boss.keyboard.press("Enter");
  await boss.setViewportSize({ width: 400, height: 900 });
  await boss.getByRole("button", { name: "Entrada fora do habitual: 1" }).waitFor();
  await boss.getByRole("region", { name: "Segurança" }).waitFor();
  await shot(boss, "unusual-audit-pt");
  const exports = await boss.getByRole("button", { name: "Exportação fora do habitual: 1" }).boundingBox();
  expect(exports && exports.x + exports.width <= 400).toBe(true);
  await until(() => boss.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  expect(found).toEqual([]);
});

test("an organisation chooses what is unusual, and switches a kind of alerts off", async () => {
  const boss = (await stage.agent("administrator")).page;
  await boss.goto(`${stage.program.base}/app/setup/rules`);
  const files = boss.getByRole("spinbutton", { name: "Files of users" });
  await until(() => files.inputValue()).toBe("5");
  const off = boss.getByRole("checkbox", { name: "Unusual sign-ins" });
  await off.uncheck();
  await files.fill("0");
  await boss.getByRole("button", { name: "Save" }).click();
  await until(() => files.getAttribute("aria-invalid")).toBe("true");
  stage.forgive(/status of 422/);
  await files.scrollIntoViewIfNeeded();
  await shot(boss, "security-rules-refused");
  await files.fill("7");
  await boss.getByRole("button", { name: "Save" }).click();
  await boss.getByText("Saved", { exact: true }).waitFor();
  await until(() => boss.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await boss.reload();
  await until(() => files.inputValue()).toBe("7");
  expect(await off.isChecked()).toBe(false);
  await off.scrollIntoViewIfNeeded();
  const found = await looks(boss, "security-rules");
  await boss.getByRole("button", { name: "Back to the usual" }).click();
  await until(() => files.inputValue()).toBe("5");
  await boss.getByRole("button", { name: "Save" }).click();
  await boss.getByText("Saved", { exact: true }).waitFor();
  await until(() => boss.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await boss.keyboard.press("Control+k");
  await boss.keyboard.type("Portugu");
  await boss.keyboard.press("Enter");
  await boss.setViewportSize({ width: 400, height: 900 });
  const portuguese = boss.getByRole("checkbox", { name: "Entradas fora do habitual" });
  await portuguese.scrollIntoViewIfNeeded();
  expect(await portuguese.isChecked()).toBe(true);
  await shot(boss, "security-rules-pt");
  await until(() => boss.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  await boss.keyboard.press("Control+k");
  await boss.keyboard.type("English");
  await boss.keyboard.press("Enter");
  expect(found).toEqual([]);
});
