import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { axe, DESKTOP, launch, MOBILE, open, shot } from "./browser";
import { ChatServer, type Conversation, site } from "./server";

// The built script in Chromium, on a tenant's page with a strict policy, against
// a server of the visitor's contract that can fail on demand.

let browser: Browser;
let chat: ChatServer;
let shop: Awaited<ReturnType<typeof site>>;
let contexts: BrowserContext[];

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  contexts = [];
  chat = new ChatServer();
  await chat.up();
  shop = await site(chat);
});
afterEach(async () => {
  for (const c of contexts) await c.close();
  shop.close();
  await chat.down();
});

async function visitor(options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, locale: "en-GB", ...options });
  contexts.push(context);
  return { context, ...(await open(context, shop.url)) };
}

const launcher = (page: Page) => page.getByRole("button", { name: /^(Open|Close|Abrir|Fechar) chat/ });
const box = (page: Page) => page.getByRole("textbox", { name: /^(Write a message|Escreva uma mensagem)$/ });
const kept = (page: Page) => page.evaluate(() => JSON.stringify(localStorage));

async function start(page: Page, name = "Blue heron"): Promise<Conversation> {
  await launcher(page).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Start chat" }).click();
  await box(page).waitFor();
  await connected();
  return chat.talk;
}

/** Waits until a condition of the server holds. */
async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 15_000, interval: 20 }).toBe(true);
}
const connected = (n = 1) => until(() => chat.talk.sockets.size >= n);

async function say(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await box(page).press("Enter");
}

/** The words of all bubbles, in order. */
const bubbles = (page: Page) => page.locator(".bubble").allInnerTexts();

