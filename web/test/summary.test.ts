import { expect, test } from "vitest";
import type { Queue } from "../desktop/src/api/types";
import { summary, type Known } from "../desktop/src/setup/summary";
import { span } from "../ui/span";

// What the queue editor says in words of what will happen.

const queue: Queue = {
  name: "Billing",
  channels: ["chat"],
  priority: 5,
  needs: [{ skill: "ski_billing", level: 3 }],
  members: [],
  member_rule: "",
  offer_seconds: 20,
  wrap_up_seconds: 90,
  wrap_up_open: false,
  max_missed: 2,
  service_seconds: 60,
  service_percent: 80,
  service_hours: "email",
  short_seconds: 5,
  hours: "",
  dispositions: [],
  disposition_must: false,
  wants: [],
  choice: "longest_idle",
  steps: [],
  affinity_seconds: 0,
  auto_accept: false,
  overflow: [],
  close_waiting: false,
  music: "",
  call_back_seconds: 0,
  call_back_key: "",
};

const names: Record<string, string> = {
  ski_billing: "Billing",
  ski_english: "English",
  que_night: "Night",
  hrs_1: "Office",
  usr_1: "Ana",
  usr_2: "Rui",
};
const name = (id: string) => names[id] ?? id;
const known: Known = {
  skill: name,
  queue: name,
  hours: name,
  user: name,
  agents: [
    { id: "usr_1", skills: { ski_billing: 3 } },
    { id: "usr_2", skills: { ski_billing: 9 } },
    { id: "usr_3", skills: { ski_billing: 2 } },
  ],
};

const full: Queue = {
  ...queue,
  wants: [{ skill: "ski_english", level: 5 }],
  affinity_seconds: 45,
  hours: "hrs_1",
  steps: [
    { after_seconds: 30, ease: 2, members: ["usr_1", "usr_2"] },
    { after_seconds: 60, ease: 3 },
    { after_seconds: 90, ease: 3, members: ["usr_3"] },
  ],
  overflow: [
    { when: "wait", after_seconds: 120, to_queue: "que_night" },
    { when: "nobody" },
    { when: "nobody", after_seconds: 10, to_queue: "que_night" },
    { when: "length", length: 10 },
    { when: "closed" },
  ],
  close_waiting: true,
};

test("all of a queue in words, in the order in which it happens", () => {
  expect(summary(full, known, "en")).toEqual([
    "A chat goes to the agent who has been idle longest, among 2 agents with Billing 3+.",
    "Agents with English 5+ come first.",
    "For 45 s it is kept for the agent who had the person last, if that agent is at work.",
    "It rings for 20 s, then at the next agent; who misses 2 in a row is set to missed.",
    "After 30 s Billing 1+ is enough and Ana and Rui join.",
    "After 1 min no skill is needed any more.",
    "After 1 min 30 s usr_3 joins.",
    "After 2 min it moves to Night.",
    "If nobody is at work, it ends, and the person is told.",
    "If it has waited 10 s and nobody is at work, it moves to Night.",
    "If 10 wait already, the next one ends, and the person is told.",
    "Outside “Office” it ends, and the person is told.",
    "So does what still waits when they end.",
    "After the contact the agent has 1 min 30 s for wrap-up.",
    "The goal is 80 % answered within 1 min.",
  ]);
});

test("the same in Portuguese leaves no word of the other language and no gap", () => {
  const [english, portuguese] = [summary(full, known, "en"), summary(full, known, "pt")];
  expect(portuguese).toHaveLength(english.length);
  expect(portuguese[0]).toBe(
    "Um chat vai para o agente livre há mais tempo, entre 2 agentes com Billing 3+.",
  );
  expect(portuguese[4]).toBe("Ao fim de 30 s basta Billing 1+ e juntam-se Ana e Rui.");
  for (const sentence of portuguese) {
    expect(english).not.toContain(sentence);
    expect(sentence).not.toMatch(/[{}]|undefined/);
  }
});

test("a plain queue says what it does without rules", () => {
  const plain = { ...queue, channels: [], needs: [], auto_accept: true, wrap_up_seconds: 0 };
  expect(summary(plain, { ...known, agents: undefined }, "en")).toEqual([
    "A contact goes to the agent who has been idle longest, among the agents.",
    "It opens at the agent’s desk without asking.",
    "Else it waits until somebody is free.",
    "There is no wrap-up.",
    "The goal is 80 % answered within 1 min.",
  ]);
});

test("one agent, none, and hours without a rule are said as such", () => {
  const one = { ...queue, needs: [{ skill: "ski_billing", level: 9 }], hours: "hrs_1" };
  expect(summary(one, known, "en")[0]).toBe("A chat goes to the one agent with Billing 9+ there is.");
  expect(summary(one, known, "en")).toContain("Outside “Office” it waits here all the same.");
  const never: Queue = { ...queue, overflow: [{ when: "closed" }] };
  expect(summary(never, known, "en").join(" ")).not.toContain("Outside");
  const none = { ...queue, needs: [{ skill: "ski_billing", level: 10 }] };
  expect(summary(none, known, "en")[0]).toBe(
    "No agent can take it from the start: nobody serves the queue with Billing 10+.",
  );
});

test("many who join are counted, and skills of a flow's own are eased", () => {
  const many = {
    ...queue,
    needs: [],
    steps: [{ after_seconds: 3600, ease: 2, members: ["a", "b", "c", "d"] }],
  };
  expect(summary(many, known, "en")).toContain(
    "After 1 h skills that a flow asks for may be 2 lower and 4 more agents join.",
  );
});

test("times are short and whole", () => {
  expect([0, 45, 60, 90, 3600, 5400, 3661, NaN].map(span)).toEqual([
    "0 s",
    "45 s",
    "1 min",
    "1 min 30 s",
    "1 h",
    "1 h 30 min",
    "1 h 1 min 1 s",
    "0 s",
  ]);
});
