import type { CDPSession, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { code, stepNow, typeCode } from "./authenticator";
import { looks, shot, Stage, until } from "./stage";

// Second factors, recovery codes and passkeys: how a user adds them, signs in with them, and gets rid of them.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Passkeys are bound to a name, so the desk is opened by one. */
const named = () => stage.program.base.replace("127.0.0.1", "localhost");

/** What keeps somebody's passkeys and asks for a finger: the browser's own stand-in. */
class Device {
  #cdp: CDPSession | undefined;
  #kept: Awaited<ReturnType<Device["held"]>> = [];

  constructor(readonly page: Page) {}

  /** Plugs it in. A page that was loaded or pictured anew has lost it. */
  async ready(): Promise<string> {
    await this.#cdp?.detach().catch(() => {});
    this.#cdp = await this.page.context().newCDPSession(this.page);
    await this.#cdp.send("WebAuthn.enable");
    const { authenticatorId } = await this.#cdp.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    for (const credential of this.#kept)
      await this.#cdp.send("WebAuthn.addCredential", { authenticatorId, credential });
    return authenticatorId;
  }

  async held(authenticatorId: string) {
    return (await this.#cdp!.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  }

  /** Remembers what it holds, for the next time it is plugged in. */
  async keep(authenticatorId: string): Promise<void> {
    this.#kept = await this.held(authenticatorId);
    expect(this.#kept.length).toBe(1);
  }

  async signOut(): Promise<void> {
    // Not beneath a page of the desk, which would load afresh by itself and lose what is plugged in.
    await this.page.goto("about:blank");
    const out = await this.page
      .context()
      .request.post(`${named()}/api/v1/sign-out`, { headers: { Origin: named() } });
    expect(out.status()).toBe(200);
    await this.page.goto(`${named()}/app/account`);
    await this.page.getByRole("button", { name: "Use a passkey" }).waitFor();
  }
}

/** Somebody at the account page, on an own device that can hold passkeys. */
async function person(user: string) {
  const context = await stage.context({ viewport: { width: 1440, height: 1000 } });
  const page = await context.newPage();
  const device = new Device(page);
  const again = async () => {
    await page.getByLabel("Organisation").fill(stage.program.organisation(user));
    await page.getByLabel("User name").fill(user);
    await page.getByRole("textbox", { name: "Password" }).fill(stage.program.password(user));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  await page.goto(`${named()}/app/account`);
  await again();
  await new Agent(page, user).presence.waitFor();
  return { page, again, device };
}

/** Adds an authenticator app; answers with its key, the step that is spent by it, and the recovery codes. */
async function addApp(page: Page, name: string) {
  await page.getByRole("button", { name: "Add an app" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("img", { name: /authenticator app reads/ }).waitFor();
  const secret = (await dialog.locator("code").innerText()).replaceAll(" ", "");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  const shown = page.getByRole("dialog", { name: "Your recovery codes" });
  stage.overlook(/status of 422 .*factors\/totp/); // its step may end
  const spent = await typeCode(
    secret,
    dialog.getByLabel("Code that the app shows now"),
    () => dialog.getByRole("button", { name: "Continue" }).click(),
    shown,
  );
  const codes = await shown.locator("li code").allInnerTexts();
  await shown.getByRole("button", { name: "I have kept them" }).click();
  await page.getByRole("cell", { name, exact: true }).waitFor();
  return { secret, spent, codes };
}

const inside = (page: Page) => page.getByRole("heading", { name: "Second factors and passkeys" }).waitFor();

/** An app whose clock is behind is told so, and the field is ready for what it shows then. */
async function appFaults(page: Page) {
  await page.getByRole("button", { name: "Add an app" }).click();
  const dialog = page.getByRole("dialog");
  const secret = (await dialog.locator("code").innerText()).replaceAll(" ", "");
  const field = dialog.getByLabel("Code that the app shows now");
  await field.fill(code(secret, stepNow() - 6));
  await page.keyboard.press("Enter");
  await dialog.getByText(/your phone's clock is about [34] minutes behind/).waitFor();
  stage.forgive(/status of 422/);
  await until(() => field.evaluate((e: HTMLInputElement) => e.selectionEnd! - e.selectionStart!)).toBe(6);
  await shot(page, "factors-app-clock");
  await page.keyboard.press("Escape");
  await until(() => dialog.count()).toBe(0);
}

/** A code that has just ended leaves the field empty for the next; what is typed and sent meanwhile is sent after. */
async function endsWhileTyped(page: Page, field: Locator) {
  const sent: string[] = [];
  let let_: () => void = () => {};
  const held = new Promise<void>((go) => (let_ = go));
  await page.route("**/api/v1/sign-in/second", async (route) => {
    sent.push((route.request().postDataJSON() as { code: string }).code);
    if (sent.length === 1) await held;
    const detail = "That code has just ended. Type the one your app shows now.";
    await route.fulfill({
      status: 401,
      contentType: "application/problem+json",
      body: JSON.stringify({ title: "Unauthorized", status: 401, code: "code_ended", detail }),
    });
  });
  await field.fill("111111");
  await page.keyboard.press("Enter");
  await until(() => sent.length).toBe(1);
  await field.fill("222222");
  await page.keyboard.press("Enter");
  let_();
  await until(() => sent).toEqual(["111111", "222222"]);
  await until(() => field.inputValue()).toBe("");
  await page.getByRole("alert").getByText("has just ended").waitFor();
  expect(await field.getAttribute("aria-invalid")).toBe(null);
  const found = await looks(page, "factors-second-ended");
  await page.unroute("**/api/v1/sign-in/second");
  expect(await field.evaluate((e) => e === document.activeElement)).toBe(true);
  stage.forgive(/status of 401/);
  return found;
}

test("an authenticator app and a recovery code stand behind the password", async () => {
  const { page, again, device } = await person("b2");
  await inside(page);
  await page.getByText("You sign in with your password alone.").waitFor();
  await page.getByRole("button", { name: "Add an app" }).click();
  await page.getByRole("dialog").getByRole("img").waitFor();
  const found = await looks(page, "factors-app");
  await page.keyboard.press("Escape");
  await appFaults(page);
  const { secret, spent, codes } = await addApp(page, "my phone");
  expect(new Set(codes).size).toBe(10);
  found.push(...(await looks(page, "factors-account")));

  await device.signOut();
  await again();
  const field = page.getByRole("textbox", { name: "Code" });
  await field.waitFor();
  found.push(...(await looks(page, "factors-second")));
  await field.fill("000");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("This code is not right").waitFor();
  stage.forgive(/status of 401/);
  found.push(...(await endsWhileTyped(page, field)));
  stage.overlook(/status of 401 .*sign-in\/second/);
  // The one with which it was added is spent.
  await typeCode(
    secret,
    field,
    () => page.keyboard.press("Enter"),
    page.getByRole("heading", { name: "Second factors and passkeys" }),
    spent,
  );
  await inside(page);

  await device.signOut();
  await again();
  await page.getByRole("textbox", { name: "Code" }).fill(codes[3]!);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("9 recovery codes are left.").waitFor();

  // A desk that was left open is not enough: the server wants the password again.
  let asked = 0;
  await page.route("**/api/v1/me/recovery-codes", async (route) => {
    if (asked++ > 0) return route.continue();
    const body = { type: "about:blank", title: "Forbidden", status: 403, code: "confirm", detail: "Again." };
    return route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify(body),
    });
  });
  await page.getByRole("button", { name: "Make new recovery codes" }).click();
  const confirm = page.getByRole("dialog", { name: "Is it you?" });
  await confirm.getByLabel("Your password").fill("not the password");
  await page.keyboard.press("Enter");
  await confirm.locator("[aria-invalid=true]").waitFor();
  stage.forgive(/status of (401|403|422)/);
  found.push(...(await looks(page, "factors-confirm")));
  await confirm.getByLabel("Your password").fill(stage.program.password("b2"));
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Your recovery codes" }).waitFor();
  found.push(...(await looks(page, "factors-codes")));
  expect(found).toEqual([]);
});

test("whoever changes how they sign in may end what they are signed in to elsewhere", async () => {
  const left = await person("d4");
  const { page } = await person("d4");
  await inside(page);
  await addApp(page, "new phone");
  const told = page.getByRole("status").filter({ hasText: "signed in at" });
  await told.waitFor();
  const found = await looks(page, "factors-others");
  await told.scrollIntoViewIfNeeded();
  await shot(page, "factors-others-told");
  await left.page
    .getByText("You sign in with")
    .or(left.page.getByRole("cell", { name: "new phone" }))
    .waitFor();
  await told.getByRole("button", { name: "End the other sessions" }).click();
  await page.getByText("Your other sessions are ended.").waitFor();
  await left.page.locator("#sign-in-title").waitFor(); // at once, without a call of its own
  await until(() => page.getByRole("button", { name: "End", exact: true }).count()).toBe(0);
  await until(() => told.count()).toBe(0);

  // With the last one, too; but nobody is elsewhere any more.
  await page.getByRole("button", { name: "Remove new phone" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("You sign in with your password alone.").waitFor();
  expect(await told.count()).toBe(0);
  expect(found).toEqual([]);
});

test(
  "a passkey signs in without a password, and an administrator removes what was lost",
  { timeout: 900_000 },
  async () => {
    const { page, again, device } = await person("c9");
    await inside(page);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    const found = await looks(page, "factors-passkey");
    const plugged = await device.ready();
    await page.getByRole("dialog").getByRole("button", { name: "Continue" }).click();
    const codes = page.getByRole("dialog", { name: "Your recovery codes" });
    await codes.waitFor();
    await device.keep(plugged);
    await codes.getByRole("button", { name: "I have kept them" }).click();
    await page.getByRole("cell", { name: "Passkey", exact: true }).waitFor();

    await device.signOut();
    found.push(...(await looks(page, "factors-sign-in")));
    const used = await device.ready();
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await inside(page);
    await device.keep(used); // it counts its uses, and one that counts back is refused
    await page.getByRole("cell", { name: "Passkey", exact: true }).waitFor();

    // Who begins with the password is sent to it.
    await device.signOut();
    await again();
    await page.getByRole("button", { name: "Use your passkey" }).waitFor();
    await device.ready();
    await page.getByRole("button", { name: "Use your passkey" }).click();
    await inside(page);

    // In Portuguese, on a narrow screen.
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Portugu");
    await page.keyboard.press("Enter");
    await page.setViewportSize({ width: 400, height: 900 });
    await page.getByRole("heading", { name: "Segundos fatores e chaves de acesso" }).scrollIntoViewIfNeeded();
    await shot(page, "factors-account-pt");

    const boss = (await stage.agent("administrator")).page;
    await boss.goto(`${stage.program.base}/app/setup/users`);
    await boss.getByRole("link", { name: "c9" }).click();
    await boss.getByRole("button", { name: "Remove second factors" }).click();
    found.push(...(await looks(boss, "factors-reset")));
    await boss.getByRole("button", { name: "Yes, take them away" }).click();
    await boss.getByText("The second factors of c9 are removed.").waitFor();
    await until(() => boss.getByRole("button", { name: "Remove second factors" }).count()).toBe(0);
    await page.getByRole("textbox").first().waitFor(); // its session ended: the sign-in is on top
    expect(found).toEqual([]);
  },
);
