import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import type { Agent } from "./agent";
import { axe, scheme, shot, Stage, until } from "./stage";
import { hears } from "./tone";

// An agent's screen is recorded as a rule says: the agent is asked, sees that it is, pauses it, loses the
// connection, ends the share; a supervisor sees how it stands, and afterwards what was shown.

const CALLER = 625;
const AGENT = 1250;

const RULE = { name: "What agents show", percent: 100, consent: "none", direction: "any", enabled: true };

const stage = new Stage();
stage.shares = "Till";
beforeAll(async () => {
  await stage.open();
  const { at, headers } = api();
  const admin = await stage.agent("administrator");
  const rule = await admin.page.request.post(`${at}/recording-rules`, {
    headers,
    data: { ...RULE, records: "both" },
  });
  expect(await rule.text()).toContain(RULE.name);
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const api = () => ({
  at: `${stage.program.base}/api/v1`,
  headers: { "Content-Type": "application/json", Origin: stage.program.base },
});

const sign = (page: Page) => page.getByRole("region", { name: "Recording of your screen" });

/** Another program of the agent's, of one colour: the tab that it shares. */
async function till(agent: Agent): Promise<(colour: string) => Promise<void>> {
  const page = await agent.page.context().newPage();
  await page.setViewportSize({ width: 640, height: 360 });
  await page.setContent("<title>Till</title><style>html{height:100%}</style>");
  await agent.page.bringToFront();
  return (colour) => page.evaluate((c) => void (document.documentElement.style.background = c), colour);
}

/** An agent and a caller who talk. */
async function talking(name: string) {
  const agent = await stage.agent("a7", {}, AGENT);
  const paint = await till(agent);
  const caller = await stage.caller(CALLER);
  await caller.queue(name);
  await agent.ready();
  await agent.answer(name);
  await hears(agent.page, CALLER);
  return { agent, caller, paint, id: agent.page.url().split("/").pop()! };
}

async function wrapUp(agent: Agent) {
  await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.page.locator("section.middle.empty").waitFor();
  await agent.state("Offline");
}

/** Lets so many milliseconds of a call pass, as those who talk would. */
async function passes(length: number): Promise<void> {
  const from = Date.now();
  await until(() => Date.now() - from).toBeGreaterThan(length);
}

/** The middle of what the player shows of the screen; undefined where it shows none. */
async function colour(page: Page): Promise<number[] | undefined> {
  return page.evaluate(() => {
    const picture = document.querySelector("figure .picture:not([hidden]) canvas");
    if (!(picture instanceof HTMLCanvasElement)) return undefined;
    const point = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
    point.drawImage(picture, picture.width / 2, picture.height / 2, 1, 1, 0, 0, 1, 1);
    const d = point.getImageData(0, 0, 1, 1).data;
    return [d[0]!, d[1]!, d[2]!];
  });
}
const like = (is: number[] | undefined, want: readonly number[]) =>
  !!is && want.every((v, i) => Math.abs(v - is[i]!) < 40);

const RED = [200, 40, 40] as const;
const GREEN = [40, 160, 60] as const;
const BLUE = [40, 60, 200] as const;
const YELLOW = [210, 190, 40] as const;
const css = (c: readonly number[]) => `rgb(${c.join(", ")})`;

test("a screen is asked for, recorded, paused, and seen with the sound", async () => {
  const { agent, paint, id } = await talking("Grey plover");
  const { page } = agent;
  const at = sign(page);
  const found: string[] = [];
  const looked = async (name: string, of = page) => {
    for (const [width, colorScheme] of [
      [1440, "light"],
      [1440, "dark"],
      [400, "light"],
    ] as const) {
      await of.setViewportSize({ width, height: 900 });
      await scheme(of, colorScheme);
      await shot(of, `${name}-${width}-${colorScheme}`);
      found.push(...(await axe(of)).map((v) => `${name} ${width} ${colorScheme}: ${v}`));
      if (await of.evaluate(() => document.documentElement.scrollWidth > innerWidth))
        found.push(`${name} is wider than ${width}`);
    }
    await of.setViewportSize({ width: 1440, height: 900 });
    await scheme(of, "light");
  };
  await paint(css(RED));
  await at.getByText("This call’s screen is to be recorded.").waitFor();
  await looked("screen-01-asked");
  await at.getByRole("button", { name: "Share my screen…" }).focus();
  await page.keyboard.press("Enter");
  await at.getByText("The tab you chose is being recorded").waitFor();
  await passes(6000);
  await looked("screen-02-recording");

  // The sign goes along to every page.
  await page.goto(`${stage.program.base}/app/conversations`, { waitUntil: "commit" }).catch(() => {});
  await at.getByText("the share was ended").waitFor(); // another document: it is asked again
  await at.getByRole("button", { name: "Share again…" }).click();
  await at.getByText("The tab you chose is being recorded").waitFor();
  await page.getByRole("link", { name: "Desk" }).click();
  await page.getByRole("link", { name: /Grey plover/ }).click();
  await at.getByText("The tab you chose is being recorded").waitFor();
  await passes(6000);

  // In the pause it is green, which nobody is to see.
  await page.keyboard.press("Alt+p");
  await at.getByText("Recording of your screen paused: nothing is kept").waitFor();
  await paint(css(GREEN));
  await looked("screen-03-paused");
  await passes(6000);
  await paint(css(BLUE));
  await page.keyboard.press("Alt+p");
  await at.getByText("The tab you chose is being recorded").waitFor();
  await passes(6000);
  const turned = Date.now();
  await paint(css(YELLOW));
  await passes(6000);
  const stood = await page.locator("main").boundingBox();
  await page.getByRole("button", { name: /^Hang up/ }).click();
  // The line stays, so that neither this nor the next call moves the page.
  await at.getByText("Nothing of your screen is recorded or shared now.").waitFor();
  expect(await page.locator("main").boundingBox()).toEqual(stood);
  await looked("screen-16-none");
  await wrapUp(agent);

  // A supervisor hears and sees it.
  const supervisor = (await stage.agent("supervisor")).page;
  const { at: where } = api();
  const answer = await supervisor.request.get(`${where}/interactions/${id}/recordings`);
  const items = ((await answer.json()) as { items: { kind: string; started_at: string }[] }).items;
  expect(items.map((r) => r.kind).sort()).toEqual(["screen", "screen", "voice"]);
  const began = Date.parse(items.find((r) => r.kind === "voice")!.started_at);
  await supervisor.goto(`${stage.program.base}/app/conversations/${id}`);
  const player = supervisor.getByRole("region", { name: /^Call recording/ });
  expect(await supervisor.getByRole("region", { name: /^Screen recording/ }).count()).toBe(0); // it is in the other's
  await player.getByRole("button", { name: "Listen" }).click();
  await until(() => player.locator("path.rest").count()).toBe(2);
  await player.getByText(/^The screen is seen from/).waitFor();
  const place = player.getByRole("slider");
  const goTo = async (ms: number) => {
    const box = (await place.boundingBox())!;
    const all = Number(await place.getAttribute("aria-valuemax")) * 1000;
    await supervisor.mouse.click(box.x + (box.width * ms) / all, box.y + 20);
  };
  const pause = player.getByRole("button", { name: /Paused for/ }).first();
  const [, minutes, seconds] = /Go to (\d+):(\d+)/.exec((await pause.getAttribute("aria-label"))!)!;
  const paused = (Number(minutes) * 60 + Number(seconds)) * 1000;
  await goTo(paused - 3500);
  await until(async () => like(await colour(supervisor), RED)).toBe(true);
  await shot(supervisor, "screen-10-player");
  await pause.click();
  await player.getByText("Paused: nothing was kept.").waitFor();
  expect(await colour(supervisor)).toBe(undefined);
  await shot(supervisor, "screen-11-player-paused");
  await player.getByRole("button", { name: "Whole screen" }).click();
  await until(() => supervisor.evaluate(() => document.fullscreenElement?.className ?? "")).toContain(
    "player",
  );
  await goTo(paused - 3500);
  await until(async () => like(await colour(supervisor), RED)).toBe(true);
  await shot(supervisor, "screen-16-full");
  found.push(...(await axe(supervisor)));
  await player.getByRole("button", { name: "Whole screen" }).click();
  await looked("screen-17-player", supervisor);
  await goTo(turned - began - 2000);
  await until(async () => like(await colour(supervisor), BLUE)).toBe(true);
  await goTo(turned - began + 2000);
  await until(async () => like(await colour(supervisor), YELLOW)).toBe(true);
  // Played over the change, it turns by itself, and what was paused is never seen.
  await goTo(turned - began - 2000);
  await until(async () => like(await colour(supervisor), BLUE)).toBe(true);
  await player.getByRole("button", { name: "2×" }).click();
  await player.getByRole("button", { name: "Play" }).click();
  // What is seen and where it plays are read at once: a slow look finds the change late, but none before or after it.
  const seen: { is: number[] | undefined; at: number }[] = [];
  await until(async () => {
    const [is, at] = await Promise.all([colour(supervisor), place.getAttribute("aria-valuenow")]);
    seen.push({ is, at: Number(at) * 1000 - (turned - began) });
    return like(is, YELLOW);
  }).toBe(true);
  for (const { is, at } of seen) {
    if (like(is, YELLOW)) expect(at).toBeGreaterThan(-3000);
    if (like(is, BLUE)) expect(at).toBeLessThan(3000);
    expect(like(is, GREEN)).toBe(false);
  }
  await player.getByRole("button", { name: "Pause", exact: true }).click();
  await player.getByRole("button", { name: "Check it" }).click();
  await player.getByText("It is whole, and as it was made.").waitFor();
  found.push(...(await axe(supervisor)));
  expect(found).toEqual([]);
});

interface Mark {
  kind: string;
  at_ms: number;
  length_ms: number;
  reason: string;
}

test(
  "supervisors see how it stands; without a connection nothing is lost",
  { timeout: 900_000 },
  async () => {
    const { agent, id, paint } = await talking("Dunlin");
    const { page } = agent;
    const at = sign(page);
    await paint(css(RED));
    await at.getByText("This call’s screen is to be recorded.").waitFor();

    const supervisor = (await stage.agent("supervisor")).page;
    await supervisor.goto(`${stage.program.base}/app/room`);
    await supervisor.getByRole("button", { name: /a7/ }).first().click();
    const seen = supervisor.getByRole("region", { name: "Recording: Dunlin" });
    await seen.getByText("Screen: the agent is asked to share it").waitFor();

    await at.getByRole("button", { name: "Not now" }).click();
    await seen.getByText("Screen not recorded: the agent did not share it").waitFor();
    await at.getByText("you did not share it").waitFor();
    await shot(page, "screen-04-refused");
    await page.keyboard.press("Alt+s");
    await seen.getByText("Screen is recorded, too").waitFor();
    await at.getByText("The tab you chose is being recorded").waitFor();
    const found = await axe(supervisor);
    await shot(supervisor, "screen-05-room");

    // Another window knows, and asks for nothing.
    const other = await stage.tab(agent);
    await sign(other.page).getByText("being recorded from another window").waitFor();
    expect(await sign(other.page).getByRole("button").count()).toBe(0);
    await other.page.close();
    await page.bringToFront();

    // Without a connection the films wait; nothing comes, which the supervisor sees; and then all of it does.
    await passes(4000);
    await page.context().setOffline(true);
    await at.getByText(/^No connection: \d+ s of your screen wait/).waitFor();
    await seen.getByText("Screen: nothing arrives from the agent’s browser").waitFor();
    await shot(page, "screen-06-offline");
    await shot(supervisor, "screen-07-room-lost");
    await page.context().setOffline(false);
    await seen.getByText("Screen is recorded, too").waitFor();
    await at.getByText("The tab you chose is being recorded").waitFor();
    stage.forgive(/ERR_INTERNET_DISCONNECTED|WebSocket connection|status of 410/);

    // The agent ends it, in Portuguese.
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Portugu");
    await page.keyboard.press("Enter");
    const em = page.getByRole("region", { name: "Gravação do seu ecrã" });
    await em.getByText("O separador que escolheu está a ser gravado").waitFor();
    await em.getByRole("button", { name: "Parar a partilha" }).click();
    await em.getByText("a partilha terminou").waitFor();
    await seen.getByText("Screen not recorded: the agent ended the share").waitFor();
    await shot(supervisor, "screen-08-room-closed");
    await page.setViewportSize({ width: 400, height: 900 });
    await shot(page, "screen-09-closed-pt-400");
    found.push(...(await axe(page)), ...(await axe(supervisor)));
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("English");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Hang up/ }).click();
    await wrapUp(agent);
    expect(found).toEqual([]);

    // Of the time without a connection nothing is missing.
    const { at: where, headers } = api();
    const ask = supervisor.request;
    const list = await (await ask.get(`${where}/interactions/${id}/recordings`)).json();
    const screen = (list as { items: { id: string; kind: string }[] }).items.find(
      (r) => r.kind === "screen",
    )!;
    const opened = await ask.post(`${where}/recordings/${screen.id}/listen`, {
      headers,
      data: { reason: "quality" },
    });
    const { marks } = (await opened.json()) as { marks: Mark[] };
    const gaps = marks.filter((m) => m.kind === "gap" && m.length_ms > 5000);
    expect(gaps.filter((m) => m.at_ms > 0)).toEqual([]); // but before it was shared
  },
);

