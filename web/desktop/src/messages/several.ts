import { catalogue } from "$ui/i18n.svelte";

// Texts of what is done to several things of a list at once.
export const text = catalogue(
  {
    verdict: "What happens",
    refused: { one: "1 is left out:", other: "{count} are left out:" },
    unchanged: {
      one: "1 is left out because it is so already:",
      other: "{count} are left out because they are so already:",
    },
    more: "and {count} more",
    moved: "Something changed meanwhile. This is what it would do now.",
    willStay: { one: "1 stays as it is", other: "{count} stay as they are" },
    willNot: { one: "1 cannot be changed", other: "{count} cannot be changed" },

    chooseOne: "Choose {name}",
    chooseShown: "Choose all that are shown",
    chosen: { one: "1 chosen", other: "{count} chosen" },
    chooseNone: "Choose none",
    tooMany: "At most {count} at once.",
    title_archive: "Take several out of use",
    title_restore: "Put several back",
    will_archive: { one: "1 goes out of use", other: "{count} go out of use" },
    will_restore: { one: "1 comes back into use", other: "{count} come back into use" },
    after_archive:
      "What goes out of use is no longer offered. Records that name it stay readable, and you can put it back.",
    after_restore: "What comes back is offered again.",
    forwarding:
      "Where their calls are forwarded to is forgotten a day later; until then it comes back with them.",
    do_archive: { one: "Take 1 out of use", other: "Take {count} out of use" },
    do_restore: { one: "Put 1 back", other: "Put {count} back" },
    done_archive: { one: "“{first}” is out of use.", other: "{count} are out of use." },
    done_restore: { one: "“{first}” is back in use.", other: "{count} are back in use." },
    left: { one: "1 was left out: {names}.", other: "{count} were left out: {names}." },
    namesMore: "{names} and {count} more",
    undone: { one: "1 is as it was before.", other: "{count} are as they were before." },
  },
  {
    verdict: "O que acontece",
    refused: { one: "1 fica de fora:", other: "{count} ficam de fora:" },
    unchanged: {
      one: "1 fica de fora porque já está assim:",
      other: "{count} ficam de fora porque já estão assim:",
    },
    more: "e mais {count}",
    moved: "Entretanto algo mudou. É isto que faria agora.",
    willStay: { one: "1 fica como está", other: "{count} ficam como estão" },
    willNot: { one: "1 não pode mudar", other: "{count} não podem mudar" },

    chooseOne: "Escolher {name}",
    chooseShown: "Escolher tudo o que se vê",
    chosen: { one: "1 na escolha", other: "{count} na escolha" },
    chooseNone: "Limpar a escolha",
    tooMany: "No máximo {count} de cada vez.",
    title_archive: "Retirar vários de uso",
    title_restore: "Voltar a pôr vários",
    will_archive: { one: "1 sai de uso", other: "{count} saem de uso" },
    will_restore: { one: "1 volta a uso", other: "{count} voltam a uso" },
    after_archive:
      "O que sai de uso deixa de ser oferecido. Os registos que o referem continuam legíveis, e pode voltar a pô-lo.",
    after_restore: "O que volta é oferecido de novo.",
    forwarding:
      "O destino para onde as suas chamadas são reencaminhadas é esquecido um dia depois; até lá volta com eles.",
    do_archive: { one: "Retirar 1 de uso", other: "Retirar {count} de uso" },
    do_restore: { one: "Voltar a pôr 1", other: "Voltar a pôr {count}" },
    done_archive: { one: "“{first}” está fora de uso.", other: "{count} estão fora de uso." },
    done_restore: { one: "“{first}” está de novo em uso.", other: "{count} estão de novo em uso." },
    left: { one: "1 ficou de fora: {names}.", other: "{count} ficaram de fora: {names}." },
    namesMore: "{names} e mais {count}",
    undone: { one: "1 está como antes.", other: "{count} estão como antes." },
  },
);
