import { catalogue } from "$ui/i18n.svelte";

// Texts about the photo of a user.
export const text = catalogue(
  {
    title: "Photo",
    advice: "Personal data. Nothing needs it; without one, the first letters of the name are shown.",
    seen: "Colleagues and supervisors see it beside the name; customers never do. Only its pixels are kept, without place and time.",
    choose: "Choose a photo…",
    another: "Choose another photo…",
    keep: "Use this photo",
    discard: "Discard",
    draft: "Not kept yet. The middle of the picture is taken, as a square of {pixels} pixels.",
    remove: "Remove the photo",
    kept: "The photo is kept.",
    removed: "The photo is removed.",
    undo: "Undo",
    unreadable: "This file is no picture that the browser can read. Choose a JPEG, PNG or WebP file.",
    altDraft: "The photo as colleagues would see it",
  },
  {
    title: "Fotografia",
    advice: "Dado pessoal. Nada precisa dela; sem fotografia, mostram-se as primeiras letras do nome.",
    seen: "Colegas e supervisores veem-na ao lado do nome; os clientes nunca. Só se guardam os píxeis, sem lugar nem hora.",
    choose: "Escolher uma fotografia…",
    another: "Escolher outra fotografia…",
    keep: "Usar esta fotografia",
    discard: "Descartar",
    draft: "Ainda não guardada. Fica o meio da imagem, num quadrado de {pixels} píxeis.",
    remove: "Retirar a fotografia",
    kept: "A fotografia está guardada.",
    removed: "A fotografia foi retirada.",
    undo: "Anular",
    unreadable:
      "Este ficheiro não é uma imagem que o navegador consiga ler. Escolha um ficheiro JPEG, PNG ou WebP.",
    altDraft: "A fotografia como os colegas a veriam",
  },
);
