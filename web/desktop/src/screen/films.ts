import type { ServerClock } from "./serverClock";

/** What a screen showed in about two seconds: a WebM film of its own. */
export interface Film {
  /** When it begins, by the server's clock. */
  at: number;
  /** In milliseconds. */
  length: number;
  webm: Blob;
}

/** The only kind that the server takes. */
export const kind = "video/webm;codecs=vp8";

/** The longest and shortest that the server takes, in milliseconds. */
const longest = 9_900;
const shortest = 100;

/** What the pictures of a WebM film lie in (a cluster, RFC 9559); it comes soon after the film's head. */
const pictures = [0x1f, 0x43, 0xb6, 0x75];
const head = 4096;

/**
 * Whether there is any picture in a film. A browser that is busy, or whose stream shows nothing new, ends some with
 * a head alone.
 */
export async function shows(webm: Blob): Promise<boolean> {
  const octets = new Uint8Array(await webm.slice(0, head).arrayBuffer());
  const named = (at: number) => octets[at - 2] === 0xab && octets[at - 1] === 0x84; // told of only, in a SeekID
  return octets.some((_, at) => pictures.every((octet, i) => octets[at + i] === octet) && !named(at));
}

interface Running {
  recorder: MediaRecorder;
  at: number;
  length: number;
  wanted: boolean;
  ended: Promise<void>;
}

// Films of what a stream shows, one after the other, each of its own, so that one
// of them can be left out without the others (ADR 0022).
export class Films {
  #beat: Worker | undefined;
  #now: Running | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(
    readonly stream: MediaStream,
    readonly kilobits: number,
    readonly clock: ServerClock,
    readonly made: (film: Film) => void,
    readonly failed: () => void,
  ) {}

  start(): void {
    if (this.#beat) return;
    this.#beat = new Worker(new URL("./beat.worker.ts", import.meta.url), { type: "module" });
    this.#beat.onmessage = () => this.#cut();
    this.#cut();
  }

  /** Ends; what runs is a last film, or none. */
  async stop(keep: boolean): Promise<void> {
    this.#beat?.terminate();
    this.#beat = undefined;
    const last = this.#now;
    this.#now = undefined;
    if (!last) return;
    this.#end(last, keep);
    await last.ended;
  }

  // The next begins before the last ends, so that nothing falls between them.
  #cut(): void {
    const last = this.#now;
    try {
      this.#now = this.#begin();
    } catch {
      this.#now = undefined;
      this.failed();
    }
    if (last) this.#end(last, true);
  }

  #begin(): Running {
    const recorder = new MediaRecorder(this.stream, {
      mimeType: kind,
      videoBitsPerSecond: this.kilobits * 1000,
    });
    const parts: Blob[] = [];
    let over: () => void;
    const running: Running = {
      recorder,
      at: this.clock.now(),
      length: 0,
      wanted: false,
      ended: new Promise((done) => (over = done)),
    };
    recorder.ondataavailable = (e) => {
      if (e.data.size) parts.push(e.data);
    };
    recorder.onstop = () => {
      // Without a picture there is no film.
      const webm = new Blob(parts, { type: "video/webm" });
      const whole = running.wanted && running.length >= shortest && running.length <= longest;
      const film = { at: running.at, length: running.length, webm };
      // Looking takes a moment; they leave in the order in which they ended.
      this.#last = this.#last
        .then(async () => {
          if (whole && (await shows(webm))) this.made(film);
        })
        .catch(() => {}) // a film that cannot be read is none
        .finally(over);
    };
    recorder.start();
    return running;
  }

  #end(one: Running, wanted: boolean): void {
    one.wanted = wanted;
    one.length = Math.round(this.clock.now() - one.at);
    if (one.recorder.state !== "inactive") one.recorder.stop();
  }
}
