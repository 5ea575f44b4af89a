import type { AgentView } from "../api/types";

// What a big screen shows, kept whole in its address, so that a screen on a
// wall can be pointed at it.

export type Names = "full" | "initials" | "numbers" | "none";
export const nameKinds: readonly Names[] = ["full", "initials", "numbers", "none"];

export interface Wall {
  /** Ids; empty means all. */
  queues: readonly string[];
  /** Ids of single agents and of teams; both empty means everybody. */
  agents: readonly string[];
  teams: readonly string[];
  names: Names;
}

export function wallOf(query: URLSearchParams): Wall {
  const names = nameKinds.find((n) => n === query.get("names"));
  const ids = (key: string) => (query.get(key) ?? "").split(",").filter(Boolean);
  return { queues: ids("queues"), agents: ids("agents"), teams: ids("teams"), names: names ?? "full" };
}

export function queryOf(wall: Wall): Record<string, string> {
  return {
    queues: wall.queues.join(","),
    agents: wall.agents.join(","),
    teams: wall.teams.join(","),
    names: wall.names === "full" ? "" : wall.names,
  };
}

/** Whether an agent is on the wall: chosen itself, or in a chosen team. */
export function onWall(wall: Wall, agent: AgentView): boolean {
  if (wall.agents.length === 0 && wall.teams.length === 0) return true;
  return wall.agents.includes(agent.user) || (agent.teams ?? []).some((t) => wall.teams.includes(t));
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