describe("the whole story", () => {
  test("beside the page, light, in English", async () => {
    const v = await visitor({ colorScheme: "light" });
    const { page } = v;
    await launcher(page).click();
    expect(await page.getByRole("checkbox").isChecked()).toBe(false);
    expect(await axe(page)).toEqual([]);
    await shot(page, "1-start");

    await page.getByLabel("Name").fill("Blue heron");
    await page.getByRole("button", { name: "Start chat" }).click();
    await page.getByText("please tick the box").waitFor();
    expect(
      await page.getByRole("checkbox").evaluate((e) => e === (e.getRootNode() as ShadowRoot).activeElement),
    ).toBe(true);
    expect(chat.conversations.size).toBe(0);
    expect(await v.context.cookies()).toEqual([]);
    expect(await kept(page)).toBe("{}");

    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Start chat" }).click();
    await box(page).waitFor();
    await connected();
    const talk = chat.talk;
    expect(talk.start).toMatchObject({
      name: "Blue heron",
      email: "",
      language: "en",
      consent: { text: "cst_1", version: 4 },
      left_message: false,
      page: `${shop.url}/`,
    });

    talk.add({ author_kind: "bot", author_name: "", text: "You are talking with our assistant." });
    const buttons = [
      { value: "o", label: "My order" },
      { value: "r", label: "Returns" },
    ];
    talk.add({ author_kind: "bot", author_name: "", kind: "buttons", text: "What is it about?", buttons });
    await shot(page, "2-buttons");
    await page.getByRole("button", { name: "Returns" }).click();
    await page.getByText(/· Sent/).waitFor();
    expect(await page.getByRole("button", { name: "My order" }).count()).toBe(0);

    talk.add({ author_kind: "system", author_name: "", kind: "event", event: "queued" });
    talk.set({ state: "queued", queue_name: "Returns", position: 3, estimate_seconds: 190 });
    await page.getByText("You are number 3 in line. About 3 minutes.").waitFor();
    talk.push("wait", { queue_name: "Returns", position: 1, estimate_seconds: -1 });
    await page.getByText("You are next.").waitFor();
    await shot(page, "3-queue");

    talk.add({ author_kind: "system", kind: "event", event: "agent_joined", author_name: "Ana" });
    talk.set({ state: "active", agent_name: "Ana", position: 0 });
    talk.add({ text: "Hello, see https://shop.example/returns for the rules." });
    const link = page.getByRole("link", { name: "https://shop.example/returns" });
    expect(await link.getAttribute("rel")).toContain("noopener");
    await say(page, "My order is 5512.");
    await page.getByText(/· Sent/).waitFor();
    talk.set({ agent_read: talk.seq });
    await page.getByText(/· Seen/).waitFor();
    await until(() => talk.read >= 7 && talk.typed > 0);
    talk.push("typing", {});
    await page.getByText("Ana is typing…").waitFor();
    expect(await axe(page)).toEqual([]);
    await shot(page, "4-talk");

    await page.getByRole("button", { name: "End chat" }).click();
    await page.getByRole("button", { name: "Go on chatting" }).click();
    expect(talk.state.ended).toBe(false);
    await page.getByRole("button", { name: "End chat" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "End chat" }).click();
    await page.getByText("How was this chat?").waitFor();
    expect(await kept(page)).toBe("{}");
    expect(await axe(page)).toEqual([]);
    await shot(page, "5-ended");

    await page.getByRole("radio", { name: "4 Good" }).press("Space");
    await page.getByLabel("Anything to add?").fill("Quick!");
    await page.getByRole("button", { name: "Send rating" }).click();
    await page.getByText("Thank you for your rating.").waitFor();
    expect(talk.rating).toEqual({ rating: 4, comment: "Quick!" });
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save transcript" }).click();
    expect((await saved).suggestedFilename()).toMatch(/^chat-\d{4}-\d\d-\d\d\.txt$/);
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("button", { name: "Start chat" }).waitFor();
    expect(v.errors).toEqual([]);
    expect(v.console).toEqual([]);
    expect(await v.context.cookies()).toEqual([]);
  });

  test("over the page of a phone, dark, in Portuguese", async () => {
    chat.entry = {
      ...chat.entry,
      language: "pt",
      welcome: "Olá! Como podemos ajudar?",
      title: "Sapataria",
      position: "left",
    };
    const { page, errors } = await visitor({
      viewport: MOBILE,
      colorScheme: "dark",
      locale: "pt-PT",
      hasTouch: true,
    });
    await launcher(page).click();
    expect(chat.requests.some((r) => r.endsWith("lang=pt"))).toBe(true);
    expect(await axe(page)).toEqual([]);
    await shot(page, "6-phone-start");
    const dialog = await page.getByRole("dialog").boundingBox();
    expect(dialog).toMatchObject({ x: 0, y: 0, width: MOBILE.width, height: MOBILE.height });
    await page.getByLabel("Nome").fill("Garça");
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Iniciar chat" }).click();
    await box(page).waitFor();
    await connected();
    chat.talk.set({ state: "active", agent_name: "Ana" });
    chat.talk.add({ text: "Olá, sou a Ana." });
    await say(page, "Palavra" + "comprida".repeat(20));
    await page.getByText(/· Enviada/).waitFor();
    expect(await axe(page)).toEqual([]);
    await shot(page, "7-phone-talk");
    // A refusal is said as the server says it, in the language that was asked for.
    chat.faults.push({ path: /messages$/, status: 422, body: { detail: "Assim não." }, times: 1 });
    await say(page, "Outra");
    await page.getByText("Assim não.").waitFor();
    expect(chat.language).toBe("pt");
    await page.getByRole("button", { name: "Remover" }).click();
    // Nothing is wider than the screen.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(MOBILE.width);
    expect(await page.locator(".log").evaluate((e) => e.scrollWidth <= e.clientWidth)).toBe(true);
    chat.talk.end();
    await page.getByText("Como correu este chat?").waitFor();
    expect(await axe(page)).toEqual([]);
    await shot(page, "8-phone-ended");
    expect(errors).toEqual([]);
  });

  test("a message is left when nobody is there", async () => {
    chat.entry = { ...chat.entry, open: false, ask_email: "no" };
    const { page } = await visitor();
    await launcher(page).click();
    await page.getByText("We are closed right now.").waitFor();
    expect(await axe(page)).toEqual([]);
    await shot(page, "9-closed");
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Send message" }).click();
    await page.getByText("Please fill this in.").waitFor();
    await page.getByLabel("Email").fill("nobody");
    await page.getByLabel("Your message").fill("Where is my parcel?");
    await page.getByRole("button", { name: "Send message" }).click();
    await page.getByText("Write an address like").waitFor();
    await page.getByLabel("Email").fill("heron@example.com");
    await page.getByRole("button", { name: "Send message" }).click();
    await page.getByText("Your message has arrived.").waitFor();
    expect(chat.talk.start).toMatchObject({
      left_message: true,
      message: "Where is my parcel?",
      email: "heron@example.com",
    });
    expect(await kept(page)).toBe("{}");
  });
});

