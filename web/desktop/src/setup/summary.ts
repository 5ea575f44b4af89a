import type { Language } from "$ui/i18n.svelte";
import { span } from "../../../ui/span";
import type { Queue, SkillNeed } from "../api/types";

/** What the summary needs to know of the rest of the set-up. */
export interface Known {
  skill: (id: string) => string;
  queue: (id: string) => string;
  hours: (id: string) => string;
  user: (id: string) => string;
  /** Those who may serve the queue from the start; undefined while that is not known. */
  agents?: readonly { id: string; skills: Readonly<Record<string, number>> }[];
}

const en = {
  and: " and ",
  contact: "A contact",
  chat: "A chat",
  voice: "A call",
  email: "An email",
  social: "A social message",
  longest_idle: "the agent who has been idle longest",
  most_proficient: "the agent with the highest skill levels",
  least_loaded: "the agent with the fewest contacts",
  round_robin: "the agent whose turn it is",
  with: " with {needs}",
  goes: "{what} goes to {choice}, among {count} agents{needs}.",
  goesOne: "{what} goes to the one agent{needs} there is.",
  goesAny: "{what} goes to {choice}, among the agents{needs}.",
  nobody: "No agent can take it from the start: nobody serves the queue{needs}.",
  affinity: "For {time} it is kept for the agent who had the person last, if that agent is at work.",
  wants: "Agents with {needs} come first.",
  auto: "It opens at the agent’s desk without asking.",
  offer: "It rings for {time}, then at the next agent; who misses {count} in a row is set to missed.",
  after: "After {time} ",
  enough: "{needs} is enough",
  anySkill: "no skill is needed any more",
  easedOwn: "skills that a flow asks for may be {count} lower",
  join: { one: "{who} joins", other: "{who} join" },
  more: "{count} more agents",
  joinRule: "the agents of its rule join",
  unchanged: "nothing changes",
  waitMove: "After {time} it moves to {queue}.",
  waitEnd: "After {time} it ends, and the person is told.",
  lengthMove: "If {count} wait already, the next one moves to {queue}.",
  lengthEnd: "If {count} wait already, the next one ends, and the person is told.",
  nobodyMove: "If nobody is at work, it moves to {queue}.",
  nobodyEnd: "If nobody is at work, it ends, and the person is told.",
  nobodyAfterMove: "If it has waited {time} and nobody is at work, it moves to {queue}.",
  nobodyAfterEnd: "If it has waited {time} and nobody is at work, it ends, and the person is told.",
  closedMove: "Outside “{hours}” it moves to {queue}.",
  closedEnd: "Outside “{hours}” it ends, and the person is told.",
  closedWaiting: "So does what still waits when they end.",
  closedServed: "What waits when they end is still served.",
  closedStays: "Outside “{hours}” it waits here all the same.",
  waits: "Else it waits until somebody is free.",
  wrapUp: "After the contact the agent has {time} for wrap-up.",
  wrapUpOpen: "After the contact the agent has as long for wrap-up as it takes.",
  wrapUpNone: "There is no wrap-up.",
  goal: "The goal is {percent} % answered within {time}.",
};

const pt: typeof en = {
  and: " e ",
  contact: "Um contacto",
  chat: "Um chat",
  voice: "Um telefonema",
  email: "Um email",
  social: "Um contacto das redes sociais",
  longest_idle: "o agente livre há mais tempo",
  most_proficient: "o agente com os níveis mais altos",
  least_loaded: "o agente com menos contactos",
  round_robin: "o agente a quem cabe a vez",
  with: " com {needs}",
  goes: "{what} vai para {choice}, entre {count} agentes{needs}.",
  goesOne: "{what} vai para o único agente{needs} que há.",
  goesAny: "{what} vai para {choice}, entre os agentes{needs}.",
  nobody: "De início nenhum agente o pode receber: ninguém serve a fila{needs}.",
  affinity:
    "Durante {time} fica guardado para o agente que atendeu a pessoa da última vez, se estiver ao serviço.",
  wants: "Agentes com {needs} têm preferência.",
  auto: "Abre na mesa do agente sem perguntar.",
  offer: "Toca {time}, depois no agente seguinte; quem perder {count} seguidas fica em “falhou”.",
  after: "Ao fim de {time} ",
  enough: "basta {needs}",
  anySkill: "deixa de ser precisa qualquer competência",
  easedOwn: "as competências que um fluxo pede podem ser {count} mais baixas",
  join: { one: "junta-se {who}", other: "juntam-se {who}" },
  more: "mais {count} agentes",
  joinRule: "juntam-se os agentes da sua regra",
  unchanged: "nada muda",
  waitMove: "Ao fim de {time} passa para {queue}.",
  waitEnd: "Ao fim de {time} termina, e a pessoa é avisada.",
  lengthMove: "Se já esperam {count}, o seguinte passa para {queue}.",
  lengthEnd: "Se já esperam {count}, o seguinte termina, e a pessoa é avisada.",
  nobodyMove: "Se ninguém estiver ao serviço, passa para {queue}.",
  nobodyEnd: "Se ninguém estiver ao serviço, termina, e a pessoa é avisada.",
  nobodyAfterMove: "Se esperou {time} e ninguém estiver ao serviço, passa para {queue}.",
  nobodyAfterEnd: "Se esperou {time} e ninguém estiver ao serviço, termina, e a pessoa é avisada.",
  closedMove: "Fora de “{hours}” passa para {queue}.",
  closedEnd: "Fora de “{hours}” termina, e a pessoa é avisada.",
  closedWaiting: "O mesmo acontece a quem ainda espera quando acabam.",
  closedServed: "Quem espera quando acabam ainda é atendido.",
  closedStays: "Fora de “{hours}” espera aqui na mesma.",
  waits: "Senão, espera até alguém estar livre.",
  wrapUp: "Depois do contacto o agente tem {time} de pós-contacto.",
  wrapUpOpen: "Depois do contacto o agente tem o pós-contacto de que precisar.",
  wrapUpNone: "Não há pós-contacto.",
  goal: "O objetivo é atender {percent} % em {time}.",
};

