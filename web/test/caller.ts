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

  /** Presses a choice of the menu on the screen, which sends its key. */
  async choose(label: string): Promise<void> {
    await this.page.getByRole("region", { name: "Choices" }).getByRole("button", { name: label }).click();
  }
}
