import type { components } from "$api/schema";
import { api, asProblem, call, sendFile } from "../api/client";
import { keeping } from "../state/keeping";
import { addressesIn } from "./addresses";

type Schemas = components["schemas"];
export type Words = Required<Omit<Schemas["DraftWords"], "$schema">>;
type Kept = Schemas["Draft"];

export interface Attached {
  /** Its own here; the server's is known once it has begun. */
  key: string;
  id: string;
  name: string;
  size: number;
  received: number;
  problem: string;
}

/** How long the writer pauses before what was written is kept, in milliseconds. */
const pause = 600;
const piece = 500 * 1024;

const blank = (): Words => ({
  text: "",
  html: "",
  rich: false,
  quote: true,
  from: "",
  subject: "",
  to: [],
  cc: [],
  bcc: [],
  forward: false,
  original: [],
});
const fields = ["to", "cc", "bcc"] as const;

/** An answer while it is written: kept by the server in memory, so that this page may be loaded again. */
export class EmailDraft {
  words = $state<Words>(blank());
  files = $state<Attached[]>([]);
  /** Addresses that are being written. */
  typed = $state({ to: "", cc: "", bcc: "" });
  /** Whom it goes to is being changed. */
  addressing = $state(false);
  /** What another window wrote meanwhile. */
  conflict = $state.raw<Kept>();
  problem = $state("");
  /** Names this answer, so that a repeat is not another one. */
  client = crypto.randomUUID();
  /** The name of what was seen to be on its way, which another window or this page before may have given it. */
  leaving = "";
  ready = $state(false);
  readonly interaction: string;
  #version = 0;
  #saved = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> = Promise.resolve();
  #proposed = false;

  constructor(interaction: string) {
    this.interaction = interaction;
    this.#saved = JSON.stringify(this.words);
    keeping.give(this.#kept, () =>
      JSON.stringify(this.words) === this.#saved
        ? undefined
        : { version: this.#version, words: $state.snapshot(this.words) },
    );
    void this.#load();
  }

  get #kept(): string {
    return `email ${this.interaction}`;
  }

  get empty(): boolean {
    const { text, html, rich } = this.words;
    return !(rich ? html.replace(/<[^>]*>|&nbsp;/g, "") : text).trim();
  }

  get uploading(): boolean {
    return this.files.some((f) => !f.problem && f.received < f.size);
  }

