import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { IdentityProvider } from "./identityProvider";
import { lasting, looks, shot, Stage, until } from "./stage";

// An organisation's own provider: set up, tried and used, with a real one and its own page.

const stage = new Stage();
const provider = new IdentityProvider();
beforeAll(async () => {
  await provider.start();
  stage.program.provider = provider.certificate;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await provider.stop();
});

beforeEach(() => {
  stage.overlook(/127\.0\.0\.1:\d+\/(interaction|auth|session)/); // the provider's own page
  stage.overlook(/status of 401|HTTP Authentication failed/); // what is on its way when a session ends is refused
});

test("users sign in with their organisation's own provider", async () => {
  const boss = (await stage.agent("administrator", { ignoreHTTPSErrors: true })).page;
  await lasting(boss);
  await boss.goto(`${stage.program.base}/app/setup/sign-on`);
  const redirect = boss.getByLabel("Redirect address");
  await redirect.waitFor();
  const signedOut = await boss.getByLabel("Address after signing out").inputValue();
  await provider.register(await redirect.inputValue(), signedOut);

  // What is missing is said beside the field, and nothing that was entered is lost.
  await boss.getByLabel("Name of the provider").fill("House ID");
  await boss.getByRole("textbox", { name: "Issuer" }).fill("http://inside");
  await boss.getByRole("textbox", { name: "Client", exact: true }).fill(provider.client);
  await boss.getByLabel("Secret").fill(provider.secret);
  await boss.getByRole("button", { name: "Save", exact: true }).click();
  await until(() => boss.getByRole("textbox", { name: "Issuer" }).getAttribute("aria-invalid")).toBe("true");
  stage.forgive(/status of 422/);
  await boss.getByRole("textbox", { name: "Issuer" }).fill(provider.issuer);
  await boss.getByLabel("Further scopes").fill("profile");
  await boss.getByLabel("Claim with the user name").fill("preferred_username");
  await boss.getByRole("checkbox", { name: "make a user for who has none" }).check();
  await boss.getByLabel("Claim with groups or roles").fill("groups");
  await boss.getByRole("button", { name: "Add a value" }).click();
  await boss.getByLabel("Value").fill("desk");
  await boss.getByRole("checkbox", { name: "Users may sign in with it", exact: true }).check();
  await boss.getByRole("checkbox", { name: "is signed out at the provider, too" }).check();
  const found = await looks(boss, "sign-on");
  await boss.getByRole("button", { name: "Save", exact: true }).click();
  await until(() => boss.getByRole("button", { name: "Try it" }).isEnabled()).toBe(true);

  // A trial, in another window.
  const opened = boss.context().waitForEvent("page");
  await boss.getByRole("button", { name: "Try it" }).click();
  const trial = await opened;
  await provider.signIn(trial, "trial");
  await trial.getByRole("heading", { name: "How far a sign-in comes" }).waitFor();
  await trial.getByText("A user would be made at the first sign-in.").waitFor();
  await trial.getByText(/preferred_username/).waitFor();
  expect(new URL(trial.url()).search).toBe("");
  found.push(...(await looks(trial, "sign-on-trial")));
  await trial.close();

  // This provider says nothing of a second factor, and a trial says so before anybody is refused.
  const wanted = boss.getByRole("checkbox", { name: "must say that a second factor was shown" });
  await wanted.check();
  await boss.getByLabel("Values of acr that say so").fill("urn:two");
  await boss.getByRole("button", { name: "Save", exact: true }).click();
  await until(() => boss.getByRole("button", { name: "Try it" }).isEnabled()).toBe(true);
  const again = boss.context().waitForEvent("page");
  await boss.getByRole("button", { name: "Try it" }).click();
  const refusal = await again;
  await refusal.locator("input[name=login]").fill("trial"); // who has agreed there already
  await refusal.locator("input[name=password]").fill("x");
  await refusal.locator("button[type=submit]").click();
  await refusal.getByText("It does not say that a second factor was shown.").waitFor();
  await refusal.close();
  // So what was saved is put back, and the provider's page can be used again.
  await boss.getByRole("button", { name: "Undo", exact: true }).last().click();
  await boss.getByText("All is as it was before.").waitFor();
  await until(() => wanted.isChecked()).toBe(false);
  await until(() => boss.getByRole("button", { name: "Try it" }).isEnabled()).toBe(true);

  // Of the device, too; who switches it on names the account for emergencies.
  const context_ = boss.getByLabel("Authentication context for the device");
  await context_.fill("c1");
  await boss.getByRole("button", { name: "Save", exact: true }).click();
  const glass = boss.getByLabel("Account for emergencies");
  await until(() => glass.getAttribute("aria-invalid")).toBe("true");
  stage.forgive(/status of 422/);
  expect(await context_.inputValue()).toBe("c1");
  await glass.selectOption({ label: "administrator" });
  await boss.getByRole("button", { name: "Save", exact: true }).click();
  for (const contexts of [["c2"], ["c1", "c2"]]) {
    provider.contexts = contexts;
    await until(() => boss.getByRole("button", { name: "Try it" }).isEnabled()).toBe(true);
    const tried = boss.context().waitForEvent("page");
    await boss.getByRole("button", { name: "Try it" }).click();
    const device = await tried;
    await device.locator("input[name=login]").fill("trial");
    await device.locator("input[name=password]").fill("x");
    await device.locator("button[type=submit]").click();
    const step = device.getByRole("listitem").filter({ hasText: "This device" });
    await step.getByText(contexts.includes("c1") ? "Fine" : "It does not say that this device").waitFor();
    await device.close();
  }
  found.push(...(await looks(boss, "sign-on-device")));
  await context_.fill("");
  await boss.getByRole("button", { name: "Save", exact: true }).click();
  await until(() => boss.getByRole("button", { name: "Try it" }).isEnabled()).toBe(true);

  // Somebody new signs in, and is an agent with the name that the provider gives.
  const context = await stage.context({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${stage.program.base}/app/`);
  await page.getByLabel("Organisation").fill(stage.program.organisation("administrator"));
  await shot(page, "sign-on-button");
  await page.getByRole("button", { name: "Use your organisation's account" }).click();
  await provider.signIn(page, "pat");
  await until(() => new URL(page.url()).pathname).toBe("/app/desk");
  const me = (await (await page.request.get(`${stage.program.base}/api/v1/me`)).json()) as {
    by_provider: boolean;
    user: { user_name: string; roles: string[] };
  };
  expect([me.by_provider, me.user.user_name, me.user.roles]).toEqual([true, "pat", ["agent"]]);

  // Who signs out here is signed out there, too, and comes back here: the next sign-in asks who it is.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Sign out");
  await page.keyboard.press("Enter");
  await page.waitForURL((u) => u.origin === provider.issuer);
  stage.forgive(/status of 401/); // of what the desk still asked for as the session ended
  expect(new URL(page.url()).searchParams.get("post_logout_redirect_uri")).toBe(signedOut);
  expect(new URL(page.url()).searchParams.get("id_token_hint")?.split(".").length).toBe(3);
  await provider.signOut(page);
  await page.waitForURL(signedOut);
  await page.getByLabel("Organisation").fill(stage.program.organisation("administrator"));
  await page.getByRole("button", { name: "Use your organisation's account" }).click();
  await page.locator("input[name=login]").waitFor();

  // In Portuguese, on a narrow screen.
  await boss.keyboard.press("Control+k");
  await boss.keyboard.type("Portugu");
  await boss.keyboard.press("Enter");
  await boss.setViewportSize({ width: 400, height: 900 });
  await boss.getByRole("heading", { name: "4. Use-o" }).scrollIntoViewIfNeeded();
  await shot(boss, "sign-on-pt");
  expect(found).toEqual([]);
});
