import { api, asProblem, take } from "../api/client";
import type { Session } from "../api/types";

/** Where else the user is signed in. */
export async function otherSessions(): Promise<Session[]> {
  return (await take(api.GET("/api/v1/me/sessions"))).items.filter((one) => !one.current);
}

/** Ends sessions of the user's own; one that ended meanwhile has ended. */
export async function endSessions(sessions: readonly Session[]): Promise<void> {
  for (const { id } of sessions)
    try {
      await api.DELETE("/api/v1/me/sessions/{id}", { params: { path: { id } } });
    } catch (error) {
      if (asProblem(error).status !== 404) throw error;
    }
}
