import { expect, test } from "vitest";
import type { Trunk } from "../desktop/src/api/types";
import { trunkSummary } from "../desktop/src/setup/trunkSummary";

// What the trunk's page says in words of what will happen.

const full: Trunk = {
  name: "Lines",
  enabled: false,
  line: "",
  country: "PT",
  number_form: "plus",
  gateways: [{ host: "sip.operator.example", transport: "tls" }],
  registration: { on: true, domain: "operator.example" },
  sources: ["203.0.113.0/28"],
  username: "shop",
  allow_md5: false,
  ask_password: true,
  encryption: "plain",
  srtp: [],
  max_calls: 0,
  calls_a_second: 0,
  numbers: [
    { number: "+351210000001", entry_point: "ent_1" },
    { number: "+351210000002", entry_point: "ent_1" },
    { number: "+351210000003" },
  ],
  caller: { rule: "chosen", number: "+351210000002", anonymous: true, tells: "from" },
  outgoing: {
    allowed: true,
    prefixes: ["+351", "+34"],
    forbidden: ["+351707"],
    hours: "hou_1",
    max_calls: 10,
    max_minutes: 600,
    limits: [{ prefix: "+34", minutes: 60 }],
  },
  password: "",
  password_set: true,
  password_remove: false,
  confirm_plain: false,
};
const known = { entry: () => "Shop", hours: () => "Office" };

test("a trunk with everything", () => {
  expect(trunkSummary(full, known, "en")).toEqual([
    "The trunk is switched off: nothing of this happens until it is in use.",
    "Calls from 203.0.113.0/28 or that come by the registration at operator.example, with the password proven, to +351210000001 and +351210000002 arrive at “Shop”.",
    "Calls to +351210000003 are refused; it is only shown.",
    "Calls leave only to numbers that begin with +351 or +34, never to premium numbers or numbers that begin with +351707, and only during “Office”.",
    "At most 10 calls at once, 600 minutes a day and 60 minutes a day to +34.",
    "They show the number that the agent chooses, else the queue’s, else +351210000002.",
    "A call may withhold its number.",
    "Emergency numbers always leave.",
    "Voices may pass unencrypted: anybody on the way can listen.",
  ]);
});

test("one with nothing, and one that asks for the password alone", () => {
  const none: Trunk = {
    ...full,
    enabled: true,
    registration: { on: false },
    sources: [""],
    ask_password: false,
    encryption: "required",
    outgoing: { allowed: false },
  };
  expect(trunkSummary(none, known, "en")).toEqual([
    "No calls arrive: it is not said where they would come from.",
    "Calls to +351210000003 are refused; it is only shown.",
    "No calls leave.",
    "Every voice is encrypted (SRTP); a call that cannot is refused.",
  ]);
  expect(trunkSummary({ ...none, numbers: [] }, known, "en")[0]).toBe(
    "No calls arrive: no number leads anywhere.",
  );
  expect(trunkSummary({ ...none, ask_password: true }, known, "en")[0]).toBe(
    "Calls, with the password proven, to +351210000001 and +351210000002 arrive at “Shop”.",
  );
  const many = Array.from({ length: 9 }, (_, i) => ({ number: `+35121000000${i}`, entry_point: "ent_1" }));
  expect(trunkSummary({ ...none, ask_password: true, numbers: many }, known, "en")[0]).toContain(
    "+351210000000, +351210000001, +351210000002 and 6 more arrive",
  );
});

test("the same in Portuguese leaves no word of the other language and no gap", () => {
  const [english, portuguese] = [trunkSummary(full, known, "en"), trunkSummary(full, known, "pt")];
  expect(portuguese).toHaveLength(english.length);
  for (const [i, sentence] of portuguese.entries()) {
    expect(sentence).not.toBe(english[i]);
    expect(sentence).not.toMatch(/\{|\}| {2}| ,|undefined/);
  }
  const { registration, ...rest } = full;
  expect(
    trunkSummary({ ...rest, registration, outgoing: { allowed: true } }, known, "pt").join(" "),
  ).toContain("As chamadas só saem para Portugal, nunca para números de valor acrescentado.");
});
