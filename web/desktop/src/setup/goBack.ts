import type { SetupKind } from "../api/types";

/** Secrets that are sent and never shown; and whether there is one. */
const secrets = ["secret", "password", "client_secret", "secret_remove", "password_remove"];
const set = ["secret_set", "password_set", "client_secret_set"];

/**
 * Whether what was saved can be put back from here. A secret that was replaced, taken away or lost with its host is
 * nowhere any more; a flow has its versions, of which each can be published again.
 */
export function canGoBack(kind: SetupKind, before: object, after: object, sent: object): boolean {
  const at = (body: object, field: string) => (body as Record<string, unknown>)[field];
  return (
    kind !== "flows" &&
    secrets.every((field) => !at(sent, field)) &&
    set.every((field) => at(before, field) === at(after, field))
  );
}
