import type { Frame } from "./protocol";

// The live connection of one conversation: opens the socket, says hello with the
// last settled seq, notices a dead line, and tries again with back-off and
// jitter so that a restarted server is not met by everybody at once.

export type LineState = "online" | "offline";

export interface LineParts {
  url: string;
  /** The conversation's token; sent in the first frame, never in an address. */
  token: string;
  /** Highest seq up to which nothing is missing. */
  after: () => number;
  frame: (f: Frame) => void;
  /** The line is up (after the server's first frame), or lost. */
  state: (s: LineState) => void;
  /** An attempt failed: ask over HTTP, which also tells when the conversation is gone. */
  failed: () => void;
}

/** Milliseconds. The server gives up a visitor who is silent for 90 s. */
const PING = 25_000;
const ANSWER = 10_000;
const FIRST = 500;
const LONGEST = 30_000;
/** After a `stopping` that does not say when, everybody comes back within this time. */
const RESTART = 6_000;

/** How long to wait before attempt n (0 is the first retry); chance is 0 to 1. */
export function backoff(n: number, chance: number): number {
  return Math.min(LONGEST, FIRST * 2 ** Math.min(n, 10)) * (0.5 + chance / 2);
}

export class Line {
  #socket: WebSocket | null = null;
  #timer = 0;
  #watch = 0;
  #tries = 0;
  #heard = 0;
  #pinged = 0;
  #stopped = false;
  #off = new AbortController();

  constructor(readonly parts: LineParts) {}

  start(): void {
    const { signal } = this.#off;
    addEventListener("online", () => this.now(), { signal });
    addEventListener("offline", () => this.#lost(), { signal });
    // A page that slept or came back from the history may hold a dead socket.
    addEventListener("pageshow", () => this.#wake(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
    this.#watch = window.setInterval(() => this.#check(), 5_000);
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#off.abort();
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    this.#close();
  }

  /** Sends a frame if the line is up; says whether it was. */
  send(frame: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN || !this.#heard) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Tries at once, unless the line is up or being opened. */
  now(): void {
    if (this.#stopped || this.#socket) return;
    clearTimeout(this.#timer);
    this.#open();
  }

  #open(): void {
    const { parts } = this;
    let socket: WebSocket;
    try {
      socket = new WebSocket(parts.url);
    } catch {
      // The page's content security policy forbids the address.
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#heard = 0;
    this.#pinged = Date.now();
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: "hello", token: parts.token, after: parts.after() }));
    socket.onclose = () => socket === this.#socket && this.#lost();
    socket.onmessage = (e) => {
      if (socket !== this.#socket) return;
      const frame = read(e.data);
      if (!frame) return;
      // Refused. If it was the hello, the socket closes without having been up.
      if (frame.type === "error") return;
      const first = !this.#heard;
      this.#heard = Date.now();
      if (frame.type === "stopping")
        return this.#lost(FIRST + (frame.data?.after_ms ?? Math.random() * RESTART));
      if (first) {
        this.#tries = 0;
        parts.state("online");
      }
      parts.frame(frame);
    };
  }

  #lost(wait = backoff(this.#tries, Math.random())): void {
    if (this.#stopped) return;
    const announced = this.#heard > 0;
    this.#close();
    clearTimeout(this.#timer);
    this.#tries++;
    this.parts.state("offline");
    // Losing a good line needs no question over HTTP; failing to get one does.
    if (!announced && navigator.onLine) this.parts.failed();
    this.#timer = window.setTimeout(() => this.#open(), wait);
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#heard = 0;
    socket?.close();
  }

  /**
   * Pings a quiet line and gives up one that does not answer. A browser may run
   * this once a minute in a tab that is not seen, so only an unanswered ping
   * tells that a line is dead, never the time alone.
   */
  #check(): void {
    if (!this.#socket) return;
    const waited = Date.now() - this.#pinged;
    if (this.#heard < this.#pinged ? waited > ANSWER : waited > PING) {
      if (this.#heard < this.#pinged) this.#lost();
      else this.#ping();
    }
  }

  #ping(): void {
    if (this.send({ type: "ping" })) this.#pinged = Date.now();
  }

  #wake(): void {
    if (this.#socket) this.#ping();
    else this.now();
  }
}

/** Reads a frame; what is not one is ignored, so that newer servers can say more. */
function read(data: unknown): Frame | undefined {
  try {
    const frame = JSON.parse(String(data)) as Frame;
    return typeof frame?.type === "string" ? frame : undefined;
  } catch {
    return undefined;
  }
}
