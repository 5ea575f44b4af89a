import type { Relays } from "../widget/src/protocol";

// The calls of docs/api.md that only a spoken conversation makes: the widget
// loads them with the rest of it, when a chat is spoken.

/** What makes a call of the visitors' API, as widget/src/api.ts does. */
export interface Asks {
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
}

/** How a call's sound is reached. */
export function relays(api: Asks): Promise<Relays> {
  return api.ask("GET", "conversation/relays");
}

/** Connects a call's sound: gives the answer to an offer (session descriptions). */
export async function exchange(api: Asks, offer: string): Promise<string> {
  const answer = await api.ask<{ description: string }>("POST", "conversation/sound", { description: offer });
  return answer.description;
}

/** Asks to talk, agrees to it, or ends it. */
export function talk(api: Asks, wanted: boolean): Promise<void> {
  return api.ask("PUT", "conversation/spoken", { wanted });
}
