import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, Softphone } from "./softphone";
import { axe, looks, shot, Stage, until } from "./stage";
import { hears, hearsSomething } from "./tone";
import { power } from "./softphone";

// An administrator sets up a phone; a real one registers with it, over TLS, and an agent talks by it.

const PHONE = 625;
const CALLER = 1250;

let tls = "";
const stage = new Stage();
beforeAll(async () => {
  tls = `tls://127.0.0.1:${await freePort()}`;
  stage.program.sip = tls;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a phone is set up, gets its password once, and registers by TLS", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/phones/new`);
  await page.getByLabel("Name", { exact: true }).fill("Bo’s desk");
  await page.getByLabel("Whose phone it is").selectOption({ label: "a7" });
  await page.getByLabel("Extension").fill("21");
  await page.getByLabel("The phone knows MD5 only").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Not registered").waitFor();
  const found: string[] = [];
  await page.getByRole("button", { name: "Make a password" }).click();
  const dialog = page.getByRole("dialog", { name: "Password of Bo’s desk" });
  const password = await dialog.locator("code").innerText();
  found.push(...(await axe(page)));
  await shot(page, "phones-password");
  await page.keyboard.press("Escape");
  const account = await page.locator("dd code").getByText(/^phn_/).innerText();
  expect(account).toMatch(/\.md5$/);

  const phone = new Softphone(PHONE);
  try {
    await phone.register(account, password, tls);
    await until(() => phone.said).toMatch(/200 OK/);
    await page.getByText("Registered", { exact: true }).waitFor();
    found.push(...(await looks(page, "phones-registered")));
    await stage.program.kill();
    await stage.program.start();
    stage.forgive(/ERR_CONNECTION|WebSocket|status of 50/);
    await page.reload();
    await page.getByText("Not registered").waitFor();

    // The phone asked for a minute, the least that is granted, and comes back by itself when that is nearly
    // over. Meanwhile the administrator goes on.
    const its = page.url();
    await page.getByLabel("Encryption", { exact: true }).selectOption({ label: "May be unencrypted" });
    await page.getByText("Anybody on the way can listen").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("voices pass to this phone unencrypted").first().waitFor();
    found.push(...(await looks(page, "phones-plain")));
    await page.getByLabel("I allow this phone to be unencrypted").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("“Bo’s desk” is saved.").waitFor(); // the mark stands there before
    await page.getByText("Unencrypted", { exact: true }).first().waitFor();
    await page.goto(`${stage.program.base}/app/setup/phones`);
    await page.getByText("Unencrypted", { exact: true }).waitFor();
    found.push(...(await looks(page, "phones-list")));
    await page.goto(`${stage.program.base}/app/setup/phones/new`);
    await page.getByLabel("Name", { exact: true }).fill("The hall");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not registered").waitFor();
    found.push(...(await looks(page, "phones-fresh")));
    await page.goto(its);
    await page.getByText("Registered", { exact: true }).waitFor({ timeout: 90_000 });
  } finally {
    await phone.hangUp();
    phone.remove();
  }
  await page.getByText("Not registered").waitFor();
  stage.forgive(/status of 422/);
  expect(found).toEqual([]);
});

test("an agent talks by its phone with a caller's page", async () => {
  const admin = await stage.agent("administrator");
  const headers = { "Content-Type": "application/json", Origin: stage.program.base };
  const ask = async (method: "get" | "post", path: string, data?: object) =>
    (await (
      await admin.page.request[method](`${stage.program.base}/api/v1/${path}`, { headers, data })
    ).json()) as never;
  const { items } = (await ask("get", "users")) as { items: { id: string; user_name: string }[] };
  const user = items.find((u) => u.user_name === "a7")!.id;
  const made = (await ask("post", "phones", { name: "Desk 22", user, extension: "22", allow_md5: true })) as {
    id: string;
  };
  const { account, password } = (await ask("post", `phones/${made.id}/password`, {})) as {
    account: string;
    password: string;
  };

  const phone = new Softphone(PHONE);
  const agent = await stage.agent("a7");
  const found: string[] = [];
  try {
    await phone.register(account, password, tls);
    await until(() => phone.said).toMatch(/200 OK/);
    await agent.ready();
    await agent.presence.click();
    await agent.page.getByRole("menuitem", { name: "Desk 22" }).waitFor();
    found.push(...(await axe(agent.page)));
    await shot(agent.page, "handset-menu");

    // It is chosen where the headset is checked.
    await agent.page.getByRole("menuitem", { name: "Check my headset" }).press("Enter");
    const check = agent.page.getByRole("dialog", { name: "Check my headset" });
    await check.getByLabel("Microphone").waitFor();
    await check.getByLabel("Talk by").selectOption({ label: "Desk 22" });
    await check.getByText("Calls ring this phone").waitFor();
    expect(await check.getByLabel("Microphone").count()).toBe(0);
    found.push(...(await looks(agent.page, "handset-check")));
    await check.getByLabel("Talk by").selectOption({ label: "This browser" });
    await check.getByLabel("Microphone").waitFor();
    await agent.page.keyboard.press("Escape");
    await agent.presence.click();
    await agent.page.getByRole("menuitem", { name: "Desk 22" }).press("Enter");

    const caller = await stage.caller(CALLER);
    await caller.queue("Eva Rios");
    await agent.offers.filter({ hasText: "Eva Rios" }).waitFor();
    await until(() => phone.said).toMatch(/Incoming call/i);
    await shot(agent.page, "handset-rings");
    phone.press("a");
    const panel = agent.page.getByRole("region", { name: "The call" });
    await panel.getByText("Connected", { exact: true }).waitFor();
    await hears(caller.page, PHONE);
    found.push(...(await looks(agent.page, "handset-call")));

    phone.press("x"); // hold, at the phone
    await panel.getByText("On hold: the caller hears music").waitFor();
    await hearsSomething(caller.page);
    phone.press("X");
    await panel.getByText("Connected", { exact: true }).waitFor();
    await hears(caller.page, PHONE);

    phone.press("b");
    await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
    await agent.person.getByLabel("Disposition").selectOption({ index: 1 });
    await agent.page.getByRole("button", { name: /^Complete/ }).click();
    await agent.page.locator("section.middle.empty").waitFor();
  } finally {
    await phone.hangUp();
  }
  const { samples, rate } = phone.heard();
  expect(power(samples, rate, CALLER)).toBeGreaterThan(-45);
  phone.remove();

  // Without its phone, a call is not kept waiting for it.
  await until(
    async () => ((await ask("get", `phones/${made.id}/status`)) as { bindings: unknown[] }).bindings,
  ).toEqual([]);
  const second = await stage.caller(CALLER);
  await second.queue("Rui Alves");
  await agent.page.getByText("Your phone is not registered, so the call went on").waitFor();
  await shot(agent.page, "handset-passed");
  await second.page.close();
  expect(found).toEqual([]);
});