describe("comes back", () => {
  test("after a reload and on another page, open or closed as it was, without taking the keyboard", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    await say(page, "one");
    await page.getByText(/· Sent/).waitFor();
    talk.add({ text: "two" });
    await page.getByText("two").waitFor();
    const stored = JSON.parse(
      (await kept(page)).replaceAll('\\"', '"').replaceAll('"{', "{").replaceAll('}"', "}"),
    ) as object;
    expect(Object.values(stored)).toEqual([{ t: talk.token, s: 2, o: true, n: false }]);

    await page.reload();
    await page.getByText("two").waitFor();
    expect(await bubbles(page)).toEqual(["one", "two"]);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("BODY");

    await page.getByRole("button", { name: "Minimise" }).click();
    await page.getByRole("link", { name: "Another page" }).click();
    await page.getByRole("button", { name: "Open chat" }).waitFor();
    await connected();
    talk.add({ text: "three" });
    talk.add({ text: "four" });
    await page.getByRole("button", { name: "Open chat, 2 unread messages" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await shot(page, "10-badge");
    await page.reload();
    await page.getByRole("button", { name: "Open chat, 2 unread messages" }).click();
    expect(await bubbles(page)).toEqual(["one", "two", "three", "four"]);
    await page.getByRole("button", { name: "Minimise" }).click();
    await page.getByRole("button", { name: "Open chat", exact: true }).waitFor();
    await until(() => talk.read === 4);
  });

  test("in two tabs at once, each message once in both", async () => {
    const { context, page: one } = await visitor();
    const { page: two } = await open(context, shop.url);
    const talk = await start(one);
    await connected(2);
    await say(one, "from one");
    await two.getByRole("button", { name: "Open chat", exact: true }).click();
    await say(two, "from two");
    talk.add({ text: "to both" });
    for (const page of [one, two]) {
      await page.getByText("to both").waitFor();
      expect(await bubbles(page)).toEqual(["from one", "from two", "to both"]);
    }
    talk.end();
    await one.getByText("This chat has ended.").waitFor();
    await two.getByText("This chat has ended.").waitFor();
    expect(await kept(one)).toBe("{}");
  });

  test("where a site swaps its body between pages", async () => {
    const { page } = await visitor();
    await start(page);
    await page.evaluate(() => document.body.replaceWith(document.createElement("body")));
    await box(page).waitFor();
    await page.evaluate(() => document.body.replaceChildren());
    await box(page).waitFor();
  });
});

describe("the visitor's own settings", () => {
  test("sound is off until it is switched on, and stays so over pages", async () => {
    const { page } = await visitor();
    await start(page);
    const sound = page.getByRole("button", { name: "Sound for new messages" });
    expect(await sound.getAttribute("aria-pressed")).toBe("false");
    await sound.click();
    await page.reload();
    await sound.waitFor();
    expect(await sound.getAttribute("aria-pressed")).toBe("true");
  });

  test("the page's language goes before the browser's", async () => {
    const { context } = await visitor();
    await open(context, `${shop.url}?tag=data-lang=pt-BR`);
    await until(() => chat.requests.some((r) => r.endsWith("?lang=pt")));
    await open(context, `${shop.url}?tag=data-lang=xx`);
    await until(() => chat.requests.filter((r) => r.endsWith("?lang=en")).length === 2);
  });
});

describe("loses nothing and doubles nothing", () => {
  test("while the server restarts, as a crash and politely", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    await say(page, "before");
    await page.getByText(/· Sent/).waitFor();
    for (const politely of [false, true]) {
      await chat.down(politely);
      await page.getByText("No connection.").waitFor();
      await say(page, `first ${politely}`);
      await say(page, `second ${politely}`);
      await expect.poll(() => page.getByText("Not sent yet").count()).toBe(2);
      if (!politely) {
        expect(await axe(page)).toEqual([]);
        await shot(page, "11-offline");
      }
      talk.add({ text: `missed ${politely}` });
      await chat.up();
      await page.getByText(`missed ${politely}`).waitFor();
      await expect.poll(() => page.getByText("Not sent yet").count(), { timeout: 15_000 }).toBe(0);
      await connected();
    }
    const said = [
      "before",
      "missed false",
      "first false",
      "second false",
      "missed true",
      "first true",
      "second true",
    ];
    expect(talk.messages.map((m) => m.text)).toEqual(said);
    expect(await bubbles(page)).toEqual(said);
  });

  test("asks before the page is left with words that are not sent, and only then", async () => {
    const { page } = await visitor();
    await start(page);
    const asked: string[] = [];
    page.on("dialog", (d) => {
      asked.push(d.type());
      void d.accept();
    });
    await say(page, "sent");
    await page.getByText(/· Sent/).waitFor();
    await page.reload();
    await box(page).waitFor();
    expect(asked).toEqual([]);
    await connected();
    await chat.down();
    await say(page, "not sent");
    await page.getByText("Not sent yet").waitFor();
    await page.close({ runBeforeUnload: true });
    await expect.poll(() => asked).toEqual(["beforeunload"]);
    await chat.up();
  });

  test("when an answer is lost on its way", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    chat.faults.push({ path: /messages$/, status: 0, lost: true, times: 2 });
    await say(page, "once");
    await page.getByText(/· Sent/).waitFor();
    await say(page, "twice");
    await expect.poll(() => talk.messages.length).toBe(2);
    expect(await bubbles(page)).toEqual(["once", "twice"]);
  });

  test("when the first answer of all is lost", async () => {
    const { page } = await visitor();
    chat.faults.push({ path: /conversations$/, status: 0, lost: true, times: 2 });
    await launcher(page).click();
    await page.getByLabel("Name").fill("Blue heron");
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Start chat" }).click();
    await page.getByText("The chat could not start.").waitFor();
    expect(await page.getByLabel("Name").inputValue()).toBe("Blue heron");
    await page.getByRole("button", { name: "Start chat" }).click();
    await box(page).waitFor();
    expect(chat.conversations.size).toBe(1);
  });

  test("when the live connection skips a message, and agents write notes", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    talk.add({ text: "one" });
    talk.add({ text: "skipped" }, true);
    talk.note();
    talk.add({ text: "three" });
    await page.getByText("skipped").waitFor();
    expect(await bubbles(page)).toEqual(["one", "skipped", "three"]);
    await page.getByText("three").waitFor();
    const asked = chat.requests.filter((r) => r.startsWith("GET /chat/v1/conversation?")).length;
    expect(asked).toBeLessThanOrEqual(3);
  });

  test("where sockets do not get through", async () => {
    chat.faults.push({ path: /socket$/, status: 0, times: Infinity });
    const { page } = await visitor();
    await launcher(page).click();
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Start chat" }).click();
    await box(page).waitFor();
    await say(page, "hello");
    await page.getByText(/· Sent/).waitFor();
    chat.talk.add({ text: "slow but here" });
    await page.getByText("slow but here").waitFor();
    await until(() => chat.talk.read === 2);
    expect(await page.getByText("No connection.").count()).toBe(0);
  });
});

