import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Mail } from "./mail";
import { looks, Stage, until } from "./stage";

// An administrator connects a mailbox at a real provider: what is wrong is said where it is wrong, the test says
// at which step it ends, and once it is connected its page says so.

const HELP = "help@shop.test";
const stage = new Stage();
const ORDERS = "orders@shop.test";
const mail = new Mail(HELP, ORDERS, "rita@home.test");
beforeAll(async () => {
  await mail.start();
  stage.program.mail = mail.certificate;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await mail.stop();
});

test("a mailbox is tested, connected, and a failing provider is told", async () => {
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
  await page.getByRole("button", { name: "New mailbox" }).first().waitFor();
  found.push(...(await looks(page, "mailbox-02-list")));
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

  // What was tested is not what stands there now; put back, it is.
  const changed = page.getByText("This was changed after the test. Test it again.");
  await password.fill("nor this one");
  await changed.waitFor();
  expect(await status.count()).toBe(0);
  await password.fill("not this one");
  await status.getByText("It ends at: signing in.").first().waitFor();
  await page.getByLabel("Signature").fill("Shop"); // has nothing to do with it
  await status.getByText("It ends at: signing in.").first().waitFor();
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

test("a mailbox is signed in to on its provider's own page", async () => {
  // The provider's certificate is its own; ours is http on loopback.
  const { page } = await stage.agent("administrator", { ignoreHTTPSErrors: true });
  const found: string[] = [];
  const api = `${stage.program.base}/api/v1`;
  const { items } = (await (await page.request.get(`${api}/entry-points`)).json()) as {
    items: { name: string; channel: string }[];
  };
  const entry = items.find((e) => e.channel === "email")!;

  await page.goto(`${stage.program.base}/app/setup/mailboxes/new`);
  await page.getByLabel("Name", { exact: true }).fill("Orders");
  await page.getByLabel("Address", { exact: true }).fill(ORDERS);
  for (const [group, port] of [
    ["Incoming mail (IMAP)", mail.imap],
    ["Outgoing mail (SMTP)", mail.smtp],
  ] as const) {
    const server = page.getByRole("group", { name: group });
    await server.getByLabel("Server").fill("localhost");
    await server.getByLabel("Port").fill(String(port));
  }
  await page.getByLabel("Sign in with", { exact: true }).selectOption("oauth");
  await page.getByLabel("Provider", { exact: true }).selectOption("other");
  await page.getByLabel("Client id").fill(mail.tokens.client);
  await page.getByLabel("Client secret").fill(mail.tokens.secret);
  await page.getByLabel("Authorization endpoint").fill("ftp://nowhere");
  await page.getByLabel("Token endpoint").fill(`${mail.tokens.url}/token`);
  await page.getByLabel("Arrive at").selectOption({ label: entry.name });
  await page.keyboard.press("Control+s");
  await page.getByLabel("Authorization endpoint").and(page.locator("[aria-invalid=true]")).waitFor();
  stage.forgive(/status of 422/);
  await page.getByLabel("Authorization endpoint").fill(`${mail.tokens.url}/authorize`);
  await page.getByLabel("Scope").fill("imap smtp");
  await page.keyboard.press("Control+s");
  await page.getByText("“Orders” is created.").waitFor();
  await page.getByText("Nobody has signed in yet.", { exact: true }).waitFor();
  found.push(...(await looks(page, "mailbox-07-oauth")));

  await page.getByRole("button", { name: "Sign in with Another provider" }).press("Enter");
  await page.getByText(/^Somebody has signed in\./).waitFor();
  const now = page.locator("section", { has: page.getByRole("heading", { name: "Now", exact: true }) });
  await now.getByText("Connected", { exact: true }).waitFor();
  found.push(...(await looks(page, "mailbox-08-signed-in")));

  // Who comes back without leave changes nothing, and neither does a code of somebody else's.
  await page.goto(`${stage.program.base}/app/setup/mail-sign-in?error=access_denied`);
  await page.getByText("The provider did not let us in. Nothing was changed.").waitFor();
  found.push(...(await looks(page, "mailbox-09-refused")));
  await page.goto(`${stage.program.base}/app/setup/mail-sign-in?state=made-up&code=made-up`);
  await page.getByRole("button", { name: "To the mailboxes" }).waitFor();
  expect(await page.evaluate(() => location.search)).toBe("");
  stage.forgive(/status of 4\d\d/);
  await page.getByRole("button", { name: "To the mailboxes" }).press("Enter");
  await page
    .getByRole("row", { name: /Orders/ })
    .getByText("Connected")
    .waitFor();
  expect(found).toEqual([]);
});
