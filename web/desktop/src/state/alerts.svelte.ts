import { SvelteMap } from "svelte/reactivity";
import { announcer } from "$ui/announcer.svelte";
import { clock } from "$ui/clock.svelte";
import { api, asProblem, take } from "../api/client";
import type { Alert } from "../api/types";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";
import { names } from "./names.svelte";
import { bell } from "./bell.svelte";
import { preferences } from "./preferences.svelte";
import { session } from "./session.svelte";
import { text } from "../messages/alerts";
import { alertText, ofItself } from "./alertText";

const muteTime = 30 * 60_000;
const rank = { warning: 1, critical: 2 } as const;

// The alerts that last, wherever in the program one is: who wants to hear them
// hears them there too.
class Alerts {
  /** By their id. */
  open = new SvelteMap<string, Alert>();
  ready = $state(false);
  problem = $state("");
  #started = false;

  /** The worst first, of these those that nobody has seen, then the oldest. */
  readonly list = $derived(
    [...this.open.values()].sort(
      (a, b) =>
        rank[b.level] - rank[a.level] ||
        Number(!!a.acknowledged_by) - Number(!!b.acknowledged_by) ||
        a.raised_at.localeCompare(b.raised_at) ||
        a.id.localeCompare(b.id),
    ),
  );
  /** Those of each queue and each agent, the worst first. */
  readonly #about = $derived.by(() => {
    const about = new Map<string, Alert[]>();
    for (const alert of this.list) {
      const subject = alert.queue ?? alert.user ?? alert.trunk ?? "";
      about.set(subject, [...(about.get(subject) ?? []), alert]);
    }
    return about;
  });
  readonly unseen = $derived(this.list.filter((a) => !a.acknowledged_by).length);

  start(): void {
    if (this.#started) return;
    this.#started = true;
    live.onResync(this.load);
    live.on("alert.changed", (alert) => this.#fetched.change(() => this.#take(alert)));
    live.on("alerts.changed", this.load);
    void this.load();
  }

  #fetched = new Fetched(() => this.#load());
  readonly load = this.#fetched.load;

  async #load(): Promise<void> {
    try {
      const page = await take(
        api.GET("/api/v1/alerts", { params: { query: { state: "open", limit: 200 } } }),
      );
      const now = new Set(page.items.map((a) => a.id));
      for (const id of this.open.keys()) if (!now.has(id)) this.open.delete(id);
      for (const alert of page.items) this.open.set(alert.id, alert);
      this.ready = true;
      this.problem = "";
    } catch (error) {
      this.problem = asProblem(error).message;
    }
  }

  /** What is wrong with a queue or an agent, or with one figure of it. */
  of(subject: string, measure?: Alert["measure"]): readonly Alert[] {
    const all = this.#about.get(subject) ?? [];
    return measure ? all.filter((a) => a.measure === measure) : all;
  }

  async acknowledge(id: string): Promise<void> {
    this.#take(await take(api.POST("/api/v1/alerts/{id}/acknowledge", { params: { path: { id } } })));
  }

  /** Until when a rule's alerts, or all (""), make no sound here; 0: they do. */
  mutedUntil(rule: string): number {
    const until = preferences.muted[rule] ?? 0;
    return until > clock.now ? until : 0;
  }

  mute(rule: string): void {
    preferences.mute(rule, Date.now() + muteTime);
  }

  unmute(rule: string): void {
    preferences.mute(rule, 0);
  }

  #take(alert: Alert): void {
    const known = this.open.get(alert.id);
    if (alert.cleared_at) this.open.delete(alert.id);
    else this.open.set(alert.id, alert);
    const worse = !alert.cleared_at && rank[alert.level] > (known ? rank[known.level] : 0);
    if (!worse || alert.acknowledged_by) return;
    const now = Date.now();
    if ([alert.rule, ""].some((rule) => (preferences.muted[rule] ?? 0) > now)) return;
    announcer.say(alertText(alert));
    bell.alert(alertText(alert), alert.level === "critical");
  }
}

export const alerts = new Alerts();

/** Who may set thresholds, which are of the whole organisation. */
export const maySetAlerts = () => mayManageAlerts() && !session.me?.partly.includes("alert.manage");

/** Who may say that an alert was seen. */
export const mayManageAlerts = () => session.may("alert.manage");

/** The name of the rule behind an alert, also of one that is out of use. */
export const ruleName = (alert: Alert) =>
  ofItself(alert.measure) ? text("trunkRule") : names.of("alert-rules", alert.rule);
