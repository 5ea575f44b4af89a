import { microphone, NoMicrophone, type MicrophoneProblem } from "$sound/devices";
import { Sound } from "$sound/connection.svelte";
import { locale } from "$ui/i18n.svelte";
import { exchange, relays } from "../../talk/calls";
import { Api, Failure } from "../../widget/src/api";
import * as C from "../../widget/src/conversation";
import { Line } from "../../widget/src/line";
import type { EntryPoint, Frame, Message } from "../../widget/src/protocol";
import { preferred } from "../../widget/src/texts";
import { text } from "./texts";

export interface Form {
  name: string;
  email: string;
  agreed: boolean;
}

/** Keys of a menu's choices, in their order (channel/voice). */
const KEYS = "1234567890*#";
/** How long the last words of a call that ended may take, in milliseconds. */
const LAST_WORDS = 30_000;
/** How long a key that was pressed is shown as such, in milliseconds. */
const PRESSED = 3_000;

/** The caller's page: one call after another to one entry point. */
export class Phone {
  phase = $state<"loading" | "missing" | "unreachable" | "ready" | "calling" | "over">("loading");
  entry = $state.raw<EntryPoint>() as EntryPoint;
  talk = $state.raw<C.Conversation>(C.empty);
  sound = $state.raw<Sound>();
  starting = $state(false);
  /** What is wrong with the form, and where. */
  problem = $state.raw<{ field: string; text: string }>();
  microphone = $state<MicrophoneProblem>();
  /** When the call began and ended, milliseconds since 1970. */
  began = $state(0);
  ended = $state(0);
  /** The written side has no connection. */
  offline = $state(false);
  pressed = $state("");
  survey = $state<"open" | "sending" | "sent" | "failed">("open");

  readonly #api = new Api(location.origin);
  readonly #place: string;
  #line: Line | undefined;
  #syncing = false;
  #syncAgain = false;
  #pressing: ReturnType<typeof setTimeout> | undefined;
  #last: ReturnType<typeof setTimeout> | undefined;
  /** One id for one intention to call, so that a second try is not a second call. */
  #intention = crypto.randomUUID();

  constructor(
    readonly id: string,
    readonly language: string | undefined,
  ) {
    this.#place = `nubitalk.call.${id}`;
    void this.load();
  }

  get state() {
    return this.talk.state;
  }

  /** Somebody answered. */
  readonly answered = $derived(
    this.talk.state?.state === "active" ||
      this.talk.messages.some((m) => m.author_kind === "agent" || m.event === "agent_joined"),
  );

  /** The question that waits for an answer, with the key of each choice. */
  readonly choices = $derived.by(() => {
    if (this.talk.state?.state !== "in_flow") return [];
    const buttons = C.question(this.talk)?.buttons ?? [];
    return buttons.slice(0, KEYS.length).map((b, i) => ({ ...b, key: KEYS[i]! }));
  });

  async load(): Promise<void> {
    this.phase = "loading";
    if (!this.id) {
      this.phase = "missing";
      return;
    }
    try {
      this.#show(await this.#api.entryPoint(this.id, preferred(this.language, navigator.languages)));
    } catch (e) {
      const again = e instanceof Failure && (e.cause === "network" || e.cause === "busy");
      this.phase = again ? "unreachable" : "missing";
      return;
    }
    const kept = this.#kept();
    if (kept) this.#adopt(kept.token, kept.began);
    else this.phase = this.entry.channel === "voice" ? "ready" : "missing";
  }

