import type { SecurityAlert } from "../api/types";
import { actionName } from "../messages/audit";
import { text } from "../messages/securityAlerts";
import { names } from "../state/names.svelte";

/** "ana: unusual export". */
export function saysText(alert: SecurityAlert): string {
  if (alert.kind === "many_networks" && !alert.user) return text("says_more_users");
  if (alert.kind === "refused" && !alert.user) return text("says_more_refused");
  return text(`says_${alert.kind}`, { name: nameOf(alert.user) });
}

/** A user's name, an API key's id, or a word for who was let in to help. */
const nameOf = (user: string | undefined) =>
  names.user(user) || (user?.startsWith("key_") ? user : text("somebody"));

/** What it was, why it is unusual, and how often it happened. */
export function detailText(alert: SecurityAlert): string {
  if (alert.kind === "many_users" || alert.kind === "many_networks")
    return text("withinHour", { count: alert.times });
  if (isRefused(alert)) return text("withinTen", { count: alert.times });
  const why = alert.why.map((reason) => text(`why_${reason}`)).join("; ");
  return [
    alert.action ? actionName(alert.action) : "",
    why,
    alert.times > 1 ? text("times", { count: alert.times }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

const isRefused = (alert: SecurityAlert) => alert.kind === "refused" || alert.kind === "refused_outside";

/** Where the audit log tells more. */
export function logPath(alert: SecurityAlert): string {
  const failed = alert.kind === "many_users" || alert.kind === "many_networks";
  const first = new Date(alert.raised_at);
  if (failed) first.setTime(first.getTime() - 3600_000);
  const two = (n: number) => String(n).padStart(2, "0");
  const query = new URLSearchParams({
    action: failed ? "sign_in.refused" : isRefused(alert) ? "requests.refused" : `${alert.kind}.unusual`,
    from: `${first.getFullYear()}-${two(first.getMonth() + 1)}-${two(first.getDate())}`,
  });
  if (alert.user) query.set("actor", alert.user);
  return `/privacy/audit?${query}`;
}
