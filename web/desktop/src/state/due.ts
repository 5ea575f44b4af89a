import { clock, happened } from "$ui/clock.svelte";
import { dateAndTime, timeOfDay } from "$ui/i18n.svelte";
import { text } from "../messages/due";

/**
 * Where what is due stands: amber in the last third of its goal, in seconds, also where
 * that counts opening hours. What is not due is on time.
 */
export function standing(due: string | undefined, goal: number): "ok" | "warn" | "bad" {
  const left = happened(due) ? clock.until(due) : Infinity;
  if (left <= 0) return "bad";
  return left <= goal / 3 ? "warn" : "ok";
}

/** Until when something is to be answered, in words: today by its time alone. */
export function dueBy(due: string | undefined): string {
  if (!happened(due)) return "";
  const at = new Date(due);
  const today = at.toDateString() === new Date(clock.read()).toDateString();
  return text("dueBy", { time: today ? timeOfDay(at) : dateAndTime(at) });
}
