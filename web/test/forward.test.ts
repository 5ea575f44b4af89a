import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HELP, letter, Letters, RITA } from "./letters";
import { looks, until } from "./stage";

// An agent says whom an answer reaches, and passes a message on with its files and pictures.

const PLUMBER = "plumber@pipes.test";
const BOSS = "boss@shop.test";
const letters = new Letters([PLUMBER, BOSS], { max_recipients: 4 });
const { stage, mail } = letters;

beforeAll(() => letters.open());
afterEach(() => stage.sweep());
afterAll(() => letters.close());

const LOGO =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const BILL = Buffer.from("The bill of 4711").toString("base64");

const leak = `From: Rita Reis <${RITA}>
To: ${HELP}
Subject: The sink leaks
Message-ID: <leak@home.test>
Date: Sun, 29 Nov 2026 11:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html; charset=utf-8

<p>See for yourself: <img src="cid:sink@x" alt="The sink"></p><blockquote type="cite">what was said long ago</blockquote>
--r
Content-Type: image/png; name=sink.png
Content-ID: <sink@x>
Content-Disposition: inline; filename=sink.png
Content-Transfer-Encoding: base64

${LOGO}
--r--
--m
Content-Type: application/pdf; name=bill.pdf
Content-Disposition: attachment; filename=bill.pdf
Content-Transfer-Encoding: base64

${BILL}
--m
Content-Type: application/pdf; name=private.pdf
Content-Disposition: attachment; filename=private.pdf
Content-Transfer-Encoding: base64

${BILL}
--m--
`;

test("a message is passed on with the files that were chosen", async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  await mail.deliver(RITA, HELP, leak);
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByRole("button", { name: "Forward" }).press("Enter");
  const to = pane.getByLabel("To", { exact: true });
  await until(() => to.evaluate((box) => box === document.activeElement)).toBe(true);

  // An address that is none is told beside the field, and nothing is lost or sent.
  await page.keyboard.type("plumber at pipes,");
  await pane.getByText("plumber at pipes: this is no email address.").waitFor();
  await pane.getByLabel("private.pdf").press("Space");
  await pane.getByLabel("Your words above it").fill("Please have a look.");
  found.push(...(await looks(page, "forward-01-wrong")));
  await pane.getByRole("button", { name: "Pass the message on" }).press("Enter");
  await pane.getByText(/one such as ana@shop.example is accepted/).waitFor();
  stage.forgive(/status of 422/);
  await until(() => pane.getByLabel("Your words above it").inputValue()).toBe("Please have a look.");
  await pane.getByRole("button", { name: "Remove plumber at pipes from To" }).press("Enter");
  await to.fill(`Plumber <${PLUMBER}>`);
  await to.press("Enter");
  await pane.getByRole("button", { name: "Cc and Bcc" }).press("Enter");
  await pane.getByLabel("Bcc", { exact: true }).fill(BOSS);

  // What is being written outlives a page that is loaded again.
  const kept = page.waitForResponse(
    (r) => r.url().endsWith("/email/draft") && r.request().method() === "PUT",
  );
  await to.press("Tab");
  expect((await kept).status()).toBe(200);
  await page.reload();
  await pane.getByRole("button", { name: `Remove ${PLUMBER} from To` }).waitFor();
  await pane.getByRole("button", { name: `Remove ${BOSS} from Bcc` }).waitFor();
  expect(await pane.getByLabel("private.pdf").isChecked()).toBe(false);
  await until(() => pane.getByLabel("bill.pdf").isChecked()).toBe(true);
  found.push(...(await looks(page, "forward-02-written")));
  // It is seen before it leaves: with its picture, without what it quotes.
  await pane.getByRole("button", { name: "Preview" }).press("Enter");
  const preview = page.getByRole("dialog", { name: "Preview" });
  const leaves = preview.frameLocator("iframe");
  await leaves.getByText("Please have a look.").waitFor();
  await leaves.getByText("Fwd: The sink leaks").waitFor();
  await leaves.getByText(BOSS).waitFor();
  await until(() => leaves.getByRole("img", { name: "The sink" }).getAttribute("src")).toMatch(/^data:image/);
  expect(await leaves.getByText("long ago").count()).toBe(0);
  expect(await leaves.getByText("private.pdf").count()).toBe(0);
  found.push(...(await looks(page, "forward-05-preview")));
  await page.keyboard.press("Escape");
  await preview.waitFor({ state: "detached" });
  await pane.getByRole("button", { name: "Pass the message on" }).press("Enter");
  await pane.getByText(/^It leaves in/).waitFor();
  await page.getByText("The message was passed on.").waitFor({ timeout: 90_000 });
  await pane.getByText(/^Passed on at/).waitFor();
  for (const account of [PLUMBER, BOSS]) {
    await until(async () => Object.keys(await mail.of(account)).length).toBe(1);
    const [got] = Object.values(await mail.of(account));
    expect(got).toMatch(/^Subject: Fwd: The sink leaks/m);
    expect(got).toContain("Please have a look.");
    expect(got).toContain("Forwarded message");
    expect(got).toContain(LOGO.slice(0, 60));
    expect(got).toMatch(/^Content-ID: <image0\./m);
    expect(got).toContain("bill.pdf");
    expect(got).not.toContain("private.pdf");
    expect(got).not.toContain("long ago");
    expect(got).not.toMatch(/^Bcc:/m);
    expect(got).toMatch(/^References: <leak@home\.test>/m);
    expect(got).not.toMatch(/^In-Reply-To:/m);
  }
  // The copy that is kept says whom it reached unseen.
  await until(async () => Object.values(await mail.of(HELP, "Sent")).join()).toContain(`Bcc: <${BOSS}>`);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await pane
    .or(page.getByRole("region", { name: "O email" }))
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Reencaminhar" }).press("Enter");
  await page.getByRole("group", { name: "Para quem vai" }).waitFor();
  found.push(...(await looks(page, "forward-03-pt")));
  await page.keyboard.press("Control+k");
  await page.keyboard.type("English");
  await page.keyboard.press("Enter");
  await pane.getByLabel("Your words above it").waitFor();
  await agent.finish("Invoice sent");
  await until(async () => Object.keys(await mail.of(HELP)).join()).toMatch(/S/);
  expect(found).toEqual([]);
});