describe("says what is wrong", () => {
  test("too many messages: waits as long as it is told, then goes on", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    chat.faults.push({ path: /messages$/, status: 429, headers: { "Retry-After": "2" }, times: 1 });
    await say(page, "one");
    await page.getByText("That was much at once. It goes on by itself in 2 seconds.").waitFor();
    await say(page, "two");
    await expect.poll(() => talk.messages.map((m) => m.text), { timeout: 10_000 }).toEqual(["one", "two"]);
  });

  test("a message that is refused can be tried again or removed", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    chat.faults.push({ path: /messages$/, status: 422, body: { detail: "Not like this." }, times: 2 });
    await say(page, "one");
    await say(page, "two");
    await expect.poll(() => page.getByText("Not like this.").count()).toBe(2);
    await page.getByRole("button", { name: "Remove" }).first().click();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText(/· Sent/).waitFor();
    expect(talk.messages.map((m) => m.text)).toEqual(["two"]);
  });

  test("a conversation that is gone is forgotten, and a new one can begin", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    chat.conversations.clear();
    chat.faults.push({ path: /messages$/, status: 410, times: 1 });
    await say(page, "anybody?");
    await page.getByText("The earlier conversation is no longer kept.").waitFor();
    expect(await kept(page)).toBe("{}");
    await page.evaluate(
      ([key, token]) => localStorage.setItem(key!, JSON.stringify({ t: token, s: 0, o: true, n: false })),
      ["nubitalk.ent_shop", talk.token],
    );
    await page.reload();
    await page.getByText("The earlier conversation is no longer kept.").waitFor();
    expect(await kept(page)).toBe("{}");
    await page.getByRole("button", { name: "Start chat" }).waitFor();
  });

  test("a site that is not allowed shows nothing, and says why to its developer", async () => {
    chat.origins = ["https://elsewhere.example"];
    const { page, console: said } = await visitor();
    await expect.poll(() => said.join("\n"), { timeout: 15_000 }).toContain(`origins include ${shop.url}`);
    expect(await launcher(page).count()).toBe(0);
  });

  test("an entry point that is off shows nothing", async () => {
    chat.faults.push({
      path: /entry-points/,
      status: 404,
      body: { detail: "There is no such chat." },
      times: Infinity,
    });
    const { page, console: said } = await visitor();
    await expect.poll(() => said.join("\n")).toContain("There is no such chat.");
    expect(await launcher(page).count()).toBe(0);
  });

  test("a consent text that has changed is read again, and nothing that was entered is lost", async () => {
    const { page } = await visitor();
    await launcher(page).click();
    await page.getByLabel("Name").fill("Blue heron");
    await page.getByRole("checkbox").check();
    chat.entry = { ...chat.entry, consent: { ...chat.entry.consent!, version: 5, words: "A new text." } };
    const errors = [{ location: "body.consent", message: "the text has changed; please read it again" }];
    chat.faults.push({ path: /conversations$/, status: 422, body: { errors }, times: 1 });
    await page.getByRole("button", { name: "Start chat" }).click();
    await page.getByText("The text has changed; please read it again.").waitFor();
    await page.getByText("A new text.").waitFor();
    expect(await page.getByRole("checkbox").isChecked()).toBe(false);
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Start chat" }).click();
    await box(page).waitFor();
    expect(chat.talk.start).toMatchObject({ name: "Blue heron", consent: { version: 5 } });
  });
});

