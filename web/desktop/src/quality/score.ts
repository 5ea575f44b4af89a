import type { EvaluationAnswer, EvaluationQuestion } from "../api/types";

/** What share of its weight an answer is worth. */
function share(q: EvaluationQuestion, a: EvaluationAnswer): number {
  if (q.kind === "yes_no") return (a.value === 1) === (q.good !== "no") ? 1 : 0;
  if (q.kind === "scale") return (a.value - 1) / ((q.most ?? 2) - 1);
  return (q.choices?.[a.value]?.percent ?? 0) / 100;
}

/**
 * The score of what is answered so far, in hundredths of a percent; -1 for none. The server's is what
 * counts (docs/quality.md); this is the same formula, to see it grow.
 */
export function scoreOf(
  questions: readonly EvaluationQuestion[],
  answers: readonly EvaluationAnswer[],
): number {
  let sum = 0;
  let weights = 0;
  let fatal = false;
  for (const q of questions) {
    const a = answers.find((one) => one.question === q.id);
    if (!a || a.skip) continue;
    const part = share(q, a);
    sum += q.weight * part;
    weights += q.weight;
    fatal ||= !!q.fatal && part === 0;
  }
  if (fatal) return 0;
  return weights ? Math.round((10_000 * sum) / weights) : -1;
}
