// What a screen reader says by itself, wherever on the page one is. Each line
// is said once and gone soon, so that nobody finds it later as if it were news.
class Announcer {
  polite = $state("");
  urgent = $state("");
  #timers: Partial<Record<"polite" | "urgent", ReturnType<typeof setTimeout>>> = {};

  /** Says a line; an urgent one at once, whatever is being read. */
  say(line: string, urgent = false): void {
    const where = urgent ? "urgent" : "polite";
    // The same again is news too: a region says what changed in it.
    this[where] = this[where] === line ? `${line}\u00a0` : line;
    clearTimeout(this.#timers[where]);
    this.#timers[where] = setTimeout(() => (this[where] = ""), 10_000);
  }
}

export const announcer = new Announcer();
