import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, looks, shot, Stage, until } from "./stage";
import { hears } from "./tone";

// While an agent has a call, its person keys in a card's number: the agent sees how many
// keys were pressed, hears nothing, and is back with the person when that has ended.

const CALLER = 625;
const AGENT = 1250;
const CARD = "4929123412341238";

const stage = new Stage();
const api = () => ({
  at: `${stage.program.base}/api/v1`,
  headers: { "Content-Type": "application/json", Origin: stage.program.base },
});

beforeAll(async () => {
  await stage.open();
  const { at, headers } = api();
  const { page } = await stage.agent("administrator");
  const rule = { name: "All calls", percent: 100, consent: "none", direction: "any", enabled: true };
  expect((await page.request.post(`${at}/recording-rules`, { headers, data: rule })).status()).toBe(201);
  const both = (words: string) => ({ en: words, pt: words });
  const asks = (into: string, min: number, max: number, next: string) => ({
    type: "collect",
    into,
    sensitive: true,
    digits: { min, max, terminator: "#" },
    text: both(`Your ${into}, please.`),
    next,
  });
  const graph = {
    secure: true,
    takes: ["amount"],
    start: "card",
    nodes: {
      card: asks("card", 12, 19, "expires"),
      expires: asks("expires", 4, 4, "noted"),
      noted: { type: "set", attributes: { reference: "A-17" }, next: "paid" },
      paid: { type: "return", end: "paid" },
    },
  };
  const made = await page.request.post(`${at}/flows`, { headers, data: { name: "Card payment", graph } });
  expect(await made.text()).toContain("Card payment");
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("an agent has a person key in a card's number", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  const { page } = agent;
  const caller = await stage.caller(CALLER);
  await caller.queue("Grey plover");
  await agent.ready();
  await agent.offers.filter({ hasText: "Grey plover" }).waitFor();
  await page.keyboard.press("Enter");
  await hears(page, CALLER);
  await hears(caller.page, AGENT);
  const begin = page.getByRole("button", { name: "Secure input…" });
  await begin.waitFor();
  const found = await axe(page);

  // By keyboard: the dialog says what will happen, and asks for what the flow takes.
  await page.keyboard.press("Alt+i");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("amount").fill("12.50");
  found.push(...(await looks(page, "secure-01-dialog")));
  await dialog.getByLabel("amount").press("Enter");
  const strip = page.getByRole("region", { name: "Secure input" });
  await strip.getByText("The person is in “Card payment” and cannot hear you").waitFor();
  await page.getByText("Recording paused while the person keys in; it goes on by itself").waitFor();
  expect(await begin.count()).toBe(0);

  const keypad = async (keys: string) => {
    await caller.headline.focus();
    for (const key of keys) await caller.page.keyboard.press(key);
  };
  await keypad(CARD.slice(0, 7));
  await strip.getByText("7 keys", { exact: true }).waitFor();
  found.push(...(await looks(page, "secure-02-keys")));
  expect(await page.content()).not.toContain(CARD.slice(0, 4));

  // Taken back at once.
  await page.keyboard.press("Alt+i");
  await strip.getByText("You took the person back before “Card payment” had ended").waitFor();
  await hears(page, CALLER);
  await strip.getByRole("button", { name: "Close" }).click();

  // To the end.
  await begin.click();
  await dialog.getByRole("button", { name: "Send the person there" }).click();
  await strip.getByText("The person is being asked").waitFor();
  await keypad(`${CARD}#`);
  await strip.getByText("16 keys, taken").waitFor();
  await keypad("1229");
  await strip.getByText("“Card payment” has ended: paid").waitFor();
  await strip.getByText("A-17").waitFor();
  found.push(...(await looks(page, "secure-03-result")));
  await hears(page, CALLER);
  await until(() =>
    page.getByRole("region", { name: "Recording", exact: true }).locator("b").innerText(),
  ).toBe("Recording");
  expect(await page.content()).not.toContain(CARD);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await caller.stands("The call has ended");
  expect(found).toEqual([]);
});

test(
  "who talks in a chat keys in beside it, and writes nothing meanwhile",
  { timeout: 900_000 },
  async () => {
    const visitor = await stage.visitor({}, undefined, CALLER);
    const agent = await stage.agent("a7", {}, AGENT);
    const talk = visitor.page.getByRole("region", { name: "Talking", exact: true });
    await visitor.queue("Little stint");
    await agent.ready();
    await agent.accept("Little stint");
    await agent.page.keyboard.press("Alt+v");
    // The key is pressed before it is known which flows there are.
    let tell = () => {};
    const held = new Promise<void>((free) => (tell = free));
    let ask = () => {};
    const asked = new Promise<void>((now) => (ask = now));
    await agent.page.route("**/api/v1/secure-flows", async (route) => {
      ask();
      await held;
      await route.fallback();
    });
    await talk.getByRole("button", { name: "Talk", exact: true }).click();
    await hears(agent.page, CALLER);
    await visitor.box.fill("What I was going to say");

    await asked;
    await agent.page.keyboard.press("Alt+i");
    tell();
    await agent.page.getByRole("dialog").getByRole("button", { name: "Send the person there" }).click();
    const strip = agent.page.getByRole("region", { name: "Secure input" });
    await strip.getByText("The person is being asked").waitFor();
    const keypad = talk.getByRole("group", { name: "Keypad" });
    await keypad.getByText("Nobody hears you or sees it").waitFor();
    await visitor.page.getByText("What you write would be seen").waitFor();
    expect(await visitor.box.count()).toBe(0);
    expect(await looks(visitor.page, "secure-05-widget")).toEqual([]);

    // By keyboard at once, as the box to write in had the focus; then by finger.
    for (const key of "4929123") await visitor.page.keyboard.press(key);
    await strip.getByText("7 keys", { exact: true }).waitFor();
    await keypad.getByRole("button", { name: "Key 4", exact: true }).click();
    await keypad.getByText("Keys pressed: 8").waitFor();
    await strip.getByText("8 keys", { exact: true }).waitFor();
    expect(await agent.page.content()).not.toContain("4929");

    // Taken back: what was being written is there again.
    await agent.page.keyboard.press("Alt+i");
    await visitor.box.waitFor();
    await until(() => visitor.box.inputValue()).toBe("What I was going to say");
    expect(await keypad.count()).toBe(0);
    await visitor.box.press("Enter");
    await agent.message("What I was going to say").waitFor();
    await talk.getByRole("button", { name: "End the call" }).click();
    await visitor.log.getByText("The call has ended; the chat goes on").waitFor();
    await agent.finish("Invoice sent");
  },
);

test("an administrator makes a flow secure", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/flows`);
  await page.getByRole("link", { name: "Card payment" }).click();
  const box = page.getByRole("checkbox", { name: "Secure flow" });
  await box.waitFor();
  await until(() => box.isChecked()).toBe(true);
  await shot(page, "secure-04-flow");
  expect(await axe(page)).toEqual([]);
});
