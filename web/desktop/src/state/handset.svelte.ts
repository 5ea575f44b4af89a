import { toasts } from "$ui/toast.svelte";
import { api, asProblem, take } from "../api/client";
import type { HandsetChoice } from "../api/types";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";
import { session } from "./session.svelte";

// By what the user talks: this browser, or one of its own phones. The server
// remembers it.
class Handset {
  phones = $state.raw<HandsetChoice["phones"]>([]);
  /** Id of the phone; "" is the browser. */
  phone = $state("");
  readonly name = $derived(this.phones.find((p) => p.id === this.phone)?.name ?? "");
  #started = false;

  start(): void {
    if (this.#started || !session.may("desk.use")) return;
    this.#started = true;
    live.on("setup.changed", ({ kind }) => kind === "phones" && void this.load());
    live.onResync(this.load);
    void this.load();
  }

  readonly load = new Fetched(async () => {
    try {
      this.#take(await take(api.GET("/api/v1/desk/phone")));
    } catch {
      // Then it stays as it was.
    }
  }).load;

  async choose(phone: string): Promise<void> {
    try {
      this.#take(await take(api.PUT("/api/v1/desk/phone", { body: { phone } })));
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  #take(choice: HandsetChoice): void {
    this.phones = choice.phones;
    this.phone = choice.phone;
  }
}

export const handset = new Handset();
