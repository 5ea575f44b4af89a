import type { components } from "$api/schema";

type Sent = components["schemas"]["Sent"];

/** What was sent under one of these names. Under a name that is used already nothing is sent again. */
export function sentOf(sends: readonly Sent[], names: readonly string[]): Sent | undefined {
  return sends.find((s) => s.state === "sent" && names.includes(s.client_id));
}
