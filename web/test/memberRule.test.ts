import { expect, test } from "vitest";
import { rowsOf, ruleOf, withNames } from "../desktop/src/setup/memberRule";

test("rows and rules are the same thing said twice", () => {
  for (const rule of [
    "",
    '"tea_1" in teams',
    '"tea_1" not in teams and site == "sit_1"',
    'site != "sit_1" or skill("ski_1") >= 10 or language == "pt"',
  ]) {
    const rows = rowsOf(rule);
    expect(rows && ruleOf(rows), rule).toBe(rule);
  }
  expect(rowsOf('language != "en" or skill("ski_1") >= 5')).toEqual({
    any: true,
    rows: [
      { asked: "language", value: "en", not: true, level: 1 },
      { asked: "skill", value: "ski_1", not: false, level: 5 },
    ],
  });
});

test("what rows cannot say is left as it was written", () => {
  for (const rule of [
    '"a" in teams and site == "b" or language == "pt"',
    'not ("a" in teams)',
    '("a" in teams)',
    'skill("ski_1") > 5',
    'site in ["a"]',
    '"a" in teams and',
    '"a" in teams  and site == "b"',
  ])
    expect(rowsOf(rule), rule).toBeUndefined();
});

test("a person reads names, and what has none keeps its id", () => {
  const name = (id: string) => ({ tea_1: 'The "A" team', ski_2: "Alemão" })[id] ?? "";
  expect(withNames('"tea_1" in teams and skill("ski_2") > 3 or site == "sit_9"', name)).toBe(
    '"The \\"A\\" team" in teams and skill("Alemão") > 3 or site == "sit_9"',
  );
});