describe("files", () => {
  const picture = async (page: Page) =>
    Buffer.from(
      await page.evaluate(() => {
        const canvas = document.createElement("canvas");
        canvas.getContext("2d")!.fillRect(20, 20, 100, 60);
        return canvas.toDataURL("image/png").split(",")[1]!;
      }),
      "base64",
    );

  test("are limited before they are uploaded; pictures are shown, others saved", async () => {
    const { page, console: said } = await visitor();
    const talk = await start(page);
    await page.getByText("Files up to 1 MB: PNG, JPEG, PDF, TXT").waitFor();
    const choose = page.locator("input[type=file]");
    await choose.setInputFiles([
      { name: "big.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(2 ** 20 + 1) },
      { name: "run.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("x") },
    ]);
    const alert = page.getByRole("alert");
    await alert.getByText("“big.pdf” is too large").waitFor();
    expect(await alert.innerText()).toContain("“run.exe” cannot be sent. Allowed: PNG, JPEG, PDF, TXT.");
    expect(talk.messages).toEqual([]);

    await choose.setInputFiles([
      { name: "shoe \u202egnp.png", mimeType: "image/png", buffer: await picture(page) },
      { name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("<script>alert(1)</script>") },
    ]);
    await page.getByRole("img", { name: "Image “shoe gnp.png”" }).waitFor();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download list.txt" }).click();
    expect((await saved).suggestedFilename()).toBe("list.txt");
    expect(talk.messages.map((m) => m.attachment?.media_type)).toEqual(["image/png", "text/plain"]);
    expect(await axe(page)).toEqual([]);
    await shot(page, "12-files");
    expect(said).toEqual([]);
  });

  test("can be pasted and dropped", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    for (const [kind, target] of [
      ["paste", ".write textarea"],
      ["drop", ".log"],
    ] as const)
      await page.locator(target).evaluate((e, kind) => {
        const data = new DataTransfer();
        data.items.add(new File(["words"], `${kind}.txt`, { type: "text/plain" }));
        const made =
          kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        e.dispatchEvent(made);
        if (!made.defaultPrevented) throw new Error("the browser would open the file");
      }, kind);
    await expect
      .poll(() => talk.messages.map((m) => m.attachment?.name).sort())
      .toEqual(["drop.txt", "paste.txt"]);
  });

  test("that the server refuses say why", async () => {
    const { page } = await visitor();
    await start(page);
    chat.faults.push({
      path: /attachments$/,
      status: 415,
      body: { detail: "Files of this type cannot be sent here." },
      times: 1,
    });
    await page
      .locator("input[type=file]")
      .setInputFiles([{ name: "a.png", mimeType: "image/png", buffer: Buffer.from("no png") }]);
    await page.getByText("“a.png” cannot be sent.").waitFor();
  });
});

describe("a guest on somebody's page", () => {
  test("leaves no globals, and the page's own shortcuts do not hear what is typed", async () => {
    const { page } = await visitor();
    await launcher(page).waitFor();
    const names = await page.evaluate(() => Object.keys(window).filter((n) => /nubi|chat|widget/i.test(n)));
    expect(names).toEqual([]);
    await page.evaluate(() => document.addEventListener("keydown", (e) => (document.title += e.key)));
    await start(page);
    await say(page, "s");
    await page.getByText(/· Sent/).waitFor();
    expect(await page.title()).toBe("Shoe shop");
  });

  test("shows markup, scripts and turned text as they are written", async () => {
    const { page, errors } = await visitor();
    const talk = await start(page);
    const text = `<img src=x onerror="document.title='taken'"> javascript:alert(1) \u202Eexe.gpj`;
    talk.set({ state: "active", agent_name: "<b>Ana</b>\u202E" });
    talk.add({ text, author_name: "<script>document.title='taken'</script>" });
    talk.add({ kind: "event", author_kind: "system", event: "agent_joined", author_name: "<i>x</i>" });
    await page.getByText("<i>x</i> joined").waitFor();
    expect(await bubbles(page)).toEqual([text.replace("\u202E", "")]);
    expect(await page.locator(".bubble *, .event i, .who script").count()).toBe(0);
    await page.getByRole("log").getByText("<script>document.title='taken'</script>").waitFor();
    expect(await page.title()).toBe("Shoe shop");
    expect(errors).toEqual([]);
  });

  test("is kept to itself on a page that writes from right to left with styles of its own", async () => {
    const { page } = await visitor();
    await page.evaluate(() => {
      document.documentElement.dir = "rtl";
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(
        "* { --text: red; --surface: red; color: red !important; font-size: 40px !important; display: inline } button { opacity: 0.1 }",
      );
      document.adoptedStyleSheets = [sheet];
    });
    const talk = await start(page);
    talk.add({ text: "مرحبا، كيف يمكنني مساعدتك؟ ABC" });
    const bubble = page.locator(".bubble");
    await bubble.waitFor();
    const style = await bubble.evaluate((e) => [getComputedStyle(e).fontSize, getComputedStyle(e).direction]);
    expect(style).toEqual(["14px", "rtl"]);
    expect((await page.getByRole("dialog").boundingBox())!.x).toBeGreaterThan(640);
    await shot(page, "13-rtl-page");
  });
});

describe("by keyboard alone", () => {
  const focused = (page: Page) =>
    page.evaluate(() => {
      const e = document.activeElement?.shadowRoot?.activeElement;
      return e
        ? e.getAttribute("aria-label") || e.getAttribute("name") || e.textContent
        : document.activeElement?.tagName;
    });

  test("beside the page: in, through, out, and back to where it was", async () => {
    const { page } = await visitor();
    await launcher(page).focus();
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("name");
    await page.keyboard.type("Blue heron");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("consent");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await box(page).waitFor();
    await expect.poll(() => focused(page)).toBe("Write a message");
    await page.keyboard.type("line one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("line two");
    await page.keyboard.press("Enter");
    await page.getByText(/· Sent/).waitFor();
    expect(chat.talk.messages[0]?.text).toBe("line one\nline two");
    expect(await focused(page)).toBe("Write a message");
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await focused(page)).toBe("Open chat");
    await page.keyboard.press("Space");
    expect(await focused(page)).toBe("Write a message");
    // Out of the panel to the launcher, and on: no trap.
    for (const want of ["Attach a file", "Send", "Close chat"]) {
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe(want);
    }
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.localName)).not.toBe("nubitalk-chat");
    await page.getByRole("button", { name: "End chat" }).focus();
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("End chat");
    await page.keyboard.press("Escape");
    expect(await page.getByRole("alertdialog").count()).toBe(0);
    expect(await focused(page)).toBe("Write a message");
    await box(page).focus();
    chat.talk.end();
    await page.getByText("How was this chat?").waitFor();
    await expect.poll(() => focused(page)).toBe("This chat has ended.");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("rating");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByText("Thank you for your rating.").waitFor();
    expect(chat.talk.rating?.rating).toBe(2);
    await expect.poll(() => focused(page)).toBe("This chat has ended.");
    for (const want of ["Save transcript", "New chat"]) {
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe(want);
    }
    await page.keyboard.press("Enter");
    await expect.poll(() => focused(page)).toBe("name");
  });

  test("an end in the middle of a sentence rates nothing, and the sentence is kept", async () => {
    const { page } = await visitor();
    await start(page);
    const first = chat.talk;
    await box(page).pressSequentially("My size is");
    first.end();
    await page.getByText("How was this chat?").waitFor();
    // What the fingers go on with: a space, a number and Enter.
    await page.keyboard.type(" 41 or 42");
    await page.keyboard.press("Enter");
    expect(await page.getByRole("radio", { checked: true }).count()).toBe(0);
    expect(first.rating).toBeNull();
    await page.getByText("It is kept for a new chat.").waitFor();

    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Start chat" }).click();
    await box(page).waitFor();
    expect(await box(page).inputValue()).toBe("My size is");
    await box(page).press("Enter");
    await page.getByText(/· Sent/).waitFor();
    expect(chat.talk).not.toBe(first);
    expect(chat.talk.messages.at(-1)?.text).toBe("My size is");
    expect(await box(page).inputValue()).toBe("");
  });

  test("over a small page: it cannot get behind the panel", async () => {
    const { page } = await visitor({ viewport: MOBILE });
    await start(page);
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.localName)).toMatch(/nubitalk-chat|body/);
    }
    await box(page).fill("half written");
    await page.setViewportSize(DESKTOP);
    await expect.poll(() => page.getByRole("dialog").evaluate((d) => d.matches(":modal"))).toBe(false);
    expect(await box(page).inputValue()).toBe("half written");
    expect(await focused(page)).toBe("Write a message");
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe("Open chat");
  });
});

