import type { AgentView } from "../api/types";

// What a big screen shows, kept whole in its address, so that a screen on a
// wall can be pointed at it.

export type Names = "full" | "initials" | "numbers" | "none";
export const nameKinds: readonly Names[] = ["full", "initials", "numbers", "none"];

export interface Wall {
  /** Ids; empty means all. */
  queues: readonly string[];
  names: Names;
}

export function wallOf(query: URLSearchParams): Wall {
  const names = nameKinds.find((n) => n === query.get("names"));
  return { queues: (query.get("queues") ?? "").split(",").filter(Boolean), names: names ?? "full" };
}

export function queryOf(wall: Wall): Record<string, string> {
  return { queues: wall.queues.join(","), names: wall.names === "full" ? "" : wall.names };
}

/** First letters of up to two words: "Ana Reis" is AR, "a7" is A7. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters =
    words.length > 1 ? words.slice(0, 2).map((w) => [...w][0]) : [...(words[0] ?? "")].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** How an agent is called on the wall; place is its place in the order of ids, which says nothing of the name. */
export function called(
  agent: AgentView,
  names: Names,
  place: number,
  numbered: (n: number) => string,
): string {
  if (names === "full") return agent.user_name;
  return names === "initials" ? initials(agent.user_name) : numbered(place);
}

/** How many fit, and on how many pages. */
export function pages(count: number, fit: number): number {
  return Math.max(1, Math.ceil(count / Math.max(1, fit)));
}
