import { catalogue } from "$ui/i18n.svelte";

// Giving an organisation a trial, or a longer one.
export const text = catalogue(
  {
    open: "Trial",
    until: "on trial until {until}",
    title: "Trial",
    now: "It is on trial until {until}, and is suspended then.",
    nowNone: "It is not on trial.",
    days: "Days from now",
    daysHint: "0: it is not on trial.",
    daysWrong: "Enter a whole number from 0 to 365.",
    resume: "Let it work again",
    effect: "It works until {until}, and is suspended then unless you give it longer.",
    effectNone: "It works without an end.",
    effectSuspended: "It stays suspended.",
    save: "Save trial",
    saved: "{name} is on trial until {until}.",
    savedNone: "{name} is not on trial.",
  },
  {
    open: "Período experimental",
    until: "em período experimental até {until}",
    title: "Período experimental",
    now: "Está em período experimental até {until}, e é suspensa nessa altura.",
    nowNone: "Não está em período experimental.",
    days: "Dias a partir de agora",
    daysHint: "0: não está em período experimental.",
    daysWrong: "Introduza um número inteiro de 0 a 365.",
    resume: "Pôr de novo a funcionar",
    effect: "Funciona até {until}, e é suspensa nessa altura se não lhe der mais tempo.",
    effectNone: "Funciona sem fim marcado.",
    effectSuspended: "Continua suspensa.",
    save: "Guardar o período",
    saved: "{name} está em período experimental até {until}.",
    savedNone: "{name} não está em período experimental.",
  },
);
