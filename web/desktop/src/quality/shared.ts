import { api, take } from "../api/client";
import type { Recording } from "../api/types";

/** A recording that is shared with this user, as a player takes it. */
export async function sharedRecording(id: string): Promise<Recording | undefined> {
  const { items } = await take(api.GET("/api/v1/recordings/shared"));
  const s = items.find((one) => one.recording === id);
  return (
    s && {
      id,
      interaction: s.interaction,
      kind: s.kind ?? "voice",
      started_at: s.started_at ?? s.shared_at,
      ended_at: s.shared_at,
      length_ms: s.length_ms ?? 0,
      size: 0,
      held: false,
    }
  );
}
