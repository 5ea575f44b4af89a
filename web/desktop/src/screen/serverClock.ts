// The server's time, as exactly as its answers tell. This browser's own clock may
// be changed while a film is made; what counts the page's time is not.
export class ServerClock {
  #offset: number | undefined;

  /** Takes what an answer said, that was asked for and came at two moments of performance.now(). */
  learn(server: number, sent: number, came: number): void {
    // The server wrote its time after it was asked, and before the answer came.
    const [least, most] = [server - came, server - sent];
    this.#offset =
      this.#offset === undefined ? (least + most) / 2 : Math.min(most, Math.max(least, this.#offset));
  }

  get known(): boolean {
    return this.#offset !== undefined;
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    return Math.round(performance.now() + (this.#offset ?? Date.now() - performance.now()));
  }
}
