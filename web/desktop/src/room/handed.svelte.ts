import { api, take } from "../api/client";
import type { Handed } from "../api/types";
import { Fetched } from "../state/fetched";
import { live } from "../state/live.svelte";

// Calls that were handed over to an outside number and go on by the trunk.
export class HandedOver {
  #calls = $state.raw<readonly Handed[]>([]);

  readonly list = $derived(this.#calls.toSorted((a, b) => a.since.localeCompare(b.since)));

  /** Starts to follow; returns how to stop. */
  start(): () => void {
    void this.#fetched.load();
    const stops = [
      live.onResync(this.#fetched.load),
      live.on("handed.changed", (call) =>
        this.#fetched.change(() => {
          const others = this.#calls.filter((c) => c.interaction !== call.interaction);
          this.#calls = call.ended ? others : [...others, call];
        }),
      ),
    ];
    return () => stops.forEach((stop) => stop());
  }

  #fetched = new Fetched(() => this.#load());

  async #load(): Promise<void> {
    try {
      this.#calls = (await take(api.GET("/api/v1/floor/handed-over"))).items;
    } catch {
      // The room says that it is not live, and asks again.
    }
  }

  /** Hangs a call up. */
  async end(interaction: string): Promise<void> {
    await take(api.DELETE("/api/v1/floor/handed-over/{id}", { params: { path: { id: interaction } } }));
  }
}
