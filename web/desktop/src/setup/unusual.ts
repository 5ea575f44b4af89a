import type { Rules } from "../api/types";

export type UnusualRule = NonNullable<Rules["unusual"]>;

/** Where nobody chose, as the server has it. */
export const usualUnusual: UnusualRule = {
  exports: true,
  sign_ins: true,
  failures: true,
  failed_users: 10,
  failed_networks: 5,
  refusals: true,
  refused_often: 50,
  usual: {
    users: 5,
    contacts: 10,
    calls: 10,
    numbers: 5,
    recordings: 20,
    listened: 60,
    scores: 10,
    volumes: 50,
  },
};

/** From how many refused requests of one caller on there may be an alert, within ten minutes. */
export const refusedOften: UnusualRule["refused_often"][] = [50, 100, 200, 400, 800];

export const sameUnusual = (a: UnusualRule, b: UnusualRule) =>
  (
    [
      "exports",
      "sign_ins",
      "failures",
      "failed_users",
      "failed_networks",
      "refusals",
      "refused_often",
    ] as const
  ).every((f) => a[f] === b[f]) &&
  (Object.keys(usualUnusual.usual) as (keyof UnusualRule["usual"])[]).every((f) => a.usual[f] === b.usual[f]);
