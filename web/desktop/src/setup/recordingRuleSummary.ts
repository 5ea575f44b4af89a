import type { Language } from "$ui/i18n.svelte";
import type { RecordingRule } from "../api/types";
import { fill, join } from "./summary";

/** What the summary needs to know of the rest of the set-up. */
export interface RecordingKnown {
  queue: (id: string) => string;
  entry: (id: string) => string;
  campaign: (id: string) => string;
  text: (id: string) => string;
}

const en = {
  or: " or ",
  more: "{count} more",
  off: "The rule is switched off: nothing of this happens until it is in use.",
  any: "",
  in: "incoming ",
  out: "outgoing ",
  of: " of {list}",
  by: " by {list}",
  within: " in {list}",
  every: "Records every {way}call{of}{by}{after}.",
  share: "Records {percent} of 100 {way}calls{of}{by}{after}.",
  wish: "Records {way}calls{of}{by} when the agent wants it{after}.",
  never: "Records no {way}calls{of}{by}, whatever other rules say.",
  none: ", without telling the person",
  announcement: " after the announcement “{text}”",
  key: " after the person agreed to “{text}” by a key",
  both: " after the person agreed to “{text}” by a key and was told it again",
  refused: "Who does not agree is not recorded.",
  others: "The agent may begin a recording of the others.",
  again: "The agent may begin a recording again that was stopped.",
  told: "An outside number that is added is told the text before it is recorded.",
  untold: "An outside number that is added is recorded without being told.",
  silent: "Nothing is recorded while the person is held.",
  hold: "While the person is held, what it says is recorded on.",
  consultation:
    "While the person is held, what the agent and colleagues say is recorded, but not the person.",
  holdBoth:
    "While the person is held, all is recorded on: what it says, and what the agent and colleagues say.",
  pause: {
    one: "A pause that nobody ends ends after 1 minute, and the agent is told.",
    other: "A pause that nobody ends ends after {count} minutes, and the agent is told.",
  },
  open: "A pause lasts until somebody ends it.",
  kept: {
    one: "A recording is removed 1 day after its end.",
    other: "A recording is removed {count} days after its end, or with its conversation.",
  },
};

const pt: typeof en = {
  or: " ou ",
  more: "mais {count}",
  off: "A regra está desligada: nada disto acontece até estar em uso.",
  any: "",
  in: " que chegam",
  out: " que os agentes fazem",
  of: " de {list}",
  by: " por {list}",
  within: " em {list}",
  every: "Grava todas as chamadas{of}{way}{by}{after}.",
  share: "Grava {percent} em cada 100 chamadas{of}{way}{by}{after}.",
  wish: "Grava, quando o agente o quer, chamadas{of}{way}{by}{after}.",
  never: "Não grava nenhumas chamadas{of}{way}{by}, digam o que disserem as outras regras.",
  none: ", sem avisar a pessoa",
  announcement: " depois do aviso “{text}”",
  key: " depois de a pessoa aceitar “{text}” com uma tecla",
  both: " depois de a pessoa aceitar “{text}” com uma tecla e de o ouvir de novo",
  refused: "Quem não aceita não é gravado.",
  others: "O agente pode começar uma gravação das outras.",
  again: "O agente pode recomeçar uma gravação que foi parada.",
  told: "A um número de fora que se junta diz-se o texto antes de ser gravado.",
  untold: "Um número de fora que se junta é gravado sem ser avisado.",
  silent: "Nada é gravado enquanto a pessoa está em espera.",
  hold: "Enquanto a pessoa está em espera, continua a gravar-se o que diz.",
  consultation:
    "Enquanto a pessoa está em espera, grava-se o que dizem o agente e os colegas, mas não a pessoa.",
  holdBoth:
    "Enquanto a pessoa está em espera, grava-se tudo: o que ela diz, e o que dizem o agente e os colegas.",
  pause: {
    one: "Uma pausa que ninguém termina acaba ao fim de 1 minuto, e o agente é avisado.",
    other: "Uma pausa que ninguém termina acaba ao fim de {count} minutos, e o agente é avisado.",
  },
  open: "Uma pausa dura até alguém a terminar.",
  kept: {
    one: "Uma gravação é removida 1 dia depois do fim.",
    other: "Uma gravação é removida {count} dias depois do fim, ou com a conversa.",
  },
};

const texts = { en, pt };
type Texts = typeof en;

/** Whether nothing is recorded where the rule fits. An empty share is not written yet, so it forbids nothing. */
export const forbids = (rule: Pick<RecordingRule, "percent" | "on_demand">) =>
  rule.percent === 0 && !rule.on_demand;

/** At most three of a list, and how many more there are. */
function few(list: readonly string[], t: Texts): string {
  const left = list.length - 3;
  return join(left > 1 ? [...list.slice(0, 3), fill(t.more, { count: left })] : list, t.or);
}

/** Which calls are recorded, after what: "Records every call of Billing after the announcement “Notice”." */
export function recorded(rule: RecordingRule, known: RecordingKnown, language: Language): string {
  const t = texts[language];
  // Calls that agents make come by no entry point, so a rule that names some is for the others.
  const campaigns = rule.campaigns as readonly string[] | undefined; // rules of before have none
  const way = rule.entry_points.length ? "in" : campaigns?.length ? "out" : rule.direction;
  const manner = forbids(rule)
    ? "never"
    : rule.percent === 100
      ? "every"
      : rule.percent === 0
        ? "wish"
        : "share";
  return fill(t[manner], {
    percent: rule.percent ?? "…", // nothing, while it is written
    way: t[way],
    of: rule.queues.length ? fill(t.of, { list: few(rule.queues.map(known.queue), t) }) : "",
    by: rule.entry_points.length
      ? fill(t.by, { list: few(rule.entry_points.map(known.entry), t) })
      : campaigns?.length
        ? fill(t.within, { list: few(campaigns.map(known.campaign), t) })
        : "",
    after: fill(t[rule.consent], { text: known.text(rule.consent_text) || "…" }),
  });
}

/** What will happen to calls that the rule fits, one sentence each. */
export function recordingRuleSummary(
  rule: RecordingRule,
  known: RecordingKnown,
  language: Language,
): string[] {
  const t = texts[language];
  const said = [...(rule.enabled ? [] : [t.off]), recorded(rule, known, language)];
  if (forbids(rule)) return said;
  if (rule.consent === "key" || rule.consent === "both") said.push(t.refused);
  if (rule.on_demand && rule.percent) said.push(rule.percent === 100 ? t.again : t.others);
  said.push(rule.all_parties && rule.consent !== "none" ? t.told : t.untold);
  said.push(
    rule.hold && rule.consultation
      ? t.holdBoth
      : rule.hold
        ? t.hold
        : rule.consultation
          ? t.consultation
          : t.silent,
  );
  const minutes = rule.pause_minutes;
  said.push(minutes ? fill(minutes === 1 ? t.pause.one : t.pause.other, { count: minutes }) : t.open);
  const days = rule.keep_days;
  if (days) said.push(fill(days === 1 ? t.kept.one : t.kept.other, { count: days }));
  return said;
}
