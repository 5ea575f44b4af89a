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

  /** Fills the sign-in and sends it. */
  async enter(organisation: string, password: string): Promise<void> {
    await this.page.getByLabel("Organisation").fill(organisation);
    await this.page.getByLabel("User name").fill(this.user);
    await this.page.getByRole("textbox", { name: "Password" }).fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  async signIn(organisation: string, password: string): Promise<void> {
    await this.enter(organisation, password);
    await this.page.getByRole("banner").waitFor();
    await this.page.waitForURL(/\/app\/\w/);
    await this.page.locator("main").getByText(/\w/).first().waitFor();
  }

  async ready(): Promise<void> {
    await this.presence.waitFor();
    await this.page.keyboard.press("Alt+r");
    await this.presence.filter({ hasText: "Ready" }).waitFor();
  }

  /** Chooses a state in the menu. */
  async state(label: string): Promise<void> {
    await this.presence.click();
    await this.page.getByRole("menuitem", { name: label }).click();
    await this.presence.filter({ hasText: label }).waitFor();
  }

  /** Takes this one's offer and waits for its conversation. */
  async accept(name: string): Promise<void> {
    await this.offers
      .filter({ hasText: name })
      .getByRole("button", { name: /^Accept/ })
      .click();
    await this.page.getByRole("heading", { name, level: 1 }).waitFor();
  }

  /** Takes this one's call and waits for its conversation. */
  async answer(name: string): Promise<void> {
    await this.offers
      .filter({ hasText: name })
      .getByRole("button", { name: /^Answer/ })
      .click();
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

  /** Hands the conversation on, to a queue or a colleague. */
  async transfer(to: string, note: string): Promise<void> {
    await this.page.getByRole("button", { name: "Transfer" }).click();
    const dialog = this.page.getByRole("dialog");
    await dialog.getByRole("radio", { name: new RegExp(`^${to}`) }).check();
    await dialog.getByLabel("Note for who takes over").fill(note);
    await dialog.getByRole("button", { name: "Transfer" }).click();
    await this.page.getByText(`Transferred to ${to}.`).waitFor();
  }

  /** Finishes what is open and goes home, if there is anything. */
  async leave(): Promise<void> {
    if (await this.page.getByRole("button", { name: /^Finish/ }).isVisible())
      await this.finish("Invoice sent");
    await this.page.locator("section.middle.empty").waitFor();
    await this.state("Offline");
  }
}
