import type { Locator, Page } from "playwright-core";

/** The page of somebody who calls. */
export class Caller {
  constructor(readonly page: Page) {}

  get headline(): Locator {
    return this.page.getByRole("heading", { level: 1 });
  }
  get captions(): Locator {
    return this.page.getByRole("log");
  }

  /** Says in words how the call stands. */
  stands(words: string | RegExp): Promise<void> {
    return this.headline.filter({ hasText: words }).waitFor();
  }

  async call(name: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Name" }).fill(name);
    await this.page.getByRole("checkbox").check();
    await this.page.getByRole("button", { name: "Call", exact: true }).click();
  }

  /** Calls, and waits in the queue for billing. */
  async queue(name: string): Promise<void> {
    await this.call(name);
    await this.choose("An order or a bill");
    await this.captions.getByText("Please key in the number of your order").waitFor();
    await this.headline.focus();
    for (const key of "15#") await this.page.keyboard.press(key);
    await this.stands("Waiting for Billing");
  }

  /** Presses a choice of the menu on the screen, which sends its key. */
  async choose(label: string): Promise<void> {
    await this.page.getByRole("region", { name: "Choices" }).getByRole("button", { name: label }).click();
  }
}
