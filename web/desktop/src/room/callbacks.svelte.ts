import { api, take } from "../api/client";
import type { WaitingCallback } from "../api/types";
import { Fetched } from "../state/fetched";
import { live } from "../state/live.svelte";

// People who wait to be called back.
export class Callbacks {
  list = $state.raw<readonly WaitingCallback[]>([]);

  /** Starts to follow; returns how to stop. */
  start(): () => void {
    void this.#fetched.load();
    const stops = [
      live.onResync(this.#fetched.load),
      live.on("interaction.changed", (i) => {
        if (i.callback || this.list.some((c) => c.interaction === i.id)) void this.#fetched.load();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  #fetched = new Fetched(async () => {
    try {
      this.list = (await take(api.GET("/api/v1/floor/callbacks"))).items;
    } catch {
      // The room says that it is not live, and asks again.
    }
  });

  /** Has a person called back no more. */
  async cancel(interaction: string): Promise<void> {
    await take(api.DELETE("/api/v1/floor/callbacks/{id}", { params: { path: { id: interaction } } }));
  }
}
