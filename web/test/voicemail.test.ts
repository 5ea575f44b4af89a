import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, Softphone } from "./softphone";
import { axe, looks, shot, Stage, until } from "./stage";

// Callers on a real telephone leave messages: for a queue, and for one user.

const PHONE = 625;
/** What a second of a message takes in the spool, in octets: 8,000 samples, and their seal. */
const SECOND = 8000;

let udp = "";
/** The phone of the user a7, extension 21. */
let phone = "";
const stage = new Stage();
const at = () => `${stage.program.base}/api/v1`;
const headers = () => ({ "Content-Type": "application/json", Origin: stage.program.base });

beforeAll(async () => {
  udp = `udp://127.0.0.1:${await freePort()}`;
  stage.program.sip = udp;
  await stage.open();
  await telephones();
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Two numbers: of an entry point where nobody is, and of a phone that nobody picks up. */
async function telephones(): Promise<void> {
  const { page } = await stage.agent("administrator");
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
  phone = await make("phones", {
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
}

/** Segments of recordings that are in the spool, and how large. */
function spooled(): Map<string, number> {
  const dir = join(stage.program.data, "spool");
  const all = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const sizes = new Map<string, number>();
  for (const e of all.filter((e) => e.name.startsWith("rec_"))) {
    const size = statSync(join(e.parentPath, e.name), { throwIfNoEntry: false })?.size;
    if (size) sizes.set(e.name, size);
  }
  return sizes;
}

/** Calls a number, and says so many seconds of a message; then does what is to be done. */
async function leave(number: string, seconds: number, then?: () => Promise<void>): Promise<void> {
  const before = spooled();
  const caller = new Softphone(PHONE);
  try {
    await caller.call(number, udp);
    await until(() => caller.said).toMatch(/established/i);
    caller.press("#"); // instead of hearing the greeting
    const said = () => [...spooled()].map(([name, size]) => (before.has(name) ? 0 : size));
    await until(() => Math.max(0, ...said())).toBeGreaterThan(seconds * SECOND);
    await then?.();
  } finally {
    await caller.hangUp();
    caller.remove();
  }
}

test("messages are left, heard, called back and deleted", async () => {
  const { page } = await stage.agent("administrator");
  const found: string[] = [];
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

  // Bo chooses voicemail, by keyboard.
  const agent = await stage.agent("a7", { viewport: { width: 1280, height: 900 } });
  await agent.page.goto(`${stage.program.base}/app/account`);
  const mine = agent.page.getByRole("group", { name: "Where calls go on" });
  await mine.getByLabel("Voicemail when nobody picks up").press("Space");
  await mine.getByText("A message is taken for the phone’s user.").waitFor();
  await mine.getByRole("button", { name: "Apply" }).press("Enter");
  await agent.page.getByText("Where calls go on is saved.").waitFor();
  found.push(...(await looks(agent.page, "voicemail-02-forwarding")));

  // For the user.
  await agent.page.goto(`${stage.program.base}/app/desk`);
  await leave("210000002", 2);
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
  await leave("210000001", 2);
  await agent.offers.filter({ hasText: "+351930000007" }).waitFor();
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

test.each([
  ["in its first seconds", 1.9],
  ["as its first segment becomes full", 4.9],
])("a message is kept though the program is killed %s", async (_, seconds) => {
  const { page } = await stage.agent("a7");
  type Box = { items: { id: string; length_ms: number; recording?: string }[] };
  const box = async () => (await (await page.request.get(`${at()}/desk/voicemails`)).json()) as Box;
  const rule = { always: "", busy: "voicemail", unanswered: "voicemail", seconds: 20 };
  const chosen = await page.request.put(`${at()}/desk/forwarding/${phone}`, {
    headers: headers(),
    data: rule,
  });
  expect(chosen.status(), await chosen.text()).toBe(200);
  const before = (await box()).items.map((m) => m.id);
  await page.goto("about:blank"); // which does not miss its server
  await leave("210000002", seconds, () => stage.program.kill());
  await stage.program.start();
  const left = async () => (await box()).items.filter((m) => !before.includes(m.id));
  await until(async () => (await left()).length).toBe(1);
  const { length_ms, recording } = (await left())[0]!;
  expect(recording).toBeTruthy();
  expect(length_ms).toBeGreaterThanOrEqual(Math.ceil(seconds) * 1000);
});
