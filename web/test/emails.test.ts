import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ALIAS, HELP, letter, Letters, RITA, UNCLE } from "./letters";
import { looks, until } from "./stage";

// Somebody writes to a mailbox at a real provider; an agent reads and answers it by keyboard, and it is gone
// from here while it lies at the provider.

const letters = new Letters();
const { stage, mail } = letters;
const atWork = () => letters.atWork();

beforeAll(() => letters.open());
afterEach(() => stage.sweep());
afterAll(() => letters.close());

test("an email is offered, read, answered to all and gone", async () => {
  const agent = await atWork();
  const { page } = agent;
  const found: string[] = [];
  await mail.deliver(
    RITA,
    HELP,
    letter("Where is my order 4711?", "first", "Hello,\nit should have come on Monday."),
  );
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await agent.offers.getByText(/^due by /).waitFor();
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
  await until(() => answer.inputValue()).toBe("It comes today.");
  await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
  await pane.getByText(/^It leaves in/).waitFor();
  await page.getByText("The answer was sent.").waitFor({ timeout: 90_000 });
  await pane.getByText(/^Answered at/).waitFor();
  for (const account of [RITA, UNCLE]) {
    await until(async () => Object.keys(await mail.of(account)).length).toBe(1);
    const [got] = Object.values(await mail.of(account));
    expect(got).toContain("It comes today.");
    expect(got).toContain("> it should have come on Monday.");
    expect(got).toContain("your shop");
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

test("what may not come from its sender says so", async () => {
  const agent = await atWork();
  const { page } = agent;
  const said =
    "Authentication-Results: localhost; spf=fail smtp.mailfrom=home.test; dmarc=fail header.from=home.test\n";
  await mail.deliver(RITA, HELP, letter("Your new bank details", "second", "Please confirm.", said));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("Somebody else may have sent this in the sender’s name.").waitFor();
  await pane.getByText("DMARC fail").waitFor();
  expect(await looks(page, "email-04-doubtful")).toEqual([]);
});

const LOGO =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/** A message with HTML that would do harm where it could. */
const hostile = `From: Rita Reis <${RITA}>
To: ${HELP}
Subject: Our offer
Message-ID: <hostile@home.test>
Date: Sun, 29 Nov 2026 11:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

The plain words.

> what was said before

--a
Content-Type: text/html; charset=utf-8

<html><head><meta http-equiv="refresh" content="0;url=https://127.0.0.1:1/refreshed"><script>top.document.title = "taken";</script></head>
<body onload="top.document.title = 'taken'"><h1>The <i>written</i> words</h1>
<img src="cid:logo@x" alt="Logo" width="40" height="40" onerror="top.document.title = 'taken'">
<img src="http://127.0.0.1:1/pixel.gif" alt="Elsewhere">
<svg onload="top.document.title = 'taken'"></svg>
<div style="position:fixed;inset:0;background:url(http://127.0.0.1:1/css)">styled</div>
<form action="http://127.0.0.1:1/form"><input name="password"><button>Go on</button></form>
<p dir="rtl">שלום</p>
<p><a href="https://evil.example/login" title="bank.example">https://bank.example/login</a></p>
<blockquote type="cite">what was said before</blockquote></body></html>
--a--
--r
Content-Type: image/png; name=logo.png
Content-ID: <logo@x>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

${LOGO}
--r--
`;

test("an email is shown as its sender wrote it, and does nothing", async () => {
  const agent = await atWork();
  const { page } = agent;
  const found: string[] = [];
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await mail.deliver(RITA, HELP, hostile);
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  const frame = pane.frameLocator("iframe");
  await frame.getByRole("heading", { name: "The written words" }).waitFor();
  const logo = frame.getByRole("img", { name: "Logo" });
  await until(() => logo.getAttribute("src")).toMatch(/^data:image\/png/);
  await until(() => logo.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth)).toBe(1);
  const title = await page.title();
  for (const gone of ["script", "meta[http-equiv]", "form", "input", "button", "svg"])
    expect(await frame.locator(gone).count(), gone).toBe(0);
  await frame.getByText("(evil.example)").waitFor();
  const link = frame.getByRole("link");
  await until(() => link.getAttribute("rel")).toContain("noopener");
  await until(() => link.getAttribute("title")).toBe("https://evil.example/login");
  // The quote is folded, and opens.
  const quote = frame.locator("blockquote");
  expect(await quote.isVisible()).toBe(false);
  await frame.getByText("Quoted text").click();
  await quote.waitFor();
  found.push(...(await looks(page, "email-05-written")));

  // Images that are elsewhere are fetched when that is asked for, by the server, and not from inside the house.
  await pane.getByRole("button", { name: "Fetch images" }).press("Enter");
  await pane.getByText("Images were fetched without saying who reads this.").waitFor();
  await frame.getByRole("heading", { name: "The written words" }).waitFor();
  expect(await frame.getByRole("img", { name: "Elsewhere" }).getAttribute("src")).toBeNull();

  // The plain text is one key away.
  await page.keyboard.press("Alt+t");
  await pane.getByText("The plain words.").waitFor();
  expect(await pane.getByText("> what was said before").isVisible()).toBe(false);
  await pane.getByText("Quoted text").click();
  await pane.getByText("> what was said before").waitFor();
  found.push(...(await looks(page, "email-06-text")));
  await page.keyboard.press("Alt+t");
  await frame.getByRole("heading", { name: "The written words" }).waitFor();
  await until(() => page.title()).toBe(title);
  expect(asked.filter((url) => !url.startsWith(stage.program.base) && !url.startsWith("data:"))).toEqual([]);
  await agent.finish("Invoice sent");
  expect(found).toEqual([]);
  stage.forgive(/Blocked script execution .*email\/html/); // of this test's own tool, which looks into the frame
});

test(
  "an answer is kept while it is written, has files, is undone and sent once",
  { timeout: 900_000 },
  async () => {
    const agent = await atWork();
    const { page } = agent;
    const found: string[] = [];
    const before = Object.keys(await mail.of(RITA)).length;
    await mail.deliver(RITA, HELP, letter("Send me the invoice", "invoice", "Please."));
    await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
    await page.keyboard.press("Enter");
    const pane = page.getByRole("region", { name: "The email" }).first();
    const answer = pane.getByLabel("Your answer");
    await until(() => answer.evaluate((box) => box === document.activeElement)).toBe(true);
    const kept = page.waitForResponse(
      (r) => r.url().endsWith("/email/draft") && r.request().method() === "PUT",
    );
    await answer.fill("Here is the invoice.");
    expect((await kept).status()).toBe(200);
    const invoice = "Invoice 4711\n".repeat(60_000); // in several pieces
    await page
      .locator("section.mail input[type=file]")
      .setInputFiles({ name: "invoice.pdf", mimeType: "application/pdf", buffer: Buffer.from(invoice) });
    await pane.getByText("762 KB").waitFor();
    await page
      .locator("section.mail input[type=file]")
      .setInputFiles({ name: "run.exe", mimeType: "application/octet-stream", buffer: Buffer.from("x") });
    await pane.getByText("has an ending that this mailbox does not send.").waitFor();
    stage.forgive(/status of 422/);
    found.push(...(await looks(page, "email-07-answer")));
    await pane.getByRole("button", { name: "Remove run.exe" }).press("Enter");

    // The page is loaded again: it is all there. Another window that writes is told.
    await page.reload();
    await until(() => answer.inputValue()).toBe("Here is the invoice.");
    await pane.getByText("invoice.pdf").waitFor();
    const other = await stage.tab(agent);
    await other.page.goto(page.url());
    const there = other.page.getByRole("region", { name: "The email" }).first();
    await until(() => there.getByLabel("Your answer").inputValue()).toBe("Here is the invoice.");
    const second = other.page.waitForResponse(
      (r) => r.url().endsWith("/email/draft") && r.request().method() === "PUT" && r.status() === 200,
    );
    await there.getByLabel("Your answer").fill("Of the other window.");
    await second;
    await answer.fill("Of this window.");
    await pane.getByText("This answer was changed in another window.").waitFor();
    stage.forgive(/status of 409/);
    await pane.getByRole("button", { name: "Take that one" }).press("Enter");
    await until(() => answer.inputValue()).toBe("Of the other window.");
    await other.page.close();

    // With emphasis, from another address; it is taken back by key, and then sent.
    await answer.fill("");
    await pane.getByRole("button", { name: "With formatting" }).press("Enter");
    const rich = pane.getByRole("textbox", { name: "Your answer" });
    await until(() => rich.evaluate((box) => box === document.activeElement)).toBe(true);
    await page.keyboard.type("Here is the ");
    await pane.getByRole("button", { name: "Bold" }).press("Enter");
    await page.keyboard.type("invoice");
    await until(() => rich.innerHTML()).toMatch(/<b>invoice<\/b>/);
    await pane.getByLabel("Send from").selectOption(ALIAS);
    found.push(...(await looks(page, "email-08-formatted")));
    await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
    await pane.getByText(/^It leaves in/).waitFor();
    await page.keyboard.press("Alt+z");
    await page.getByText("It was not sent. You can go on writing.").waitFor();
    await until(() => rich.innerHTML()).toMatch(/<b>invoice<\/b>/);
    await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
    await pane.getByText(/^It leaves in/).waitFor();
    found.push(...(await looks(page, "email-09-held")));
    await page.getByText("The answer was sent.").waitFor({ timeout: 90_000 });
    await until(async () => Object.keys(await mail.of(RITA)).length).toBe(before + 1);
    const got = Object.values(await mail.of(RITA)).find((m) => m.includes("invoice.pdf"))!;
    expect(got).toMatch(new RegExp(`^From: .*${ALIAS}`, "m"));
    expect(got).toContain("Here is the <b>invoice</b>");
    expect(got).toContain("Here is the invoice");
    expect(got.replace(/\r?\n/g, "")).toContain(Buffer.from(invoice).toString("base64").slice(0, 5000));
    await agent.finish("Invoice sent");
    expect(found).toEqual([]);
  },
);

test("a message from right to left reads so, with what it quotes", async () => {
  const agent = await atWork();
  const { page } = agent;
  const found: string[] = [];
  const said = "مرحبا، لم يصل الطلب 4711 بعد.\nهل يمكنكم المساعدة؟";
  const before = "> Olá, a encomenda 4711 saiu ontem.\n> שלום, ההזמנה בדרך.";
  await mail.deliver(
    RITA,
    HELP,
    letter("Re: 4711 — الطلب", "arabic", `${said}\n\n${before}`).replace(
      "charset=utf-8\n",
      "charset=utf-8\nContent-Transfer-Encoding: 8bit\n",
    ),
  );
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  const words = pane.getByText("مرحبا، لم يصل الطلب");
  await words.waitFor();
  const direction = (at: ReturnType<typeof pane.getByText>) =>
    at.evaluate((e) => getComputedStyle(e).direction);
  expect(await direction(words)).toBe("rtl");
  await pane.getByText("Quoted text").press("Enter");
  const quoted = pane.getByText("a encomenda 4711 saiu ontem.");
  await quoted.waitFor();
  expect(await direction(quoted)).toBe("ltr");
  // What is answered in Arabic is written from right to left, too.
  const answer = pane.getByLabel("Your answer");
  await answer.fill("شكرا، سيصل غدا.");
  expect(await answer.evaluate((e) => getComputedStyle(e).direction)).toBe("rtl");
  found.push(...(await looks(page, "email-10-arabic")));
  await pane.getByRole("button", { name: "Preview" }).press("Enter");
  const shown = page.getByRole("dialog", { name: "Preview" }).frameLocator("iframe");
  await shown.getByText("شكرا، سيصل غدا.").waitFor();
  found.push(...(await looks(page, "email-11-arabic-preview")));
  await page.keyboard.press("Escape");
  await agent.finish("Invoice sent");
  expect(found).toEqual([]);
});
