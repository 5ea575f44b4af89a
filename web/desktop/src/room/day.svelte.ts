import { untrack } from "svelte";
import { api, asProblem, take } from "../api/client";
import type { Day, DayQueue } from "../api/types";
import { Fetched } from "../state/fetched";
import { live } from "../state/live.svelte";
import { otherDate } from "./series";

export type Compare = "none" | "yesterday" | "week";

/** Today's figures, followed live, and those of a day before. */
export class FloorDay {
  today = $state.raw<Day>();
  before = $state.raw<Day>();
  compare = $state<Compare>("week");
  problem = $state("");

  #kept = new Map<string, Day>();
  #pending: DayQueue[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts to follow; returns how to stop. */
  start(): () => void {
    void this.load();
    const stops = [live.onResync(this.load), live.on("day.changed", (queue) => this.#later(queue))];
    // The agents' time is counted anew with each slot; the date may have changed.
    const anew = setInterval(() => void this.load(), 300_000);
    return () => {
      clearInterval(anew);
      clearTimeout(this.#timer);
      this.#timer = undefined;
      stops.forEach((stop) => stop());
    };
  }

  #fetched = new Fetched(() => this.#load());
  readonly load = this.#fetched.load;

  async #load(): Promise<void> {
    try {
      this.today = await take(api.GET("/api/v1/floor/day"));
      this.problem = "";
      await this.#past();
    } catch (error) {
      this.problem = asProblem(error).message;
    }
  }

  async choose(compare: Compare): Promise<void> {
    this.compare = compare;
    await this.#past().catch((error: unknown) => (this.problem = asProblem(error).message));
  }

  // A past day never changes: it is asked for once.
  async #past(): Promise<void> {
    const today = untrack(() => this.today);
    const compare = untrack(() => this.compare);
    if (!today || compare === "none") {
      this.before = undefined;
      return;
    }
    const date = otherDate(today.date, compare === "week" ? -7 : -1);
    let day = this.#kept.get(date);
    if (!day) {
      day = await take(api.GET("/api/v1/floor/day", { params: { query: { date } } }));
      this.#kept.set(date, day);
    }
    if (this.compare === compare) this.before = day;
  }

  #later(queue: DayQueue): void {
    this.#pending.push(queue);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const changes = this.#pending;
      this.#pending = [];
      this.#fetched.change(() => {
        if (!this.today) return;
        if (changes.some((c) => c.date !== this.today!.date)) void this.load();
        else this.today = patched(this.today, changes);
      });
    }, 5000); // a picture of a day is drawn anew every few seconds, however busy the floor
  }
}

/** The day with the slots that changed in their places. */
export function patched(day: Day, changes: readonly DayQueue[]): Day {
  const queues = new Map(day.queues.map((q) => [q.queue, q]));
  for (const change of changes) {
    const known = queues.get(change.queue);
    const slots = new Map((known?.slots ?? []).map((s) => [s.slot, s]));
    for (const slot of change.slots) slots.set(slot.slot, slot);
    queues.set(change.queue, { ...change, slots: [...slots.values()].sort((a, b) => a.slot - b.slot) });
  }
  return { ...day, queues: [...queues.values()] };
}
