import { expect, test } from "vitest";
import type { RecordingRule } from "../desktop/src/api/types";
import { recordingRuleSummary } from "../desktop/src/setup/recordingRuleSummary";

// What the page of a rule for recordings says in words of what will happen.

const plain: RecordingRule = {
  name: "Billing",
  enabled: true,
  queues: ["que_1"],
  entry_points: [],
  campaigns: [],
  direction: "any",
  percent: 100,
  on_demand: false,
  records: "voice",
  consent: "announcement",
  consent_text: "cst_1",
  all_parties: true,
  hold: false,
  consultation: false,
  pause_minutes: 0,
  keep_days: 0,
};
const known = {
  queue: (id: string) => (id === "que_1" ? "Billing" : "Sales"),
  entry: () => "Shop",
  campaign: () => "Renewals",
  text: (id: string) => (id ? "Notice" : ""),
};
const of = (change: Partial<RecordingRule>, language: "en" | "pt" = "en") =>
  recordingRuleSummary({ ...plain, ...change }, known, language);

test("the calls of a campaign", () => {
  expect(of({ queues: [], campaigns: ["cmp_1"], direction: "out" })[0]).toBe(
    "Records every outgoing call in Renewals after the announcement “Notice”.",
  );
});

test("every call, a share, on demand, and none", () => {
  expect(of({})).toEqual([
    "Records every call of Billing after the announcement “Notice”.",
    "An outside number that is added is told the text before it is recorded.",
    "Nothing is recorded while the person is held.",
    "A pause lasts until somebody ends it.",
  ]);
  expect(
    of({
      enabled: false,
      queues: ["que_1", "que_2"],
      direction: "out",
      percent: 30,
      on_demand: true,
      consent: "both",
      hold: true,
      consultation: true,
      pause_minutes: 10,
      keep_days: 30,
    }),
  ).toEqual([
    "The rule is switched off: nothing of this happens until it is in use.",
    "Records 30 of 100 outgoing calls of Billing or Sales after the person agreed to “Notice” by a key and was told it again.",
    "Who does not agree is not recorded.",
    "The agent may begin a recording of the others.",
    "An outside number that is added is told the text before it is recorded.",
    "While the person is held, all is recorded on: what it says, and what the agent and colleagues say.",
    "A pause that nobody ends ends after 10 minutes, and the agent is told.",
    "A recording is removed 30 days after its end, or with its conversation.",
  ]);
  expect(
    of({
      queues: [],
      entry_points: ["ent_1"],
      percent: 0,
      on_demand: true,
      consent: "none",
      consent_text: "",
    }),
  ).toEqual([
    "Records incoming calls by Shop when the agent wants it, without telling the person.",
    "An outside number that is added is recorded without being told.",
    "Nothing is recorded while the person is held.",
    "A pause lasts until somebody ends it.",
  ]);
  expect(of({ percent: 0, consent: "none", consent_text: "" })).toEqual([
    "Records no calls of Billing, whatever other rules say.",
  ]);
});

test("a text that is not chosen yet is left open, and a stopped recording may begin again", () => {
  const said = of({ consent: "key", consent_text: "", on_demand: true });
  expect(said[0]).toBe("Records every call of Billing after the person agreed to “…” by a key.");
  expect(said).toContain("The agent may begin a recording again that was stopped.");
});

test("the same in Portuguese leaves no word of the other language and no gap", () => {
  const changes: Partial<RecordingRule>[] = [
    {},
    { enabled: false, consent: "both", percent: 30, on_demand: true, hold: true, consultation: true },
    { entry_points: ["ent_1"], consent: "key", hold: true, pause_minutes: 1 },
    { direction: "out", percent: 0, on_demand: true, consent: "none", consultation: true, pause_minutes: 5 },
    { percent: 0 },
  ];
  for (const change of changes) {
    const [english, portuguese] = [of(change), of(change, "pt")];
    expect(portuguese).toHaveLength(english.length);
    for (const [i, sentence] of portuguese.entries()) {
      expect(sentence).not.toBe(english[i]);
      expect(sentence).not.toMatch(/\{|\}| {2}| ,|undefined/);
    }
  }
});
