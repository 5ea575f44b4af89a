import { api, asProblem, Problem, sendFile, take } from "../api/client";
import type { ScreenBegun, ScreenKept } from "../api/types";
import type { Film } from "./films";
import type { ServerClock } from "./serverClock";

/** How much waits for a connection: two minutes, or so many octets. */
const mostSeconds = 120;
const mostOctets = 48 << 20;
/** How far from its clock the server takes a film, in milliseconds. */
const slack = 250;
/** So many in a row that the server does not take mean that it takes none. */
const mostRefused = 5;
/** So many seconds the call may be unknown to the server before it is taken to be over. */
const mostUnknown = 20;

export type Why = "closed" | "refused" | "failed";

interface Told {
  /** How many milliseconds of films wait to be sent. */
  waits: (length: number) => void;
  /** The server takes nothing of this browser's. */
  refused: () => void;
  /** The screen is to be recorded, or will be as soon as agent and person talk. */
  due: () => boolean;
}

// What is on its way to the server, in order, one at a time. A film leaves when it
// is known to be kept; the oldest are given up when the connection is away for long.
export class Outbox {
  #films: Film[] = [];
  #to: ScreenBegun | undefined;
  #end: Why | undefined;
  #busy = false;
  #closed = false;
  #tries = 0;
  #refused = 0;
  #wake: (() => void) | undefined;

  constructor(
    readonly interaction: string,
    readonly clock: ServerClock,
    readonly told: Told,
  ) {}

  add(film: Film): void {
    if (this.#closed) return;
    this.#films.push(film);
    let octets = this.#films.reduce((sum, f) => sum + f.webm.size, 0);
    while (this.#films.length > 1 && (this.#length() > mostSeconds * 1000 || octets > mostOctets))
      octets -= this.#films.shift()!.webm.size;
    this.#say();
    void this.#run();
  }

  /** Has it begun, so that the first film finds its place. */
  begin(): void {
    this.#end = undefined;
    void this.#run(true);
  }

  /** After what waits, says why no more comes. */
  end(why: Why): void {
    this.#end = why;
    void this.#run();
  }

  /** The connection is back. */
  hurry(): void {
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#films = [];
    this.hurry();
  }

  #length(): number {
    return this.#films.reduce((sum, f) => sum + f.length, 0);
  }

  #say(): void {
    this.told.waits(this.#length());
  }

  async #run(begin = false): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    let first = begin;
    while (!this.#closed && (first || this.#films.length || this.#end)) {
      try {
        if (this.#films.length || first) {
          this.#to ??= await this.#begin();
          first = false;
          if (this.#films.length) await this.#send(this.#to, this.#films[0]!);
        } else await this.#tell(this.#end!);
        this.#tries = 0;
      } catch (error) {
        const problem = asProblem(error);
        if (problem.status === -409) {
          // Not now: paused, or a server that was started again waits for who talks. What waits may have its
          // place later, which the server decides.
          if (!this.#end) break;
          this.#films = [];
          first = false;
        } else if (!(await this.#again(problem))) first = false;
      }
      this.#say();
    }
    this.#busy = false;
  }

  async #begin(): Promise<ScreenBegun> {
    const sent = performance.now();
    try {
      const begun = await take(
        api.POST("/api/v1/interactions/{id}/screen", { params: { path: { id: this.interaction } } }),
      );
      this.clock.learn(begun.now_ms, sent, performance.now());
      return begun;
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 409) throw new Problem(-409, problem.code, problem.message);
      // The call is over, or a server that was started again has not taken it up yet.
      if ((problem.status === 404 || problem.status === 410) && this.#tries < mostUnknown)
        throw new Problem(503, problem.code, problem.message, undefined, undefined, 1);
      throw problem;
    }
  }

  async #send(to: ScreenBegun, film: Film): Promise<void> {
    if (film.at < to.began_ms - slack) {
      this.#drop(film); // it may not be kept
      return;
    }
    const query = new URLSearchParams({
      recording: to.recording,
      number: String(to.next),
      at_ms: String(film.at),
      length_ms: String(film.length),
    });
    const sent = performance.now();
    const kept = await sendFile<ScreenKept>(
      `interactions/${this.interaction}/screen/pieces?${query.toString()}`,
      film.webm,
      "video/webm",
    );
    this.clock.learn(kept.now_ms, sent, performance.now());
    this.#to = { ...to, next: kept.next };
    this.#refused = 0;
    this.#drop(film);
  }

  async #tell(why: Why): Promise<void> {
    try {
      await api.POST("/api/v1/interactions/{id}/screen/end", {
        params: { path: { id: this.interaction } },
        body: { why },
      });
    } catch (error) {
      const problem = asProblem(error);
      // Said before agent and person talk, it has no place yet: it is said again until it has.
      if (problem.status === 409 && this.told.due()) throw new Problem(503, problem.code, problem.message);
      throw problem;
    }
    if (this.#end === why) this.#end = undefined;
    this.#to = undefined;
  }

  #drop(film: Film): void {
    const at = this.#films.indexOf(film);
    if (at >= 0) this.#films.splice(at, 1);
  }

  /** Decides what becomes of what failed, and waits before another try; false: there is none. */
  async #again(problem: Problem): Promise<boolean> {
    if (problem.temporary || problem.status === 401) {
      const wait = problem.retryAfter * 1000 || Math.min(8000, 500 * 2 ** this.#tries);
      this.#tries++;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, problem.status === 401 ? 5000 : wait);
        this.#wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      this.#wake = undefined;
      return true;
    }
    if (!this.#to) {
      // The call is over, and what waits has no place. Or its end is known already.
      this.#films = [];
      this.#end = undefined;
      return false;
    }
    if (!this.#films.length) {
      this.#end = undefined;
      return false;
    }
    this.#to = undefined; // its place is asked for again
    this.#refused++;
    if ((problem.status === 410 || problem.status === 409) && this.#refused < mostRefused) return true;
    this.#films.shift();
    if (this.#refused >= mostRefused) {
      this.#films = [];
      this.told.refused();
      return false;
    }
    return true;
  }
}
