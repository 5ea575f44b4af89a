import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoff, Line } from "../src/line";
import type { Frame } from "../src/protocol";

/** The browser's socket, opened and closed by the test. */
class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  sent: { type: string; after?: number }[] = [];
  onopen = () => {};
  onclose = () => {};
  onmessage = (_: { data: string }) => {};
  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  up(...frames: (object | string)[]) {
    this.readyState = 1;
    this.onopen();
    for (const f of frames) this.says(f);
  }
  says(frame: object | string) {
    this.onmessage({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
  down() {
    this.readyState = 3;
    this.onclose();
  }
}

let page: EventTarget & { hidden?: boolean };
let seen: { frames: Frame[]; states: string[]; failed: number };
let after = 0;
let line: Line;
const last = () => Socket.all.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  page = new EventTarget();
  Socket.all = [];
  seen = { frames: [], states: [], failed: 0 };
  after = 0;
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("WebSocket", Socket);
  line = new Line({
    url: "wss://chat.example/chat/v1/socket",
    token: "nbv_t",
    after: () => after,
    frame: (f) => seen.frames.push(f),
    state: (s) => seen.states.push(s),
    failed: () => seen.failed++,
  });
  line.start();
});
afterEach(() => {
  line.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("says hello with the token in the frame, never in the address, and is online with the first answer", () => {
  last().up();
  expect(last().url).not.toContain("nbv_");
  expect(last().sent).toEqual([{ type: "hello", token: "nbv_t", after: 0 }]);
  expect(line.send({ type: "typing" })).toBe(false);
  last().says({ type: "state", data: {} });
  expect(seen.states).toEqual(["online"]);
  expect(line.send({ type: "typing" })).toBe(true);
});

test("comes back after a loss and asks for what it missed", async () => {
  last().up({ type: "state" });
  after = 12;
  last().down();
  expect(seen.states).toEqual(["online", "offline"]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(Socket.all).toHaveLength(2);
  last().up({ type: "state" });
  expect(last().sent[0]).toMatchObject({ type: "hello", after: 12 });
  expect(seen.states.at(-1)).toBe("online");
  expect(seen.failed).toBe(0);
});

test("each failing attempt waits longer, up to a limit, and asks over HTTP", async () => {
  for (let i = 0; i < 6; i++) {
    const before = Socket.all.length;
    last().down();
    await vi.advanceTimersByTimeAsync(backoff(i, 0) - 1);
    expect(Socket.all).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(backoff(i, 1) - backoff(i, 0) + 1);
    expect(Socket.all).toHaveLength(before + 1);
  }
  expect(seen.failed).toBe(6);
});

test("the wait doubles, is spread over its upper half, and ends at 30 s", () => {
  expect([0, 1, 2, 3].map((n) => backoff(n, 1))).toEqual([500, 1000, 2000, 4000]);
  expect(backoff(0, 0)).toBe(250);
  expect(backoff(50, 1)).toBe(30_000);
});

test.each([0, 0.5, 0.999])(
  "a server that stops is left at once and met again within some seconds (%d)",
  async (chance) => {
    const random = vi.spyOn(Math, "random").mockReturnValue(chance);
    last().up({ type: "state" }, { type: "stopping" });
    expect(seen.states).toEqual(["online", "offline"]);
    expect(last().readyState).toBe(3);
    for (let waited = 0; waited <= 6500 && Socket.all.length === 1; waited += 100) {
      await vi.advanceTimersByTimeAsync(100);
    }
    random.mockRestore();
    expect(Socket.all).toHaveLength(2);
  },
);

test("a server that says when to come back is met then", async () => {
  last().up({ type: "state" }, { type: "stopping", data: { after_ms: 9000 } });
  await vi.advanceTimersByTimeAsync(9000);
  expect(Socket.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(Socket.all).toHaveLength(2);
});

test("a hello that is refused is a failed attempt", async () => {
  last().up({ type: "error", data: { status: 410 } });
  last().down();
  expect(seen).toMatchObject({ states: ["offline"], failed: 1 });
});

test("a quiet line is pinged, and dead only if it does not answer", async () => {
  last().up({ type: "state" });
  for (let i = 0; i < 5; i++) {
    await vi.advanceTimersByTimeAsync(30_000);
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    last().says({ type: "pong" });
  }
  expect(Socket.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(Socket.all.length).toBeGreaterThan(1);
});

test("a tab that slept for an hour does not take its line for dead, but asks", async () => {
  last().up({ type: "state" });
  vi.setSystemTime(Date.now() + 3_600_000);
  page.dispatchEvent(new Event("visibilitychange"));
  expect(last().sent.at(-1)).toEqual({ type: "ping" });
  last().says({ type: "pong" });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(Socket.all).toHaveLength(1);
});

test("a socket that never answers is given up", async () => {
  last().up();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(Socket.all.length).toBeGreaterThan(1);
  expect(seen.failed).toBe(1);
});

test("the browser's own word that the network is back ends the wait", async () => {
  last().up({ type: "state" });
  page.dispatchEvent(new Event("offline"));
  expect(seen.states.at(-1)).toBe("offline");
  page.dispatchEvent(new Event("online"));
  expect(Socket.all).toHaveLength(2);
});

test("what is no frame is ignored, and an old socket is not listened to", async () => {
  const old = last();
  old.up({ type: "state" }, "not json", "null", "[]", { nothing: 1 }, { type: "of the future" });
  expect(seen.frames.map((f) => f.type)).toEqual(["state", "of the future"]);
  old.down();
  await vi.advanceTimersByTimeAsync(1000);
  old.says({ type: "message" });
  expect(seen.frames).toHaveLength(2);
});

test("stopped, it does nothing more", async () => {
  last().up({ type: "state" });
  line.stop();
  last().down();
  page.dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.all).toHaveLength(1);
  expect(seen.states).toEqual(["online"]);
});
