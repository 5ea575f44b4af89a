import { catalogue } from "$ui/i18n.svelte";
import type { Role } from "../api/types";

const text = catalogue(
  {
    administrator: "Administrator",
    supervisor: "Supervisor",
    agent: "Agent",
    monitor: "Monitor",
    privacy_officer: "Privacy officer",
    reseller: "Reseller",
    operator: "Operator",
  },
  {
    administrator: "Administrador",
    supervisor: "Supervisor",
    agent: "Agente",
    monitor: "Observador",
    privacy_officer: "Responsável pela privacidade",
    reseller: "Revendedor",
    operator: "Operador",
  },
);

/** A role in plain words. */
export const roleName = (role: Role): string => text(role);
