import { catalogue } from "$ui/i18n.svelte";

// Texts of the form of a reason for rejecting emails.
export const text = catalogue(
  {
    name: "Name",
    nameHint: "What agents choose, and what stands in the record.",
    text: "What the sender is told",
    textHint:
      "Leave it empty to say nothing. It is never sent to machines and lists, and to one address once a day at most.",
    english: "English",
    portuguese: "Portuguese",
    preview: "As the sender reads it",
    previewNone: "The sender is told nothing.",
    after: "At the provider",
    afterHint: "The email is never deleted.",
    asMailbox: "As its mailbox says of handled emails",
    flag: "It is marked as read",
    move: "It is marked as read, and moved to a folder",
    moveTo: "Folder",
    moveToHint: "It is made if there is none.",
  },
  {
    name: "Nome",
    nameHint: "O que os agentes escolhem e o que fica no registo.",
    text: "O que se diz ao remetente",
    textHint:
      "Deixe vazio para não dizer nada. Nunca é enviado a máquinas nem a listas, e a cada endereço só uma vez por dia.",
    english: "inglês",
    portuguese: "português",
    preview: "Como o remetente o lê",
    previewNone: "Nada é dito ao remetente.",
    after: "No fornecedor",
    afterHint: "O email nunca é apagado.",
    asMailbox: "Como a caixa de correio diz dos emails tratados",
    flag: "Fica marcado como lido",
    move: "Fica marcado como lido e vai para uma pasta",
    moveTo: "Pasta",
    moveToHint: "É criada se não existir.",
  },
);