describe("at 400 % zoom", () => {
  test("nothing covers anything, and nothing is wider than the screen", async () => {
    const { page } = await visitor({ viewport: { width: 320, height: 256 } });
    const talk = await start(page);
    const buttons = ["My order", "Returns and refunds", "Something else"].map((label) => ({
      value: label,
      label,
    }));
    talk.add({ author_kind: "bot", kind: "buttons", text: "What is it about?", buttons });
    talk.set({ state: "queued", position: 2, estimate_seconds: 100, queue_name: "Returns" });
    await page.getByText("You are number 2").waitFor();
    const boxes = await page.evaluate(() => {
      const root = document.querySelector("nubitalk-chat")!.shadowRoot!;
      return [".log", ".choices", ".place", ".write"].map((s) => {
        const { top, bottom, right } = root.querySelector(s)!.getBoundingClientRect();
        return { top, bottom, right };
      });
    });
    boxes.forEach((b, i) => {
      expect(b.right).toBeLessThanOrEqual(320);
      expect(b.top).toBeGreaterThanOrEqual(boxes[i - 1]?.bottom ?? 0);
    });
    expect(await axe(page)).toEqual([]);
  });
});

describe("told to a screen reader", () => {
  test("new words in a polite log, once; and from a closed panel", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    const log = page.getByRole("log");
    expect(await log.getAttribute("aria-relevant")).toBe("additions");
    // What is added to the log while a message goes out and is confirmed: one line, whose node stays.
    await log.evaluate((e) => {
      const added: string[] = [];
      new MutationObserver((all) =>
        all.forEach((m) => m.addedNodes.forEach((n) => added.push(n.nodeName))),
      ).observe(e, {
        childList: true,
      });
      Object.assign(e, { added });
    });
    await say(page, "hello");
    await page.getByText(/· Sent/).waitFor();
    // A heading for the day, and the line.
    const added = await log.evaluate((e) => (e as unknown as { added: string[] }).added);
    expect(added.sort()).toEqual(["DIV", "P"]);
    await page.getByRole("button", { name: "Minimise" }).click();
    talk.add({ text: "are you there?" });
    await page.getByRole("status").getByText("Ana: are you there?").waitFor({ state: "attached" });
  });
});

describe("the tenant's choice of looks", () => {
  test.each([
    ["#ffff00", "light"],
    ["#ffffff", "dark"],
    ["#0a0a0a", "dark"],
    ["#ff3366", "light"],
  ] as const)("accent %s, %s", async (accent, mode) => {
    chat.entry = { ...chat.entry, accent, mode, position: "left" };
    const { page } = await visitor({ colorScheme: mode === "dark" ? "light" : "dark" });
    const talk = await start(page);
    talk.add({
      author_kind: "bot",
      kind: "buttons",
      text: "See https://x.example",
      buttons: [{ value: "a", label: "A" }],
    });
    await page.getByRole("button", { name: "A", exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    expect((await page.getByRole("dialog").boundingBox())!.x).toBeLessThan(100);
    await page.getByRole("button", { name: "A", exact: true }).click();
    await page.getByText(/· Sent/).waitFor();
    talk.end();
    await page.getByText("How was this chat?").waitFor();
    await page.getByRole("radio", { name: "3 Fair" }).press("Space");
    expect(await axe(page)).toEqual([]);
    await shot(page, `14-accent-${accent.slice(1)}-${mode}`);
  });
});
