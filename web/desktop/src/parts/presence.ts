import type { AgentView } from "../api/types";
import { text } from "../messages/desk";
import { names } from "../state/names.svelte";

export type Dot = "ok" | "warn" | "alarm" | "accent" | "off";

/** The colour of an agent's state; the words beside it say the same. */
export function presenceDot(agent: AgentView): Dot {
  if (agent.presence === "missed") return "alarm";
  if (agent.presence === "offline" || !agent.online) return "off";
  if (agent.wrapping > 0 && agent.active === 0) return "warn";
  if (agent.active > 0 || agent.offered > 0 || agent.aside > 0) return "accent";
  return agent.presence === "ready" ? "ok" : "warn";
}

/** An agent's state in words. */
export function presenceText(agent: AgentView): string {
  if (agent.aside > 0) return text("onThePhone");
  const reason = agent.presence === "not_ready" ? names.of("reasons", agent.reason) : "";
  return text(agent.presence) + (reason ? ` · ${reason}` : "");
}
