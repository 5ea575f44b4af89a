import { catalogue } from "$ui/i18n.svelte";

// Texts of how users sign in, in the organisation's rules.
export const text = catalogue(
  {
    title: "Sign-in",
    what: "They hold for all users of this organisation. API keys are not bound by them.",
    second: "A second factor is needed by",
    secondHint:
      "Who has none adds an app or a passkey at the next sign-in, before anything else. Neither needs an email address or a phone number.",
    secondForAll:
      "Who runs this installation asks everybody for one. What you choose here holds if that ends.",
    length: "Fewest characters of a password",
    lengthHint: "Who signs in with a shorter one chooses another.",
    idle: "A session that nobody uses ends after",
    idleHint: "An open page is use.",
    hours: "Any session ends after",
    networks: "Allowed networks",
    networksHint:
      "One address or network a line, e.g. 192.0.2.0/24. From elsewhere nobody signs in or works. Empty: from everywhere.",
    effect: "What saving does",
    lacking: {
      one: "{count} user has no second factor, and sets one up at the next sign-in.",
      other: "{count} users have no second factor: they set one up at their next sign-in.",
    },
    ending: { one: "{count} session ends.", other: "{count} sessions end." },
    nobody: "Nobody has to do anything, and no session ends.",
    from: "You are at {address}.",
    locks:
      "The networks do not hold your own address, {address}: they would lock you out, so they cannot be saved.",
    setUpTitle: "Add a second factor",
    setUpWhy: "Your organisation asks for one. After that you sign in with it, and your work is open to you.",
  },
  {
    title: "Início de sessão",
    what: "Valem para todos os utilizadores desta organização. As chaves de API não dependem delas.",
    second: "Precisam de um segundo fator",
    secondHint:
      "Quem não tem nenhum adiciona uma aplicação ou uma chave de acesso no próximo início de sessão, antes de tudo o resto. Nenhuma precisa de email ou de telefone.",
    secondForAll:
      "Quem gere esta instalação pede um a todos os utilizadores. O que escolher aqui vale se isso acabar.",
    length: "Mínimo de caracteres de uma palavra-passe",
    lengthHint: "Quem entrar com uma mais curta escolhe outra.",
    idle: "Uma sessão que ninguém usa termina ao fim de",
    idleHint: "Uma página aberta conta como uso.",
    hours: "Qualquer sessão termina ao fim de",
    networks: "Redes permitidas",
    networksHint:
      "Um endereço ou uma rede por linha, p. ex. 192.0.2.0/24. De outro lugar ninguém inicia sessão nem trabalha. Vazio: de qualquer lugar.",
    effect: "O que acontece ao guardar",
    lacking: {
      one: "{count} utilizador não tem segundo fator e adiciona um no próximo início de sessão.",
      other: "{count} utilizadores não têm segundo fator: adicionam um no próximo início de sessão.",
    },
    ending: { one: "{count} sessão termina.", other: "{count} sessões terminam." },
    nobody: "Ninguém tem de fazer nada e nenhuma sessão termina.",
    from: "Está em {address}.",
    locks:
      "As redes não incluem o seu próprio endereço, {address}: impediriam a sua entrada, por isso não podem ser guardadas.",
    setUpTitle: "Adicione um segundo fator",
    setUpWhy: "A sua organização pede um. Depois disso inicia sessão com ele e tem acesso ao seu trabalho.",
  },
);
