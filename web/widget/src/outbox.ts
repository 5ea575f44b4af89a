import { Failure } from "./api";
import type { Outgoing } from "./conversation";
import { backoff } from "./line";
import type { Message } from "./protocol";

// What the visitor sends and the server has not confirmed. Words leave one after
// the other, in order; a file has its own lane so that a long upload does not
// hold up a sentence. A repeat carries the same client_id, so it cannot double.

export interface OutboxParts {
  /** Carries one out. */
  send: (item: Outgoing, stop: AbortSignal, progress: (part: number) => void) => Promise<Message>;
  /** An item changed. */
  changed: (item: Outgoing) => void;
  sent: (m: Message) => void;
  /** The conversation does not exist any more. */
  gone: () => void;
  /** The conversation does not take it any more. */
  conflict: () => void;
  /** The server asks to wait so many seconds. */
  slow: (seconds: number) => void;
  /** What to tell the visitor about a refusal. */
  sentence: (f: Failure, item: Outgoing) => string;
}

type Lane = "words" | "files";

interface Entry {
  item: Outgoing;
  stop: AbortController;
}

export class Outbox {
  #entries: Entry[] = [];
  #busy: Partial<Record<Lane, boolean>> = {};
  #tries = 0;
  #timer = 0;
  #notBefore = 0;

  constructor(readonly parts: OutboxParts) {}

  get size(): number {
    return this.#entries.length;
  }

  add(item: Outgoing): void {
    this.#entries.push({ item, stop: new AbortController() });
    this.parts.changed(item);
    this.#run(lane(item));
  }

  /** The visitor asks for another try, or the line is back. */
  resume(clientID?: string): void {
    for (const e of this.#entries)
      if (e.item.client_id === clientID && e.item.status === "failed")
        this.#change(e, { status: "waiting", error: undefined });
    this.#tries = 0;
    this.#run("words");
    this.#run("files");
  }

  /** The visitor gives it up. */
  drop(clientID: string): void {
    const e = this.#entries.find((e) => e.item.client_id === clientID);
    this.#remove(e);
    e?.stop.abort();
  }

  /** The server has it, as its own echo says; the answer may still be on its way. */
  confirmed(clientID: string): void {
    this.#remove(this.#entries.find((e) => e.item.client_id === clientID));
  }

  clear(): void {
    clearTimeout(this.#timer);
    for (const e of this.#entries.splice(0)) e.stop.abort();
  }

  async #run(name: Lane): Promise<void> {
    if (this.#busy[name]) return;
    const wait = this.#notBefore - Date.now();
    if (wait > 0) return this.#later(wait);
    const entry = this.#entries.find((e) => lane(e.item) === name && e.item.status !== "failed");
    if (!entry) return;
    this.#busy[name] = true;
    this.#change(entry, { status: "sending", error: undefined });
    let again = true;
    try {
      const m = await this.parts.send(entry.item, entry.stop.signal, (progress) =>
        this.#change(entry, { progress }),
      );
      this.#remove(entry);
      this.#tries = 0;
      this.parts.sent(m);
    } catch (e) {
      again = this.#failed(entry, e instanceof Failure ? e : new Failure("network", 0, ""));
    }
    this.#busy[name] = false;
    if (again) await this.#run(name);
  }

  /** Says whether the lane may go on with the next one at once. */
  #failed(entry: Entry, e: Failure): boolean {
    if (!this.#entries.includes(entry)) return true; // given up or confirmed meanwhile
    switch (e.cause) {
      case "network":
      case "busy": {
        this.#change(entry, { status: "waiting", progress: undefined });
        const wait = e.seconds * 1000 || backoff(this.#tries++, Math.random());
        if (e.seconds) this.#notBefore = Date.now() + wait;
        if (e.status === 429) this.parts.slow(Math.ceil(wait / 1000));
        this.#later(wait);
        return false;
      }
      case "gone":
        this.parts.gone();
        return false;
      default:
        this.#change(entry, {
          status: "failed",
          progress: undefined,
          error: this.parts.sentence(e, entry.item),
        });
        if (e.cause === "conflict") this.parts.conflict();
        return true;
    }
  }

  #later(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#run("words");
      this.#run("files");
    }, wait);
  }

  #change(entry: Entry, part: Partial<Outgoing>): void {
    if (!this.#entries.includes(entry)) return;
    entry.item = { ...entry.item, ...part };
    this.parts.changed(entry.item);
  }

  #remove(entry: Entry | undefined): void {
    this.#entries = this.#entries.filter((e) => e !== entry);
  }
}

function lane(item: Outgoing): Lane {
  return item.kind === "file" ? "files" : "words";
}
