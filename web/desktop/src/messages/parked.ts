import { catalogue } from "$ui/i18n.svelte";

/** Calls that are parked, at the desk and in the room. */
export const text = catalogue(
  {
    title: "Parked calls",
    what: "They hear music, until somebody takes them back here or dials their slot at a phone.",
    slot: "Slot",
    who: "Who waits",
    by: "Parked by",
    queue: "Queue",
    waits: "Waits",
    comes: "Comes back at",
    actions: "Actions",
    nobodys: "a phone",
    unknown: "Unknown caller",
    take: "Take back",
    takeSlot: "Take back {slot}",
    parkedBy: "by {name}",
    parkedAt: "Parked at {slot}.",
  },
  {
    title: "Chamadas estacionadas",
    what: "Ouvem música, até que alguém as retome aqui ou marque o seu lugar num telefone.",
    slot: "Lugar",
    who: "Quem espera",
    by: "Estacionada por",
    queue: "Fila",
    waits: "Espera",
    comes: "Volta às",
    actions: "Ações",
    nobodys: "um telefone",
    unknown: "Desconhecido",
    take: "Retomar",
    takeSlot: "Retomar {slot}",
    parkedBy: "por {name}",
    parkedAt: "Estacionada em {slot}.",
  },
);
