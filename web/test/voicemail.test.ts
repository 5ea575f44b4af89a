import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, Softphone } from "./softphone";
import { axe, looks, shot, Stage, until } from "./stage";

// Callers on a real telephone leave messages: for a queue, and for one user.

const PHONE = 625;

let udp = "";
const stage = new Stage();
const at = () => `${stage.program.base}/api/v1`;
const headers = () => ({ "Content-Type": "application/json", Origin: stage.program.base });
beforeAll(async () => {
  udp = `udp://127.0.0.1:${await freePort()}`;
  stage.program.sip = udp;
  await stage.open();
}, 120_000);
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("messages are left, heard, called back and deleted", { timeout: 300_000 }, async () => {
  const { page } = await stage.agent("administrator");
  const found: string[] = [];
  const get = async (path: string) =>
    (await (await page.request.get(`${at()}/${path}`)).json()) as {
      items: { id: string; name: string; user_name?: string }[];
    };
  const make = async (path: string, data: unknown) => {
    const answer = await page.request.post(`${at()}/${path}`, { headers: headers(), data });
    const made = (await answer.json()) as { id: string };
    expect(made.id, JSON.stringify(made)).toBeTruthy();
    return made.id;
  };
  const queue = (await get("queues")).items[0]!.id;
  const bo = (await get("users")).items.find((u) => u.user_name === "a7")!.id;

  // The step in the drawn editor: what is wrong with it stands beside it, and a test run walks it.
  const drawing = page.getByRole("group", { name: "Drawing" });
  const panel = page.getByRole("complementary", { name: "About the flow" });
  await page.goto(`${stage.program.base}/app/setup/flows/new`);
  await page.getByLabel("Name", { exact: true }).fill("Out of hours");
  await page.getByRole("button", { name: "Start with the simplest flow", exact: true }).click();
  await drawing.locator('[data-step="hello"]').click();
  await page.getByRole("button", { name: /^Add: Take a message\./ }).click();
  await until(() => drawing.locator('[data-step="voicemail"]').getAttribute("class")).toContain("bad");
  await panel.getByLabel("A message of at most").waitFor();
  await shot(page, "voicemail-01-editor");
  expect(await axe(page)).toEqual([]);
  stage.forgive(/beforeunload/);

  const graph = {
    start: "message",
    nodes: { message: { type: "voicemail", text: { en: "Nobody is here." }, queue, seconds: 60 } },
  };
  const flow = await make("flows", { name: "Night", graph });
  const shop = (await get("entry-points")).items.find((e) => e.name === "Shop telephone")!;
  const like = (await (await page.request.get(`${at()}/entry-points/${shop.id}`)).json()) as object;
  const own = Object.fromEntries(
    Object.entries(like).filter(
      ([k]) =>
        !["id", "version", "created_at", "updated_at", "position", "archived_at", "archived"].includes(k),
    ),
  );
  const entry = await make("entry-points", {
    ...own,
    name: "Night telephone",
    flow,
    languages: ["en"],
    consent_text: "",
  });
  const phone = await make("phones", {
    name: "Bo’s desk",
    user: bo,
    extension: "21",
    enabled: true,
    encryption: "required",
  });
  await page.request.post(`${at()}/phones/${phone}/password`, { headers: headers(), data: {} });
  await make("trunks", {
    name: "Exchange",
    enabled: true,
    country: "PT",
    sources: ["127.0.0.1"],
    gateways: [{ host: "127.0.0.1", port: await freePort(), transport: "udp" }],
    outgoing: { allowed: true },
    numbers: [
      { number: "210000001", entry_point: entry },
      { number: "210000002", rings: phone },
    ],
  });

  // Bo chooses voicemail, by keyboard.
  const agent = await stage.agent("a7", { viewport: { width: 1280, height: 900 } });
  await agent.page.goto(`${stage.program.base}/app/account`);
  const mine = agent.page.getByRole("group", { name: "Where calls go on" });
  await mine.getByLabel("Voicemail when nobody picks up").press("Space");
  await mine.getByText("A message is taken for the phone’s user.").waitFor();
  await mine.getByRole("button", { name: "Apply" }).press("Enter");
  await agent.page.getByText("Where calls go on is saved.").waitFor();
  found.push(...(await looks(agent.page, "voicemail-02-forwarding")));

  const leave = async (number: string) => {
    const caller = new Softphone(PHONE);
    try {
      await caller.call(number, udp);
      await until(() => caller.said).toMatch(/established/i);
      await new Promise((done) => setTimeout(done, 1000));
      caller.press("#"); // instead of hearing the greeting
      await new Promise((done) => setTimeout(done, 6000)); // the tone, and some seconds of message
    } finally {
      await caller.hangUp();
      caller.remove();
    }
  };

  // For the user.
  await agent.page.goto(`${stage.program.base}/app/desk`);
  await leave("210000002");
  const waiting = agent.page.getByRole("link", { name: /1 new message/ });
  await waiting.waitFor();
  await shot(agent.page, "voicemail-03-waiting");
  await waiting.press("Enter");
  await agent.page.getByRole("button", { name: /Message from \+351930000007/ }).click();
  await agent.page.getByRole("region", { name: /^Message/ }).waitFor();
  await agent.page.getByRole("button", { name: "Mark as new" }).waitFor();
  found.push(...(await looks(agent.page, "voicemail-04-messages")));
  await agent.page.getByRole("button", { name: "Delete" }).click();
  await agent.page.getByText("No messages").waitFor();
  await agent.page.getByRole("button", { name: "Take back" }).click();
  await agent.page.getByRole("heading", { name: "+351930000007" }).waitFor();

  // For the queue.
  await agent.page.goto(`${stage.program.base}/app/desk`);
  await agent.ready();
  await leave("210000001");
  await agent.offers.filter({ hasText: "+351930000007" }).waitFor({ timeout: 60_000 });
  await shot(agent.page, "voicemail-05-offer");
  await agent.page.keyboard.press("Enter");
  const left = agent.page.getByRole("region", { name: "The person is not on the telephone" });
  await left.getByText("Left a message").waitFor();
  await agent.page.getByRole("region", { name: /^Message/ }).waitFor();
  await left.getByRole("button", { name: "Call back" }).waitFor();
  found.push(...(await looks(agent.page, "voicemail-06-work")));
  await agent.page.keyboard.press("Control+k");
  await agent.page.keyboard.type("Portugu");
  await agent.page.keyboard.press("Enter");
  await agent.page.getByText("Deixou uma mensagem").waitFor();
  await shot(agent.page, "voicemail-07-work-pt");
  expect(found).toEqual([]);
});

test("a message is kept though the program is killed while it is left", { timeout: 180_000 }, async () => {
  const agent = await stage.agent("a7");
  type Box = { items: { id: string; length_ms: number; recording?: string }[] };
  const box = async () => (await (await agent.page.request.get(`${at()}/desk/voicemails`)).json()) as Box;
  const before = (await box()).items.length;
  const caller = new Softphone(PHONE);
  let said = 0;
  try {
    await caller.call("210000002", udp);
    await until(() => caller.said).toMatch(/established/i);
    await new Promise((done) => setTimeout(done, 1000));
    caller.press("#");
    const from = Date.now();
    await new Promise((done) => setTimeout(done, 8000));
    said = Date.now() - from;
    await stage.program.kill();
  } finally {
    await caller.hangUp();
    caller.remove();
  }
  stage.forgive(/./); // the browser has lost its server
  await stage.program.start();
  await until(async () => (await box()).items.length).toBe(before + 1);
  const { length_ms, recording } = (await box()).items[0]!;
  expect(recording).toBeTruthy();
  expect(length_ms).toBeGreaterThan(said / 2);
});
