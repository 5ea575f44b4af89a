import { catalogue } from "$ui/i18n.svelte";

// Texts about the rules that say which calls are recorded.
export const text = catalogue(
  {
    enabled: "In use",
    enabledHint: "Switched off, it is as if the rule did not exist.",

    where: "Which calls",
    direction: "Who began them",
    direction_any: "Anybody",
    direction_in: "The person: calls that arrive",
    direction_out: "An agent: calls that agents make",
    queues: "Queues",
    queuesHint: "None chosen means all.",
    campaigns: "Campaigns",
    campaignsHint: "None chosen means all calls, also those of no campaign.",
    campaignsEmpty: "There is no campaign yet.",
    queuesEmpty: "There is no queue yet.",
    points: "Entry points",
    pointsHint:
      "None chosen means all. Calls that agents make come by none: a rule that names some is not for them.",
    pointsEmpty: "There is no entry point for calls yet.",
    pointsOut: "Calls that agents make come by no entry point, so there is none to choose.",

    share: "How many of them",
    percent: "Recorded by themselves",
    percentHint: "Of a hundred calls. Nobody chooses which.",
    demand: "The agent may begin a recording",
    demandHint: "Of calls that are not recorded by themselves.",
    demandAll: "All calls are recorded by themselves; the agent may only begin one again that was stopped.",
    forbids:
      "Nothing is recorded where this rule fits, whatever other rules say. So there is nothing to ask for, and nothing to pause.",

    consent: "What the person hears before",
    consentHint:
      "Nothing is kept before that. If no voice is installed that could say it, nothing is recorded.",
    consent_none: "Nothing",
    consent_none_hears:
      "The person hears nothing of it: the recording begins when the agent answers. Only where the law asks for no consent.",
    consent_announcement: "An announcement",
    consent_announcement_hears:
      "The person and the agent hear the text when the agent answers; the recording begins after its last word. Who agreed to it in the flow does not hear it again.",
    consent_key: "A question, answered by a key",
    consent_key_hears:
      "The person hears the text, and presses 1 to agree or 2 not to. Who presses neither is asked once more, and is then not recorded. Who agreed to it in the flow is not asked again.",
    consent_both: "A question, and then the announcement",
    consent_both_hears:
      "The person agrees by a key, or in the flow, and hears the text once more as the recording begins.",

    consentText: "Consent text",
    consentTextHint: "Said in the person’s language.",
    choose: "Choose…",
    ofRecording: "For recordings",
    ofOthers: "For other purposes",
    missingTitle: "There is no consent text for recordings yet",
    missingText:
      "With this choice the rule needs one. Make one with the purpose “Recording”; it then appears here.",
    missingLink: "New consent text (in a new tab)",
    allParties: "Outside numbers that are added are told, too",
    allPartiesHint: "Who joins from an outside number hears the text first, and is recorded only then.",
    allPartiesNone: "Without consent there is no text that they could be told.",

    also: "What else is recorded",
    alsoHint:
      "By itself, only what is said while the person and the agent talk: no menu, no queue, no music, no keys that are pressed.",
    hold: "What the person says while it is held",
    consultation: "What the agent and colleagues say while the person is held",

    pauses: "Pauses",
    pausesHint: "The agent, supervisors and systems pause a recording, e.g. while a card number is said.",
    pauseMinutes: "A pause that nobody ends ends by itself after",
    pauseMinutesHint: "The agent is told. Empty or 0: it never ends by itself. At most 120.",

    kept: "How long they are kept",
    keepDays: "Removed, after its end, after",
    keepDaysHint:
      "Empty or 0: with the conversation, as the organisation’s rules say; that is the longest in any case. Of several rules the shortest holds. It is for calls from now on. A legal hold keeps a recording longer.",

    summary: "What will happen",
    together: "Rules add up",
    togetherText:
      "All rules that fit a call hold together, the strictest of each: all consent that any of them asks for, hold and consultation only if all say so, the longest pause, the shortest time that a recording is kept. If one forbids recording, nothing is recorded. A rule never makes another one laxer.",
  },
  {
    enabled: "Em uso",
    enabledHint: "Desligada, é como se a regra não existisse.",

    where: "Que chamadas",
    direction: "Quem as começou",
    direction_any: "Qualquer um",
    direction_in: "A pessoa: chamadas que chegam",
    direction_out: "Um agente: chamadas que os agentes fazem",
    queues: "Filas",
    queuesHint: "Nenhuma escolhida significa todas.",
    campaigns: "Campanhas",
    campaignsHint: "Nenhuma escolhida quer dizer todas as chamadas, também as de nenhuma campanha.",
    campaignsEmpty: "Ainda não há nenhuma campanha.",
    queuesEmpty: "Ainda não há nenhuma fila.",
    points: "Pontos de entrada",
    pointsHint:
      "Nenhum escolhido significa todos. As chamadas que os agentes fazem não vêm por nenhum: uma regra que indique algum não é para elas.",
    pointsEmpty: "Ainda não há nenhum ponto de entrada de chamadas.",
    pointsOut:
      "As chamadas que os agentes fazem não vêm por nenhum ponto de entrada; não há, por isso, nenhum a escolher.",

    share: "Quantas delas",
    percent: "Gravadas por si",
    percentHint: "Em cada cem chamadas. Ninguém escolhe quais.",
    demand: "O agente pode começar uma gravação",
    demandHint: "Das chamadas que não são gravadas por si.",
    demandAll:
      "Todas as chamadas são gravadas por si; o agente só pode recomeçar uma gravação que foi parada.",
    forbids:
      "Nada é gravado onde esta regra se aplica, digam o que disserem as outras. Não há, por isso, nada a pedir nem a pôr em pausa.",

    consent: "O que a pessoa ouve antes",
    consentHint:
      "Nada é guardado antes disso. Se não estiver instalada uma voz que o possa dizer, nada é gravado.",
    consent_none: "Nada",
    consent_none_hears:
      "A pessoa não ouve nada: a gravação começa quando o agente atende. Só onde a lei não pede consentimento.",
    consent_announcement: "Um aviso",
    consent_announcement_hears:
      "A pessoa e o agente ouvem o texto quando o agente atende; a gravação começa depois da última palavra. Quem o aceitou no fluxo não o ouve de novo.",
    consent_key: "Uma pergunta, respondida com uma tecla",
    consent_key_hears:
      "A pessoa ouve o texto e prime 1 para aceitar ou 2 para não aceitar. Quem não prime nenhuma é questionado mais uma vez, e depois não é gravado. Quem o aceitou no fluxo não é questionado de novo.",
    consent_both: "Uma pergunta, e depois o aviso",
    consent_both_hears:
      "A pessoa aceita com uma tecla, ou no fluxo, e ouve o texto mais uma vez quando a gravação começa.",

    consentText: "Texto de consentimento",
    consentTextHint: "Dito na língua da pessoa.",
    choose: "Escolha…",
    ofRecording: "Para gravações",
    ofOthers: "Para outras finalidades",
    missingTitle: "Ainda não há nenhum texto de consentimento para gravações",
    missingText:
      "Com esta escolha, a regra precisa de um. Crie um com a finalidade “Gravação”; aparece depois aqui.",
    missingLink: "Novo texto de consentimento (noutro separador)",
    allParties: "Avisar também os números de fora que se juntam",
    allPartiesHint: "Quem se junta de um número de fora ouve primeiro o texto, e só depois é gravado.",
    allPartiesNone: "Sem consentimento não há nenhum texto que se lhes pudesse dizer.",

    also: "O que mais se grava",
    alsoHint:
      "Por si, só o que se diz enquanto a pessoa e o agente falam: nenhum menu, nenhuma fila, nenhuma música, nenhuma tecla premida.",
    hold: "O que a pessoa diz enquanto está em espera",
    consultation: "O que o agente e os colegas dizem enquanto a pessoa está em espera",

    pauses: "Pausas",
    pausesHint:
      "O agente, os supervisores e os sistemas põem uma gravação em pausa, por exemplo enquanto se diz um número de cartão.",
    pauseMinutes: "Uma pausa que ninguém termina acaba por si ao fim de",
    pauseMinutesHint: "O agente é avisado. Vazio ou 0: nunca acaba por si. No máximo 120.",

    kept: "Quanto tempo se guardam",
    keepDays: "Removida, depois do fim, ao fim de",
    keepDaysHint:
      "Vazio ou 0: com a conversa, como dizem as regras da organização; esse é sempre o máximo. De várias regras vale a mais curta. Vale para as chamadas a partir de agora. Uma retenção legal guarda uma gravação por mais tempo.",

    summary: "O que vai acontecer",
    together: "As regras somam-se",
    togetherText:
      "Todas as regras que se aplicam a uma chamada valem em conjunto, o mais rigoroso de cada uma: todo o consentimento que alguma peça, espera e consulta só se todas o disserem, a pausa mais longa, o tempo mais curto que uma gravação se guarda. Se uma proíbe gravar, nada é gravado. Uma regra nunca torna outra mais branda.",
  },
);
