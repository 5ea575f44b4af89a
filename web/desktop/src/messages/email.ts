import { catalogue } from "$ui/i18n.svelte";

// Texts about an email while it is handled.
export const text = catalogue(
  {
    section: "The email",
    from: "From",
    to: "To",
    cc: "Cc",
    subject: "Subject",
    noSubject: "(no subject)",
    files: "Files",
    noText: "It has no text.",
    images: {
      one: "{count} image from elsewhere is not fetched, so that the sender is not told that you read this.",
      other:
        "{count} images from elsewhere are not fetched, so that the sender is not told that you read this.",
    },
    automatic: "A machine seems to have sent this.",
    broken: "Parts of this message could not be read.",
    goesOn: "It answers an answer of yours.",
    earlier: "See it",
    answer: "Your answer",
    answerHint: "It goes to {to}, from {from}.",
    quote: "Quote the message below",
    send: "Send the answer",
    sendAgain: "Send it again",
    sent: "The answer was sent.",
    sentAt: "Answered at {at}",
    unsure:
      "It is not known whether an answer was sent: the connection ended in between. Look into the sent folder at your provider before you send it again.",
    failedAt: "An answer at {at} was not sent.",
    loading: "The email is read from the provider…",
    again: "Try again",
  },
  {
    section: "O email",
    from: "De",
    to: "Para",
    cc: "Cc",
    subject: "Assunto",
    noSubject: "(sem assunto)",
    files: "Ficheiros",
    noText: "Não tem texto.",
    images: {
      one: "{count} imagem que está noutro sítio não é carregada, para que o remetente não saiba que leu isto.",
      other:
        "{count} imagens que estão noutro sítio não são carregadas, para que o remetente não saiba que leu isto.",
    },
    automatic: "Parece ter sido enviado por uma máquina.",
    broken: "Partes desta mensagem não puderam ser lidas.",
    goesOn: "Responde a uma resposta sua.",
    earlier: "Ver",
    answer: "A sua resposta",
    answerHint: "Vai para {to}, de {from}.",
    quote: "Citar a mensagem em baixo",
    send: "Enviar a resposta",
    sendAgain: "Enviar de novo",
    sent: "A resposta foi enviada.",
    sentAt: "Respondido às {at}",
    unsure:
      "Não se sabe se uma resposta foi enviada: a ligação terminou a meio. Veja a pasta dos enviados no seu fornecedor antes de a enviar de novo.",
    failedAt: "Uma resposta às {at} não foi enviada.",
    loading: "O email está a ser lido do fornecedor…",
    again: "Tentar de novo",
  },
);