  #show(entry: EntryPoint): void {
    this.entry = entry;
    locale.set(entry.language);
    this.#api.language = entry.language;
    document.title = text("title", { name: entry.title || text("somebody") });
  }

  /** Asks for the microphone, begins the conversation, and connects its sound. */
  async call(form: Form): Promise<void> {
    if (this.starting) return;
    this.microphone = undefined;
    this.problem = this.#check(form);
    if (this.problem) return;
    this.starting = true;
    let stream: MediaStream | undefined;
    try {
      stream = await microphone();
      const { consent } = this.entry;
      const started = await this.#api.start(this.id, {
        name: form.name.trim(),
        email: form.email.trim(),
        language: this.entry.language,
        consent: consent && { text: consent.text, version: consent.version },
        message: "",
        client_id: this.#intention,
        left_message: false,
        page: location.origin + location.pathname,
      });
      this.#intention = crypto.randomUUID();
      this.talk = C.answered(C.empty, { ...started, more: false }, 0);
      this.#adopt(started.token, Date.now(), stream);
    } catch (e) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      if (e instanceof NoMicrophone) this.microphone = e.problem;
      else await this.#notStarted(e);
    } finally {
      this.starting = false;
    }
  }

  #check(form: Form): { field: string; text: string } | undefined {
    const { ask_name, ask_email, consent } = this.entry;
    const email = form.email.trim();
    if (ask_name === "required" && !form.name.trim()) return { field: "name", text: text("needed") };
    if (ask_email === "required" && !email) return { field: "email", text: text("needed") };
    if (email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return { field: "email", text: text("badEmail") };
    if (consent && !form.agreed) return { field: "consent", text: text("mustAgree") };
    return undefined;
  }

  async #notStarted(e: unknown): Promise<void> {
    const f = e instanceof Failure ? e : new Failure("network", 0, "");
    const words = f.seconds
      ? text("wait", { count: Math.ceil(f.seconds) })
      : f.field === "consent"
        ? text("changed")
        : f.message || text("notStarted");
    this.problem = { field: f.field, text: words };
    if (f.field === "consent") {
      // The text may have been changed while the form was open.
      this.#show(await this.#api.entryPoint(this.id, this.entry.language).catch(() => this.entry));
    }
  }

  /** Takes up a call: one that just began, or the one from before a reload. */
  #adopt(token: string, began: number, stream?: MediaStream): void {
    this.#api.token = token;
    this.began = began;
    this.ended = 0;
    this.survey = "open";
    this.phase = "calling";
    this.#keep();
    let first = stream;
    const sound = new Sound({
      relays: () => relays(this.#api),
      exchange: (offer) => exchange(this.#api, offer),
      over: (e) => e instanceof Failure && (e.cause === "gone" || e.status === 404),
      microphone: () => {
        const given = first;
        first = undefined;
        return given ? Promise.resolve(given) : microphone();
      },
      loudspeaker: () => "",
    });
    this.sound = sound;
    this.#line = new Line({
      url: this.#api.socket,
      token,
      after: () => this.talk.settled,
      frame: (f) => this.#frame(f),
      state: (s) => {
        if (this.offline && s === "online") void sound.doubt();
        this.offline = s === "offline";
      },
      failed: () => void this.#sync(),
    });
    this.#line.start();
    if (!stream) void this.#sync();
    void sound.start();
  }

  /** Another try with the microphone, within the call. */
  async retry(): Promise<void> {
    if (this.sound?.state === "idle") await this.sound.start();
    else if (this.sound?.problem) await this.sound.renew();
    else this.sound?.again();
  }

  press(key: string): void {
    clearTimeout(this.#pressing);
    this.pressed = key;
    this.#pressing = setTimeout(() => (this.pressed = ""), PRESSED);
    if (this.sound?.press(key)) return;
    // No sound at the moment: a choice can be written, too.
    const choice = this.choices.find((c) => c.key === key);
    if (choice)
      this.#api
        .choose(crypto.randomUUID(), choice.value)
        .then((m) => this.#received(m))
        .catch(() => {}); // the choice stays to be pressed again
  }

  async hangUp(): Promise<void> {
    this.#over();
    // The server also notices that the sound is gone, only later.
    await this.#api.end().catch(() => {});
    await this.#lastPage();
  }

  async rate(rating: number, comment: string): Promise<void> {
    this.survey = "sending";
    try {
      await this.#api.survey(rating, comment.trim());
      this.survey = "sent";
    } catch {
      this.survey = "failed";
    }
  }

  /** Back to the form. */
  again(): void {
    this.talk = C.empty;
    this.problem = undefined;
    void this.load();
  }

  #frame(f: Frame): void {
    switch (f.type) {
      case "message":
        return this.#received(f.data);
      case "state":
        this.talk = C.stated(this.talk, f.data);
        return f.data.ended ? void this.#sync() : undefined;
      case "wait":
        if (this.talk.state) this.talk = C.stated(this.talk, { ...this.talk.state, ...f.data });
        return;
      case "ended":
        return void this.#sync();
    }
  }

  #received(m: Message): void {
    this.talk = C.received(this.talk, m);
    if (m.author_kind === "visitor") this.pressed = "";
    if (this.talk.gap || this.talk.stale) void this.#sync();
  }

  /** Asks the server until nothing is missing. One at a time; a call meanwhile means once more. */
  async #sync(): Promise<void> {
    if (this.#syncing) {
      this.#syncAgain = true;
      return;
    }
    this.#syncing = true;
    const { token } = this.#api;
    try {
      do {
        this.#syncAgain = false;
        const { stale, settled } = this.talk;
        const page = await this.#api.conversation(stale ? 0 : settled);
        if (token !== this.#api.token) break;
        this.talk = stale ? C.replaced(this.talk, page) : C.answered(this.talk, page, C.highest(this.talk));
        if (page.state.ended) this.#farewell();
        if (page.more && this.talk.settled === settled) break; // it would answer the same again
        if (page.more) this.#syncAgain = true;
      } while (this.#syncAgain);
    } catch (e) {
      if (e instanceof Failure && e.cause === "gone" && token === this.#api.token) this.#over();
    }
    this.#syncing = false;
  }

  /** The call has ended: at once, or when a menu has said its last words. */
  #farewell(): void {
    if (this.phase !== "calling") return;
    if (this.answered || this.sound?.state !== "connected") return this.#over();
    clearTimeout(this.#last);
    this.#last = setTimeout(() => this.#over(), LAST_WORDS);
  }

  /** For the page: the sound has come to its end. */
  soundEnded(): void {
    if (this.phase !== "calling") return;
    this.#over();
    void this.#lastPage();
  }

  async #lastPage(): Promise<void> {
    const { token } = this.#api;
    const page = await this.#api.conversation(this.talk.settled).catch(() => undefined);
    if (page && token === this.#api.token) this.talk = C.answered(this.talk, page, C.highest(this.talk));
  }

  #over(): void {
    if (this.phase !== "calling") return;
    clearTimeout(this.#last);
    this.#line?.stop();
    this.#line = undefined;
    this.sound?.stop();
    this.ended = Date.now();
    this.phase = "over";
    try {
      sessionStorage.removeItem(this.#place);
    } catch {
      // See #keep.
    }
  }

  // The token and the beginning stay with this tab until the call ends, so that a
  // reload goes on with it. Nothing else is kept, and nothing beyond the tab.
  #keep(): void {
    try {
      sessionStorage.setItem(this.#place, JSON.stringify({ token: this.#api.token, began: this.began }));
    } catch {
      // Storage is forbidden: the call lives as long as the page.
    }
  }

  #kept(): { token: string; began: number } | undefined {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#place) ?? "{}") as {
        token?: unknown;
        began?: unknown;
      };
      return typeof kept.token === "string" && typeof kept.began === "number"
        ? { token: kept.token, began: kept.began }
        : undefined;
    } catch {
      return undefined;
    }
  }
}
