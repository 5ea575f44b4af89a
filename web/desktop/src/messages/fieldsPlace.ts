import { catalogue } from "$ui/i18n.svelte";

// What stands above custom fields, where they stand beside other things.
export const text = catalogue(
  { person: "About the person", matter: "About this contact", own: "Own fields" },
  { person: "Sobre a pessoa", matter: "Sobre este contacto", own: "Campos próprios" },
);
