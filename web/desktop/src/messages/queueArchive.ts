import { catalogue } from "$ui/i18n.svelte";

// Texts of taking a queue out of use while work is in it.
export const text = catalogue(
  {
    open: "Before “{name}” is taken out of use, what is in it goes elsewhere:",
    waiting_voice: { one: "{count} call waits.", other: "{count} calls wait." },
    waiting_chat: { one: "{count} chat waits.", other: "{count} chats wait." },
    waiting_email: { one: "{count} email waits.", other: "{count} emails wait." },
    waiting_social: { one: "{count} message waits.", other: "{count} messages wait." },
    later: {
      one: "{count} comes back to it: put aside, parked, or to be called again.",
      other: "{count} come back to it: put aside, parked, or to be called again.",
    },
    held: { one: "{count} is with an agent.", other: "{count} are with agents." },
    to: "Where they go",
    toHint: "In their order, with the time that they have waited. What agents have stays with them.",
    choose: "Choose a queue",
    move: "Move them there",
    wait: "What agents have ends with them. The queue can be taken out of use then.",
    again: "Look again",
  },
  {
    open: "Antes de “{name}” deixar de ser usada, o que está nela vai para outro lado:",
    waiting_voice: { one: "{count} chamada espera.", other: "{count} chamadas esperam." },
    waiting_chat: { one: "{count} conversa espera.", other: "{count} conversas esperam." },
    waiting_email: { one: "{count} email espera.", other: "{count} emails esperam." },
    waiting_social: { one: "{count} mensagem espera.", other: "{count} mensagens esperam." },
    later: {
      one: "{count} volta a ela: guardado, estacionado, ou a chamar outra vez.",
      other: "{count} voltam a ela: guardados, estacionados, ou a chamar outra vez.",
    },
    held: { one: "{count} está com um agente.", other: "{count} estão com agentes." },
    to: "Para onde vão",
    toHint: "Pela sua ordem, com o tempo que já esperaram. O que os agentes têm fica com eles.",
    choose: "Escolha uma fila",
    move: "Mover para lá",
    wait: "O que os agentes têm acaba com eles. A fila pode então deixar de ser usada.",
    again: "Ver de novo",
  },
);
