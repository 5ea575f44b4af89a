import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { power } from "./softphone";
import { axe, looks, scheme, shot, Stage, until } from "./stage";
import { hears } from "./tone";

// A call is recorded as a rule says: both sides apart, nothing of the pause, and
// heard afterwards by a supervisor.

const CALLER = 625;
const AGENT = 1250;
/** Decibels: a tone that is there has gaps where the machine was late; what is not there is far below. */
const HEARD = -50;
const QUIET = -60;

const stage = new Stage();
beforeAll(async () => {
  await stage.open();
  const { at, headers } = api();
  const admin = await stage.agent("administrator");
  const rule = await admin.page.request.post(`${at}/recording-rules`, {
    headers,
    data: { name: "All calls", percent: 100, consent: "none", direction: "any", enabled: true },
  });
  expect(await rule.text()).toContain("All calls");
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

interface Mark {
  kind: string;
  at_ms: number;
  length_ms: number;
  reason: string;
}

/** The samples of each channel of a WAV file of 16 bits. */
function channels(wav: Buffer): Float32Array[] {
  const n = wav.readUInt16LE(22);
  const data = wav.indexOf("data", 12, "latin1") + 8;
  const all = Array.from({ length: n }, () => new Float32Array((wav.length - data) / 2 / n));
  all.forEach((samples, c) =>
    samples.forEach((_, i) => (samples[i] = wav.readInt16LE(data + 2 * (i * n + c)) / 32768)),
  );
  return all;
}

/** Where the API is, and what a request must carry; a restart may change it. */
const api = () => ({
  at: `${stage.program.base}/api/v1`,
  headers: { "Content-Type": "application/json", Origin: stage.program.base },
});

test("a call is recorded, paused by a key, and heard", async () => {
  const { at, headers } = api();
  const agent = await stage.agent("a7", {}, AGENT);
  const { page } = agent;
  const sign = page.getByRole("region", { name: "Recording", exact: true });
  const caller = await stage.caller(CALLER);
  await caller.queue("Grey plover");
  await agent.ready();
  await agent.offers.filter({ hasText: "Grey plover" }).waitFor();
  await page.keyboard.press("Enter");
  await hears(page, CALLER);
  await hears(caller.page, AGENT);
  await sign.getByText("Recording", { exact: true }).waitFor();
  const found = await axe(page);
  await shot(page, "recorded-01-recording");
  await until(() => sign.locator(".time").innerText()).toMatch(/0:0[3-9]|0:[1-5]|[1-9]\d*:/);

  await page.keyboard.press("Alt+p");
  await sign.getByText("Recording paused: nothing is kept").waitFor();
  found.push(...(await axe(page)));
  await shot(page, "recorded-02-paused");
  await scheme(page, "dark");
  await page.setViewportSize({ width: 400, height: 900 });
  await shot(page, "recorded-03-paused-400-dark");
  found.push(...(await axe(page)));
  await scheme(page, "light");
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.reload(); // it stands as it did
  await sign.getByText("Recording paused: nothing is kept").waitFor();
  await hears(page, CALLER);
  await page.keyboard.press("Alt+p");
  await sign.getByText("Recording", { exact: true }).waitFor();
  await until(() => sign.locator(".time").innerText()).toMatch(/0:0[3-9]|0:[1-5]|[1-9]\d*:/);
  await sign.getByRole("button", { name: "Stop" }).click();
  await sign.getByText(/^Recording stopped/).waitFor();
  const id = page.url().split("/").pop()!;
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await caller.stands("The call has ended");
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await page.getByRole("button", { name: /^Complete/ }).click();
  expect(found).toEqual([]);

  const supervisor = await stage.agent("supervisor");
  const ask = supervisor.page.request;
  const list = async () =>
    (
      (await (await ask.get(`${at}/interactions/${id}/recordings`)).json()) as {
        items: { id: string; state: string }[];
      }
    ).items;
  await until(async () => (await list()).length).toBe(1);
  const recording = (await list())[0]!.id;
  const opened = (await (
    await ask.post(`${at}/recordings/${recording}/listen`, { headers, data: { reason: "quality" } })
  ).json()) as { ticket: string; tracks: string[]; marks: Mark[] };
  expect(opened.tracks).toEqual(["person", "agent"]);
  const pause = opened.marks.find((m) => m.kind === "pause")!;
  expect(pause.length_ms).toBeGreaterThan(0);
  const part = async (from: number, until: number) =>
    channels(
      await (
        await ask.get(
          `${at}/recordings/${recording}/sound?ticket=${encodeURIComponent(opened.ticket)}&from_ms=${from}&until_ms=${until}`,
        )
      ).body(),
    );
  const [person, own] = await part(pause.at_ms - 1500, pause.at_ms - 500);
  expect(power(person!, 8000, CALLER)).toBeGreaterThan(HEARD);
  expect(power(own!, 8000, AGENT)).toBeGreaterThan(HEARD);
  expect(power(own!, 8000, CALLER)).toBeLessThan(QUIET);
  expect(power(person!, 8000, AGENT)).toBeLessThan(QUIET);
  const end = Math.min(pause.at_ms + pause.length_ms, pause.at_ms + 20_000);
  for (const samples of await part(pause.at_ms, end)) expect(Math.max(...samples.map(Math.abs))).toBe(0);
  const [after] = await part(pause.at_ms + pause.length_ms + 500, pause.at_ms + pause.length_ms + 1500);
  expect(power(after!, 8000, CALLER)).toBeGreaterThan(HEARD);

  // As one would: found, opened, and looked at.
  await supervisor.page.goto(`${stage.program.base}/app/conversations/${id}`);
  const player = supervisor.page.getByRole("region", { name: /^Call recording/ });
  await player.getByRole("button", { name: "Listen" }).click();
  await player.getByRole("button", { name: /Paused for/ }).waitFor();
  await until(() => player.locator("path.rest").count()).toBe(2);
  await player.getByRole("button", { name: "Check it" }).click();
  await player.getByText("It is whole, and as it was made.").waitFor();
  expect(await axe(supervisor.page)).toEqual([]);
  await shot(supervisor.page, "recorded-04-player");
});

test("supervisors pause and stop the recording of somebody's call", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  const { page } = agent;
  const sign = page.getByRole("region", { name: "Recording", exact: true });
  const caller = await stage.caller(CALLER);
  await caller.queue("Turnstone");
  await agent.ready();
  await agent.offers.filter({ hasText: "Turnstone" }).waitFor();
  await page.keyboard.press("Enter");
  await sign.getByText("Recording", { exact: true }).waitFor();

  // Two supervisors look at the agent's call.
  const room = async (user: string) => {
    const { page } = await stage.agent(user);
    await page.goto(`${stage.program.base}/app/room`);
    await page.getByRole("button", { name: /a7/ }).first().click();
    const seen = page.getByRole("region", { name: "Recording: Turnstone" });
    await seen.getByText("Recording", { exact: true }).waitFor();
    return { page, seen };
  };
  const [one, two] = [await room("supervisor"), await room("supervisor")];
  const found = await axe(one.page);
  await shot(one.page, "recorded-05-room");
  const pause = one.seen.getByRole("button", { name: "Pause recording: Turnstone" });
  await pause.focus();
  await one.page.keyboard.press("Enter");
  for (const at of [one.seen, two.seen, sign]) await at.getByText(/^Recording paused/).waitFor();
  await sign.getByText(/^by /).waitFor(); // the agent sees who
  await shot(page, "recorded-06-paused-by-supervisor");
  found.push(...(await axe(page)));
  await one.page.setViewportSize({ width: 400, height: 900 });
  await scheme(one.page, "dark");
  await shot(one.page, "recorded-07-room-400-dark");
  found.push(...(await axe(one.page)));

  // The other goes on with it, the agent pauses it, a supervisor stops it.
  await two.seen.getByRole("button", { name: "Go on recording: Turnstone" }).click();
  for (const at of [one.seen, sign]) await at.getByText("Recording", { exact: true }).waitFor();
  await page.keyboard.press("Alt+p");
  for (const at of [one.seen, two.seen]) await at.getByText(/^Recording paused/).waitFor();
  await two.seen.getByRole("button", { name: "Stop: Turnstone" }).click();
  for (const at of [one.seen, two.seen, sign]) await at.getByText(/^Recording stopped/).waitFor();

  await page.getByRole("button", { name: /^Hang up/ }).click();
  await caller.stands("The call has ended");
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await page.getByRole("button", { name: /^Complete/ }).click();
  expect(found).toEqual([]);
});

test(
  "a crash: what was kept opens, a pause holds, and the call is recorded on",
  { timeout: 900_000 },
  async () => {
    const { at, headers } = api();
    const agent = await stage.agent("a7", {}, AGENT);
    const { page } = agent;
    const sign = page.getByRole("region", { name: "Recording", exact: true });
    const caller = await stage.caller(CALLER);
    await caller.queue("Dunlin");
    await agent.ready();
    await agent.offers.filter({ hasText: "Dunlin" }).waitFor();
    await page.keyboard.press("Enter");
    await hears(page, CALLER);
    const id = page.url().split("/").pop()!;
    /** How the server says that it stands, and then the page. */
    const stands = async (status: string, words: string) => {
      const ask = async () => {
        const answer = await page.request.get(`${at}/interactions/${id}/call`);
        return ((await answer.json()) as { recording: { status: string } }).recording.status;
      };
      await until(ask).toBe(status);
      await sign.getByText(words, { exact: true }).waitFor();
    };
    const crash = async () => {
      await stage.program.kill();
      await caller.stands("The sound was lost");
      await stage.program.start();
      await caller.stands(/^Talking with/);
      await hears(page, CALLER);
    };
    await stands("recording", "Recording");
    await until(() => sign.locator(".time").innerText()).toMatch(/0:0[4-9]|0:[1-5]|[1-9]\d*:/);
    await crash();
    await stands("recording", "Recording");
    await page.keyboard.press("Alt+p");
    await stands("paused", "Recording paused: nothing is kept");
    await crash();
    await stands("paused", "Recording paused: nothing is kept");
    await page.keyboard.press("Alt+p");
    await stands("recording", "Recording");
    await until(() => sign.locator(".time").innerText()).toMatch(/0:0[3-9]|0:[1-5]|[1-9]\d*:/);
    await page.getByRole("button", { name: /^Hang up/ }).click();
    await caller.stands("The call has ended");
    await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
    await page.getByRole("button", { name: /^Complete/ }).click();

    const ask = (await stage.agent("supervisor")).page.request;
    const items = async () => {
      const answer = await ask.get(`${at}/interactions/${id}/recordings`);
      return ((await answer.json()) as { items: { id: string; length_ms: number; ended_at?: string }[] })
        .items;
    };
    await until(async () => (await items()).every((r) => r.ended_at)).toBe(true);
    const all = await items();
    expect(all.length).toBe(3);
    expect(all[0]!.length_ms).toBeGreaterThan(2000); // of four seconds, a crash may lose two
    expect(all[2]!.length_ms).toBeGreaterThan(2000);
    for (const { id: recording } of all) {
      const opened = await ask.post(`${at}/recordings/${recording}/listen`, {
        headers,
        data: { reason: "quality" },
      });
      const { ticket } = (await opened.json()) as { ticket: string };
      const verified = await ask.get(
        `${at}/recordings/${recording}/verify?ticket=${encodeURIComponent(ticket)}`,
      );
      expect(await verified.json()).toMatchObject({ faults: [] });
    }
    stage.forgive(/ERR_CONNECTION|WebSocket|status of 50/);
  },
);

test("a recording that cannot be written is told to who talks", async () => {
  // Where the sealed pieces are written first; a file in its place lets no folder be made.
  const spool = join(stage.program.data, "spool");
  const tenants = readdirSync(spool).filter((name) => name.startsWith("ten_"));
  for (const tenant of tenants) {
    renameSync(join(spool, tenant), join(spool, `${tenant}.away`));
    writeFileSync(join(spool, tenant), "");
  }
  const agent = await stage.agent("a7", {}, AGENT);
  const { page } = agent;
  const sign = page.getByRole("region", { name: "Recording", exact: true });
  const caller = await stage.caller(CALLER);
  await caller.queue("Avocet");
  await agent.ready();
  await agent.offers.filter({ hasText: "Avocet" }).waitFor();
  await page.keyboard.press("Enter");
  await sign.getByText("Recording cannot be written at the moment; parts may be missing").waitFor();
  const found = await axe(page);
  await shot(page, "recorded-08-trouble");
  await scheme(page, "dark");
  await page.setViewportSize({ width: 400, height: 900 });
  await shot(page, "recorded-09-trouble-400-dark");
  found.push(...(await axe(page)));
  await scheme(page, "light");
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByText("Não é possível escrever a gravação de momento; podem faltar partes").waitFor();
  await shot(page, "recorded-10-trouble-pt");
  found.push(...(await axe(page)));
  for (const tenant of tenants) {
    rmSync(join(spool, tenant));
    renameSync(join(spool, `${tenant}.away`), join(spool, tenant));
  }
  await page.getByText("A gravar", { exact: true }).waitFor();
  await caller.page.close();
  expect(found).toEqual([]);
});

test(
  "the room is told that recordings wait, and that they lose something",
  { timeout: 900_000 },
  async () => {
    const patience = { timeout: 120_000 };
    const { page: room } = await stage.agent("supervisor");
    await room.goto(`${stage.program.base}/app/room`);
    const alerts = room.getByRole("region", { name: "Alerts" });
    const well = alerts.getByText("All figures are within their thresholds.");
    await well.waitFor();
    const agent = await stage.agent("a7", {}, AGENT);
    const caller = await stage.caller(CALLER);
    await caller.queue("Greenshank");
    await agent.ready();
    // Who was here before may still hold what it was offered, until that is over.
    await agent.offers.filter({ hasText: "Greenshank" }).waitFor(patience);
    await agent.page.keyboard.press("Enter");
    await agent.page
      .getByRole("region", { name: "Recording", exact: true })
      .getByText("Recording", { exact: true })
      .waitFor();
    const found: string[] = [];

    // The file storage does not answer: a file is where its folder should be.
    const files = join(stage.program.data, "files");
    const back = (folder: string) => {
      rmSync(folder);
      renameSync(`${folder}.away`, folder);
    };
    const away = (folder: string) => {
      renameSync(folder, `${folder}.away`);
      writeFileSync(folder, "");
    };
    away(files);
    try {
      await alerts.getByText("Recordings: the file storage does not answer").waitFor(patience);
      found.push(...(await looks(room, "recorded-11-waiting")));
    } finally {
      back(files);
    }
    await well.waitFor(patience);

    // And there is no disk for the sealed pieces.
    const spool = join(stage.program.data, "spool");
    const tenants = readdirSync(spool).filter((name) => name.startsWith("ten_"));
    expect(tenants.length).toBeGreaterThan(0);
    for (const tenant of tenants) away(join(spool, tenant));
    try {
      await alerts.getByText("1 running recording cannot be written, or loses sound").waitFor(patience);
      found.push(...(await looks(room, "recorded-12-lost")));
      expect(await alerts.getByText("the file storage does not answer").count()).toBe(0); // it does
      await room.keyboard.press("Control+k");
      await room.keyboard.type("Portugu");
      await room.keyboard.press("Enter");
      await room
        .getByRole("region", { name: "Alertas" })
        .getByText("1 gravação em curso não pode ser escrita, ou perde som")
        .waitFor();
      found.push(...(await looks(room, "recorded-13-lost-pt")));
    } finally {
      for (const tenant of tenants) back(join(spool, tenant));
    }
    await room.getByText("Todos os números estão dentro dos limites.").waitFor(patience);
    await caller.page.close();
    expect(found).toEqual([]);
  },
);
