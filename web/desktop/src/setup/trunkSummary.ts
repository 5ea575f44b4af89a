import type { Language } from "$ui/i18n.svelte";
import type { Trunk } from "../api/types";
import { countryName } from "./countries";

/** What the summary needs to know of the rest of the set-up. */
export interface TrunkKnown {
  entry: (id: string) => string;
  hours: (id: string) => string;
}

const en = {
  and: " and ",
  or: " or ",
  off: "The trunk is switched off: nothing of this happens until it is in use.",
  from: "from {list}",
  line: "by the operator’s line “{line}”",
  registered: "that come by the registration at {domain}",
  proven: ", with the password proven,",
  arrive: "Calls {whence}{proven} to {numbers} arrive at “{entry}”.",
  arriveNone: "No calls arrive: no number leads anywhere.",
  arriveNobody: "No calls arrive: it is not said where they would come from.",
  shown: "Calls to {numbers} are refused; it is only shown.",
  shownMany: "Calls to {numbers} are refused; they are only shown.",
  more: "{count} more",
  stay: "No calls leave.",
  leave: "Calls leave only to {where}{not}{when}.",
  own: "{country}",
  begin: "numbers that begin with {list}",
  butNot: ", never to {list}",
  premium: "premium numbers",
  beginNot: "numbers that begin with {list}",
  during: ", and only during “{hours}”",
  bounds: "At most {list}.",
  calls: "{count} calls at once",
  minutes: "{count} minutes a day",
  minutesTo: "{count} minutes a day to {prefix}",
  show: "They show {number}.",
  showQueue: "They show the queue’s number, else {number}.",
  showChosen: "They show the number that the agent chooses, else the queue’s, else {number}.",
  hide: "A call may withhold its number.",
  emergency: "Emergency numbers always leave.",
  srtp: "Every voice is encrypted (SRTP); a call that cannot is refused.",
  plain: "Voices may pass unencrypted: anybody on the way can listen.",
};

const pt: typeof en = {
  and: " e ",
  or: " ou ",
  off: "O tronco está desligado: nada disto acontece até estar em uso.",
  from: "de {list}",
  line: "pela linha do operador “{line}”",
  registered: "que vêm pelo registo em {domain}",
  proven: ", com a palavra-passe provada,",
  arrive: "As chamadas {whence}{proven} para {numbers} chegam a “{entry}”.",
  arriveNone: "Não chegam chamadas: nenhum número leva a parte alguma.",
  arriveNobody: "Não chegam chamadas: não se diz de onde viriam.",
  shown: "As chamadas para {numbers} são recusadas; só é mostrado.",
  shownMany: "As chamadas para {numbers} são recusadas; só são mostrados.",
  more: "mais {count}",
  stay: "Não saem chamadas.",
  leave: "As chamadas só saem para {where}{not}{when}.",
  own: "{country}",
  begin: "números que começam por {list}",
  butNot: ", nunca para {list}",
  premium: "números de valor acrescentado",
  beginNot: "números que começam por {list}",
  during: ", e só durante “{hours}”",
  bounds: "No máximo {list}.",
  calls: "{count} chamadas ao mesmo tempo",
  minutes: "{count} minutos por dia",
  minutesTo: "{count} minutos por dia para {prefix}",
  show: "Mostram {number}.",
  showQueue: "Mostram o número da fila, senão {number}.",
  showChosen: "Mostram o número que o agente escolhe, senão o da fila, senão {number}.",
  hide: "Uma chamada pode ocultar o número.",
  emergency: "Os números de emergência saem sempre.",
  srtp: "Todas as vozes são cifradas (SRTP); uma chamada que não o possa é recusada.",
  plain: "As vozes podem passar sem cifra: qualquer um no caminho pode escutar.",
};

const texts = { en, pt };
type Texts = typeof en;

const fill = (text: string, values: Record<string, string | number>) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