test("a browser that cannot says so; who chooses nothing in its window has refused", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  const { page } = agent;
  const at = sign(page);
  const call = async (name: string) => {
    const caller = await stage.caller(CALLER);
    await caller.queue(name);
    await agent.ready();
    await agent.answer(name);
  };
  await page.addInitScript(() => void Reflect.deleteProperty(MediaDevices.prototype, "getDisplayMedia"));
  await page.reload();
  await call("Knot");
  await at.getByText("the browser could not").waitFor();
  await at.getByText("This browser cannot record screens.").waitFor();
  expect(await at.getByRole("button").count()).toBe(0);
  const id = page.url().split("/").pop()!;
  const stands = async () => {
    const answer = await page.request.get(`${api().at}/interactions/${id}/call`);
    return ((await answer.json()) as { recording: { screen: { status: string } } }).recording.screen.status;
  };
  await until(stands).toBe("failed");
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await wrapUp(agent);

  await page.addInitScript(() => {
    MediaDevices.prototype.getDisplayMedia = () =>
      Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
  });
  await page.reload();
  // Who refuses before the call wants it, has refused when it does.
  let early = 0;
  await page.route("**/screen/end", (route) =>
    early++
      ? route.continue()
      : route.fulfill({ status: 409, json: { code: "conflict", detail: "not now" } }),
  );
  await call("Ruff");
  await at.getByRole("button", { name: "Share my screen…" }).click();
  await at.getByText("you did not share it").waitFor();
  expect(early).toBeGreaterThan(1);
  stage.forgive(/status of 409/);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await wrapUp(agent);
});

