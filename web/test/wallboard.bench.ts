import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { readFileSync, existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { chromium } from "playwright-core";

// Measures what one update of a wallboard of 200 agents costs the browser's
// main thread: `npm run --silent bench` prints "name value unit goal".

const agents = 200;
const updates = 200;
const dist = fileURLToPath(new URL("../dist/desktop/", import.meta.url));
const types: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html",
  ".svg": "image/svg+xml",
};

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const presences = ["ready", "not_ready", "ready", "offline"];
const agent = (i: number, load: number) => ({
  user: `usr_${i}`,
  user_name: `agent ${i}`,
  presence: presences[i % 4],
  since: ago((i * 7) % 3000),
  online: i % 4 !== 3,
  offered: 0,
  active: load % 4,
  wrapping: i % 11 === 0 ? 1 : 0,
  capacity: 4,
});
const queue = (i: number, waiting: number) => ({
  id: `que_${i}`,
  name: `Queue ${i}`,
  waiting,
  longest_since: ago(waiting * 9),
  agents_ready: 3,
  agents_online: 60,
  offered: 900,
  answered: 800 + waiting,
  answered_in_goal: 700,
  abandoned: 20,
  short_abandoned: 5,
  service_level: { part: 700, of: 820 },
  abandon_rate: { part: 20, of: 895 },
  answer_wait_ms: 9_000_000,
  longest_wait_ms: 90_000,
  handled: 790,
  handle_ms: 99_000_000,
  service_percent: 80,
  service_seconds: 60,
  estimate_seconds: 30,
  estimate_error_seconds: 8,
});

const answers: Record<string, unknown> = {
  me: {
    user: {
      id: "usr_0",
      user_name: "wall",
      status: "active",
      roles: ["monitor"],
      skills: {},
      capacity: {},
      profile: { display_name: "", email: "", phone: "" },
      must_change: false,
      language: "en",
      created_at: ago(9),
      updated_at: ago(9),
      version: 1,
    },
    organisation: {
      id: "ten_1",
      kind: "tenant",
      slug: "bench",
      name: "Bench",
      language: "en",
      time_zone: "UTC",
    },
    session: "ses_1",
    permissions: ["signed_in", "floor.watch", "setup.read"],
    must_change: false,
  },
  floor: {
    at: ago(0),
    queues: Array.from({ length: 12 }, (_, i) => queue(i, i % 5)),
    agents: Array.from({ length: agents }, (_, i) => agent(i, i)),
    waiting: [],
  },
  "floor/day": day(),
};

/** A whole working day of twelve queues. */
function day() {
  const from = new Date();
  from.setUTCHours(0, 0, 0, 0);
  const iso = (hours: number) => new Date(from.getTime() + hours * 3_600_000).toISOString();
  const slots = Array.from({ length: 96 }, (_, slot) => daySlot(slot, slot % 9));
  return {
    date: iso(0).slice(0, 10),
    time_zone: "UTC",
    from: iso(0),
    until: iso(24),
    slot_seconds: 900,
    at: ago(0),
    queues: Array.from({ length: 12 }, (_, i) => ({ date: iso(0).slice(0, 10), queue: `que_${i}`, slots })),
    agents: slots.map(({ slot }) => ({ slot, busy_ms: 9e6, ready_ms: 4e6, not_ready_ms: 1e6 })),
  };
}

function daySlot(slot: number, some: number) {
  return {
    slot,
    offered: 20 + some,
    answered: 15 + some,
    abandoned: 1,
    short_abandoned: 1,
    service_level: { part: 14, of: 17 + some },
    answer_wait_ms: 300_000,
    longest_wait_ms: 90_000,
    handled: 15,
    handle_ms: 4_000_000,
  };
}

const server = createServer((request, reply) => {
  const path = new URL(request.url ?? "/", "http://x").pathname;
  if (path.startsWith("/api/v1/")) {
    reply.setHeader("Content-Type", "application/json");
    reply.end(JSON.stringify(answers[path.slice("/api/v1/".length)] ?? { items: [] }));
    return;
  }
  let file = join(dist, path.replace(/^\/app/, ""));
  if (!existsSync(file) || statSync(file).isDirectory()) file = join(dist, "index.html");
  reply.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
  reply.end(readFileSync(file));
});
// A real connection, so that nothing but the page's own work is measured.
let socket: Duplex | undefined;
server.on("upgrade", (request, stream: Duplex) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  stream.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  stream.on("error", () => {});
  stream.once("data", () => {
    socket = stream;
    send({ type: "hello", cursor: "0", resumed: false });
  });
});

/** One text frame (RFC 6455, section 5.2), unmasked as a server's are. */
function send(frame: object): void {
  const payload = Buffer.from(JSON.stringify(frame));
  const head =
    payload.length < 126
      ? Buffer.from([0x81, payload.length])
      : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 255]);
  socket?.write(Buffer.concat([head, payload]));
}

server.listen(0, "127.0.0.1");
await new Promise((ready) => server.once("listening", ready));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const profile = mkdtempSync(join(tmpdir(), "nubitalk-wallboard-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  viewport: { width: 1920, height: 1080 },
});
const page = await context.newPage();
await page.goto(`${base}/app/room`);
await page.getByRole("button", { name: /agent 199/ }).waitFor();

const devtools = await context.newCDPSession(page);
await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
const busy = async () => {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return (metrics.find((m) => m.name === "TaskDuration")?.value ?? 0) * 1000;
};
/** Main-thread milliseconds until the page has shown the last of some frames. */
async function cost(frames: object[][]): Promise<number> {
  const before = await busy();
  for (const group of frames) {
    for (const frame of group) send(frame);
    await page.evaluate(() => new Promise((shown) => setTimeout(() => requestAnimationFrame(shown), 110)));
  }
  return (await busy()) - before;
}

// An update: what a floor of this size brings together in a busy tenth of a second.
const update = (u: number) => [
  ...Array.from({ length: 4 }, (_, k) => ({
    type: "agent.changed",
    cursor: `${u}`,
    data: { ...agent((u * 4 + k) % agents, u), since: ago(0) },
  })),
  { type: "queue.changed", cursor: `${u}`, data: queue(u % 12, u % 9) },
  {
    type: "day.changed",
    cursor: `${u}`,
    data: {
      date: new Date().toISOString().slice(0, 10),
      queue: `que_${u % 12}`,
      slots: [daySlot(Math.floor((Date.now() % 86_400_000) / 900_000), u % 9)],
    },
  },
];

// In turns, so that both see the same minutes of the machine; the middle of the turns
// counts, so that a minute that belonged to others does not.
const turns = 9;
const each = Math.ceil(updates / turns);
const middle = (of: number[]) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)]!;
const idle: number[] = [];
const changing: number[] = [];
for (let turn = 0; turn < turns; turn++) {
  const still = (await cost(Array.from({ length: each }, () => []))) / each;
  const busy = (await cost(Array.from({ length: each }, (_, u) => update(turn * each + u)))) / each;
  idle.push(still);
  changing.push(busy - still);
}
console.log(`wallboard_update ${middle(changing).toFixed(2)} ms <=10`);
// A second of nothing but two hundred timers.
console.log(`wallboard_idle_second ${(middle(idle) * (1000 / 126)).toFixed(2)} ms <=50`);

await context.close();
server.close();
rmSync(profile, { recursive: true, force: true });