const texts: Record<Language, typeof en> = { en, pt };

/** What is still asked for with so many levels off. */
export function eased(needs: readonly SkillNeed[], off: number): SkillNeed[] {
  return needs.map((n) => ({ ...n, level: n.level - off })).filter((n) => n.level > 0);
}

/** Puts values into the places of a text. */
export const fill = (words: string, values: Record<string, string | number>) =>
  words.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** A list as a sentence has it: "a, b and c". */
export function join(list: readonly string[], and: string): string {
  return list.length < 2 ? (list[0] ?? "") : `${list.slice(0, -1).join(", ")}${and}${list.at(-1)}`;
}

/** "Billing 3+ and English 5+" */
export function needsInWords(needs: readonly SkillNeed[], known: Known, language: Language): string {
  return join(
    needs.map((n) => `${known.skill(n.skill)} ${n.level}+`),
    texts[language].and,
  );
}

/** What will happen to a contact that comes to a queue, one sentence each, in the order in which it happens. */
export function summary(queue: Queue, known: Known, language: Language): string[] {
  const t = texts[language];
  return [
    ...served(queue, known, language),
    ...(queue.auto_accept
      ? [t.auto]
      : [fill(t.offer, { time: span(queue.offer_seconds), count: queue.max_missed })]),
    ...queue.steps.map((_, i) => stepInWords(queue, i, known, language)),
    ...leaves(queue, known, t),
    queue.wrap_up_open
      ? t.wrapUpOpen
      : queue.wrap_up_seconds
        ? fill(t.wrapUp, { time: span(queue.wrap_up_seconds) })
        : t.wrapUpNone,
    fill(t.goal, { percent: queue.service_percent, time: span(queue.service_seconds) }),
  ];
}

function served(queue: Queue, known: Known, language: Language): string[] {
  const t = texts[language];
  const only = queue.channels.length === 1 ? queue.channels[0] : undefined;
  const asked = needsInWords(queue.needs, known, language);
  const values = {
    what: only ? t[only] : t.contact,
    choice: t[queue.choice],
    needs: asked && fill(t.with, { needs: asked }),
  };
  const out: string[] = [];
  if (!known.agents) out.push(fill(t.goesAny, values));
  else {
    const count = known.agents.filter((a) =>
      queue.needs.every((n) => (a.skills[n.skill] ?? 0) >= n.level),
    ).length;
    out.push(fill(count === 0 ? t.nobody : count === 1 ? t.goesOne : t.goes, { ...values, count }));
  }
  if (queue.wants.length) out.push(fill(t.wants, { needs: needsInWords(queue.wants, known, language) }));
  if (queue.affinity_seconds) out.push(fill(t.affinity, { time: span(queue.affinity_seconds) }));
  return out;
}

/** What one step loosens: "After 30 s Billing 1+ is enough and Ana joins." */
function stepInWords(queue: Queue, index: number, known: Known, language: Language): string {
  const t = texts[language];
  const step = queue.steps[index]!;
  return `${fill(t.after, { time: span(step.after_seconds) })}${loosens(queue, index, known, language)}.`;
}

/** The same without the time, for the picture. */
export function loosens(queue: Queue, index: number, known: Known, language: Language): string {
  const t = texts[language];
  const step = queue.steps[index]!;
  const before = queue.steps[index - 1]?.ease ?? 0;
  const parts: string[] = [];
  if (step.ease > before) {
    const left = eased(queue.needs, step.ease);
    if (left.length) parts.push(fill(t.enough, { needs: needsInWords(left, known, language) }));
    else if (queue.needs.length || step.ease >= 10) parts.push(t.anySkill);
    else parts.push(fill(t.easedOwn, { count: step.ease }));
  }
  const who = step.members ?? [];
  if (who.length) {
    const names = who.length > 3 ? fill(t.more, { count: who.length }) : join(who.map(known.user), t.and);
    parts.push(fill(who.length === 1 ? t.join.one : t.join.other, { who: names }));
  }
  if (step.member_rule) parts.push(t.joinRule);
  return join(parts, t.and) || t.unchanged;
}

/** Where contacts go that cannot stay, rule by rule. */
function leaves(queue: Queue, known: Known, t: typeof en): string[] {
  const out: string[] = [];
  for (const rule of queue.overflow) {
    if (rule.when === "closed" && !queue.hours) continue; // refused when saved
    const key = rule.when === "nobody" && rule.after_seconds ? ("nobodyAfter" as const) : rule.when;
    out.push(
      fill(t[`${key}${rule.to_queue ? "Move" : "End"}`], {
        time: span(rule.after_seconds ?? 0),
        count: rule.length ?? 0,
        queue: known.queue(rule.to_queue ?? ""),
        hours: known.hours(queue.hours),
      }),
    );
    if (rule.when === "closed") out.push(queue.close_waiting ? t.closedWaiting : t.closedServed);
  }
  if (queue.hours && !queue.overflow.some((r) => r.when === "closed"))
    out.push(fill(t.closedStays, { hours: known.hours(queue.hours) }));
  if (!queue.overflow.some((r) => r.when === "wait")) out.push(t.waits);
  return out;
}
