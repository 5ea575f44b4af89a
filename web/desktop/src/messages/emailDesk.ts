import { catalogue } from "$ui/i18n.svelte";

// Texts about emails beside the work: those that are put aside, and new ones.
const en = {
  write: "Write an email",
  address: "To whom",
  addressHint: "Its earlier contacts are found by the address. More people can be added while you write.",
  elsewhere: "Another address",
  otherAddress: "Other address",
  toPerson: "Email this person",
  mailbox: "From",
  begin: "Begin",
  shelved: "Put aside",
  somebody: "Somebody",
  until: "until {at}",
  by: "by {name}",
  take: "Take back",
  takeBack: "Take back the email of {name}",
  reject: "Reject…",
  merge: "Merge…",
  shelve: "Put it aside",
  shelveText:
    "It is nobody’s until then, and nothing of it is kept here. Then you have it again if you are at work, else it waits in its queue.",
  shelveWriting:
    "What you have written is kept in memory for three days at most. The email is nobody’s until then; then you have it again if you are at work, else it waits in its queue.",
  shelveUntil: "Put aside until this time",
  shelvedUntil: "Put aside until {at}.",
  ownTime: "Another time",
  noTime: "Choose a day and a time.",
  time_later: "Later today",
  time_tomorrow: "Tomorrow",
  time_monday: "Monday",
  time_week: "In a week",
};

export const text = catalogue(en, {
  write: "Escrever um email",
  address: "A quem",
  addressHint: "Os contactos anteriores encontram-se pelo endereço. Pode juntar mais pessoas ao escrever.",
  elsewhere: "Outro endereço",
  otherAddress: "O outro endereço",
  toPerson: "Enviar email a esta pessoa",
  mailbox: "De",
  begin: "Começar",
  shelved: "Guardados para depois",
  somebody: "Alguém",
  until: "até {at}",
  by: "por {name}",
  take: "Retomar",
  takeBack: "Retomar o email de {name}",
  reject: "Rejeitar…",
  merge: "Juntar…",
  shelve: "Guardar para depois",
  shelveText:
    "Até lá não é de ninguém, e nada dele fica aqui. Depois volta a si se estiver ao serviço; senão espera na fila.",
  shelveWriting:
    "O que escreveu fica em memória três dias no máximo. Até lá o email não é de ninguém; depois volta a si se estiver ao serviço, senão espera na fila.",
  shelveUntil: "Guardar até essa hora",
  shelvedUntil: "Guardado até {at}.",
  ownTime: "Outra hora",
  noTime: "Escolha um dia e uma hora.",
  time_later: "Mais tarde hoje",
  time_tomorrow: "Amanhã",
  time_monday: "Segunda-feira",
  time_week: "Daqui a uma semana",
});

export function textOf(before: "time_", name: string): string {
  const key = (before + name) as keyof typeof en;
  return key in en ? text(key) : name;
}
