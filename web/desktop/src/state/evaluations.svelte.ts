import { api, take } from "../api/client";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";

// The evaluations that wait for this user.
class Evaluations {
  /** Of its own work, to be answered. */
  answer = $state(0);
  /** To be evaluated, or to be settled. */
  evaluate = $state(0);
  #started = false;

  start(): void {
    if (this.#started) return;
    this.#started = true;
    live.on("evaluation.changed", this.load);
    live.onResync(this.load);
    void this.load();
  }

  readonly load = new Fetched(async () => {
    try {
      const waiting = await take(api.GET("/api/v1/evaluations/waiting"));
      this.answer = waiting.answer;
      this.evaluate = waiting.evaluate;
    } catch {
      // It is asked again with the next change.
    }
  }).load;
}

export const evaluations = new Evaluations();
