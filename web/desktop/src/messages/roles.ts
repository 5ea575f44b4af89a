import { catalogue } from "$ui/i18n.svelte";
import type { BuiltIn, Role } from "../api/types";

const english = {
  administrator: "Administrator",
  supervisor: "Supervisor",
  agent: "Agent",
  monitor: "Monitor",
  privacy_officer: "Privacy officer",
  reseller: "Reseller",
  operator: "Operator",
};

const text = catalogue(english, {
  administrator: "Administrador",
  supervisor: "Supervisor",
  agent: "Agente",
  monitor: "Observador",
  privacy_officer: "Responsável pela privacidade",
  reseller: "Revendedor",
  operator: "Operador",
});

/** Whether a role is one that every organisation has. */
export const builtIn = (role: Role): role is BuiltIn => Object.hasOwn(english, role);

/** A built-in role in plain words; another by its id. */
export const roleName = (role: Role): string => (builtIn(role) ? text(role) : role);
