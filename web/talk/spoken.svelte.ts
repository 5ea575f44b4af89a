import { Sound } from "$sound/connection.svelte";
import { microphone, NoMicrophone, type MicrophoneProblem } from "$sound/devices";
import type { Talk } from "../widget/src/protocol";
import { exchange, relays, talk } from "./calls";
import type { Line } from "./main";
import { text } from "./texts";

/** A tab of the site has the sound; the others wait for it. */
const LOCK = "nubitalk.call";

/** A chat on its way to be spoken, and while it is, in this page. */
export class Spoken {
  talk = $state.raw<Talk>();
  /** Whom one talks with, as the widget shows it; empty if nobody is named. */
  name = $state("");
  sound = $state.raw<Sound>();
  problem = $state<MicrophoneProblem>();
  /** A sentence on what did not work. */
  failed = $state("");
  busy = $state(false);
  /** Another tab has the sound. */
  elsewhere = $state(false);
  began = $state(0);
  /** Keys pressed in the present secure flow. */
  pressed = $state(0);

  readonly #line: Line;
  /** The microphone, opened when one asked or agreed, until the sound takes it. */
  #stream: MediaStream | undefined;
  #letGo: (() => void) | undefined;
  #wanted = false;

  constructor(line: Line) {
    this.#line = line;
  }

  /** What the server tells now. */
  show(talk: Talk | undefined, name: string): void {
    this.name = name || this.name || text("somebody");
    const stage = talk?.stage ?? "";
    if (!talk?.secure) this.pressed = 0;
    this.talk = talk;
    if (stage === "running") this.#begin(false);
    else {
      this.#end();
      if (stage !== "asked_by_visitor" && !this.busy) this.#drop();
    }
  }

  /** Asks to talk, or agrees: the microphone first, so that nobody waits for it. */
  async agree(): Promise<void> {
    await this.#want(true, async () => {
      this.#stream ??= await microphone();
    });
  }

  async stop(): Promise<void> {
    await this.#want(false, () => Promise.resolve());
  }

  /** Sends a key to who asks for it. */
  press(key: string): void {
    if (this.sound?.press(key)) this.pressed++;
  }

  /** Takes the sound from another tab. */
  here(): void {
    this.#begin(true);
  }

  async #want(wanted: boolean, before: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = undefined;
    this.failed = "";
    try {
      await before();
      await talk(this.#line, wanted);
    } catch (e) {
      if (e instanceof NoMicrophone) this.problem = e.problem;
      else this.failed = (e instanceof Error && e.message) || text("failed");
      this.#drop();
    } finally {
      this.busy = false;
    }
  }

  #begin(steal: boolean): void {
    if (this.sound || (this.#wanted && !steal)) return;
    this.#wanted = true;
    if (!("locks" in navigator)) return this.#connect();
    this.elsewhere = true;
    navigator.locks
      .request(LOCK, { steal }, () => {
        if (!this.#wanted) return;
        this.#connect();
        return new Promise<void>((done) => (this.#letGo = done));
      })
      .catch(() => {
        // Another tab took it.
        const { talk } = this;
        this.#end();
        if (talk?.stage === "running") this.#begin(false);
      });
    // Nobody waits for long where it is free.
    setTimeout(() => (this.elsewhere = this.#wanted && !this.sound), 0);
  }

  #connect(): void {
    this.elsewhere = false;
    this.began ||= Date.now();
    const sound = new Sound({
      relays: () => relays(this.#line),
      exchange: (offer) => exchange(this.#line, offer),
      over: (e) => [401, 403, 404, 409, 410].includes((e as { status?: number }).status ?? 0),
      microphone: () => {
        const stream = this.#stream;
        this.#stream = undefined;
        return stream ? Promise.resolve(stream) : microphone();
      },
      loudspeaker: () => "",
      video: this.talk?.video ?? false,
    });
    this.sound = sound;
    void sound.start();
  }

  #end(): void {
    this.#wanted = false;
    this.elsewhere = false;
    this.sound?.stop();
    this.sound = undefined;
    this.began = 0;
    this.#letGo?.();
    this.#letGo = undefined;
  }

  #drop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
  }
}
