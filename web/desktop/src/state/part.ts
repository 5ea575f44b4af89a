import { text } from "../messages/parts";
import { names } from "./names.svelte";
import { session } from "./session.svelte";

/** The teams, queues and campaigns for which one has roles, in words; "" if there are none. */
export function partInWords(): string {
  const parts = Object.values(session.me?.user.role_parts ?? {});
  const called = (kind: "teams" | "queues" | "campaigns", word: "team" | "queue" | "campaign") =>
    [...new Set(parts.flatMap((p) => p[kind] ?? []))].map((id) =>
      text(word, { name: names.list(kind).find((one) => one.id === id)?.name ?? "…" }),
    );
  const all = [...called("teams", "team"), ...called("queues", "queue"), ...called("campaigns", "campaign")];
  const last = all.pop();
  if (!last) return "";
  return text("youSee", { list: all.length ? text("and", { first: all.join(", "), last }) : last });
}
