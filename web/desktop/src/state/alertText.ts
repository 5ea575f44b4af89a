import { clock } from "$ui/clock.svelte";
import { duration, number } from "$ui/i18n.svelte";
import type { Alert, AlertRule, QueueView } from "../api/types";
import { text } from "../messages/alerts";
import { names } from "./names.svelte";

type Measure = Alert["measure"];

/** Watched without a rule, as a trunk: where its level begins is not worth saying. */
export const ofItself = (measure: Measure) =>
  measure.startsWith("trunk_") || measure.startsWith("recordings_");

/** Measures that are bad when they are small. */
export const lowIsBad = (measure: Measure) =>
  measure === "service_level_ignored" || measure === "agents_free" || measure === "agents_at_work";

export type Unit = "contacts" | "seconds" | "percent" | "agents";

export function unitOf(measure: Measure): Unit {
  switch (measure) {
    case "longest_waiting":
    case "estimated_wait":
    case "time_in_state":
      return "seconds";
    case "service_level_ignored":
    case "abandon_rate":
      return "percent";
    case "agents_free":
    case "agents_at_work":
      return "agents";
  }
  return "contacts";
}

/** A value as it is read: "7", "2:10", "63 %". */
export function valueText(measure: Measure, value: number): string {
  switch (unitOf(measure)) {
    case "seconds":
      return duration(value);
    case "percent":
      return text("percent", { value: number(Math.floor(value)) });
  }
  return number(value);
}

/** Where a level begins: "from 5", "below 80 %". */
export const edgeText = (measure: Measure, at: number) =>
  text(lowIsBad(measure) ? "below" : "from", { value: valueText(measure, at) });

/** What a queue's figure is now; undefined where there is none. */
export function valueNow(measure: Measure, q: QueueView | undefined): number | undefined {
  if (!q) return undefined;
  const percent = ({ part, of }: { part: number; of: number }) => (of ? (100 * part) / of : undefined);
  switch (measure) {
    case "waiting":
      return q.waiting;
    case "longest_waiting":
      return q.waiting ? clock.since(q.longest_since) : 0;
    case "estimated_wait":
      return q.estimate_seconds < 0 ? undefined : q.estimate_seconds;
    case "service_level_ignored":
      return percent(q.service_level);
    case "abandon_rate":
      return percent(q.abandon_rate);
    case "agents_free":
      return q.agents_ready;
    case "agents_at_work":
      return q.agents_at_work;
    case "time_in_state":
    case "trunk_gateways":
    case "trunk_registration":
    case "recordings_lost":
    case "recordings_full":
    case "recordings_waiting":
      return undefined;
  }
}

/** "7 waiting", "not ready for 12:30". */
export function figureText(alert: Alert, value: number): string {
  return text(`says_${alert.measure}`, {
    value: valueText(alert.measure, value),
    count: value,
    activity: alert.activity ? text(`activity_${alert.activity}`) : "",
  });
}

/** Whom it is about. */
export const subjectText = (alert: Alert) =>
  alert.trunk
    ? text("trunk", { name: alert.called ?? "" })
    : alert.measure.startsWith("recordings_")
      ? text("recordings")
      : alert.queue
        ? names.of("queues", alert.queue)
        : names.user(alert.user);

/** "Billing: 7 waiting", with the value that it had when it came to its level. */
export const alertText = (alert: Alert) => `${subjectText(alert)}: ${figureText(alert, alert.value)}`;

/** A rule in one sentence. */
export function ruleText(rule: AlertRule): string {
  const edge = (at: number) => edgeText(rule.measure, at);
  const { warning, critical } = rule;
  const levels =
    warning.at && critical.at
      ? text("sumBoth", { warning: edge(warning.at), critical: edge(critical.at) })
      : warning.at
        ? text("sumWarning", { warning: edge(warning.at) })
        : text("sumCritical", { critical: edge(critical.at) });
  const whose = rule.measure === "time_in_state" ? rule.teams : rule.queues;
  const kind = rule.measure === "time_in_state" ? "teams" : "queues";
  const what = [
    rule.measure === "time_in_state" && rule.activity
      ? text(`activity_${rule.activity}`)
      : text(`measure_${rule.measure}`),
    whose.map((one) => names.of(kind, one)).join(", "),
  ];
  const line = `${what.filter(Boolean).join(", ")}: ${levels}`;
  return line.charAt(0).toUpperCase() + line.slice(1);
}

/** Where a level ends unless somebody chose, as the server has it. */
export function defaultClear(measure: Measure, at: number): number {
  if (!lowIsBad(measure)) return Math.ceil((at * 4) / 5);
  return unitOf(measure) === "percent" ? Math.min(at + 5, 100) : at + Math.floor(at / 5);
}
