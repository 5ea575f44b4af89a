import { clock } from "$ui/clock.svelte";
import { duration } from "$ui/i18n.svelte";
import type { Why, WhyCandidate, WhyGroup, WhyReason, WhyUser } from "../api/types";
import { textOf as deskTextOf } from "../messages/desk";
import { text, textOf } from "../messages/why";
import { names } from "../state/names.svelte";

// The engine's explanation in plain words. Times run with the clock.

const left = (at: string | undefined) => duration(clock.until(at));
const skill = (id: string | undefined) => names.of("skills", id) || id || "";

/** What is true of the work as a whole, the most important first. */
export function sentences(why: Why): string[] {
  if (why.state === "arriving" || why.state === "in_flow") return [text("inFlow")];
  if (why.state === "offered") return [text("offeredTo", { name: names.user(why.user) })];
  if (why.state !== "queued") return [text("heldBy", { name: names.user(why.user) })];
  const out: string[] = [];
  if (why.only && why.nearest[0]) out.push(text("onlyFor", { name: why.nearest[0].user_name }));
  else if (why.agents === 0) out.push(text("noAgents"));
  else if (why.at_work === 0) out.push(text("nobodyAtWork", { count: why.agents }));
  for (const need of why.only ? [] : why.needs) {
    const said = { skill: skill(need.skill), level: need.level };
    if (need.have === 0) out.push(text("nobodyHas", said));
    else if (need.at_work === 0 && why.at_work > 0) out.push(text("nobodyHasAtWork", said));
  }
  if (out.length === 0 && why.groups[0]?.exclusion === "at_capacity") out.push(text("allBusy"));
  if (why.next_step) out.push(...next(why));
  if (why.overflow) out.push(text("overflow", { time: left(why.overflow) }));
  const place = { position: why.position, queue: names.of("queues", why.queue) };
  if (why.estimate_seconds < 0) out.push(text("place", place));
  else out.push(text("placeEstimate", { ...place, time: duration(why.estimate_seconds) }));
  return out;
}

// What the next step changes for the skills asked for.
function next(why: Why): string[] {
  const time = left(why.next_step);
  const after = new Map(why.next_needs.map((n) => [n.skill, n.level]));
  const out = why.needs
    .filter((n) => (after.get(n.skill) ?? 0) < n.level)
    .map((n) => {
      const level = after.get(n.skill);
      return level
        ? text("nextLevel", { time, skill: skill(n.skill), level })
        : text("nextNone", { time, skill: skill(n.skill) });
    });
  return out.length > 0 ? out : [text("nextMore", { time })];
}

export function groupText(group: WhyGroup): string {
  return textOf("group_", group.exclusion ?? "none", { skill: skill(group.skill), level: group.needs ?? 0 });
}

/** All that keeps one agent from it, in one line. */
export function candidateText(who: WhyCandidate): string {
  return joined(who.reasons, who.reason);
}

/** `because` is the reason of not being ready that the agent chose. */
export function joined(reasons: readonly WhyReason[], because?: string): string {
  if (reasons.length === 0) return text("is_none");
  return reasons.map((r) => reasonText(r, because)).join("; ");
}

function reasonText(r: WhyReason, because?: string): string {
  switch (r.exclusion) {
    case "not_ready":
      return names.of("reasons", because) || text("is_not_ready");
    case "missing_skill":
      return text(r.has ? "is_missing_skill" : "is_lacking_skill", {
        skill: skill(r.skill),
        has: r.has ?? 0,
        level: r.needs ?? 0,
      });
    case "at_capacity":
      return text("is_at_capacity", { has: r.has ?? 0, needs: r.needs ?? 0 });
    case "excluded":
      return text("is_excluded", { channel: deskTextOf("", r.channel ?? "") });
    case "kept_for":
      return text("is_kept_for", { time: left(r.until) });
    case "refused":
      return r.until ? text("is_refused_until", { time: left(r.until) }) : text("is_refused");
    default:
      return textOf("is_", r.exclusion);
  }
}

/** What is true of an agent as a whole. */
export function agentSentence(why: WhyUser): string {
  const name = why.agent.user_name;
  if (why.queues.length === 0 && why.waiting.length === 0) return text("servesNone", { name });
  if (why.waiting.length === 0) return text("nothingWaits", { name });
  if (why.reasons.length > 0) return text("keeps", { name, reasons: joined(why.reasons, why.agent.reason) });
  return why.waiting[0]?.reasons.length ? "" : text("othersFirst", { name });
}
