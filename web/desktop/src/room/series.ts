import type { Day, DayAgents, DaySlot } from "../api/types";

// What the day's charts draw: plain functions of the counted slots, so that
// each value divides what was added up first (as core/measure says).

export type ChartKind = "contacts" | "level" | "times" | "agents";
export const chartKinds: readonly ChartKind[] = ["contacts", "level", "times", "agents"];

export type Value = number | null;

/** One line: the measure that it shows, and a value for each slot. */
export interface Line {
  measure: string;
  colour: "accent" | "ok" | "warn" | "alarm";
  values: Value[];
  filled?: boolean;
}

const nothing = (slot: number): DaySlot => ({
  slot,
  offered: 0,
  answered: 0,
  abandoned: 0,
  short_abandoned: 0,
  service_level: { part: 0, of: 0 },
  answer_wait_ms: 0,
  longest_wait_ms: 0,
  handled: 0,
  handle_ms: 0,
});

function add(to: DaySlot, one: DaySlot): void {
  to.offered += one.offered;
  to.answered += one.answered;
  to.abandoned += one.abandoned;
  to.short_abandoned += one.short_abandoned;
  to.service_level.part += one.service_level.part;
  to.service_level.of += one.service_level.of;
  to.answer_wait_ms += one.answer_wait_ms;
  to.longest_wait_ms = Math.max(to.longest_wait_ms, one.longest_wait_ms);
  to.handled += one.handled;
  to.handle_ms += one.handle_ms;
}

/** How many slots of the server one slot on the chart takes. */
export const perSlot = (day: Day, hours: boolean) => (hours ? 3600 / day.slot_seconds : 1);

/** Slots of the whole day, of one queue or of all (""), in quarter-hours or hours. */
export function slotsOf(day: Day, queue: string, hours: boolean): DaySlot[] {
  const per = perSlot(day, hours);
  const length = (Date.parse(day.until) - Date.parse(day.from)) / 1000 / day.slot_seconds / per;
  const out = Array.from({ length: Math.ceil(length) }, (_, i) => nothing(i));
  for (const one of day.queues) {
    if (queue && one.queue !== queue) continue;
    for (const slot of one.slots) {
      const to = out[Math.floor(slot.slot / per)];
      if (to) add(to, slot);
    }
  }
  return out;
}

/** The slot that a moment falls into; all of them on a past day. */
export function slotAt(day: Day, now: number, hours: boolean): number {
  const seconds = (Math.min(now, Date.parse(day.until) - 1) - Date.parse(day.from)) / 1000;
  return Math.floor(seconds / day.slot_seconds / perSlot(day, hours));
}

const ratio = (part: number, of: number): Value => (of > 0 ? part / of : null);

/** The lines of a chart, up to and with the present slot. */
export function linesOf(day: Day, kind: ChartKind, queue: string, hours: boolean, now: number): Line[] {
  if (kind === "agents") return agentLines(day, hours, now);
  const last = slotAt(day, now, hours);
  const slots = slotsOf(day, queue, hours);
  const line = (
    measure: string,
    colour: Line["colour"],
    value: (s: DaySlot) => Value,
    filled?: boolean,
  ): Line => ({
    measure,
    colour,
    filled,
    values: slots.map((s) => (s.slot <= last ? value(s) : null)),
  });
  switch (kind) {
    case "contacts":
      return [
        line("offered", "accent", (s) => s.offered, true),
        line("answered", "ok", (s) => s.answered),
        line("abandoned", "alarm", (s) => s.abandoned),
        line("short_abandoned", "warn", (s) => s.short_abandoned),
      ];
    case "level": {
      const percent = (s: DaySlot) => {
        const r = ratio(s.service_level.part, s.service_level.of);
        return r === null ? null : 100 * r;
      };
      return [line("service_level_ignored", "accent", percent, true)];
    }
    case "times":
      return [
        line("asa", "accent", (s) => ratio(s.answer_wait_ms / 1000, s.answered)),
        line("longest_wait", "alarm", (s) => (s.longest_wait_ms ? s.longest_wait_ms / 1000 : null)),
        line("aht", "ok", (s) => ratio(s.handle_ms / 1000, s.handled)),
      ];
  }
}

// The mean number of agents in each state: their time over the slot's length,
// or over what is past of it.
function agentLines(day: Day, hours: boolean, now: number): Line[] {
  const per = perSlot(day, hours);
  const width = per * day.slot_seconds * 1000;
  const from = Date.parse(day.from);
  const counted = Math.min(Date.parse(day.at), Date.parse(day.until));
  const length = Math.ceil((Date.parse(day.until) - from) / width);
  const last = Math.min(slotAt(day, now, hours), Math.floor((counted - 1 - from) / width));
  const line = (measure: string, colour: Line["colour"], time: (s: DayAgents) => number): Line => {
    const sums = new Array<number>(length).fill(0);
    for (const slot of day.agents) sums[Math.floor(slot.slot / per)]! += time(slot);
    const values = sums.map((sum, i) => {
      const past = Math.min(width, counted - (from + i * width));
      return i <= last && past > 0 ? sum / past : null;
    });
    return { measure, colour, values };
  };
  return [
    line("agents_busy", "accent", (s) => s.busy_ms),
    line("ready", "ok", (s) => s.ready_ms),
    line("not_ready", "warn", (s) => s.not_ready_ms),
  ];
}

/** A date moved by days, as dates are written ("2026-11-28"). */
export function otherDate(date: string, days: number): string {
  const at = new Date(`${date}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