test("a crash of the server costs nothing of the screen", async () => {
  const { agent, caller, id, paint } = await talking("Redshank");
  const { page } = agent;
  const at = sign(page);
  await paint(css(RED));
  await at.getByRole("button", { name: "Share my screen…" }).click();
  await at.getByText("The tab you chose is being recorded").waitFor();
  await passes(5000);
  await stage.program.kill();
  await caller.stands("The sound was lost");
  await passes(2000);
  await stage.program.start();
  await caller.stands(/^Talking with/);
  await at.getByText("The tab you chose is being recorded").waitFor();
  await passes(6000);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await wrapUp(agent);
  stage.forgive(/ERR_CONNECTION|WebSocket|status of (50|4[01])/);

  const { at: where, headers } = api();
  const ask = (await stage.agent("supervisor")).page.request;
  const list = await (await ask.get(`${where}/interactions/${id}/recordings`)).json();
  const screens = (list as { items: { id: string; kind: string; started_at: string }[] }).items
    .filter((r) => r.kind === "screen")
    .sort((a, b) => a.started_at.localeCompare(b.started_at));
  expect(screens.length).toBe(2);
  const holes: number[] = []; // milliseconds between what was kept
  let until: number | undefined;
  for (const { id: recording, started_at } of screens) {
    const opened = await ask.post(`${where}/recordings/${recording}/listen`, {
      headers,
      data: { reason: "quality" },
    });
    const { marks, length_ms } = (await opened.json()) as { marks: Mark[]; length_ms: number };
    const began = Date.parse(started_at);
    if (until !== undefined) holes.push(began - until);
    for (const m of marks)
      if (m.kind === "gap" && (m.at_ms > 0 || until !== undefined)) holes.push(m.length_ms);
    until = began + length_ms;
  }
  expect(Math.max(...holes)).toBeLessThan(5000); // but of before it was shared, and of the end
});

