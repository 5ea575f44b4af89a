import { toasts } from "$ui/toast.svelte";
import { api, asProblem, take } from "../api/client";
import type { ParkedCall } from "../api/types";
import { desk } from "./desk.svelte";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";
import { router } from "./router.svelte";
import { session } from "./session.svelte";

// The organisation's parked calls, for who may take them back.
class Parked {
  list = $state.raw<readonly ParkedCall[]>([]);
  #started = false;

  start(): void {
    if (this.#started || !session.may("call.park")) return;
    this.#started = true;
    live.on("parked.changed", this.#fetched.load);
    live.onResync(this.#fetched.load);
    void this.#fetched.load();
  }

  #fetched = new Fetched(async () => {
    try {
      this.list = (await take(api.GET("/api/v1/parked-calls"))).items;
    } catch {
      // It is asked again with the next change.
    }
  });

  /** Parks a call of mine, and says where. */
  async park(id: string): Promise<string> {
    const call = await take(
      api.POST("/api/v1/interactions/{id}/park", { params: { path: { id } }, body: {} }),
    );
    desk.take(call);
    return call.slot ?? "";
  }

  /** Takes a call back to my desk. */
  async unpark(id: string): Promise<void> {
    try {
      desk.take(await take(api.POST("/api/v1/parked-calls/{id}/take", { params: { path: { id } } })));
      router.go(`/desk/${id}`);
    } catch (error) {
      toasts.problem(asProblem(error).message);
      void this.#fetched.load();
    }
  }
}

export const parked = new Parked();
