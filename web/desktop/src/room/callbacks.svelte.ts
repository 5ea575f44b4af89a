import { api, take } from "../api/client";
import type { WaitingCallback } from "../api/types";
import { live } from "../state/live.svelte";

// People who wait to be called back.
export class Callbacks {
  list = $state.raw<readonly WaitingCallback[]>([]);
  #asks = false;
  #again = false;

  /** Starts to follow; returns how to stop. */
  start(): () => void {
    void this.#load();
    const stops = [
      live.onResync(() => void this.#load()),
      live.on("interaction.changed", (i) => {
        if (i.callback || this.list.some((c) => c.interaction === i.id)) void this.#load();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  async #load(): Promise<void> {
    if (this.#asks) {
      this.#again = true;
      return;
    }
    this.#asks = true;
    try {
      do {
        this.#again = false;
        this.list = (await take(api.GET("/api/v1/floor/callbacks"))).items;
      } while (this.#again);
    } catch {
      // The room says that it is not live, and asks again.
    } finally {
      this.#asks = false;
    }
  }

  /** Has a person called back no more. */
  async cancel(interaction: string): Promise<void> {
    await take(api.DELETE("/api/v1/floor/callbacks/{id}", { params: { path: { id: interaction } } }));
  }
}
