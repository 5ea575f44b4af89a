import type { TrunkState } from "../api/types";
import { text } from "../messages/trunks";

/** How a trunk or a line stands, for a mark: what it is called and how bad it is. */
export interface Standing {
  tone: "ok" | "warn" | "alarm" | "quiet";
  label: string;
}

/** How the connection to a telephone company stands, by its registration and its gateways. */
export function connection(state: Pick<TrunkState, "registration" | "gateways">): Standing {
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