test("a browser that is killed costs what it had not sent", async () => {
  const { agent, caller, id, paint } = await talking("Turnstone");
  const supervisor = (await stage.agent("supervisor")).page;
  await supervisor.goto(`${stage.program.base}/app/room`);
  await supervisor.getByRole("button", { name: /a7/ }).first().click();
  const seen = supervisor.getByRole("region", { name: "Recording: Turnstone" });
  await agent.page.bringToFront();
  await paint(css(RED));
  await sign(agent.page).getByRole("button", { name: "Share my screen…" }).click();
  await sign(agent.page).getByText("The tab you chose is being recorded").waitFor();
  await seen.getByText("Screen is recorded, too").waitFor();
  await passes(6000);
  await stage.crash(AGENT);
  await seen.getByText("Screen: nothing arrives from the agent’s browser").waitFor();
  await shot(supervisor, "screen-18-room-killed");

  // Another browser has the call again, and is asked again.
  const back = await stage.agent("a7", {}, AGENT);
  const again = await till(back);
  await again(css(BLUE));
  await back.page.getByRole("link", { name: /Turnstone/ }).click();
  await hears(back.page, CALLER);
  await sign(back.page)
    .getByRole("button", { name: /^Share/ })
    .click();
  await sign(back.page).getByText("The tab you chose is being recorded").waitFor();
  await seen.getByText("Screen is recorded, too").waitFor();
  await passes(6000);
  await back.page.getByRole("button", { name: /^Hang up/ }).click();
  await wrapUp(back);
  await caller.page.getByRole("button", { name: "Call again" }).waitFor();

  // What it had sent is whole and is seen; what it had not is a gap.
  const { at: where, headers } = api();
  const ask = supervisor.request;
  const { items } = (await (await ask.get(`${where}/interactions/${id}/recordings`)).json()) as {
    items: { id: string; kind: string; started_at: string; ended_at?: string; length_ms: number }[];
  };
  const gaps: Mark[] = [];
  for (const { id: recording, kind, ended_at } of items) {
    expect(ended_at).toBeTruthy();
    const opened = (await (
      await ask.post(`${where}/recordings/${recording}/listen`, { headers, data: { reason: "quality" } })
    ).json()) as { marks: Mark[]; ticket: string };
    const checked = await ask.get(`${where}/recordings/${recording}/verify?ticket=${opened.ticket}`);
    expect(((await checked.json()) as { faults: unknown[] }).faults).toEqual([]);
    if (kind === "screen") gaps.push(...opened.marks.filter((m) => m.kind === "gap" && m.at_ms > 0));
  }
  const absent = gaps.filter((m) => m.reason === "absent" && m.length_ms > 5000);
  expect(absent.length).toBe(1);
  await supervisor.goto(`${stage.program.base}/app/conversations/${id}`);
  const player = supervisor.getByRole("region", { name: /^Call recording/ }).first();
  await player.getByRole("button", { name: "Listen" }).click();
  await until(() => player.locator("path.rest").count()).toBe(2);
  const place = player.getByRole("slider");
  const voice = items.find((r) => r.kind === "voice")!;
  const shown = items.find((r) => r.kind === "screen")!;
  const goTo = async (ms: number) => {
    const box = (await place.boundingBox())!;
    const at = ms + Date.parse(shown.started_at) - Date.parse(voice.started_at);
    await supervisor.mouse.click(box.x + (box.width * at) / voice.length_ms, box.y + 20);
  };
  await goTo(absent[0]!.at_ms - 1500);
  await until(async () => like(await colour(supervisor), RED)).toBe(true);
  await goTo(absent[0]!.at_ms + absent[0]!.length_ms / 2);
  await until(() => colour(supervisor)).toBe(undefined);
  await goTo(absent[0]!.at_ms + absent[0]!.length_ms + 2500);
  await until(async () => like(await colour(supervisor), BLUE)).toBe(true);
  await shot(supervisor, "screen-19-player-killed");
});