function join(list: readonly string[], last: string): string {
  return list.length < 2 ? (list[0] ?? "") : `${list.slice(0, -1).join(", ")}${last}${list.at(-1)}`;
}

/** At most three of a list, and how many more there are. */
function few(list: readonly string[], t: Texts, last = t.and): string {
  const left = list.length - 3;
  return join(left > 1 ? [...list.slice(0, 3), fill(t.more, { count: left })] : list, last);
}

/** What will happen to calls on a trunk, one sentence each. */
export function trunkSummary(trunk: Trunk, known: TrunkKnown, language: Language): string[] {
  const t = texts[language];
  return [
    ...(trunk.enabled ? [] : [t.off]),
    ...arrivals(trunk, known, t),
    ...departures(trunk, known, t, language),
    trunk.encryption === "plain" ? t.plain : t.srtp,
  ];
}

function arrivals(trunk: Trunk, known: TrunkKnown, t: Texts): string[] {
  const whence = [
    ...(trunk.line ? [fill(t.line, { line: trunk.line })] : []),
    ...(trunk.sources.some(Boolean)
      ? [fill(t.from, { list: few(trunk.sources.filter(Boolean), t, t.or) })]
      : []),
    ...(trunk.registration.on ? [fill(t.registered, { domain: trunk.registration.domain ?? "" })] : []),
  ];
  const by = new Map<string, string[]>();
  for (const { number, entry_point, rings } of trunk.numbers) {
    const target = entry_point || rings || "";
    if (number) by.set(target, [...(by.get(target) ?? []), number]);
  }
  const silent = by.get("") ?? [];
  by.delete("");
  const said: string[] = [];
  if (by.size === 0) said.push(t.arriveNone);
  else if (!whence.length && !trunk.ask_password) said.push(t.arriveNobody);
  else
    for (const [entry, numbers] of by)
      said.push(
        fill(t.arrive, {
          whence: join(whence, t.or),
          proven: trunk.ask_password ? t.proven : "",
          numbers: few(numbers, t),
          entry: known.entry(entry),
        }).replace(/ {2,}|\s(?=,)/g, (gap) => (gap.length > 1 ? " " : "")),
      );
  if (silent.length) said.push(fill(silent.length > 1 ? t.shownMany : t.shown, { numbers: few(silent, t) }));
  return said;
}

function departures(trunk: Trunk, known: TrunkKnown, t: Texts, language: Language): string[] {
  const out = trunk.outgoing;
  if (!out.allowed) return [t.stay];
  const never = [
    ...(out.premium ? [] : [t.premium]),
    ...(out.forbidden?.length ? [fill(t.beginNot, { list: few(out.forbidden, t, t.or) })] : []),
  ];
  const bounds = [
    ...(out.max_calls ? [fill(t.calls, { count: out.max_calls })] : []),
    ...(out.max_minutes ? [fill(t.minutes, { count: out.max_minutes })] : []),
    ...(out.limits ?? []).map((l) => fill(t.minutesTo, { count: l.minutes, prefix: l.prefix })),
  ];
  const number = trunk.caller.number || trunk.numbers[0]?.number || "…";
  return [
    fill(t.leave, {
      where: out.prefixes?.length
        ? fill(t.begin, { list: few(out.prefixes, t, t.or) })
        : fill(t.own, { country: countryName(trunk.country, language) }),
      not: never.length ? fill(t.butNot, { list: join(never, t.or) }) : "",
      when: out.hours ? fill(t.during, { hours: known.hours(out.hours) }) : "",
    }),
    ...(bounds.length ? [fill(t.bounds, { list: join(bounds, t.and) })] : []),
    fill(
      trunk.caller.rule === "fixed" ? t.show : trunk.caller.rule === "chosen" ? t.showChosen : t.showQueue,
      {
        number,
      },
    ),
    ...(trunk.caller.anonymous ? [t.hide] : []),
    t.emergency,
  ];
}
