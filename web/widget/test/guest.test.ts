import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { axe, DESKTOP, MOBILE, shot } from "./browser";
import { bubbles, box, chat, launcher, opened, say, start, visitor } from "./stage";

// A guest on somebody's page: by keyboard, enlarged, read aloud, in any colour.

opened();

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

  test("an answer that nobody may see is shown nowhere", async () => {
    const { page } = await visitor();
    const talk = await start(page);
    await box(page).fill("About my");
    talk.add({
      author_kind: "bot",
      text: "Your card number, please.",
      digits: { min: 12, max: 19 },
      masked: true,
    });
    const secret = page.getByRole("textbox", { name: "Your answer: nobody will see it" });
    await secret.waitFor();
    expect(await box(page).count()).toBe(0);
    expect([await secret.inputValue(), await secret.getAttribute("type")]).toEqual(["", "password"]);
    expect(await secret.getAttribute("inputmode")).toBe("numeric");
    expect(await axe(page)).toEqual([]);
    await shot(page, "secret");
    await secret.pressSequentially("4929123412341238");
    await secret.press("Enter");
    await page.getByText(/· Sent/).waitFor();
    expect(talk.secrets).toEqual(["4929123412341238"]);
    expect(await bubbles(page)).toEqual(["Your card number, please.", "••••"]);
    expect(await page.content()).not.toContain("4929");
    await box(page).waitFor();
    expect(await box(page).inputValue()).toBe("About my");
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
    ["#ffff00", "light", { ink: "#1d1c1a", on_light: "#666600", on_dark: "#ffff00" }],
    ["#ffffff", "dark", { ink: "#1d1c1a", on_light: "#666666", on_dark: "#ffffff" }],
    ["#0a0a0a", "dark", { ink: "#ffffff", on_light: "#0a0a0a", on_dark: "#919191" }],
    ["#ff3366", "light", { ink: "#1d1c1a", on_light: "#cc2952", on_dark: "#ff4775" }],
  ] as const)("accent %s, %s", async (accent, mode, others) => {
    chat.entry = { ...chat.entry, look: { accent, ...others }, mode, position: "left" };
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
