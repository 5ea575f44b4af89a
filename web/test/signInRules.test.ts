import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { typeCode } from "./authenticator";
import { looks, shot, Stage, until } from "./stage";

// An organisation's rules of sign-in: what the administrator sees before saving, and what a user meets.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a second factor is asked for, and set up before anything else", async () => {
  const boss = (await stage.agent("administrator")).page;
  await boss.goto(`${stage.program.base}/app/setup/rules`);
  const needed = boss.getByRole("group", { name: "A second factor is needed by" });
  await needed.getByRole("checkbox", { name: "Agent" }).check();
  const effect = boss.getByRole("status", { name: "What saving does" });
  await effect.getByText(/users have no second factor/).waitFor();
  await effect.scrollIntoViewIfNeeded();
  const found = await looks(boss, "sign-in-rules");

  // Networks without one's own address are shown to lock out, and refused.
  const networks = boss.getByRole("textbox", { name: "Allowed networks" });
  await networks.fill("192.0.2.0/24");
  await effect.getByText("would lock you out").waitFor();
  await boss.getByRole("button", { name: "Save" }).click();
  await until(() => networks.getAttribute("aria-invalid")).toBe("true");
  stage.forgive(/status of 422/);
  await networks.scrollIntoViewIfNeeded();
  await shot(boss, "sign-in-rules-refused");
  await networks.fill("192.0.2.0/24\n127.0.0.0/8\n::1");
  await boss.getByRole("button", { name: "Save" }).click();
  await until(() => boss.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await until(() => networks.inputValue()).toBe("192.0.2.0/24\n127.0.0.0/8\n::1/128");

  const context = await stage.context({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${stage.program.base}/app/`);
  await page.getByLabel("Organisation").fill(stage.program.organisation("b2"));
  await page.getByLabel("User name").fill("b2");
  await page.getByRole("textbox", { name: "Password" }).fill(stage.program.password("b2"));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
  found.push(...(await looks(page, "sign-in-set-up")));
  await page.reload(); // it is still asked for
  await page.getByRole("heading", { name: "Add a second factor" }).waitFor();
  await page.getByRole("button", { name: "Add an app" }).click();
  const dialog = page.getByRole("dialog");
  const secret = (await dialog.locator("code").innerText()).replaceAll(" ", "");
  const codes = page.getByRole("dialog", { name: "Your recovery codes" });
  stage.overlook(/status of 422 .*factors\/totp/); // its step may end
  await typeCode(
    secret,
    dialog.getByLabel("Code that the app shows now"),
    () => dialog.getByRole("button", { name: "Continue" }).click(),
    codes,
  );
  await shot(page, "sign-in-set-up-codes");
  await codes.getByRole("button", { name: "I have kept them" }).click();
  await new Agent(page, "b2").presence.waitFor();

  // In Portuguese, on a narrow screen.
  await boss.keyboard.press("Control+k");
  await boss.keyboard.type("Portugu");
  await boss.keyboard.press("Enter");
  await boss.setViewportSize({ width: 400, height: 900 });
  await boss.getByRole("textbox", { name: "Redes permitidas" }).scrollIntoViewIfNeeded();
  await shot(boss, "sign-in-rules-pt");
  expect(found).toEqual([]);
});
