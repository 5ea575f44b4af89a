import { api, asProblem, take } from "../api/client";
import type { OpenedRecording, RecordingFault } from "../api/types";
import { stretch } from "./stretch";

/** A time of a recording, in milliseconds since its beginning. */
export interface Time {
  at: number;
  length: number;
}

interface Part {
  channels: Float32Array[];
  missing: Time[];
}

interface Scheduled {
  from: number; // seconds of the sound's own clock
  until: number;
  at: number;
  length: number;
}

const window = 10_000; // milliseconds that are fetched at once
const kept = 8; // windows in memory
const ahead = 3; // seconds that are scheduled ahead

export const speeds = [0.75, 1, 1.25, 1.5, 2] as const;
export type Reason = "quality" | "training" | "complaint" | "dispute" | "legal" | "other";

// A recording that is listened to. It is fetched in parts as it is heard; what was fetched is in memory
// only, and gone when it is closed.
export class Playback {
  phase = $state<"closed" | "opening" | "open">("closed");
  problem = $state("");
  /** The organisation asks why. */
  asksReason = $state(false);
  opened = $state.raw<OpenedRecording>();
  waveform = $state.raw<readonly (readonly number[])[]>([]);
  /** Milliseconds since the beginning. */
  at = $state(0);
  playing = $state(false);
  waiting = $state(false);
  rate = $state(1);
  muted = $state.raw<readonly boolean[]>([]);
  /** What should be heard and is not there. */
  missing = $state.raw<readonly Time[]>([]);
  /** What a check found; undefined before it. */
  faults = $state.raw<readonly RecordingFault[]>();
  checking = $state(false);

  readonly length = $derived(this.opened?.length_ms ?? 0);

  #context: AudioContext | undefined;
  #gains: GainNode[] = [];
  #into: ChannelSplitterNode | undefined;
  #nodes = new Set<AudioBufferSourceNode>();
  #scheduled: Scheduled[] = [];
  #run = 0; // counts up with each start and stop
  #parts = new Map<number, Promise<Part>>();
  #frame = 0;

  /** silent: it is of a screen alone, and has a time line and no sound. */
  constructor(
    readonly id: string,
    readonly silent = false,
  ) {}

  async open(reason?: Reason): Promise<void> {
    if (this.phase === "opening") return;
    this.phase = "opening";
    this.problem = "";
    try {
      const opened = await take(
        api.POST("/api/v1/recordings/{id}/listen", {
          params: { path: { id: this.id } },
          body: reason ? { reason } : {},
        }),
      );
      this.opened = opened;
      this.muted = this.silent ? [] : opened.tracks.map(() => false);
      this.waveform = opened.waveform ?? [];
      this.at = Math.min(this.at, opened.length_ms);
      this.missing = [];
      this.faults = undefined;
      this.#parts.clear();
      this.phase = "open";
      if (!opened.waveform && !this.silent) void this.#draw();
    } catch (error) {
      const problem = asProblem(error);
      this.phase = "closed";
      if (problem.field("reason") && !this.asksReason) this.asksReason = true;
      else this.problem = problem.field("reason") ?? problem.message;
    }
  }

  async #draw() {
    try {
      const { waveform } = await take(
        api.GET("/api/v1/recordings/{id}/waveform", {
          params: { path: { id: this.id }, query: this.#ticket() },
        }),
      );
      this.waveform = waveform;
    } catch (error) {
      this.problem = asProblem(error).message; // it can be heard all the same
    }
  }

  async verify(): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    this.problem = "";
    try {
      this.faults = (
        await take(
          api.GET("/api/v1/recordings/{id}/verify", {
            params: { path: { id: this.id }, query: this.#ticket() },
          }),
        )
      ).faults;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.checking = false;
    }
  }

