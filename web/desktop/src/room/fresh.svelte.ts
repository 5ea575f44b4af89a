import { untrack } from "svelte";
import { clock } from "$ui/clock.svelte";
import { asProblem } from "../api/client";
import { live } from "../state/live.svelte";

// Something asked of the server that a change of the floor makes old. It is asked
// again soon after something happened, at most twice a second, and when a time
// that it named has come; nothing is asked while nothing happens.
export class Fresh<T> {
  value = $state.raw<T>();
  problem = $state("");

  #soon: ReturnType<typeof setTimeout> | undefined;
  #due: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  #over = false;

  constructor(
    readonly ask: () => Promise<T>,
    readonly times: (value: T) => (string | undefined)[] = () => [],
  ) {}

  /** Starts to follow; returns how to stop. */
  start(): () => void {
    const later = () => this.later();
    const stops = [
      live.onResync(later),
      live.on("queue.changed", later),
      live.on("agent.changed", later),
      live.on("interaction.changed", later),
      live.on("agent.left", later),
      live.on("interaction.left", later),
      live.on("setup.changed", later),
    ];
    this.#over = false;
    // What is asked may read what changes; that begins nothing anew by itself.
    untrack(() => void this.load());
    return () => {
      this.#over = true;
      clearTimeout(this.#soon);
      clearTimeout(this.#due);
      stops.forEach((stop) => stop());
    };
  }

  later(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.load();
    }, 500);
  }

  async load(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      this.value = await this.ask();
      this.problem = "";
    } catch (error) {
      this.problem = asProblem(error).message;
    }
    this.#asking = false;
    if (this.#over) return;
    this.#arm();
    if (this.#again) {
      this.#again = false;
      this.later();
    }
  }

  #arm(): void {
    clearTimeout(this.#due);
    if (this.value === undefined || this.problem) return;
    const times = this.times(this.value).flatMap((at) => (at ? [Date.parse(at) - clock.read()] : []));
    const first = Math.min(...times.filter((ms) => ms > 0 && ms < 86_400_000));
    if (Number.isFinite(first)) this.#due = setTimeout(() => void this.load(), first + 250);
  }
}
