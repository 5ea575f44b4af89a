import { api, take } from "../api/client";
import type { VoicemailBox } from "../api/types";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";

// The messages that were left for this user.
class Voicemail {
  /** There are some. */
  any = $state(false);
  /** How many were not heard. */
  fresh = $state(0);
  #started = false;

  start(): void {
    if (this.#started) return;
    this.#started = true;
    live.on("voicemail.changed", this.load);
    live.onResync(this.load);
    void this.load();
  }

  readonly load = new Fetched(async () => {
    try {
      this.take(await take(api.GET("/api/v1/desk/voicemails")));
    } catch {
      // It is asked again with the next change.
    }
  }).load;

  take(box: VoicemailBox): void {
    this.any = box.items.length > 0;
    this.fresh = box.fresh;
  }
}

export const voicemail = new Voicemail();
