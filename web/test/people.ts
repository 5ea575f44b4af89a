import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import type { House } from "./house";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where pictures of the tests go; an ignored folder. */
const pictures = fileURLToPath(new URL("../../artifacts/desk/", import.meta.url));

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** Errors of a page's scripts and refusals of its policy; must stay empty. */
export const complaints = new WeakMap<Page, string[]>();

export async function openPage(
  browser: Browser,
  options: { theme?: "light" | "dark"; locale?: string; width?: number } = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: 900 },
    colorScheme: options.theme ?? "light",
    locale: options.locale ?? "en-GB",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  watch(page);
  return page;
}

function watch(page: Page): void {
  const list: string[] = [];
  complaints.set(page, list);
  page.on("pageerror", (error) => list.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|Refused/.test(message.text()))
      list.push(message.text());
  });
}

/** A second tab of the same person. */
export async function secondTab(page: Page): Promise<Page> {
  const tab = await page.context().newPage();
  watch(tab);
  return tab;
}

/** Signs a user of the demonstration in, as at a keyboard. */
export async function signIn(
  page: Page,
  house: House,
  user: string,
  base = house.demo.base_url,
): Promise<void> {
  const { organisation, user_name, password } = house.login(user);
  await page.goto(`${base}/app/`);
  await page.getByLabel("Organisation").fill(organisation);
  await page.getByLabel("User name").fill(user_name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("main").waitFor();
  await page.getByRole("button", { name: /Menu of/ }).waitFor();
}

/** A visitor of the demo's shop, on its page with the widget. */
export class Visitor {
  constructor(readonly page: Page) {}

  /** Opens the widget, agrees and starts; then presses the given answers. */
  async start(shop: string, name: string, answers: string[], email = ""): Promise<void> {
    await this.page.goto(shop);
    await this.page.locator("nubitalk-chat").getByRole("button").last().click();
    await this.page.getByLabel(/^Name/).fill(name);
    if (email) await this.page.getByLabel(/^Email/).fill(email);
    await this.page.getByRole("checkbox").check();
    await this.page.getByRole("button", { name: "Start chat" }).click();
    for (const answer of answers) await this.page.getByRole("button", { name: answer }).click();
  }

  get box(): Locator {
    return this.page.locator("nubitalk-chat").getByRole("textbox").last();
  }

  async say(words: string): Promise<void> {
    await this.box.fill(words);
    await this.box.press("Enter");
  }

  sees(words: string): Promise<void> {
    return this.page.locator("nubitalk-chat").getByText(words, { exact: false }).last().waitFor();
  }
}

/** What axe finds wrong, one line each. */
export async function axe(page: Page): Promise<string[]> {
  // Not as a script tag: the page's own policy would rightly refuse it.
  const session = await page.context().newCDPSession(page);
  const { result } = await session.send("Runtime.evaluate", {
    expression: `${axeSource};axe.run(document, { resultTypes: ["violations"] }).then((r) => JSON.stringify(
      r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + n.failureSummary).join(" | "))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(result.value as string) as string[];
}

/** Keeps a picture of the page for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}${name}.png`, animations: "disabled" });
}