test("a share stays for the calls to come; a screen alone is watched", async () => {
  const { at: where, headers } = api();
  const ask = (await stage.agent("administrator")).page.request;
  const rules = (await (await ask.get(`${where}/recording-rules`)).json()) as {
    items: Record<string, unknown>[];
  };
  const rule = rules.items[0]!;
  const stays = ["created_at", "updated_at", "position", "id"];
  const body = Object.fromEntries(Object.entries(rule).filter(([name]) => !stays.includes(name)));
  const put = await ask.put(`${where}/recording-rules/${String(rule.id)}`, {
    headers,
    data: { ...body, records: "screen" },
  });
  expect(await put.text()).toContain('"screen"');

  // The organisation wants whole screens, and then whatever agents choose.
  const admin = (await stage.agent("administrator")).page;
  const wants = async (surface: string) => {
    await admin.goto(`${stage.program.base}/app/setup/rules`);
    await admin.getByLabel("What agents share").selectOption({ label: surface });
    await admin.keyboard.press("Control+s");
    await admin.getByText("Not saved yet").waitFor({ state: "detached" });
  };
  await wants("A whole screen");
  await admin.reload();
  const chosen = admin.getByLabel("What agents share");
  await until(() => chosen.inputValue()).toBe("monitor");
  await chosen.scrollIntoViewIfNeeded();
  await shot(admin, "screen-14-rules");
  const found = await axe(admin);

  const { agent, paint, caller } = await talking("Whimbrel");
  const { page } = agent;
  const at = sign(page);
  await paint(css(GREEN));
  await at.getByText("Choose a whole screen.").waitFor();
  await at.getByRole("button", { name: "Share my screen…" }).click();
  await at.getByText("That is not what the rules ask for.").waitFor();
  await shot(page, "screen-15-surface");
  const panel = page.getByRole("region", { name: "Recording", exact: true });
  await panel.getByText("Of this call the screen alone is to be recorded").waitFor();
  await wants("Whatever they choose");
  await page.reload();
  await at.getByRole("button", { name: "Share my screen…" }).click();
  await at.getByText("The tab you chose is being recorded").waitFor();
  await at.getByLabel("Keep for my next calls").check();
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await at.getByText("Nothing is recorded now.").waitFor();
  await shot(page, "screen-12-stays");
  await wrapUp(agent);
  await caller.page.getByRole("button", { name: "Call again" }).click();
  await caller.queue("Whimbrel");
  await agent.ready();
  await agent.answer("Whimbrel");
  const id = page.url().split("/").pop()!;
  await at.getByText("The tab you chose is being recorded").waitFor();
  await passes(6000);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await at.getByText("Nothing is recorded now.").waitFor();
  await at.getByRole("button", { name: "Stop sharing" }).click();
  await at.getByText("Nothing of your screen is recorded or shared now.").waitFor();
  await wrapUp(agent);

  const supervisor = (await stage.agent("supervisor")).page;
  await supervisor.goto(`${stage.program.base}/app/conversations/${id}`);
  const player = supervisor.getByRole("region", { name: /^Screen recording/ });
  await player.getByRole("button", { name: "Watch" }).click();
  await player.getByRole("button", { name: "Play" }).click();
  await until(async () => like(await colour(supervisor), GREEN)).toBe(true);
  await player.getByRole("button", { name: "Pause", exact: true }).click();
  await shot(supervisor, "screen-13-alone");
  found.push(...(await axe(supervisor)));
  expect(found).toEqual([]);
});