  #ticket() {
    return { ticket: this.opened!.ticket };
  }

  #failed(error: unknown) {
    const problem = asProblem(error);
    this.problem = problem.message;
    this.pause();
    if (problem.status === 409 || problem.status === 404) this.phase = "closed"; // to be opened anew
  }

  toggle() {
    if (this.playing) this.pause();
    else void this.play();
  }

  async play(): Promise<void> {
    if (this.phase !== "open" || !this.length) return;
    if (this.at >= this.length) this.at = 0;
    const run = this.#stop();
    this.playing = true;
    this.problem = "";
    if (this.silent) return this.#count(run);
    this.#watch();
    try {
      await this.#schedule(run);
    } catch (error) {
      if (run === this.#run) this.#failed(error);
    }
  }

  pause() {
    this.#stop();
    this.playing = false;
    this.waiting = false;
  }

  seek(to: number) {
    this.at = Math.max(0, Math.min(this.length, to));
    if (!this.playing) return;
    if (this.at >= this.length) this.pause();
    else void this.play();
  }

  speed(rate: number) {
    this.rate = rate;
    if (this.playing) void this.play();
  }

  mute(track: number) {
    this.muted = this.muted.map((m, i) => (i === track ? !m : m));
    this.#level();
  }

  /** Lets all go that was fetched. */
  close() {
    this.pause();
    this.#parts.clear();
    void this.#context?.close();
    this.#context = undefined;
    this.phase = "closed";
  }

  #level() {
    this.#gains.forEach((gain, i) => (gain.gain.value = this.muted[i] ? 0 : 1));
  }

  // The sound's way: its channels apart, each with a switch, then together in both ears.
  #ready(): AudioContext {
    const tracks = this.opened!.tracks.length;
    if (this.#context && this.#gains.length === tracks) return this.#context;
    void this.#context?.close();
    const context = new AudioContext();
    this.#context = context;
    this.#into = context.createChannelSplitter(tracks);
    this.#gains = Array.from({ length: tracks }, (_, i) => {
      const gain = context.createGain();
      this.#into!.connect(gain, i);
      gain.connect(context.destination);
      return gain;
    });
    this.#level();
    return context;
  }

  #stop(): number {
    for (const node of this.#nodes) node.stop();
    this.#nodes.clear();
    this.#scheduled = [];
    cancelAnimationFrame(this.#frame);
    return ++this.#run;
  }

  async #schedule(run: number) {
    const context = this.#ready();
    await context.resume();
    let place = this.at;
    let next = 0;
    while (run === this.#run && place < this.length) {
      const begins = Math.floor(place / window) * window;
      this.waiting = next <= context.currentTime;
      const part = await this.#part(begins);
      if (run !== this.#run) return;
      void this.#part(begins + window).catch(() => {}); // told when it is its turn
      this.waiting = false;
      const until = Math.min(begins + window, this.length);
      const first = Math.round((place - begins) * 8);
      const sound = stretch(
        part.channels.map((c) => c.subarray(first)),
        this.rate,
      );
      const frames = sound[0]?.length ?? 0;
      if (frames > 0) {
        const buffer = context.createBuffer(sound.length, frames, 8000);
        sound.forEach((c, i) => buffer.copyToChannel(c as Float32Array<ArrayBuffer>, i));
        const node = context.createBufferSource();
        node.buffer = buffer;
        node.connect(this.#into!);
        next = Math.max(next, context.currentTime + 0.01);
        node.start(next);
        this.#nodes.add(node);
        node.onended = () => this.#nodes.delete(node);
        this.#scheduled.push({ from: next, until: next + buffer.duration, at: place, length: until - place });
        next += buffer.duration;
      }
      place = until;
      while (run === this.#run && next - context.currentTime > ahead) {
        await new Promise((go) => setTimeout(go, 200));
      }
    }
  }

  // The place moves with the sound that is heard.
  #watch() {
    const run = this.#run;
    const step = () => {
      if (run !== this.#run) return;
      const now = this.#context?.currentTime ?? 0;
      this.#scheduled = this.#scheduled.filter((s, i, all) => now < s.until || i === all.length - 1);
      const s = this.#scheduled.find((one) => now < one.until) ?? this.#scheduled.at(-1);
      if (s && now >= s.from) {
        this.at = s.at + Math.min(1, (now - s.from) / (s.until - s.from)) * s.length;
        if (now >= s.until && this.at >= this.length) return this.pause();
      }
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  // Without sound the place moves with the time.
  #count(run: number) {
    let last = performance.now();
    const step = () => {
      if (run !== this.#run) return;
      const now = performance.now();
      this.at = Math.min(this.length, this.at + (now - last) * this.rate);
      last = now;
      if (this.at >= this.length) return this.pause();
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #part(at: number): Promise<Part> {
    if (at >= this.length) return Promise.resolve({ channels: [], missing: [] });
    let part = this.#parts.get(at);
    if (part)
      this.#parts.delete(at); // put back as the newest
    else part = this.#fetch(at);
    this.#parts.set(at, part);
    for (const old of [...this.#parts.keys()].slice(0, Math.max(0, this.#parts.size - kept)))
      this.#parts.delete(old);
    return part;
  }

  async #fetch(at: number): Promise<Part> {
    try {
      const { data, response } = await api.GET("/api/v1/recordings/{id}/sound", {
        params: {
          path: { id: this.id },
          query: { ...this.#ticket(), from_ms: at, until_ms: Math.min(at + window, this.length) },
        },
        parseAs: "arrayBuffer",
      });
      const missing = times(response.headers.get("Recording-Missing"));
      if (missing.length) this.missing = merged([...this.missing, ...missing]);
      return { channels: samples(data as unknown as ArrayBuffer), missing };
    } catch (error) {
      this.#parts.delete(at);
      throw error;
    }
  }
}

/** The channels of a WAV file as the API makes it: 16 bits, a head of 44 bytes. */
function samples(wav: ArrayBuffer): Float32Array[] {
  const view = new DataView(wav);
  const count = view.getUint16(22, true);
  const frames = Math.floor((wav.byteLength - 44) / 2 / count);
  return Array.from({ length: count }, (_, ch) => {
    const out = new Float32Array(frames);
    for (let i = 0; i < frames; i++) out[i] = view.getInt16(44 + 2 * (i * count + ch), true) / 32768;
    return out;
  });
}

function times(header: string | null): Time[] {
  if (!header) return [];
  return header.split(", ").map((one) => {
    const [at, length] = one.split("+").map(Number);
    return { at: at!, length: length! };
  });
}

// Times in order, those that touch as one.
function merged(all: Time[]): Time[] {
  const out: Time[] = [];
  for (const t of all.toSorted((a, b) => a.at - b.at)) {
    const last = out.at(-1);
    if (last && t.at <= last.at + last.length) last.length = Math.max(last.length, t.at + t.length - last.at);
    else out.push({ ...t });
  }
  return out;
}
