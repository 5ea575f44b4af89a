import type { Role, RolePart, RoleParts } from "../api/types";
import { text } from "../messages/parts";
import { names } from "../state/names.svelte";
import { ownRoles } from "./ownRoles.svelte";

/** The teams, queues and campaigns of a part in words; that it is one, while their names are not known. */
export function partInWords(part: RolePart): string {
  const known = [
    ...(part.teams ?? []).map((t) => names.of("teams", t)),
    ...(part.queues ?? []).map((q) => names.of("queues", q)),
    ...(part.campaigns ?? []).map((c) => names.of("campaigns", c)),
  ].filter(Boolean);
  return known.join(", ") || text("forParts");
}

/** Roles in words, each with what it is given for: Agent, Supervisor (North, Sales). */
export function rolesInWords(
  roles: readonly Role[],
  parts: RoleParts = {},
  called = (role: Role) => ownRoles.name(role),
): string {
  return roles
    .map((role) => {
      const name = called(role);
      const part = parts[role];
      return name && part ? `${name} (${partInWords(part)})` : name;
    })
    .filter(Boolean)
    .join(", ");
}

/** Whether a role can be given for a part only. */
export function narrowable(role: Role): boolean {
  if (role === "supervisor" || role === "monitor" || role === "privacy_officer") return true;
  const own = ownRoles.find(role);
  return !!own && own.base !== "administrator";
}
