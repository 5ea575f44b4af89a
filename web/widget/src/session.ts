import { Api, Failure } from "./api";
import * as C from "./conversation";
import { fault, kinds } from "./files";
import { Keep } from "./keep";
import type { Call } from "../../talk/main";
import { backoff, Line, type LineState } from "./line";
import { Outbox } from "./outbox";
import type { EntryPoint, Frame, Message, Page } from "./protocol";
import { chime } from "./sound";
import { texts, type Texts } from "./texts";

/** Everything the view shows. Replaced as a whole on each change. */
export interface Model {
  entry: EntryPoint;
  t: Texts;
  open: boolean;
  /** The visitor opened the panel in this page, so it may take the keyboard. */
  byHand: boolean;
  /** null: nobody has started; the form is shown. */
  talk: C.Conversation | null;
  /** A kept conversation is being fetched. */
  loading: boolean;
  /** connecting: not yet said whether it works; polling: no socket, but answers over HTTP. */
  line: "connecting" | "online" | "polling" | "offline";
  starting: boolean;
  /** A message was left and nothing more is to be done. */
  left: boolean;
  /** What is wrong with the form, and where. */
  problem: { field: string; text: string } | null;
  /** A sentence above the reply box. */
  notice: string;
  /** Who of the other side is typing; empty if nobody. */
  typing: string;
  /** Highest seq that the visitor has seen. */
  seen: number;
  sound: boolean;
  /** The visitor asked to end; it is asked once whether it is meant. */
  ending: boolean;
  survey: "open" | "sending" | "sent";
  /** Sound of a chat that is spoken; fetched when it may be. */
  call?: Call;
  /** Last words for a screen reader that the log does not carry. */
  said: string;
}

export interface StartForm {
  name: string;
  email: string;
  message: string;
  agreed: boolean;
}

/** How long somebody is shown as typing after the last sign of it, in milliseconds. */
const TYPING = 6_000;
/** How often our own typing is told, in milliseconds. */
const TYPING_TOLD = 3_000;
/** How often to ask while there is no socket, in milliseconds. */
const POLL = 4_000;
/** How old the entry point's answer may be when a form is opened, in milliseconds. */
const FRESH = 120_000;

/** One visitor's session in one page: joins the parts and owns the model. */
export class Session {
  model: Model;
  /** What the visitor is writing. In memory only, like everything that is said. */
  draft = "";
  readonly #api: Api;
  readonly #keep: Keep;
  readonly #outbox: Outbox;
  #line: Line | null = null;
  #changed: () => void = () => {};
  #calls = false;
  #syncing = false;
  #syncAgain = false;
  #syncTries = 0;
  #syncTimer = 0;
  #typingTimer = 0;
  #typingTold = 0;
  #readTold = 0;
  #fetched = Date.now();
  #blobs = new Map<string, Promise<Blob>>();
  /** One id for one intention to start, so that a second try is not a second message. */
  #startID = newID();

