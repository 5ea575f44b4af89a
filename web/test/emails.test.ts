import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Mail } from "./mail";
import { looks, Stage, until } from "./stage";

// Somebody writes to a mailbox at a real provider; an agent reads and answers it by keyboard, and it is gone
// from here while it lies at the provider.

const HELP = "help@shop.test";
const RITA = "rita@home.test";
const UNCLE = "uncle@home.test";
const stage = new Stage();
const mail = new Mail(HELP, RITA, UNCLE);

beforeAll(async () => {
  await mail.start();
  stage.program.mail = mail.certificate;
  await stage.open();
  await connect();
  await stage.sweep();
}, 120_000);
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await mail.stop();
});

/** Connects the mailbox, as an administrator does by the API. */
async function connect(): Promise<void> {
  const { page } = await stage.agent("administrator");
  const api = `${stage.program.base}/api/v1`;
  const make = async (path: string, data: object) => {
    const answer = await page.request.post(`${api}/${path}`, {
      headers: { Origin: stage.program.base },
      data,
    });
    expect(answer.status(), await answer.text()).toBe(201);
    return ((await answer.json()) as { id: string }).id;
  };
  const queues = (await (await page.request.get(`${api}/queues`)).json()) as { items: { id: string }[] };
  const queue = queues.items[0]!.id;
  const graph = { start: "queue", nodes: { queue: { type: "queue", queue } } };
  const flow = await make("flows", { name: "Mail", graph });
  const entry = await make("entry-points", {
    name: "Mail",
    channel: "email",
    flow,
    languages: ["en"],
    theme: { title: {}, welcome: {}, accent: "#336699", position: "right", mode: "auto" },
    attachments: { allowed: false, max_mb: 1, types: [] },
  });
  const box = await make("mailboxes", {
    name: "Help",
    address: HELP,
    imap: { host: "localhost", port: mail.imap },
    smtp: { host: "localhost", port: mail.smtp },
    password: mail.password,
    entry_point: entry,
    signature: "Your shop",
  });
  const state = async () =>
    ((await (await page.request.get(`${api}/mailboxes/${box}/status`)).json()) as { state: string }).state;
  while ((await state()) !== "connected") await page.waitForTimeout(50); // as long as it takes to begin
}

const letter = (subject: string, id: string, words: string, more = "") =>
  `From: Rita Reis <${RITA}>\nTo: ${HELP}\nCc: ${UNCLE}\nSubject: ${subject}\nMessage-ID: <${id}@home.test>\nDate: Sun, 29 Nov 2026 10:00:00 +0000\n${more}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${words}\n`;

test("an email is offered, read, answered to all and gone", { timeout: 240_000 }, async () => {
  const agent = await stage.agent("a7", { viewport: { width: 1280, height: 900 } });
  const { page } = agent;
  const found: string[] = [];
  await agent.ready();
  await mail.deliver(
    RITA,
    HELP,
    letter("Where is my order 4711?", "first", "Hello,\nit should have come on Monday."),
  );
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor({ timeout: 60_000 });
  found.push(...(await looks(page, "email-01-offer")));
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("Where is my order 4711?").waitFor();
  await pane.getByText("it should have come on Monday.").waitFor();
  await agent.work.getByText("Wrote an email").waitFor();
  const answer = pane.getByLabel("Your answer");
  await pane.getByText(`It goes to Rita Reis <${RITA}>, from ${HELP}.`).waitFor();
  await until(() => answer.evaluate((box) => box === document.activeElement)).toBe(true);
  found.push(...(await looks(page, "email-02-reading")));

  // A draft outlives a look at another page; it is sent to all whom the message reached.
  await answer.fill("It comes today.");
  await page.getByRole("link", { name: "Account" }).or(page.locator("header a.home")).first().press("Enter");
  await page.goBack();
  await pane.getByLabel("Also to 1 other").press("Space");
  expect(await answer.inputValue()).toBe("It comes today.");
  await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
  await page.getByText("The answer was sent.").waitFor();
  await pane.getByText(/^Answered at/).waitFor();
  for (const account of [RITA, UNCLE]) {
    await until(async () => Object.keys(await mail.of(account)).length).toBe(1);
    const [got] = Object.values(await mail.of(account));
    expect(got).toContain("It comes today.");
    expect(got).toContain("> it should have come on Monday.");
    expect(got).toContain("Your shop");
    expect(got).toMatch(/^In-Reply-To: <first@home\.test>/m);
    expect(got).toMatch(/^Subject: Re: Where is my order 4711\?/m);
  }
  await until(async () => Object.keys(await mail.of(HELP, "Sent")).length).toBe(1);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByText("A sua resposta").waitFor();
  found.push(...(await looks(page, "email-03-answered-pt")));
  await page.keyboard.press("Control+k");
  await page.keyboard.type("English");
  await page.keyboard.press("Enter");
  await page.getByText("Your answer", { exact: true }).waitFor();

  // Handled, it is gone from here, and lies at the provider, marked.
  await agent.finish("Invoice sent");
  await agent.work.getByText("Rita Reis").waitFor({ state: "detached" });
  await until(async () => Object.keys(await mail.of(HELP)).join()).toMatch(/S/);
  expect(Object.keys(await mail.of(HELP))).toHaveLength(1);
  expect(found).toEqual([]);
});

test("what may not come from its sender says so", { timeout: 240_000 }, async () => {
  const agent = await stage.agent("a7", { viewport: { width: 1280, height: 900 } });
  const { page } = agent;
  await agent.ready();
  const said =
    "Authentication-Results: localhost; spf=fail smtp.mailfrom=home.test; dmarc=fail header.from=home.test\n";
  await mail.deliver(RITA, HELP, letter("Your new bank details", "second", "Please confirm.", said));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor({ timeout: 60_000 });
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("Somebody else may have sent this in the sender’s name.").waitFor();
  await pane.getByText("DMARC fail").waitFor();
  expect(await looks(page, "email-04-doubtful")).toEqual([]);
});
