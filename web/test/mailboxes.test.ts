import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Mail } from "./mail";
import { looks, Stage, until } from "./stage";

// An administrator connects a mailbox at a real provider: what is wrong is said where it is wrong, the test says
// at which step it ends, and once it is connected its page says so.

const HELP = "help@shop.test";
const stage = new Stage();
const mail = new Mail(HELP, "rita@home.test");
beforeAll(async () => {
  await mail.start();
  stage.program.mail = mail.certificate;
  await stage.open();
}, 120_000);
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await mail.stop();
});

test("a mailbox is tested, connected, and a failing provider is told", { timeout: 240_000 }, async () => {
  const { page } = await stage.agent("administrator");
  const found: string[] = [];
  const at = (path: string) => page.goto(`${stage.program.base}/app/${path}`);

  // Where its messages arrive: at a flow that asks nothing, for nobody is there to answer.
  const api = `${stage.program.base}/api/v1`;
  const { items } = (await (await page.request.get(`${api}/queues`)).json()) as { items: { id: string }[] };
  const graph = { start: "queue", nodes: { queue: { type: "queue", queue: items[0]!.id } } };
  const made = await page.request.post(`${api}/flows`, {
    headers: { Origin: stage.program.base },
    data: { name: "Mail to the queue", graph },
  });
  expect(made.status(), await made.text()).toBe(201);
  await at("setup/entry-points/new");
  await page.getByLabel("Name", { exact: true }).fill("Help by email");
  await page.getByLabel("Contacts come as").selectOption("email");
  expect(await page.getByLabel("Colour").count()).toBe(0);
  await page
    .getByRole("combobox", { name: "Flow", exact: true })
    .selectOption({ label: "Mail to the queue" });
  await page.keyboard.press("Control+s");
  await page.getByText("“Help by email” is created.").waitFor();
  await page.getByText("No mailbox arrives here yet:").waitFor();
  found.push(...(await looks(page, "mailbox-01-entry")));

  await page.getByRole("link", { name: "Mailboxes" }).first().press("Enter");
  await page.getByText("Its messages stay at your provider.").waitFor();
  found.push(...(await looks(page, "mailbox-02-none")));
  await page.getByRole("button", { name: "New mailbox" }).first().press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("Help");
  await page.getByLabel("Address", { exact: true }).fill("help at shop");
  const server = (which: string) => page.getByRole("group", { name: which });
  const incoming = server("Incoming mail (IMAP)");
  const outgoing = server("Outgoing mail (SMTP)");
  await page.keyboard.press("Control+s");
  await page
    .getByText(/an address such as help@shop.example is accepted/)
    .first()
    .waitFor();
  stage.forgive(/status of 422/);
  found.push(...(await looks(page, "mailbox-03-wrong")));

  await page.getByLabel("Address", { exact: true }).fill(HELP);
  await incoming.getByLabel("Server").fill("localhost");
  await outgoing.getByLabel("Server").fill("localhost");
  await incoming.getByLabel("Port").fill(String(mail.imap));
  await outgoing.getByLabel("Port").fill(String(mail.smtp));
  const password = page.getByLabel("Password", { exact: true });
  const status = page.getByRole("status").filter({ hasText: "Incoming mail" });
  const attempt = async () => {
    await page.getByRole("button", { name: "Test the connection" }).press("Enter");
  };
  await password.fill("not this one");
  await attempt();
  await status.getByText("It ends at: signing in.").first().waitFor();
  found.push(...(await looks(page, "mailbox-04-denied")));
  await password.fill(mail.password);
  await attempt();
  await status.getByText("Signed in; the folders are there.").waitFor();
  await status.getByText("Signed in; it would take answers.").waitFor();
  await page.getByText(/The account has: .*Sent/).waitFor();
  await page.getByLabel("Arrive at").selectOption({ label: "Help by email" });
  await page.getByLabel("Signature").fill("Your shop");
  found.push(...(await looks(page, "mailbox-05-works")));
  await page.keyboard.press("Control+s");
  await page.getByText("“Help” is created.").waitFor();
  const now = page.locator("section", { has: page.getByRole("heading", { name: "Now", exact: true }) });
  await now.getByText("Connected", { exact: true }).waitFor();
  await until(() => password.inputValue()).toBe("");
  await page.getByText("There is one; it is never shown.").waitFor();

  // A message is work.
  await mail.deliver(
    "rita@home.test",
    HELP,
    "From: Rita <rita@home.test>\nTo: help@shop.test\nSubject: Hello\nMessage-ID: <1@home.test>\nDate: Sun, 29 Nov 2026 10:00:00 +0000\n\nWhere is it?\n",
  );
  await now.getByText("1 message is work now.").waitFor();

  // The password belongs to the servers.
  await incoming.getByLabel("Server").fill("127.0.0.1");
  await page.getByText("A server is another one: give the password again").waitFor();
  await page.keyboard.press("Control+s");
  await page
    .getByText(/must be given again/)
    .first()
    .waitFor();
  stage.forgive(/status of 422/);
  await page.getByRole("button", { name: "Discard" }).press("Enter");

  // Switched off, and in Portuguese.
  await page.getByLabel("In use").uncheck();
  await page.keyboard.press("Control+s");
  await page.getByText("“Help” is saved.").waitFor();

  await now.getByText("Switched off").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByText("Chegam a", { exact: true }).waitFor();
  found.push(...(await looks(page, "mailbox-06-pt")));
  await at("setup/mailboxes");
  await page.getByRole("row", { name: /Help/ }).getByText("Desligada").waitFor();
  expect(found).toEqual([]);
});
