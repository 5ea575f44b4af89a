import { api, take } from "../api/client";
import type { CampaignProgress } from "../api/types";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";
import { session } from "./session.svelte";

// How far the campaigns are, asked for once for all that show it: after calls and changes of the set-up, and every
// few seconds, because nobody is told of a contact that is only looked at.
class Progress {
  #all = $state.raw<readonly CampaignProgress[]>([]);
  #shown = 0;
  #stops: (() => void)[] = [];
  #due: ReturnType<typeof setTimeout> | undefined;

  of(campaign: string): CampaignProgress | undefined {
    return this.#all.find((p) => p.campaign === campaign);
  }

  /** Follows it while somebody looks; returns how to stop. */
  follow(): () => void {
    if (!session.may("floor.watch")) return () => {};
    if (this.#shown++ === 0) this.#start();
    return () => {
      if (--this.#shown > 0) return;
      this.#stops.forEach((stop) => stop());
      clearTimeout(this.#due);
      this.#due = undefined;
    };
  }

  #start(): void {
    void this.#load();
    const timer = setInterval(() => void this.#load(), 5000);
    this.#stops = [
      () => clearInterval(timer),
      live.onResync(this.#soon),
      live.on("interaction.changed", (i) => {
        if (i.campaign) this.#soon();
      }),
      live.on("setup.changed", ({ kind }) => {
        if (kind === "campaigns" || kind === "contact-lists") this.#soon();
      }),
    ];
  }

  // Many changes at once are one question.
  #soon = () => (this.#due ??= setTimeout(() => ((this.#due = undefined), void this.#load()), 500));

  #load = new Fetched(async () => {
    try {
      this.#all = (await take(api.GET("/api/v1/campaigns/progress"))).items;
    } catch {
      // What was shown stays; the next time asks again.
    }
  }).load;
}

export const campaignProgress = new Progress();