  get #path(): string {
    return `interactions/${this.interaction}/email/draft`;
  }

  async #load(): Promise<void> {
    try {
      const kept = await call<Kept>("GET", this.#path);
      if (kept.version > 0 || kept.files.length) this.#take(kept);
    } catch {
      // What is written here is kept with the next change.
    }
    // What this page had not told the server when its session ended.
    const mine = keeping.take(this.#kept) as { version: number; words: Words } | undefined;
    if (mine && mine.version === this.#version) this.words = mine.words;
    this.ready = true;
    this.changed();
  }

  #take(kept: Kept): void {
    this.#version = kept.version;
    if (kept.version > 0) this.words = { ...blank(), ...kept.words, quote: kept.words.quote ?? false };
    this.#saved = JSON.stringify(this.words);
    this.files = kept.files.map((f) => ({ ...f, key: f.id, problem: "" }));
  }

  /** What was written changed: it is kept when the writer pauses. */
  changed(): void {
    if (!this.ready || this.conflict || JSON.stringify(this.words) === this.#saved) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.keep(), pause);
  }

  /** Keeps what is written, after what is being kept. */
  keep(): Promise<void> {
    clearTimeout(this.#timer);
    return (this.#running = this.#running.then(() => this.#keep()));
  }

  async #keep(): Promise<void> {
    const words = JSON.stringify(this.words);
    if (words === this.#saved || this.conflict) return;
    try {
      const kept = await call<Kept>("PUT", this.#path, { version: this.#version, words: this.words });
      this.#version = kept.version;
      this.#saved = words;
      this.problem = "";
    } catch (error) {
      const why = asProblem(error);
      if (why.status === 409) this.conflict = await call<Kept>("GET", this.#path).catch(() => undefined);
      else if (why.status !== 410) this.problem = why.message;
    }
  }

  /** The other window's words are taken, or ours are kept in their place. */
  settle(theirs: boolean): void {
    const other = this.conflict;
    this.conflict = undefined;
    if (!other) return;
    if (theirs) this.#take(other);
    else {
      this.#version = other.version;
      void this.keep();
    }
  }

  async attach(list: Iterable<File>): Promise<void> {
    await Promise.all([...list].map((file) => this.#attach(file)));
  }

  async #attach(file: File): Promise<void> {
    const key = crypto.randomUUID();
    this.files.push({ key, id: "", name: file.name, size: file.size, received: 0, problem: "" });
    const one = this.files.at(-1)!;
    try {
      const begun = await call<Schemas["DraftFile"]>("POST", `${this.#path}/files`, {
        name: file.name,
        media_type: file.type,
        size: file.size,
      });
      one.id = begun.id;
      while (one.received < file.size && this.files.some((f) => f.key === key)) {
        const got = await sendFile<Schemas["DraftFile"]>(
          `${this.#path}/files/${one.id}?from=${one.received}`,
          file.slice(one.received, one.received + piece),
          "application/octet-stream",
          "PUT",
        );
        one.received = got.received;
      }
    } catch (error) {
      const why = asProblem(error);
      one.problem = why.field("body.size") ?? why.field("size") ?? why.field("name") ?? why.message;
    }
  }

  async detach(file: Attached): Promise<void> {
    this.files = this.files.filter((f) => f.key !== file.key);
    if (file.id) await call("DELETE", `${this.#path}/files/${file.id}`).catch(() => {});
  }

  /** Of an answer, while the message is rather passed on: whom it was to reach. */
  #answers: Pick<Words, "to" | "cc" | "bcc" | "quote"> | undefined;

  /** Whom new mail is for: proposed once, where nobody writes it yet. */
  propose(to: readonly string[]): void {
    if (this.#proposed || this.#version > 0 || this.words.to.length) return;
    this.#proposed = true;
    this.words.to = [...to];
  }

  /** The message is passed on with these files of it, and what it quotes where that matters, or answered after all. */
  forward(files: readonly number[], quote: boolean): void {
    const { words } = this;
    if (words.forward) {
      Object.assign(words, this.#answers ?? { to: [], cc: [], bcc: [], quote: true });
      words.forward = false;
      words.original = [];
    } else {
      this.#answers = { to: words.to, cc: words.cc, bcc: words.bcc, quote: words.quote };
      Object.assign(words, { forward: true, to: [], cc: [], bcc: [], quote, original: [...files] });
    }
  }

  /** What is written in a field of addresses is one of them. */
  addressed(): void {
    for (const field of fields) {
      const fresh = addressesIn(this.typed[field]).filter((a) => !this.words[field].includes(a));
      this.typed[field] = "";
      if (fresh.length) this.words[field] = [...this.words[field], ...fresh];
    }
  }

  /** It was sent: another begins. */
  done(): void {
    clearTimeout(this.#timer);
    this.#answers = undefined;
    this.addressing = false;
    this.#proposed = false;
    this.typed = { to: "", cc: "", bcc: "" };
    this.words = blank();
    this.files = [];
    this.client = crypto.randomUUID();
    this.leaving = "";
    this.#version = 0;
    this.#saved = JSON.stringify(this.words);
  }

  async send(again: boolean): Promise<Schemas["Sent"] | undefined> {
    this.addressed();
    await this.keep(); // nothing is kept after it was sent
    const { text, html, rich, quote, from, subject, to, cc, bcc, forward, original } = this.words;
    const { data } = await api.POST("/api/v1/interactions/{id}/email/reply", {
      params: { path: { id: this.interaction } },
      body: {
        client_id: this.client,
        ...(rich ? { html } : { text }),
        ...(from ? { from } : {}),
        quote,
        ...(subject ? { subject } : {}),
        ...(to.length || forward ? { to } : {}),
        cc,
        bcc,
        ...(forward ? { forward, original } : {}),
        again,
        hold: true,
        files: this.files.filter((f) => f.id && !f.problem).map((f) => f.id),
      },
    });
    return data;
  }

  async undo(client: string): Promise<void> {
    await call("DELETE", `interactions/${this.interaction}/email/reply/${client}`);
    this.client = crypto.randomUUID();
  }
}

const drafts = new Map<string, EmailDraft>();

/** The draft of an interaction, the same for as long as this page is open. */
export function draftOf(interaction: string): EmailDraft {
  let draft = drafts.get(interaction);
  if (!draft) drafts.set(interaction, (draft = new EmailDraft(interaction)));
  return draft;
}
