import { catalogue } from "$ui/i18n.svelte";

// Texts about the outside calls that phones made.
export const text = catalogue(
  {
    title: "Outside calls",
    what: "Calls that were dialled at a phone or forwarded by it, left by a trunk and were answered. Of the number only the last two digits are kept.",
    runs: "now",
    emergency: "Emergency",
    more: "Show earlier ones",
    none: "There are none.",
  },
  {
    title: "Chamadas para fora",
    what: "Chamadas marcadas num telefone ou reencaminhadas por ele, que saíram por um tronco e foram atendidas. Do número só se guardam os dois últimos algarismos.",
    runs: "agora",
    emergency: "Emergência",
    more: "Mostrar anteriores",
    none: "Não há nenhuma.",
  },
);
