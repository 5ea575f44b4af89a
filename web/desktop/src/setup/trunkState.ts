import { api, take } from "../api/client";
import type { Trunk, TrunkState } from "../api/types";
import { text as lines } from "../messages/lines";
import { text } from "../messages/trunks";
import { connection, type Standing } from "../parts/standing";

export const stateOf = (id: string): Promise<TrunkState> =>
  take(api.GET("/api/v1/trunks/{id}/status", { params: { path: { id } } }));

export function standing(trunk: Pick<Trunk, "enabled">, state: TrunkState | undefined): Standing {
  if (!trunk.enabled) return { tone: "quiet", label: text("state_off") };
  if (!state) return { tone: "quiet", label: "…" };
  if (state.not_allowed?.length) return { tone: "alarm", label: text("state_not_allowed") };
  if (!state.running) return { tone: "quiet", label: text("state_idle") };
  if (state.line)
    return {
      tone: ({ up: "ok", down: "alarm", unknown: "quiet", gone: "alarm" } as const)[state.line.state],
      label: lines(state.line.state),
    };
  return connection(state);
}
