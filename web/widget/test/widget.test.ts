import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { axe, MOBILE, open, shot } from "./browser";
import {
  bubbles,
  box,
  chat,
  connected,
  kept,
  launcher,
  opened,
  say,
  shop,
  start,
  until,
  visitor,
} from "./stage";

// The story of a chat: through it, back to it, and what can go wrong on the way.

opened();

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
    const heard = (text: string) => until(() => talk.messages.some((m) => m.text === text));
    await say(one, "from one");
    await heard("from one");
    await two.getByRole("button", { name: "Open chat", exact: true }).click();
    await say(two, "from two");
    await heard("from two");
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
