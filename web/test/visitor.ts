import type { Locator, Page } from "playwright-core";

/** A visitor's page: the shop with the widget on it. */
export class Visitor {
  constructor(readonly page: Page) {}

  get panel(): Locator {
    return this.page.getByRole("region", { name: "Atlântico Shoes" });
  }
  get launcher(): Locator {
    return this.page.getByRole("button", { name: /^(Open|Close) chat/ });
  }
  get box(): Locator {
    return this.page.getByRole("textbox", { name: "Write a message" });
  }
  get log(): Locator {
    return this.page.getByRole("log", { name: "Messages" });
  }

  /** A bubble with exactly these words. */
  bubble(words: string): Locator {
    return this.log.locator(".bubble").filter({ hasText: exactly(words) });
  }

  /** All bubbles in order, for counting what came twice. */
  bubbles(): Promise<string[]> {
    return this.log.locator(".bubble").allInnerTexts();
  }

  /** Opens the widget and begins a conversation. */
  async start(name: string): Promise<void> {
    await this.launcher.click();
    await this.page.getByRole("textbox", { name: "Name" }).fill(name);
    await this.page.getByRole("checkbox").check();
    await this.page.getByRole("button", { name: "Start chat" }).click();
    await this.box.waitFor();
  }

  async choose(label: string): Promise<void> {
    await this.page.getByRole("button", { name: label }).click();
  }

  async say(words: string): Promise<void> {
    await this.box.fill(words);
    await this.box.press("Enter");
  }

  /** Begins a conversation and waits in the queue for billing. */
  async queue(name: string, order = "AT-10552"): Promise<void> {
    await this.start(name);
    await this.choose("An order or a bill");
    await this.log.getByText("Which order is it about?").waitFor();
    await this.say(order);
    await this.log.getByText("a colleague from billing will be with you").waitFor();
  }
}

export function exactly(words: string): RegExp {
  return new RegExp(`^\\s*${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`);
}
