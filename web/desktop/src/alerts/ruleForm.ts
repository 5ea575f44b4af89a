import type { AlertRule } from "../api/types";
import { text } from "../messages/alerts";
import { names } from "../state/names.svelte";

export type Measure = AlertRule["measure"];

export const measures: readonly Measure[] = [
  "waiting",
  "longest_waiting",
  "estimated_wait",
  "service_level_ignored",
  "abandon_rate",
  "agents_free",
  "agents_at_work",
  "time_in_state",
];
export const activities = ["ready", "engaged", "wrapping", "not_ready", "missed"] as const;

// Values that suit many centers, to start from.
const usual: Record<Measure, readonly [warning: number, critical: number]> = {
  waiting: [5, 10],
  longest_waiting: [120, 300],
  estimated_wait: [180, 300],
  service_level_ignored: [80, 60],
  abandon_rate: [10, 20],
  agents_free: [2, 1],
  agents_at_work: [2, 1],
  time_in_state: [900, 1800],
};

/** A new rule of a measure, for one queue or for all. */
export function blankRule(measure: Measure = "waiting", queue = ""): AlertRule {
  const rule: AlertRule = {
    name: "",
    enabled: true,
    measure,
    queues: queue ? [queue] : [],
    teams: [],
    activity: undefined,
    reasons: [],
    warning: { at: 0 },
    critical: { at: 0 },
    hold_seconds: 15,
    min_contacts: 10,
    recipients: [],
    always: false,
  };
  choose(rule, measure);
  rule.name = suggestedName(rule);
  return rule;
}

/** Takes another measure, with its usual values; what does not go with it is not sent. */
export function choose(rule: AlertRule, measure: Measure): void {
  const [warning, critical] = usual[measure];
  rule.measure = measure;
  rule.warning = { at: warning };
  rule.critical = { at: critical };
  if (measure === "time_in_state") {
    rule.queues = [];
    rule.activity = "not_ready";
  } else {
    rule.teams = [];
    rule.reasons = [];
    rule.activity = undefined;
  }
}

/** What a rule is called unless somebody says so. */
export function suggestedName(rule: AlertRule): string {
  const what = text(`measure_${rule.measure}`);
  const state = rule.activity ? text(`activity_${rule.activity}`) : "";
  const whose = rule.queues.map((q) => names.of("queues", q)).filter(Boolean);
  const name = [state || what, ...whose].join(" · ").slice(0, 80);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
