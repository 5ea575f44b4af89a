import { catalogue } from "$ui/i18n.svelte";

// Texts about lines of the operator's that carry trunks.
export const text = catalogue(
  {
    carriedBy: "Carried by",
    own: "Gateways of your own",
    lineOf: "The operator’s line “{name}”",
    lineGone: "“{name}”, which is gone",
    hint: "Whoever runs this service has telephone lines. One that gives you numbers carries your calls, without gateways or an account of your own.",
    country: "Country",
    yours: "Your numbers",
    range: "{first} to {last}",
    stands: "The line",
    up: "In service",
    down: "Out of service",
    unknown: "Not asked yet",
    gone: "Gone: the operator took it out",
    goneText: "No call comes or leaves by this trunk until it names another line or has gateways of its own.",
    encrypted: "The line carries encrypted voices only (SRTP).",
    maybePlain: "The line could carry voices unencrypted. They are encrypted unless you allow that here.",
  },
  {
    carriedBy: "Assegurado por",
    own: "Gateways próprias",
    lineOf: "A linha do operador “{name}”",
    lineGone: "“{name}”, que já não existe",
    hint: "Quem gere este serviço tem linhas de telefone. Uma que lhe dê números assegura as suas chamadas, sem gateways nem conta próprias.",
    country: "País",
    yours: "Os seus números",
    range: "{first} a {last}",
    stands: "A linha",
    up: "Em serviço",
    down: "Fora de serviço",
    unknown: "Ainda sem resposta",
    gone: "Já não existe: o operador retirou-a",
    goneText:
      "Não chegam nem saem chamadas por este tronco até indicar outra linha ou ter gateways próprias.",
    encrypted: "A linha só leva vozes cifradas (SRTP).",
    maybePlain: "A linha poderia levar vozes sem cifra. São cifradas, a não ser que o permita aqui.",
  },
);
