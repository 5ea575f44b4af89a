import { catalogue } from "$ui/i18n.svelte";

// Texts about where calls to an extension go on.
export const text = catalogue(
  {
    title: "Where calls go on",
    what: "An extension, a ring group’s too, or an outside number as you would dial it. Empty: calls do not go on.",
    whatNumber:
      "An outside number is called as long as the phone’s user may call it; its minutes count as the user’s own.",
    extension: "{name}, extension {extension}",
    always: "All calls",
    alwaysHint: "The phone does not ring.",
    busy: "While busy",
    busyHint: "During a call, and when a call is declined.",
    unanswered: "Not answered",
    unansweredHint: "Also while no phone is registered.",
    seconds: "Rings before that (seconds)",
    leads: "Now: {name}.",
    lost: "The extension that was chosen is not there any more; the phone rings.",
    save: "Apply",
    saved: "Where calls go on is saved.",
    forwarded: "forwarded",
    on: "Calls go on to {to}",
    none: "This phone is not in use, or has no extension: there are no calls that could go on.",
  },
  {
    title: "Para onde seguem as chamadas",
    what: "Uma extensão, também de um grupo de toque, ou um número de fora tal como o marcaria. Vazio: as chamadas não seguem.",
    whatNumber:
      "Um número de fora é chamado enquanto o utilizador do telefone o puder chamar; os minutos contam como os dele.",
    extension: "{name}, extensão {extension}",
    always: "Todas as chamadas",
    alwaysHint: "O telefone não toca.",
    busy: "Em ocupado",
    busyHint: "Durante uma chamada, e quando uma chamada é recusada.",
    unanswered: "Sem resposta",
    unansweredHint: "Também enquanto nenhum telefone está registado.",
    seconds: "Toca antes disso (segundos)",
    leads: "Agora: {name}.",
    lost: "A extensão escolhida já não existe; o telefone toca.",
    save: "Aplicar",
    saved: "Ficou guardado para onde seguem as chamadas.",
    forwarded: "reencaminhada",
    on: "As chamadas seguem para {to}",
    none: "Este telefone não está em uso, ou não tem extensão: não há chamadas que possam seguir.",
  },
);
