import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { DESKTOP, launch, open } from "./browser";
import { ChatServer, type Conversation, site } from "./server";

// The built script in Chromium, on a tenant's page with a strict policy, against
// a server of the visitor's contract that can fail on demand.

export let browser: Browser;
export let chat: ChatServer;
export let shop: Awaited<ReturnType<typeof site>>;
export let contexts: BrowserContext[];

/** Opens the browser for a file of tests, and a server and a shop for each of them. */
export function opened(): void {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    contexts = [];
    chat = new ChatServer();
    await chat.up();
    shop = await site(chat);
  });
  afterEach(async () => {
    for (const c of contexts) await c.close();
    shop.close();
    await chat.down();
  });
}

export async function visitor(options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, locale: "en-GB", ...options });
  contexts.push(context);
  return { context, ...(await open(context, shop.url)) };
}

export const launcher = (page: Page) => page.getByRole("button", { name: /^(Open|Close|Abrir|Fechar) chat/ });
export const box = (page: Page) =>
  page.getByRole("textbox", { name: /^(Write a message|Escreva uma mensagem)$/ });
export const kept = (page: Page) => page.evaluate(() => JSON.stringify(localStorage));

export async function start(page: Page, name = "Blue heron"): Promise<Conversation> {
  await launcher(page).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Start chat" }).click();
  await box(page).waitFor();
  await connected();
  return chat.talk;
}

/** Waits until a condition of the server holds. */
export async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 15_000, interval: 20 }).toBe(true);
}
export const connected = (n = 1) => until(() => chat.talk.sockets.size >= n);

export async function say(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await box(page).press("Enter");
}

/** The words of all bubbles, in order. */
export const bubbles = (page: Page) => page.locator(".bubble").allInnerTexts();
