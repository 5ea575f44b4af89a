import { clock } from "$ui/clock.svelte";
import { api, asProblem, key, take } from "../api/client";
import type { Contact, Interaction, InteractionDetail, Marks, Message, Leg, Segment } from "../api/types";

export interface Outgoing {
  clientId: string;
  kind: "text" | "note" | "hint" | "attachment";
  text: string;
  file?: File;
  at: string;
  /** waiting: the connection is gone, it goes by itself; failed: a person decides. */
  status: "sending" | "waiting" | "failed";
  problem?: string;
}

interface Kept {
  draft: string;
  noteDraft: string;
  writingNote: boolean;
  out: Outgoing[];
}

const pageSize = 60;

/** Only colleagues see it. */
export const internal = (m: Message) => m.kind === "note" || m.kind === "hint";

const said = (m: Message) => m.kind === "text" || m.kind === "attachment" || m.kind === "note";

// One conversation as it is shown: what was said, how far each side has read,
// and what is on its way out. Everything stays in memory only.
export class Conversation {
  interaction = $state.raw<Interaction>() as Interaction;
  contact = $state.raw<Contact>();
  segments = $state.raw<readonly Segment[]>([]);
  /** Of a call: who took part. */
  legs = $state.raw<readonly Leg[]>([]);
  earlier = $state.raw<readonly Interaction[]>([]);
  messages = $state.raw<readonly Message[]>([]);
  marks = $state<Marks>({ visitor_got: 0, visitor_read: 0, agent_read: 0 });
  outbox = $state<Outgoing[]>([]);
  hasEarlier = $state(false);
  phase = $state<"new" | "loading" | "ready" | "failed">("new");
  problem = $state("");
  typingUntil = $state(0);
  typingWho = $state("");

  // What the agent is preparing; kept while other work is looked at.
  draft = $state("");
  noteDraft = $state("");
  writingNote = $state(false);
  disposition = $state("");
  labels = $state.raw<readonly string[]>([]);
  /** The first message that was new when the conversation was opened. */
  newFrom = $state(0);

  #pumping: Promise<void> | undefined;
  #wrapTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #readSent = 0;
  #gapTried = -1;
  #typingSent = 0;
  /** A result was chosen here that the server does not have yet. */
  #coded = false;
  #codeTimer: ReturnType<typeof setTimeout> | undefined;
  #telling: Promise<void> | undefined;

  constructor(
    readonly id: string,
    interaction?: Interaction,
  ) {
    if (!interaction) return;
    this.interaction = interaction;
    // Who calls listens; what is written is for colleagues, unless chosen otherwise.
    this.writingNote = interaction.channel === "voice";
  }

  readonly unread = $derived.by(() => {
    let count = 0;
    for (let i = this.messages.length - 1; i >= 0; i--) {
      const message = this.messages[i]!;
      if (message.seq <= this.marks.agent_read) break;
      if (message.author_kind === "visitor") count++;
    }
    return count;
  });

  /**
   * Since when the visitor waits for an answer by a person: what the assistant said
   * is none. Before the acceptance it was the queue's wait. Undefined when it is
   * the visitor's turn.
   */
  readonly waitingSince = $derived.by(() => {
    if (this.interaction.channel === "voice") return undefined; // they talk
    let since: string | undefined;
    for (let i = this.messages.length - 1; i >= 0; i--) {
      const message = this.messages[i]!;
      if (internal(message) || message.author_kind === "system" || message.author_kind === "bot") continue;
      if (message.author_kind !== "visitor") break;
      since = message.at;
    }
    const { answered_at } = this.interaction;
    return since && answered_at && answered_at > since ? answered_at : since;
  });

  /** What a person said last; the assistant's words only while there are no others. */
  readonly last = $derived(
    this.messages.findLast((m) => said(m) && m.author_kind !== "bot") ?? this.messages.findLast(said),
  );

  get unsent(): boolean {
    return this.outbox.length > 0 || this.draft.trim() !== "" || this.noteDraft.trim() !== "";
  }

  /** What is being written or on its way, for who signs in again; files stay where they were. */
  kept(): unknown {
    const { draft, noteDraft, writingNote } = this;
    const out = this.outbox.filter((o) => !o.file).map((o) => ({ ...o }));
    return this.unsent ? { draft, noteDraft, writingNote, out } : undefined;
  }

  restore(kept: unknown): void {
    if (!kept) return;
    const { draft, noteDraft, writingNote, out } = kept as Kept;
    Object.assign(this, { draft, noteDraft, writingNote });
    // Its name makes one that had arrived go by once.
    this.outbox = out.map((o) => (o.status === "failed" ? o : { ...o, status: "sending" }));
  }

