import { afterAll, afterEach, beforeAll, test } from "vitest";
import { Agent } from "./agent";
import { shot, Stage, until } from "./stage";
import type { Page } from "playwright-core";

// People come and work: a new user, and a shift without a mouse.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a whole contact by keyboard alone", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Oystercatcher");

  const page = await (await stage.context({ viewport: { width: 1440, height: 900 } })).newPage();
  const agent = new Agent(page, "a7");
  const { keyboard } = page;
  await page.goto(`${stage.program.base}/app/`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await tabTo(page, "Organisation");
  await keyboard.type("demo");
  await keyboard.press("Tab");
  await keyboard.type("a7");
  await keyboard.press("Tab");
  await keyboard.type(stage.program.password("a7"));
  await keyboard.press("Enter");
  await agent.presence.waitFor();

  await keyboard.press("Alt+r");
  await agent.offers.filter({ hasText: "Oystercatcher" }).waitFor();
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Oystercatcher", level: 1 }).waitFor();
  await until(() => agent.box.evaluate((e) => e === document.activeElement)).toBe(true);
  await keyboard.type("Good morning");
  await keyboard.press("Enter");
  await visitor.bubble("Good morning").waitFor();

  // Completing without the result leads to it.
  await keyboard.press("Control+Enter");
  await page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await keyboard.press("Control+Enter");
  const result = agent.person.getByLabel("Disposition");
  await until(() => result.evaluate((e) => e === document.activeElement)).toBe(true);
  await result.getByRole("option", { name: "Invoice sent" }).waitFor({ state: "attached" });
  await keyboard.type("Invoice");
  await until(() => result.evaluate((e: HTMLSelectElement) => e.selectedOptions[0]?.label)).toBe(
    "Invoice sent",
  );
  await keyboard.press("Control+Enter");
  await page.getByText("Nothing is waiting for you").waitFor();
  await visitor.page.getByText("This chat has ended.").waitFor();
});

/** Goes on with Tab until the field with this label has the keyboard. */
async function tabTo(page: Page, label: string): Promise<void> {
  const field = page.getByLabel(label);
  for (let i = 0; i < 20; i++) {
    if (await field.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${label}.`);
}

test("a new user signs in with a one-time password and chooses another", async () => {
  const administrator = await stage.agent("administrator");
  const { page } = administrator;
  await page.goto(`${stage.program.base}/app/setup/users`);
  await page
    .getByRole("link", { name: "Create user" })
    .or(page.getByRole("button", { name: "Create user" }))
    .first()
    .click();
  await page.getByLabel("User name").fill("g3");
  await page.getByRole("checkbox", { name: /^Agent/ }).check();
  await page.keyboard.press("Control+s");
  const once = await page.getByRole("dialog").locator(".secret").innerText();
  await shot(page, "people-one-time");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();

  const own = await (await stage.context()).newPage();
  const user = new Agent(own, "g3");
  await own.goto(`${stage.program.base}/app/`);
  await user.enter("demo", once);
  await own.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await shot(own, "people-choose");
  await own.getByLabel("Current password").fill(once);
  await own.getByRole("textbox", { name: "New password", exact: true }).fill("nine quiet lighthouses");
  await own.getByLabel("New password again").fill("nine quiet lighthouses");
  await own.getByRole("button", { name: "Choose a new password" }).click();
  await user.presence.waitFor();
  await shot(own, "people-first-desk");
  await until(() => own.getByText("Nothing is waiting for you").count()).toBe(1);

  // The one-time password opens nothing any more.
  const again = await (await stage.context()).newPage();
  await again.goto(`${stage.program.base}/app/`);
  await new Agent(again, "g3").enter("demo", once);
  await again.getByRole("alert").waitFor();
  stage.forgive(/status of 401.*\/sign-in/);
});
