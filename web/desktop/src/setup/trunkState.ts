import { api, take } from "../api/client";
import type { Trunk, TrunkState } from "../api/types";
import { text as lines } from "../messages/lines";
import { text } from "../messages/trunks";

/** How a trunk stands, for a mark: what it is called and how bad it is. */
export interface Standing {
  tone: "ok" | "warn" | "alarm" | "quiet";
  label: string;
}

export const stateOf = (id: string): Promise<TrunkState> =>
  take(api.GET("/api/v1/trunks/{id}/status", { params: { path: { id } } }));

export function standing(trunk: Pick<Trunk, "enabled">, state: TrunkState | undefined): Standing {
  if (!trunk.enabled) return { tone: "quiet", label: text("state_off") };
  if (!state) return { tone: "quiet", label: "…" };
  if (!state.running) return { tone: "quiet", label: text("state_idle") };
  if (state.line)
    return {
      tone: ({ up: "ok", down: "alarm", unknown: "quiet", gone: "alarm" } as const)[state.line.state],
      label: lines(state.line.state),
    };
  const { state: registration, code } = state.registration;
  if (registration === "denied" || registration === "failing")
    return {
      tone: registration === "denied" ? "alarm" : "warn",
      label: [text(`state_${registration}`), code && text("code", { code })].filter(Boolean).join(" · "),
    };
  const up = state.gateways.filter((g) => g.state !== "down").length;
  const all = state.gateways.length;
  if (all > 0 && up === 0) return { tone: "alarm", label: text("state_down") };
  if (registration === "trying") return { tone: "warn", label: text("state_trying") };
  if (up < all) return { tone: "warn", label: text("state_partly", { up, all }) };
  if (all > 0 && registration === "off" && state.gateways.every((g) => g.state === "unknown"))
    return { tone: "quiet", label: text("state_unknown") };
  return { tone: "ok", label: text(registration === "registered" ? "state_registered" : "state_up") };
}
