import type { Locator, Page } from "playwright-core";

/** A page of the desk, of somebody who is signed in. */
export class Agent {
  constructor(
    readonly page: Page,
    readonly user: string,
  ) {}

  get presence(): Locator {
    return this.page.getByRole("button", { name: /^Your state/ });
  }
  get offers(): Locator {
    return this.page.locator("li.offer");
  }
  get work(): Locator {
    return this.page.getByRole("complementary", { name: "My work" });
  }
  get log(): Locator {
    return this.page.locator("section.middle").getByRole("log");
  }
  get box(): Locator {
    return this.page.locator(".reply textarea");
  }
  get person(): Locator {
    return this.page.getByRole("complementary", { name: "Person" });
  }

  message(words: string): Locator {
    return this.log.locator(".message").filter({ hasText: words });
  }

  /** The words of all messages in order, for counting what came twice. */
  messages(): Promise<string[]> {
    return this.log.locator(".message .text").allInnerTexts();
  }

  async signIn(organisation: string, password: string): Promise<void> {
    await this.page.getByLabel("Organisation").fill(organisation);
    await this.page.getByLabel("User name").fill(this.user);
    await this.page.getByRole("textbox", { name: "Password" }).fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("banner").waitFor();
  }

  async state(label: string): Promise<void> {
    await this.presence.click();
    await this.page.getByRole("menuitem", { name: label }).click();
    await this.page
      .getByRole("button", { name: new RegExp(`^Your state ?${label}|${label}`) })
      .first()
      .waitFor();
  }

  async ready(): Promise<void> {
    await this.page.getByRole("button", { name: /^Get ready/ }).click();
    await this.page.getByText("The next contact rings here.").first().waitFor();
  }

  /** Takes the next offer and waits for its conversation. */
  async accept(name: string): Promise<void> {
    await this.offers.filter({ hasText: name }).waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.getByRole("heading", { name, level: 1 }).waitFor();
  }

  async say(words: string): Promise<void> {
    await this.box.fill(words);
    await this.box.press("Enter");
  }

  async finish(disposition: string): Promise<void> {
    await this.page.getByRole("button", { name: /^Finish/ }).click();
    await this.page.getByRole("region", { name: "Wrap-up" }).waitFor();
    await this.person.getByLabel("Disposition").selectOption({ label: disposition });
    await this.page.getByRole("button", { name: /^Complete/ }).click();
  }
}