  constructor(api: Api, entry: EntryPoint) {
    this.#api = api;
    api.language = entry.language;
    this.#keep = new Keep(entry.id);
    this.model = {
      entry,
      t: texts(entry.language),
      open: false,
      byHand: false,
      talk: null,
      loading: false,
      line: "connecting",
      starting: false,
      left: false,
      problem: null,
      notice: "",
      typing: "",
      seen: 0,
      sound: false,
      ending: false,
      survey: "open",
      said: "",
    };
    this.#outbox = new Outbox({
      send: (item, stop, progress) => this.#send(item, stop, progress),
      changed: (item) => this.#talk((c) => C.outgoing(c, item)),
      sent: (m) => this.#received(m),
      gone: () => this.#gone(),
      conflict: () => this.#sync(),
      slow: (seconds) => this.#tell(this.model.t.slow(seconds), seconds),
      sentence: (f, item) => this.#sentence(f, item.text),
    });
  }

  /** Calls back after each change; comes back to a kept conversation. */
  begin(changed: () => void): void {
    this.#changed = changed;
    const kept = this.#keep.read();
    if (kept) this.#adopt(kept.t, kept.s, kept.o, kept.n);
    this.#keep.watch((other) => {
      if (other && other.t !== this.#api.token) this.#adopt(other.t, other.s, this.model.open, other.n);
      else if (other) this.#set({ seen: Math.max(this.model.seen, other.s) });
      else if (this.model.talk && !this.ended) this.#sync();
    });
    document.addEventListener("visibilitychange", () => this.#look());
    this.#changed();
  }

  get ended(): boolean {
    return this.model.talk?.state?.ended ?? false;
  }

  get unread(): number {
    return this.model.talk ? C.unread(this.model.talk, this.model.seen) : 0;
  }

  /** How dates and sizes are written: as in the visitor's own kind of the language, if it is that one. */
  get locale(): string {
    const { language } = this.model.entry;
    return navigator.languages.find((l) => l.startsWith(language)) ?? language;
  }

  /** How an author is called on this side. */
  called(m: Message): string {
    const { t } = this.model;
    if (m.author_kind === "visitor") return t.you;
    return m.author_name || (m.author_kind === "bot" ? t.assistant : this.model.entry.title || t.chat);
  }

  toggle(open = !this.model.open): void {
    this.#set({ open, byHand: true, ending: false, said: "" });
    this.#store();
    this.#look();
    if (open && !this.model.talk && !this.model.loading) void this.#refresh();
  }

  toggleSound(): void {
    this.#set({ sound: !this.model.sound });
    if (this.model.sound) chime();
    this.#store();
  }

  /** Starts a conversation, or leaves a message when nobody is there. */
  async start(form: StartForm): Promise<void> {
    const { entry, t } = this.model;
    if (this.model.starting) return;
    const wrong = check(form, entry, t);
    this.#set({ problem: wrong, starting: !wrong });
    if (wrong) return;
    const leave = !entry.open;
    try {
      const started = await this.#api.start(entry.id, {
        name: form.name.trim(),
        email: form.email.trim(),
        language: entry.language,
        consent: entry.consent && { text: entry.consent.text, version: entry.consent.version },
        message: form.message.trim(),
        client_id: this.#startID,
        left_message: leave,
        page: location.origin + location.pathname,
      });
      this.#startID = newID();
      const talk = C.answered(C.empty, { ...started, more: false }, 0);
      this.#set({ starting: false, left: leave });
      if (leave && !started.state.open) return;
      this.#adopt(started.token, 0, true, this.model.sound, talk);
      this.#store();
      if (leave) this.#tell(t.left, 60);
    } catch (e) {
      this.#set({ starting: false });
      await this.#notStarted(e);
    }
  }

  /** masked: the words are for the flow alone, and this page shows them nowhere either. */
  say(text: string, masked = false): void {
    // The other side takes the sign away with the message: the next word tells anew.
    this.#typingTold = 0;
    this.#put({ kind: "text", text, masked });
  }

  choose(value: string, label: string): void {
    this.#put({ kind: "choice", text: label, value });
  }

  attach(files: Iterable<File>): void {
    const { entry, t, talk } = this.model;
    if (!entry.attachments.allowed || !talk?.state?.open) return;
    const faults: string[] = [];
    for (const file of files) {
      const wrong = fault(file, entry.attachments, t);
      if (wrong) faults.push(wrong);
      else this.#put({ kind: "file", text: file.name, file });
    }
    this.#tell(faults.join(" "), 12);
  }

  retry(clientID: string): void {
    this.#line?.now();
    this.#outbox.resume(clientID);
  }

  remove(clientID: string): void {
    this.#outbox.drop(clientID);
    this.#talk((c) => C.dropped(c, clientID));
  }

  /** The visitor is writing. */
  typing(): void {
    const now = Date.now();
    if (now - this.#typingTold < TYPING_TOLD) return;
    if (this.#line?.send({ type: "typing" })) this.#typingTold = now;
  }

  askEnd(ending: boolean): void {
    this.#set({ ending });
  }

  async end(): Promise<void> {
    this.#set({ ending: false });
    await this.#try(() => this.#api.end());
    void this.#sync();
  }

  /** Goes without losing the place: whoever takes the chat answers at `reach`. */
  async callback(reach: string): Promise<boolean> {
    const done = await this.#try(() => this.#api.callback(newID(), reach));
    if (done) void this.#sync();
    return !!done;
  }

  async rate(rating: number, comment: string): Promise<void> {
    this.#set({ survey: "sending" });
    const done = await this.#try(() => this.#api.survey(rating, comment.trim()));
    this.#set({ survey: done ? "sent" : "open" });
  }

  /** The words of the conversation as a file; undefined if that failed. */
  async transcript(): Promise<Blob | undefined> {
    let blob: Blob | undefined;
    await this.#try(async () => (blob = await this.#api.transcript()));
    return blob;
  }

  /** A file's content, fetched once per page. */
  file(id: string): Promise<Blob> {
    let blob = this.#blobs.get(id);
    if (!blob) {
      blob = this.#api.attachment(id);
      blob.catch(() => this.#blobs.delete(id));
      this.#blobs.set(id, blob);
    }
    return blob;
  }

  /** Back to the form, after an end. */
  again(): void {
    this.#reset("");
    void this.#refresh();
  }

  #set(part: Partial<Model>): void {
    this.model = { ...this.model, ...part };
    // Words that exist only in this page: the browser asks before they are lost.
    if (this.#outbox.size) addEventListener("beforeunload", ask);
    else removeEventListener("beforeunload", ask);
    this.#changed();
  }

  #talk(change: (c: C.Conversation) => C.Conversation): void {
    if (!this.model.talk) return;
    const { open } = this.model;
    const talk = change(this.model.talk);
    const asked = (c: C.Conversation) => c.state?.talk?.stage === "asked_by_agent";
    // A question to talk is not left unseen; the keyboard stays where it is.
    this.#set({ open: open || (asked(talk) && !asked(this.model.talk)), talk });
    if (!this.#calls && (talk.state?.talk || talk.messages.some((m) => m.event?.startsWith("call_")))) {
      this.#calls = true;
      import(/* @vite-ignore */ `${this.#api.base}/widget-call.js`).then(
        (m: { begin(line: Api): Call }) => this.#set({ call: m.begin(this.#api) }),
        () => (this.#calls = false),
      );
    }
  }

  /** Shows a sentence, for so many seconds. */
  #tell(notice: string, seconds: number): void {
    this.#set({ notice });
    if (notice) setTimeout(() => this.model.notice === notice && this.#set({ notice: "" }), seconds * 1000);
  }

  #put(item: Pick<C.Outgoing, "kind" | "text" | "value" | "file" | "masked">): void {
    this.#outbox.add({ ...item, client_id: newID(), status: "waiting" });
  }

  #send(item: C.Outgoing, stop: AbortSignal, progress: (part: number) => void): Promise<Message> {
    if (item.kind === "file") return this.#api.attach(item.client_id, item.file!, progress, stop);
    if (item.kind === "choice") return this.#api.choose(item.client_id, item.value!);
    return this.#api.say(item.client_id, item.text);
  }

  /** Takes up a conversation: one just started, kept from an earlier page, or begun in another tab. */
  #adopt(
    token: string,
    seen: number,
    open: boolean,
    sound: boolean,
    talk: C.Conversation | null = null,
  ): void {
    this.#reset("");
    this.#api.token = token;
    this.#readTold = seen;
    this.#set({ talk: talk ?? C.empty, loading: !talk, seen, open, sound });
    this.#connect();
    if (talk) this.#look();
    else void this.#sync();
  }

  #connect(): void {
    this.#line = new Line({
      url: this.#api.socket,
      token: this.#api.token,
      after: () => this.model.talk?.settled ?? 0,
      frame: (f) => this.#frame(f),
      failed: () => void this.#sync(),
      state: (state) => this.#lineState(state),
    });
    this.#line.start();
  }

  #lineState(state: LineState): void {
    const before = this.model.line;
    if (state === "offline" && before === "polling") return;
    this.#set({ line: state, said: state === "online" && before === "offline" ? this.model.t.online : "" });
    if (state === "offline") return;
    if (before === "offline") this.model.call?.back();
    clearTimeout(this.#syncTimer); // no more polling
    this.#outbox.resume();
    if (this.model.loading) void this.#sync();
  }

  #frame(f: Frame): void {
    switch (f.type) {
      case "message":
        return this.#received(f.data);
      case "state":
        this.#talk((c) => C.stated(c, f.data));
        return f.data.ended ? void this.#sync() : undefined;
      case "wait":
        return this.#talk((c) => (c.state ? C.stated(c, { ...c.state, ...f.data }) : c));
      case "marks":
        this.#talk((c) => C.marked(c, f.data.agent_read));
        return this.#set({ seen: Math.max(this.model.seen, f.data.visitor_read ?? 0) });
      case "typing":
        return this.#typing(this.model.talk?.state?.agent_name || this.model.t.somebody);
      case "ended":
        return void this.#sync();
    }
  }

  #typing(typing: string): void {
    clearTimeout(this.#typingTimer);
    this.#set({ typing });
    if (typing) this.#typingTimer = window.setTimeout(() => this.#typing(""), TYPING);
  }

  #received(m: Message): void {
    if (!this.model.talk) return;
    const fresh = !this.model.loading && m.seq > C.highest(this.model.talk);
    if (m.client_id && m.author_kind === "visitor") this.#outbox.confirmed(m.client_id);
    this.#talk((c) => C.received(c, m));
    if (fresh && C.isForReading(m)) this.#arrived(m);
    this.#look();
    if (this.model.talk.gap || this.model.talk.stale) void this.#sync();
  }

  /** Something new to read: heard, or told to a screen reader, if it is not on the screen. */
  #arrived(m: Message): void {
    this.#typing("");
    if (this.model.sound) chime();
    if (!this.model.open)
      this.#set({ said: this.model.t.from(this.called(m), m.text || m.attachment?.name || "") });
  }

  /** Asks the server until nothing is missing. One at a time; a call meanwhile means once more. */
  async #sync(): Promise<void> {
    if (this.#syncing) {
      this.#syncAgain = true;
      return;
    }
    clearTimeout(this.#syncTimer);
    this.#syncing = true;
    const { token } = this.#api;
    try {
      let page: Page;
      do {
        this.#syncAgain = false;
        const talk: C.Conversation = this.model.talk ?? C.empty;
        const fresh = talk.stale;
        page = await this.#api.conversation(fresh ? 0 : talk.settled);
        if (token !== this.#api.token) break; // another conversation by now
        this.#page(page, fresh, C.highest(talk));
        if (page.more && this.model.talk?.settled === talk.settled) break; // it would answer the same again
      } while (page.more || this.#syncAgain || this.model.talk?.gap);
      this.#syncTries = 0;
      this.#poll();
    } catch (e) {
      if (token === this.#api.token) this.#syncFailed(e);
    }
    this.#syncing = false;
    if (token !== this.#api.token && this.#api.token) void this.#sync();
  }

  #page(page: Page, fresh: boolean, highest: number): void {
    const before = this.model.loading ? Infinity : C.highest(this.model.talk ?? C.empty);
    for (const m of page.messages)
      if (m.client_id && m.author_kind === "visitor") this.#outbox.confirmed(m.client_id);
    this.#talk((c) => (fresh ? C.replaced(c, page) : C.answered(c, page, highest)));
    this.#set({ loading: page.more && this.model.loading });
    const last = page.messages.filter((m) => m.seq > before && C.isForReading(m)).at(-1);
    if (last) this.#arrived(last);
    if (page.state.ended) this.#over();
    this.#look();
  }

  /** Where sockets do not get through, asking now and then must do. */
  #poll(): void {
    if (!this.#line || this.model.line === "online") return;
    this.#set({ line: "polling" });
    this.#syncTimer = window.setTimeout(() => this.#sync(), POLL * (1 + Math.random() / 2));
  }

  #syncFailed(e: unknown): void {
    const f = e instanceof Failure ? e : new Failure("network", 0, "");
    if (f.cause === "gone") return this.#gone();
    if (f.cause === "network" && this.model.line === "polling") this.#set({ line: "offline" });
    // While the line is down its own attempts ask again; else ask again here.
    const wait = f.seconds * 1000 || backoff(this.#syncTries++, Math.random());
    if (this.model.line === "online" || f.seconds)
      this.#syncTimer = window.setTimeout(() => this.#sync(), wait);
  }

  /** The conversation has ended: nothing more comes or goes. */
  #over(): void {
    this.#line?.stop();
    this.#line = null;
    this.#outbox.clear();
    this.#typing("");
    this.#talk((c) => ({ ...c, outgoing: c.outgoing.map((o) => ({ ...o, status: "failed" })) }));
    this.#set({ ending: false, notice: "", line: "online" });
  }

  /** Ended by retention or erasure, or its time is over: as if it had not been. */
  #gone(): void {
    const { gone } = this.model.t;
    this.#reset(gone);
    void this.#refresh();
  }

  #reset(notice: string): void {
    this.#over();
    clearTimeout(this.#syncTimer);
    if (this.#api.token) this.#keep.forget(this.#api.token);
    this.#api.token = "";
    this.#blobs.clear();
    this.#readTold = 0;
    this.#syncTries = 0;
    this.#set({
      talk: null,
      loading: false,
      left: false,
      seen: 0,
      notice,
      problem: null,
      survey: "open",
      line: "connecting",
    });
  }

  /** Marks as read what is on the screen; forgets an ended conversation once its end was seen. */
  #look(): void {
    const { talk, open, loading } = this.model;
    if (!talk || !open || loading || document.hidden) return;
    const seq = C.highest(talk);
    if (seq > this.model.seen) {
      this.#set({ seen: seq });
      this.#store();
    }
    if (seq > this.#readTold) {
      this.#readTold = seq;
      if (!this.#line?.send({ type: "read", seq })) this.#api.read(seq).catch(() => (this.#readTold = 0));
    }
    if (this.ended) this.#keep.forget(this.#api.token);
  }

  #store(): void {
    const { open: o, seen: s, sound: n } = this.model;
    if (this.#api.token && !this.ended) this.#keep.write({ t: this.#api.token, s, o, n });
  }

  /** The form may be old: opening hours and consent text may have changed. */
  async #refresh(age = FRESH): Promise<void> {
    if (Date.now() - this.#fetched < age) return;
    const { entry } = this.model;
    try {
      this.#set({ entry: await this.#api.entryPoint(entry.id, entry.language) });
      this.#fetched = Date.now();
    } catch {
      // What is shown stays; starting will tell what is wrong.
    }
  }

  /** What is wrong: in words of the widget's own where it knows more than the server, else in the server's. */
  #sentence(f: Failure, name = ""): string {
    const { t, entry } = this.model;
    if (f.seconds) return t.waitSeconds(Math.ceil(f.seconds));
    if (f.field === "consent") return t.changed;
    if (name && f.status === 413) return t.tooLarge(name, entry.attachments.max_mb);
    if (name && f.status === 415) return t.badType(name, kinds(entry.attachments));
    if (f.cause === "conflict") return this.model.talk?.state?.talk?.secure ? t.keyIn : t.ended;
    return f.message || (name ? t.refused : t.notDone);
  }

  async #notStarted(e: unknown): Promise<void> {
    const f = e instanceof Failure ? e : new Failure("network", 0, "");
    const text = f.cause === "network" ? this.model.t.notStarted : this.#sentence(f);
    // The consent text or the hours may have changed while the form was open.
    if (f.cause !== "network" && f.cause !== "busy") await this.#refresh(0);
    this.#set({ problem: { field: f.field, text } });
  }

  async #try(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (e) {
      const f = e instanceof Failure ? e : new Failure("network", 0, "");
      if (f.cause === "gone") this.#gone();
      else this.#tell(this.#sentence(f), 12);
      return false;
    }
  }
}

const ask = (e: Event) => e.preventDefault();

/** The first thing wrong with a form, or null. */
function check(form: StartForm, entry: EntryPoint, t: Texts): Model["problem"] {
  const missing = (field: "name" | "email" | "message", must: boolean) =>
    must && !form[field].trim() ? { field, text: t.needed } : null;
  return (
    missing("name", entry.ask_name === "required") ??
    missing("email", entry.ask_email === "required") ??
    (form.email.trim() && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(form.email.trim())
      ? { field: "email", text: t.badEmail }
      : null) ??
    missing("message", !entry.open) ??
    (entry.consent && !form.agreed ? { field: "consent", text: t.mustAgree } : null)
  );
}

/** An id that cannot be guessed or met twice; randomUUID needs a secure page. */
function newID(): string {
  return (
    crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16)).join("")
  );
}
