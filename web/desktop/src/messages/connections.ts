import { catalogue } from "$ui/i18n.svelte";

// Texts of connections: systems outside that flows may ask.

const en = {
  name: "Name",
  address: "Address",
  addressHint: "HTTPS, on the public network. The paths of flows’ steps go below it.",
  header: "Header with the secret",
  headerHint: "Empty: none is sent.",
  secret: "Secret",
  secretNone:
    "What the header carries, for example “Bearer” and a token. It is sealed and never shown again.",
  secretSet: "There is one; it is never shown. Leave this empty to keep it.",
  secretMoved: "The address leads to another host: give the secret that belongs there.",
  secretRemove: "Remove the secret",
  what: "A look-up waits ten seconds at most, follows no redirection and reads 64 KB of JSON. Addresses inside the house are refused. What flows send there, the other system keeps under its own rules: name it in your record of processing.",
};

const pt: typeof en = {
  name: "Nome",
  address: "Endereço",
  addressHint: "HTTPS, na rede pública. Os caminhos dos passos dos fluxos ficam abaixo dele.",
  header: "Cabeçalho com o segredo",
  headerHint: "Vazio: não se envia nenhum.",
  secret: "Segredo",
  secretNone:
    "O que o cabeçalho leva, por exemplo “Bearer” e um código. Fica selado e nunca mais é mostrado.",
  secretSet: "Há um; nunca é mostrado. Deixe vazio para o manter.",
  secretMoved: "O endereço leva a outro servidor: dê o segredo que é dele.",
  secretRemove: "Retirar o segredo",
  what: "Uma consulta espera no máximo dez segundos, não segue redirecionamentos e lê 64 KB de JSON. Endereços internos são recusados. O que os fluxos lá enviam, o outro sistema guarda segundo as suas regras: inclua-o no seu registo de tratamento.",
};

export const text = catalogue(en, pt);
