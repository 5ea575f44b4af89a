import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where pictures of the tests go; an ignored folder. */
const SHOTS = fileURLToPath(new URL("../../../artifacts/widget/", import.meta.url));

export const DESKTOP = { width: 1280, height: 800 };
export const MOBILE = { width: 390, height: 844 };

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** A page with what it complained about: errors of scripts, and messages of the console. */
export async function open(
  context: BrowserContext,
  url: string,
): Promise<{ page: Page; errors: string[]; console: string[] }> {
  const page = await context.newPage();
  const errors: string[] = [];
  const said: string[] = [];
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("console", (m) => said.push(`${m.type()}: ${m.text()}`));
  await page.goto(url);
  return { page, errors, console: said };
}

/** What axe finds, one line each; also inside the shadow root. */
export async function axe(page: Page): Promise<string[]> {
  // Not as a script tag: the site's policy would rightly refuse it.
  const session = await page.context().newCDPSession(page);
  const run = `${AXE};axe.run(document, { resultTypes: ["violations"] }).then((r) => JSON.stringify(r.violations.map((v) =>
    v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + n.failureSummary).join(" | "))))`;
  const { result } = await session.send("Runtime.evaluate", {
    expression: run,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(result.value as string) as string[];
}

export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png`, animations: "disabled" });
}
