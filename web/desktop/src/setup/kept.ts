import type { Rules } from "../api/types";

/** The rules by which what is older is erased when they are made shorter. Messages keep those that they were left under. */
const erasing = ["conversation_days", "record_days", "audit_days"] as const;
type Kept = Required<Pick<Rules, (typeof erasing)[number]>>;

/** Which of these keep less than before, so that something is erased. */
export const shorter = (before: Kept, after: Kept) =>
  erasing
    .filter((rule) => after[rule] < before[rule])
    .map((rule) => ({ rule, before: before[rule], after: after[rule] }));
