import { api, take } from "../api/client";
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
    live.on("evaluation.changed", () => void this.load());
    live.onResync(() => void this.load());
    void this.load();
  }

  async load(): Promise<void> {
    try {
      const waiting = await take(api.GET("/api/v1/evaluations/waiting"));
      this.answer = waiting.answer;
      this.evaluate = waiting.evaluate;
    } catch {
      // It is asked again with the next change.
    }
  }
}

export const evaluations = new Evaluations();
