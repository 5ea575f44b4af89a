import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "./softphone";
import { axe, looks, shot, Stage, until } from "./stage";

// The operator lets nothing pass unencrypted: what was set up before says why it stands still, and nobody makes more.

const stage = new Stage();
beforeAll(async () => {
  stage.program.sip = `tls://127.0.0.1:${await freePort()}`;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = async (path: string, user = "administrator") => {
  const { page } = await stage.agent(user);
  await page.goto(`${stage.program.base}/app/${path}`);
  return page;
};

test("a rule for all connections is looked at, set, and holds for what is there and what is new", async () => {
  let page = await go("setup/trunks");
  const made = await page.evaluate(async () => {
    const make = async (kind: string, body: unknown) => {
      const reply = await fetch(`/api/v1/${kind}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
        body: JSON.stringify(body),
      });
      if (!reply.ok) throw new Error(await reply.text());
      return ((await reply.json()) as { id: string }).id;
    };
    const trunk = { enabled: true, country: "PT", sources: ["203.0.113.1"] };
    const gateways = (transport: string) => [{ host: "203.0.113.1", transport }];
    const plain = { encryption: "plain", confirm_plain: true };
    return {
      old: await make("trunks", { ...trunk, name: "Old lines", ...plain, gateways: gateways("udp") }),
      good: await make("trunks", { ...trunk, name: "Good lines", gateways: gateways("tls") }),
      phone: await make("phones", { name: "Gate", enabled: true, extension: "21", ...plain }),
    };
  });

  // Before it is set, the operator sees what would stop.
  page = await go("organisations", "operator");
  await page.getByText("As was chosen for each trunk and phone.").waitFor();
  await page.getByRole("button", { name: "What each would stop" }).click();
  const required = page.getByRole("list", { name: "required" }).getByRole("listitem");
  await until(() => required.count()).toBe(1);
  await required.getByText("Trunks: 1. Phones: 1.").waitFor();
  await page.getByRole("button", { name: "What each would stop" }).scrollIntoViewIfNeeded();
  await shot(page, "encryption-would-stop");
  expect(await axe(page)).toEqual([]);
  await stage.sweep();

  await stage.program.stop();
  stage.program.encryption = "strong";
  await stage.program.start();

  page = await go("setup/trunks");
  const row = (name: string) => page.getByRole("row", { name: new RegExp(name) });
  await row("Old lines").getByText("Not allowed by the operator").waitFor();
  expect(await row("Good lines").getByText("Not allowed by the operator").count()).toBe(0);
  const found = await looks(page, "encryption-trunks");
  await page.goto(`${stage.program.base}/app/setup/trunks/${made.old}`);
  await page
    .getByText(/This trunk carries no calls: .* Change: Encryption of voices; Gateway 1, Transport\./)
    .waitFor();
  found.push(...(await looks(page, "encryption-trunk")));
  await page.goto(`${stage.program.base}/app/setup/phones`);
  await row("Gate").getByText("Not allowed by the operator").waitFor();
  await page.goto(`${stage.program.base}/app/setup/phones/${made.phone}`);
  await page.getByText(/This phone is not let in: .* Change: Encryption\./).waitFor();
  found.push(...(await looks(page, "encryption-phone")));

  // What is saved as it was is refused beside the field, and nothing is lost.
  await page.getByLabel("Name", { exact: true }).fill("Gate of the yard");
  await page.keyboard.press("Control+s");
  await page
    .getByText(/must be required: the operator/)
    .first()
    .waitFor();
  stage.forgive(/status of 422/);
  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Gate of the yard");
  await page.getByLabel("Encryption", { exact: true }).selectOption("required");
  await page.keyboard.press("Control+s");
  await page.getByText("“Gate of the yard” is saved.").waitFor();
  await until(() => page.getByText(/This phone is not let in/).count()).toBe(0);

  // A new one is not offered what is not allowed.
  await page.goto(`${stage.program.base}/app/setup/trunks/new`);
  await page.getByText("Who operates the installation allows encrypted connections only.").waitFor();
  expect(await page.getByLabel("Encryption of voices").count()).toBe(0);
  expect(await page.getByLabel(/MD5/).count()).toBe(0);
  expect(await page.getByLabel("Transport").locator("option").allTextContents()).toEqual(["TLS"]);
  expect(found).toEqual([]);
});
