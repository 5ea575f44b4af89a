// What is fetched whole and followed by the stream. The answer to a question may be older than what the stream
// brought while it was on its way, and older than the answer to a later question: so one question is on its way at
// a time, one that comes meanwhile is asked after it, and the stream's changes are made after the answer.
export class Fetched {
  #asking: Promise<void> | undefined;
  #again = false;
  #changes: (() => void)[] = [];

  /** The question asks, takes the answer, and takes what goes wrong. */
  constructor(readonly question: () => Promise<void>) {}

  /** Asks; done when the answer holds all that had happened by now. */
  load = (): Promise<void> => {
    this.#again = true;
    return (this.#asking ??= this.#ask());
  };

  /** A change from the stream. */
  change(make: () => void): void {
    if (this.#asking) this.#changes.push(make);
    else make();
  }

  async #ask(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.question();
      }
    } finally {
      this.#asking = undefined;
      for (const make of this.#changes.splice(0)) make();
    }
  }
}
