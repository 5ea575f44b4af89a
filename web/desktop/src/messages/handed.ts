import { catalogue } from "$ui/i18n.svelte";

/** Calls that were handed over to an outside number, in the room. */
export const text = catalogue(
  {
    title: "Handed over outside",
    what: "These calls go on with an outside number. No agent is in them; the trunk’s minutes run.",
    queue: "Queue",
    trunk: "Trunk",
    since: "Since",
    lasts: "Lasts",
    until: "Ends at",
    actions: "Actions",
    open: "Open",
    end: "Hang up",
    sure: "Hang up for both",
    keep: "Let it go on",
    ended: "The call was hung up.",
  },
  {
    title: "Entregues para fora",
    what: "Estas chamadas continuam com um número externo. Nenhum agente está nelas; os minutos do tronco contam.",
    queue: "Fila",
    trunk: "Tronco",
    since: "Desde",
    lasts: "Dura",
    until: "Termina às",
    actions: "Ações",
    open: "Abrir",
    end: "Desligar",
    sure: "Desligar para ambos",
    keep: "Deixar continuar",
    ended: "A chamada foi desligada.",
  },
);
