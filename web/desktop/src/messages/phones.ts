import { catalogue } from "$ui/i18n.svelte";

// Texts about SIP phones: the form, and how a phone stands.
export const text = catalogue(
  {
    enabled: "In use",
    enabledHint: "Switched off, it can neither register nor call, and nobody rings it.",
    user: "Whose phone it is",
    userHint: "An agent can talk by it in place of the browser.",
    nobody: "Nobody’s (a hall, a door)",
    extension: "Extension",
    extensionHint:
      "The number by which other phones call it: two to six digits, the first is 2 to 8. May be empty.",
    autoAnswer: "Pick up by itself",
    autoAnswerHint: "An offered call asks the phone to pick up (Call-Info, Alert-Info). Not every phone can.",

    encryption: "Encryption",
    notAllowed:
      "This phone is not let in: who operates the installation allows encrypted connections only. Change: {fields}.",
    byOperator: "Who operates the installation allows encrypted connections only.",
    enc_required: "Required (TLS and SRTP)",
    enc_plain: "May be unencrypted",
    plainTitle: "Anybody on the way can listen",
    plainText:
      "Without TLS and SRTP, whoever sees the packets between this service and the phone reads who calls whom and hears both voices. Allow it only for a phone that cannot do better, in a network that you trust. The choice is noted in the audit log and shown wherever the phone appears.",
    plainConfirm: "I allow this phone to be unencrypted",
    plainTag: "Unencrypted",
    md5: "The phone knows MD5 only",
    md5Hint:
      "Only for phones that do not know SHA-256. The user name changes with it, so the phone has to be set up anew.",

    access: "What the phone is set up with",
    server: "Server",
    serverNone: "This server listens for no telephones (sip.listen).",
    account: "User name",
    realm: "Realm",
    passwordSet: "A password is set. It cannot be shown again.",
    passwordNone: "It has no password yet, so it cannot register.",
    makePassword: "Make a password",
    newPassword: "Make a new password",
    newPasswordHint: "The one before is void at once; a call that runs goes on.",
    passwordTitle: "Password of {name}",
    passwordText: "Type it into the phone, with the user name {account}. It is shown only this once.",
    afterSaving: "User name and password are here after saving.",

    status: "Now",
    state_off: "Switched off",
    state_not_allowed: "Not allowed by the operator",
    state_idle: "No telephones here",
    state_registered: { one: "Registered", other: "Registered in {count} places" },
    state_none: "Not registered",
    until: "{transport}, until {time}",
  },
  {
    enabled: "Em uso",
    enabledHint: "Desligado, não se pode registar nem ligar, e ninguém o faz tocar.",
    user: "De quem é o telefone",
    userHint: "Um agente pode falar por ele em vez do navegador.",
    nobody: "De ninguém (um átrio, uma porta)",
    extension: "Extensão",
    extensionHint:
      "O número por que outros telefones lhe ligam: de dois a seis algarismos, o primeiro de 2 a 8. Pode ficar vazia.",
    autoAnswer: "Atender sozinho",
    autoAnswerHint:
      "Uma chamada oferecida pede ao telefone que atenda (Call-Info, Alert-Info). Nem todos os telefones sabem.",

    encryption: "Cifra",
    notAllowed:
      "Este telefone não entra: quem opera a instalação só permite ligações cifradas. Mude: {fields}.",
    byOperator: "Quem opera a instalação só permite ligações cifradas.",
    enc_required: "Obrigatória (TLS e SRTP)",
    enc_plain: "Pode não haver cifra",
    plainTitle: "Qualquer um no caminho pode ouvir",
    plainText:
      "Sem TLS nem SRTP, quem vir os pacotes entre este serviço e o telefone lê quem liga a quem e ouve as duas vozes. Permita-o só para um telefone que não saiba melhor, numa rede em que confia. A escolha fica no registo de auditoria e mostra-se onde o telefone aparecer.",
    plainConfirm: "Permito que este telefone não use cifra",
    plainTag: "Sem cifra",
    md5: "O telefone só conhece MD5",
    md5Hint:
      "Só para telefones que não conhecem SHA-256. O nome de utilizador muda, por isso o telefone tem de ser configurado de novo.",

    access: "Com que se configura o telefone",
    server: "Servidor",
    serverNone: "Este servidor não escuta telefones (sip.listen).",
    account: "Nome de utilizador",
    realm: "Domínio (realm)",
    passwordSet: "Há uma palavra-passe. Não pode voltar a ser mostrada.",
    passwordNone: "Ainda não tem palavra-passe, por isso não se pode registar.",
    makePassword: "Criar uma palavra-passe",
    newPassword: "Criar uma nova palavra-passe",
    newPasswordHint: "A anterior deixa logo de valer; uma chamada em curso continua.",
    passwordTitle: "Palavra-passe de {name}",
    passwordText: "Escreva-a no telefone, com o nome de utilizador {account}. Só é mostrada desta vez.",
    afterSaving: "O nome de utilizador e a palavra-passe aparecem aqui depois de guardar.",

    status: "Agora",
    state_off: "Desligado",
    state_not_allowed: "Não permitido por quem opera",
    state_idle: "Sem telefones aqui",
    state_registered: { one: "Registado", other: "Registado em {count} sítios" },
    state_none: "Não registado",
    until: "{transport}, até às {time}",
  },
);
