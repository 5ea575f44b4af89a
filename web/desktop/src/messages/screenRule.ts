import { catalogue } from "$ui/i18n.svelte";

// Texts of how agents' screens are recorded, in the organisation's rules.
export const text = catalogue(
  {
    title: "Recording of screens",
    what: "Of which calls the screen is recorded, the recording rules say.",
    surface: "What agents share",
    surface_any: "Whatever they choose",
    surface_monitor: "A whole screen",
    surface_window: "A window",
    surface_browser: "A tab of the browser",
    surfaceHint: "A whole screen shows messages and other people’s data, too; a tab shows the least.",
    size: "Largest picture",
    sizeHint: "A larger screen is made smaller.",
    pictures: "Pictures a second",
    picturesHint: "Five let text and movement be followed; more cost room.",
    kilobits: "Room for them",
    kilobitsHint: "What the agent’s browser aims at. A screen that stands still takes far less.",
    kilobitsUnit: "kilobits a second",
    room: "An hour takes at most about {count} MB.",
  },
  {
    title: "Gravação de ecrãs",
    what: "De que chamadas se grava o ecrã dizem as regras de gravação.",
    surface: "O que os agentes partilham",
    surface_any: "O que escolherem",
    surface_monitor: "Um ecrã inteiro",
    surface_window: "Uma janela",
    surface_browser: "Um separador do navegador",
    surfaceHint:
      "Um ecrã inteiro mostra também mensagens e dados de outras pessoas; um separador mostra o mínimo.",
    size: "Maior imagem",
    sizeHint: "Um ecrã maior é reduzido.",
    pictures: "Imagens por segundo",
    picturesHint: "Cinco deixam seguir texto e movimento; mais ocupam espaço.",
    kilobits: "Espaço para elas",
    kilobitsHint: "O que o navegador do agente procura cumprir. Um ecrã parado ocupa muito menos.",
    kilobitsUnit: "quilobits por segundo",
    room: "Uma hora ocupa no máximo cerca de {count} MB.",
  },
);
