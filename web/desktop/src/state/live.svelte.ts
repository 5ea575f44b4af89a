import type { LiveEvents } from "../api/types";
import { session } from "./session.svelte";

type Type = keyof LiveEvents;
type Handler<T extends Type> = (data: LiveEvents[T]) => void;

interface Frame {
  type: string;
  cursor?: string;
  resumed?: boolean;
  data?: unknown;
}

// One connection per tab that carries what changes. It keeps the place in the
// stream (cursor), so a short break is caught up without fetching everything,
// and says `resync` when the place is lost.
class Live {
  status = $state<"idle" | "connecting" | "live" | "waiting" | "stopping">("idle");
  /** When the connection broke, milliseconds; 0 while it stands. */
  brokenSince = $state(0);

  #socket: WebSocket | undefined;
  #cursor = "";
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTick = Date.now();
  #handlers = new Map<string, Set<(data: never) => void>>();
  #resync = new Set<() => void>();
  #back = new Set<(seconds: number) => void>();
  #watching = new Map<string, number>();
  #wanted = false;

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    addEventListener("online", this.#hurry);
    addEventListener("offline", this.#lost);
    document.addEventListener("visibilitychange", this.#woken);
    setInterval(this.#watchSleep, 5000);
    this.#connect();
  }

  /** Opens again with a new session; the place in the stream is another's. */
  restart(): void {
    if (!this.#wanted) return;
    this.#cursor = "";
    this.#drop();
    this.#tries = 0;
    this.#connect();
  }

  on<T extends Type>(type: T, handler: Handler<T>): () => void {
    const set = this.#handlers.get(type) ?? new Set();
    set.add(handler as (data: never) => void);
    this.#handlers.set(type, set);
    return () => set.delete(handler as (data: never) => void);
  }

  /** Called when what is shown must be fetched again. */
  onResync(handler: () => void): () => void {
    this.#resync.add(handler);
    return () => this.#resync.delete(handler);
  }

  /** Called after a break that lasted so many seconds. */
  onBack(handler: (seconds: number) => void): () => void {
    this.#back.add(handler);
    return () => this.#back.delete(handler);
  }

  /** Follows a conversation that is not one's own while it is shown. */
  watch(interaction: string): () => void {
    const count = (this.#watching.get(interaction) ?? 0) + 1;
    this.#watching.set(interaction, count);
    if (count === 1) this.#send({ type: "watch", interaction });
    return () => {
      const left = (this.#watching.get(interaction) ?? 1) - 1;
      if (left > 0) this.#watching.set(interaction, left);
      else {
        this.#watching.delete(interaction);
        this.#send({ type: "unwatch", interaction });
      }
    };
  }

  #send(frame: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN && this.status === "live") {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  #connect(): void {
    clearTimeout(this.#timer);
    if (session.phase !== "in") return;
    if (this.status !== "stopping") this.status = "connecting";
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/live`);
    this.#socket = socket;
    // A connection that never opens must not hold up the next try.
    const patience = setTimeout(() => socket.close(), 10_000);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", cursor: this.#cursor }));
    socket.onmessage = (event) => {
      if (socket !== this.#socket) return;
      clearTimeout(patience);
      this.#receive(JSON.parse(String(event.data)) as Frame);
    };
    socket.onclose = () => {
      clearTimeout(patience);
      if (socket === this.#socket) this.#retry();
    };
  }

  #receive(frame: Frame): void {
    if (frame.cursor) this.#cursor = frame.cursor;
    switch (frame.type) {
      case "hello": {
        const broken = this.brokenSince;
        this.#tries = 0;
        this.status = "live";
        this.brokenSince = 0;
        for (const interaction of this.#watching.keys()) this.#send({ type: "watch", interaction });
        if (!frame.resumed) for (const handler of this.#resync) handler();
        if (broken) for (const handler of this.#back) handler(Math.round((Date.now() - broken) / 1000));
        return;
      }
      case "resync":
        // Also said when what one may do changed: then a fresh page asks, and not this one.
        void session
          .refresh()
          .catch(() => {})
          .then(() => {
            if (session.phase === "in") for (const handler of this.#resync) handler();
          });
        return;
      case "stopping":
        this.status = "stopping";
        return;
      case "session.ended":
        if ((frame.data as { reason?: string }).reason === "support_ended") session.homeAgain();
        else session.ended((frame.data as { reason?: string }).reason);
        return;
    }
    for (const handler of this.#handlers.get(frame.type) ?? []) handler(frame.data as never);
  }

  // Full jitter: after a restart not everybody knocks at the same moment.
  #retry(): void {
    this.#socket = undefined;
    if (!this.#wanted || session.phase !== "in") {
      this.status = "idle";
      return;
    }
    if (!this.brokenSince) this.brokenSince = Date.now();
    if (this.status !== "stopping") this.status = "waiting";
    const ceiling = Math.min(15_000, 500 * 2 ** this.#tries++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), 200 + Math.random() * ceiling);
    // A refused handshake looks like any other failure: ask whether one is still signed in.
    if (this.#tries === 3) void session.refresh().catch(() => {});
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #hurry = (): void => {
    if (!this.#wanted || session.phase !== "in") return;
    this.#drop();
    this.#tries = 0;
    this.#connect();
  };

  #lost = (): void => {
    if (this.status === "idle") return;
    this.#drop();
    this.#retry();
  };

  // After sleep the browser may take minutes to notice that a connection is
  // dead; opening a new one and resuming costs nothing.
  #watchSleep = (): void => {
    const now = Date.now();
    const gap = now - this.#lastTick;
    this.#lastTick = now;
    if (gap > 90_000) {
      if (!this.brokenSince) this.brokenSince = now - gap;
      this.#hurry();
    }
    session.overdue(this.brokenSince && now - this.brokenSince);
  };

  #woken = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.status === "waiting" || this.status === "stopping") this.#hurry();
    else this.#watchSleep();
  };
}

export const live = new Live();
