import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, power, Softphone } from "./softphone";
import { axe, shot, Stage, until } from "./stage";
import { hears } from "./tone";

// A real telephone and an agent's browser talk, with a tone at each microphone, and the agent shares its screen. A
// payment page pauses the recording by the command that the documentation has, as it stands there.

const PHONE = 625;
const AGENT = 1250;
const HEARD = -30;
const QUIET = -55;
const NUMBER = "+351930000007"; // the telephone's

const stage = new Stage();
stage.shares = "Till";
let sip = "";
let key = "";
const headers = () => ({ "Content-Type": "application/json", Origin: stage.program.base });
const at = () => `${stage.program.base}/api/v1`;

beforeAll(async () => {
  sip = `tls://127.0.0.1:${await freePort()}`;
  stage.program.sip = sip;
  await stage.open();
  const admin = (await stage.agent("administrator")).page.request;
  const boss = (await stage.agent("supervisor")).page.request;
  const points = (await (await admin.get(`${at()}/entry-points`)).json()) as {
    items: { id: string; name: string }[];
  };
  const entry = points.items.find((e) => e.name === "Shop telephone")!.id;
  const make = async (ask: typeof admin, kind: string, data: object) => {
    const made = await ask.post(`${at()}/${kind}`, { headers: headers(), data });
    expect(made.ok(), `${kind}: ${await made.text()}`).toBe(true);
    return (await made.json()) as { secret?: string };
  };
  await make(admin, "trunks", {
    name: "Exchange",
    enabled: true,
    country: "PT",
    sources: ["127.0.0.1"],
    numbers: [{ number: "210000001", entry_point: entry }],
  });
  await make(admin, "recording-rules", {
    name: "All",
    percent: 100,
    consent: "none",
    records: "both",
    entry_points: [entry],
  });
  // Who makes a key for recordings is administrator and supervisor.
  const me = (await (await boss.get(`${at()}/me`)).json()) as { user: { id: string; version: number } };
  const both = await admin.patch(`${at()}/users/${me.user.id}`, {
    headers: headers(),
    data: { version: me.user.version, roles: ["supervisor", "administrator"] },
  });
  expect(both.ok()).toBe(true);
  key = (
    await make(boss, "api-keys", {
      name: "Payment page",
      roles: ["supervisor"],
      scopes: ["recording.control"],
    })
  ).secret!;
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** The command of docs/recording.md, with this server, this key and this person in it. */
function documented(action: "pause" | "resume"): string {
  const page = readFileSync(fileURLToPath(new URL("../../docs/recording.md", import.meta.url)), "utf8");
  const block = /curl -X POST https:\/\/nubitalk\.example\/api\/v1\/calls\/recording [^`]*/.exec(page)![0];
  const address = / # or ("address": )"[^"]*"/.exec(block)![1]!;
  return block
    .replace(/ # or .*/, "")
    .replace('"agent": "usr_…"', `${address}"${NUMBER}"`)
    .replace("https://nubitalk.example", stage.program.base)
    .replace("nbk_…", key)
    .replace('"pause"', `"${action}"`);
}
const curl = (action: "pause" | "resume") =>
  JSON.parse(
    execFileSync("sh", ["-c", documented(action)], { stdio: ["ignore", "pipe", "ignore"] }).toString(),
  ) as {
    interaction: string;
    recording: { status: string; reason: string };
  };

/** Bits that an octet of a file tells; eight are noise. */
function entropy(file: Buffer): number {
  const counts = new Float64Array(256);
  for (const octet of file) counts[octet]!++;
  return counts.reduce((sum, n) => (n ? sum - (n / file.length) * Math.log2(n / file.length) : sum), 0);
}

/** Lets so many milliseconds of a call pass, as those who talk would. */
async function passes(length: number): Promise<void> {
  const from = Date.now();
  await until(() => Date.now() - from).toBeGreaterThan(length);
}

test(
  "a telephone's call is recorded, paused by curl, and seen with the screen",
  { timeout: 900_000 },
  async () => {
    const agent = await stage.agent("a7", {}, AGENT);
    const { page } = agent;
    const till = await page.context().newPage();
    await till.setContent("<title>Till</title><style>html{height:100%;background:rgb(200,40,40)}</style>");
    await page.bringToFront();
    await agent.ready();
    const sign = page.getByRole("region", { name: "Recording", exact: true });
    const screen = page.getByRole("region", { name: "Recording of your screen" });
    const phone = new Softphone(PHONE);
    let id = "";
    try {
      await phone.call("210000001", sip);
      await until(() => phone.said).toMatch(/established/i);
      phone.press("2");
      await agent.offers.filter({ hasText: NUMBER }).waitFor({ timeout: 120_000 });
      await page.keyboard.press("Enter");
      await hears(page, PHONE);
      await sign.getByText("Recording", { exact: true }).waitFor();
      await screen.getByRole("button", { name: "Share my screen…" }).click();
      await screen.getByText("The tab you chose is being recorded").waitFor();
      id = page.url().split("/").pop()!;
      await passes(6000);
      const paused = curl("pause");
      expect(paused).toMatchObject({ interaction: id, recording: { status: "paused", reason: "card" } });
      await sign.getByText("Recording paused: nothing is kept").waitFor();
      await sign.getByText("by a connected system").waitFor();
      await shot(page, "recorded-phone-01-paused");
      await passes(2000);
      expect(curl("resume").recording.status).toBe("recording");
      await sign.getByText("Recording", { exact: true }).waitFor();
      await passes(6000);
      await page.getByRole("button", { name: /^Hang up/ }).click();
      await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
      await page.getByRole("button", { name: /^Complete/ }).click();
    } finally {
      await phone.hangUp();
      phone.remove();
    }

    // The paused second is absent; both sides are there before and after it, apart.
    const supervisor = (await stage.agent("supervisor")).page;
    const ask = supervisor.request;
    const items = async () =>
      (
        (await (await ask.get(`${at()}/interactions/${id}/recordings`)).json()) as {
          items: { id: string; kind: string; length_ms: number; ended_at?: string }[];
        }
      ).items;
    await until(async () => (await items()).filter((r) => r.ended_at).length).toBe(2);
    const voice = (await items()).find((r) => r.kind === "voice")!;
    const opened = (await (
      await ask.post(`${at()}/recordings/${voice.id}/listen`, {
        headers: headers(),
        data: { reason: "quality" },
      })
    ).json()) as { ticket: string; marks: { kind: string; at_ms: number; length_ms: number; by: string }[] };
    const pause = opened.marks.find((m) => m.kind === "pause")!;
    expect(pause.by).toMatch(/^key_/);
    expect(pause.length_ms).toBeGreaterThan(1000);
    const part = async (from: number, to: number) => {
      const query = `ticket=${opened.ticket}&from_ms=${Math.round(from)}&until_ms=${Math.round(to)}`;
      const wav = await (await ask.get(`${at()}/recordings/${voice.id}/sound?${query}`)).body();
      const frames = (wav.length - 44) / 4;
      return [0, 2].map((side) =>
        Float32Array.from({ length: frames }, (_, i) => wav.readInt16LE(44 + 4 * i + side) / 32768),
      );
    };
    const end = pause.at_ms + pause.length_ms;
    for (const silent of await part(pause.at_ms, end)) expect(Math.max(...silent.map(Math.abs))).toBe(0);
    for (const from of [pause.at_ms - 1500, end + 500]) {
      const [person, own] = await part(from, from + 1000);
      expect(power(person!, 8000, PHONE)).toBeGreaterThan(HEARD);
      expect(power(person!, 8000, AGENT)).toBeLessThan(QUIET);
      expect(power(own!, 8000, AGENT)).toBeGreaterThan(HEARD);
      expect(power(own!, 8000, PHONE)).toBeLessThan(QUIET);
    }

    // What lies on the disk is noise; what is heard would not be.
    const folder = join(stage.program.data, "files");
    const all = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && e.parentPath.includes("recordings"))
      .map((e) => readFileSync(join(e.parentPath, e.name)))
      .filter((file) => file.length > 30_000);
    expect(all.length).toBeGreaterThan(0);
    for (const file of all) expect(entropy(file)).toBeGreaterThan(7.98);
    const [plain] = await part(end + 500, end + 1500);
    expect(entropy(Buffer.from(plain!.buffer))).toBeLessThan(7);

    // It is heard and seen.
    await supervisor.goto(`${stage.program.base}/app/conversations/${id}`);
    const player = supervisor.getByRole("region", { name: /^Call recording/ });
    await player.getByRole("button", { name: "Listen" }).click();
    await until(() => player.locator("path.rest").count()).toBe(2);
    await player.getByRole("button", { name: /Paused for .* by a connected system \(card\)/ }).waitFor();
    const place = player.getByRole("slider");
    const box = (await place.boundingBox())!;
    await supervisor.mouse.click(box.x + (box.width * (end + 3000)) / voice.length_ms, box.y + 20);
    const red = () =>
      supervisor.evaluate(() => {
        const picture = document.querySelector("figure .picture:not([hidden]) canvas");
        if (!(picture instanceof HTMLCanvasElement)) return 0;
        const point = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
        point.drawImage(picture, picture.width / 2, picture.height / 2, 1, 1, 0, 0, 1, 1);
        const [r, g] = point.getImageData(0, 0, 1, 1).data;
        return r! - g!;
      });
    await until(red).toBeGreaterThan(100);
    await shot(supervisor, "recorded-phone-02-player");
    expect(await axe(supervisor)).toEqual([]);
  },
);
