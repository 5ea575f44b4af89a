import { SvelteMap } from "svelte/reactivity";
import { announcer } from "$ui/announcer.svelte";
import { api, asProblem, take } from "../api/client";
import type { SecurityAlert } from "../api/types";
import { bell } from "./bell.svelte";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";

// Unusual exports and sign-ins that nobody has seen, for who may read the audit log.
class SecurityAlerts {
  /** By their id. */
  open = new SvelteMap<string, SecurityAlert>();
  problem = $state("");
  #started = false;

  /** The last first. */
  readonly list = $derived(
    [...this.open.values()].sort((a, b) => b.last_at.localeCompare(a.last_at) || a.id.localeCompare(b.id)),
  );

  start(): void {
    if (this.#started) return;
    this.#started = true;
    live.onResync(this.load);
    live.on("security_alert.changed", (alert) => this.#fetched.change(() => this.#take(alert)));
    void this.load();
  }

  #fetched = new Fetched(() => this.#load());
  readonly load = this.#fetched.load;

  async #load(): Promise<void> {
    try {
      const page = await take(
        api.GET("/api/v1/security-alerts", { params: { query: { state: "open", limit: 200 } } }),
      );
      this.open.clear();
      for (const alert of page.items) this.open.set(alert.id, alert);
      this.problem = "";
    } catch (error) {
      this.problem = asProblem(error).message;
    }
  }

  async acknowledge(id: string): Promise<void> {
    this.#take(
      await take(api.POST("/api/v1/security-alerts/{id}/acknowledge", { params: { path: { id } } })),
    );
  }

  #take(alert: SecurityAlert): void {
    const known = this.open.has(alert.id);
    if (alert.acknowledged_at) {
      this.open.delete(alert.id);
      return;
    }
    this.open.set(alert.id, alert);
    if (known) return;
    void import("../alerts/securityText").then(({ saysText }) => {
      announcer.say(saysText(alert));
      bell.alert(saysText(alert), false);
    });
  }
}

export const securityAlerts = new SecurityAlerts();