test("an agent says whom an answer reaches", async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  const before = Object.keys(await mail.of(PLUMBER)).length;
  await mail.deliver(RITA, HELP, letter("Whom to ask?", "whom", "Tell me."));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByLabel("Your answer").fill("The plumber knows.");
  await pane.getByRole("button", { name: "Change recipients" }).press("Enter");
  await pane.getByRole("button", { name: `Remove ${RITA} from To` }).press("Enter");
  await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
  await pane.getByText("Say to whom it goes.").waitFor();
  const to = pane.getByLabel("To", { exact: true });
  await to.fill([1, 2, 3, 4, 5].map((n) => `p${n}@pipes.test`).join("; "));
  await to.press("Enter");
  await pane.getByText("This mailbox writes to at most 4 addresses at a time.").waitFor();
  found.push(...(await looks(page, "forward-04-many")));
  for (let n = 0; n < 5; n++) await to.press("Backspace");
  await to.fill(PLUMBER);
  await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
  await page.getByText("The answer was sent.").waitFor({ timeout: 90_000 });
  await until(async () => Object.keys(await mail.of(PLUMBER)).length).toBe(before + 1);
  const got = Object.values(await mail.of(PLUMBER)).find((m) => m.includes("The plumber knows."))!;
  expect(got).toMatch(/^Subject: Re: Whom to ask\?/m);
  expect(Object.values(await mail.of(RITA)).join()).not.toContain("The plumber knows.");
  await agent.finish("Invoice sent");
  expect(found).toEqual([]);
});

test("a message that is little without its quotes is passed on with them", async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const older = "> The heating has been cold since Monday, and the house with it.\n> Can somebody come?";
  await mail.deliver(RITA, HELP, letter("Fwd: Cold", "cold", `See below.\n\n${older}`));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByRole("button", { name: "Forward" }).press("Enter");
  await pane.getByText("Little would be left of it without.").waitFor();
  const quotes = pane.getByLabel("With what it quotes itself");
  await until(() => quotes.isChecked()).toBe(true);
  await pane.getByRole("button", { name: "Preview" }).press("Enter");
  const shown = page.getByRole("dialog", { name: "Preview" }).frameLocator("iframe");
  await shown.getByText("The heating has been cold since Monday").waitFor();
  await page.keyboard.press("Escape");
  // Who leaves them out sees that they are.
  await quotes.press("Space");
  await pane.getByRole("button", { name: "Preview" }).press("Enter");
  await shown.getByText("See below.").waitFor();
  expect(await shown.getByText("The heating has been cold since Monday").count()).toBe(0);
  await page.keyboard.press("Escape");
  await agent.finish("Invoice sent");
});