  async load(): Promise<void> {
    if (this.phase === "loading") return;
    const again = this.phase === "ready";
    if (!again) this.phase = "loading";
    try {
      const [detail, page] = await Promise.all([
        take(api.GET("/api/v1/interactions/{id}", this.#path)),
        this.#page(
          again && this.messages.length ? { after: this.#whole(), limit: 500 } : { limit: pageSize },
        ),
      ]);
      this.#detail(detail);
      this.#merge(page.items);
      if (!again) this.hasEarlier = (this.messages[0]?.seq ?? 1) > 1;
      this.phase = "ready";
      this.#fill();
      void this.#pump();
    } catch (error) {
      const problem = asProblem(error);
      this.problem = problem.message;
      if (!again) this.phase = "failed";
    }
  }

  /** Only the person and the earlier contacts again. */
  async reloadDetail(): Promise<void> {
    this.#detail(await take(api.GET("/api/v1/interactions/{id}", this.#path)));
  }

  #detail(detail: InteractionDetail): void {
    this.take(detail.interaction);
    this.contact = detail.contact;
    this.segments = detail.segments;
    this.legs = detail.legs ?? [];
    this.earlier = detail.earlier;
    this.mark(detail.marks);
  }

  take(interaction: Interaction): void {
    if (this.interaction && interaction.version < this.interaction.version) return;
    this.interaction = interaction;
    clearTimeout(this.#wrapTimer);
    if (interaction.state === "wrapping" && interaction.wrap_until) {
      const left = Date.parse(interaction.wrap_until) - clock.read();
      this.#wrapTimer = setTimeout(() => void this.keepNote(), Math.max(0, left - 2000));
    }
    if (this.#coded) return;
    this.disposition = interaction.disposition ?? "";
    this.labels = [...(interaction.labels ?? [])];
  }

  /**
   * Notes the chosen result at the server, so that neither a reload nor the end
   * of the wrap-up loses it, and other tabs show it.
   */
  code(disposition: string, labels: readonly string[]): void {
    this.disposition = disposition;
    this.labels = labels;
    this.#coded = true;
    this.#tellSoon(250);
  }

  /** The end carries the result itself: nothing of it may come after. */
  async resultTold(): Promise<void> {
    clearTimeout(this.#codeTimer);
    await this.#telling;
  }

  #tellSoon(ms: number): void {
    clearTimeout(this.#codeTimer);
    this.#codeTimer = setTimeout(() => (this.#telling = this.#tellCode()), ms);
  }

  async #tellCode(): Promise<void> {
    const { disposition, labels } = this;
    const chosen = () => this.disposition === disposition && this.labels === labels;
    const body = { disposition, labels: [...labels] };
    try {
      const now = await take(api.PUT("/api/v1/interactions/{id}/result", { ...this.#path, body }));
      if (!chosen()) return; // again meanwhile: that goes by itself
      this.#coded = false;
      this.take(now);
    } catch (error) {
      const problem = asProblem(error);
      if (chosen() && (problem.temporary || problem.status === 401))
        this.#tellSoon(Math.max(3, problem.retryAfter) * 1000);
    }
  }

  async loadEarlier(): Promise<void> {
    const first = this.messages[0]?.seq;
    if (!first || first <= 1) return;
    const page = await this.#page({ before: first, limit: pageSize });
    this.#merge(page.items);
    this.hasEarlier = page.items.length > 0 && (this.messages[0]?.seq ?? 1) > 1;
  }

  /** A message from the live connection, also while the first page is on its way. */
  add(message: Message): void {
    if (this.phase === "new" || this.phase === "failed") return;
    this.#merge([message]);
    if (this.phase === "ready") this.#fill();
    if (message.author_kind === "visitor") this.typingUntil = 0;
  }

  /** The last message before something is missing. */
  #whole(): number {
    let seq = this.messages[0]?.seq ?? 0;
    for (const message of this.messages) {
      if (message.seq > seq + 1) break;
      seq = message.seq;
    }
    return seq;
  }

  // Fetches what is missing between messages, once for each gap.
  #fill(): void {
    const whole = this.#whole();
    if (whole >= this.lastSeq || whole === this.#gapTried) return;
    this.#gapTried = whole;
    void this.load();
  }

  mark(marks: Marks): void {
    this.marks.visitor_got = Math.max(this.marks.visitor_got, marks.visitor_got);
    this.marks.visitor_read = Math.max(this.marks.visitor_read, marks.visitor_read);
    this.marks.agent_read = Math.max(this.marks.agent_read, marks.agent_read);
  }

  get lastSeq(): number {
    return this.messages.at(-1)?.seq ?? 0;
  }

  #merge(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    const bySeq = new Map(this.messages.map((m) => [m.seq, m]));
    for (const message of messages) {
      bySeq.set(message.seq, message);
      if (message.client_id) this.outbox = this.outbox.filter((o) => o.clientId !== message.client_id);
    }
    this.messages = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Tells the server, and so the visitor, that everything so far was seen. */
  read(): void {
    const seq = this.lastSeq;
    if (seq <= this.marks.agent_read || seq <= this.#readSent) return;
    this.#readSent = seq;
    this.marks.agent_read = seq;
    api
      .POST("/api/v1/interactions/{id}/read", { ...this.#path, body: { seq } })
      .catch(() => (this.#readSent = 0));
  }

  typing(who: string): void {
    this.typingWho = who;
    this.typingUntil = clock.read() + 6000;
  }

  /** The agent types; told at most every three seconds. */
  tellTyping(): void {
    const now = Date.now();
    if (now - this.#typingSent < 3000) return;
    this.#typingSent = now;
    api.POST("/api/v1/interactions/{id}/typing", this.#path).catch(() => {});
  }

  send(kind: "text" | "note" | "hint", text: string): void {
    // The visitor's page takes the sign away with the message: the next word tells anew.
    this.#typingSent = 0;
    this.#out({ kind, text });
  }

  /** A note that is being written when the wrap-up ends is kept as it is. */
  async keepNote(): Promise<void> {
    const words = this.noteDraft.trim();
    if (!words) return;
    this.noteDraft = "";
    this.send("note", words);
    await this.#pump();
  }

  attach(file: File): void {
    this.#out({ kind: "attachment", text: file.name, file });
  }

  #out(what: { kind: Outgoing["kind"]; text: string; file?: File }): void {
    this.outbox.push({
      ...what,
      clientId: crypto.randomUUID(),
      at: new Date(clock.read()).toISOString(),
      status: "sending",
    });
    void this.#pump();
  }

  retry(clientId: string): void {
    const entry = this.outbox.find((o) => o.clientId === clientId);
    if (!entry) return;
    entry.status = "sending";
    entry.problem = undefined;
    void this.#pump();
  }

  discard(clientId: string): void {
    this.outbox = this.outbox.filter((o) => o.clientId !== clientId);
  }

  /** The connection is back: what waits goes now. */
  wake(): void {
    for (const entry of this.outbox) if (entry.status === "waiting") entry.status = "sending";
    void this.#pump();
  }

  // One at a time, so that messages arrive in the order they were written.
  #pump(): Promise<void> {
    clearTimeout(this.#retryTimer);
    return (this.#pumping ??= this.#deliverAll().finally(() => (this.#pumping = undefined)));
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const entry = this.outbox.find((o) => o.status === "sending");
      if (!entry) return;
      try {
        this.#merge([await this.#deliver(entry)]);
        this.discard(entry.clientId);
      } catch (error) {
        const problem = asProblem(error);
        if (!problem.temporary && problem.status !== 401) {
          entry.status = "failed";
          entry.problem = problem.message;
          continue;
        }
        for (const o of this.outbox) if (o.status === "sending") o.status = "waiting";
        this.#retryTimer = setTimeout(() => this.wake(), Math.max(3, problem.retryAfter) * 1000);
        return;
      }
    }
  }

  #deliver(entry: Outgoing): Promise<Message> {
    const headers = key(entry.clientId);
    if (entry.kind !== "attachment") {
      const body = { client_id: entry.clientId, kind: entry.kind, text: entry.text };
      return take(api.POST("/api/v1/interactions/{id}/messages", { ...this.#path, headers, body }));
    }
    const form = new FormData();
    form.set("client_id", entry.clientId);
    form.set("file", entry.file!, entry.file!.name);
    return take(
      api.POST("/api/v1/interactions/{id}/attachments", {
        ...this.#path,
        headers,
        body: { client_id: entry.clientId, file: entry.file!.name },
        bodySerializer: () => form,
      }),
    );
  }

  get #path() {
    return { params: { path: { id: this.id } } };
  }

  #page(query: { after?: number; before?: number; limit: number }) {
    return take(api.GET("/api/v1/interactions/{id}/messages", { params: { path: { id: this.id }, query } }));
  }
}
