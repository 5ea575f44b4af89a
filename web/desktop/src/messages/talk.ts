import { catalogue } from "$ui/i18n.svelte";

// Texts of a chat that is spoken, at the desk and where its entry point is set up.
export const text = catalogue(
  {
    title: "Talking in this chat",
    talk: "Talk",
    talkHint: "Offer the visitor to talk",
    waits: "{name} is asked whether to talk…",
    withdraw: "Take the question back",
    asks: "{name} would like to talk with you",
    agree: "Talk",
    decline: "Not now",
    end: "End the call",
    camera: "Camera",
    cameraHint: "Show my camera, or show it no more",
    cameraRefused: "The camera is not allowed. Allow it beside the address of this page.",
    cameraMissing: "No camera was found, or another program has it.",
    video: "Picture of {name}",
    own: "My own picture",
    full: "Whole screen",

    calls: "Talking in a chat",
    callsHint:
      "A chat can become a call in the visitor's browser: with sound, and the chat beside it. Either side must agree. It takes the place of a call at the agent's.",
    callsOff: "Chats are written only",
    callsAgent: "The agent may offer it",
    callsBoth: "The agent may offer it, and the visitor ask for it",
    videoAllowed: "Both sides may show their camera",
  },
  {
    title: "Falar neste chat",
    talk: "Falar",
    talkHint: "Propor ao visitante que falem",
    waits: "Perguntou-se a {name} se quer falar…",
    withdraw: "Retirar a pergunta",
    asks: "{name} gostaria de falar consigo",
    agree: "Falar",
    decline: "Agora não",
    end: "Terminar a chamada",
    camera: "Câmara",
    cameraHint: "Mostrar a minha câmara, ou deixar de a mostrar",
    cameraRefused: "A câmara não está autorizada. Autorize-a junto ao endereço desta página.",
    cameraMissing: "Não se encontrou nenhuma câmara, ou está a ser usada por outro programa.",
    video: "Imagem de {name}",
    own: "A minha imagem",
    full: "Ecrã inteiro",

    calls: "Falar num chat",
    callsHint:
      "Um chat pode passar a chamada no navegador do visitante: com som, e o chat ao lado. É preciso que ambos queiram. Ocupa o lugar de uma chamada junto do agente.",
    callsOff: "Os chats são só escritos",
    callsAgent: "O agente pode propô-lo",
    callsBoth: "O agente pode propô-lo, e o visitante pedi-lo",
    videoAllowed: "Ambos podem mostrar a câmara",
  },
);
