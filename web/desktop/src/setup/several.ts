import { asProblem, call, key, Problem } from "../api/client";
import type { ObjectEffect, SetupKind, SeveralObjects } from "../api/types";
import { text } from "../messages/several";
import { isShown, saved, showNow, withdraw } from "../parts/putBack";
import { names } from "../state/names.svelte";

// Several objects of the set-up are taken out of use or put back: what would become of them is asked before.

export type Do = "archive" | "restore";

/** An object as it was seen. */
export interface Seen {
  id: string;
  version: number;
}

/** How many the server takes at once. */
export const most = 200;

/** What would become of them; with the word of such an answer it is done, and once with the same name of the try. */
export function several(kind: SetupKind, what: Do, objects: readonly Seen[], seen?: string, named?: string) {
  return call<SeveralObjects>(
    "POST",
    `${kind}/several`,
    { do: what, objects, seen },
    named ? key(named) : undefined,
  );
}

/** Why one is refused. */
export const why = (one: ObjectEffect) => (one.field ? `${one.field}: ${one.problem}` : (one.problem ?? ""));

export const by = (ones: readonly ObjectEffect[], verdict: ObjectEffect["verdict"]) =>
  ones.filter((one) => one.verdict === verdict);

/** Which were left out, by name. */
function leftOut(refused: readonly ObjectEffect[]): string {
  if (!refused.length) return "";
  const shown = refused.slice(0, 3).map((one) => one.name);
  const all = shown.join(", ");
  const rest = refused.length - shown.length;
  return text("left", {
    count: refused.length,
    names: rest ? text("namesMore", { names: all, count: rest }) : all,
  });
}

/** Does what was seen, says it in one line, and offers to undo it. Gives all of them as they are now. */
export async function carryOut(
  kind: SetupKind,
  what: Do,
  objects: readonly Seen[],
  seen: string,
  named: string,
) {
  const { objects: ones } = await several(kind, what, objects, seen, named);
  const changed = by(ones, "changed");
  if (!changed.length) return ones;
  await names.reload(kind);
  for (const one of changed) withdraw(`${kind}/${one.id}`);
  const words = text(`done_${what}`, { count: changed.length, first: changed[0]!.name });
  saved({
    what: `${kind}/${changed.map((one) => one.id).join()}`,
    words: [words, leftOut(by(ones, "refused"))].filter(Boolean).join(" "),
    version: 0,
    back: () => takeBack(kind, what === "archive" ? "restore" : "archive", changed),
    said: (back) =>
      [text("undone", { count: back.length - by(back, "refused").length }), leftOut(by(back, "refused"))]
        .filter(Boolean)
        .join(" "),
  });
  return ones;
}

/** Those that nobody changed since, and that can be; it is refused if there is none. */
async function takeBack(kind: SetupKind, what: Do, changed: readonly ObjectEffect[]) {
  const objects = changed.map(({ id, version }) => ({ id, version }));
  const would = await several(kind, what, objects);
  const refused = by(would.objects, "refused");
  if (refused.length === objects.length) throw new Problem(422, "refused", why(refused[0]!));
  const { objects: back } = await several(kind, what, objects, would.seen);
  await names.reload(kind);
  for (const { id } of by(back, "changed")) void showAgain(kind, id);
  return back;
}

/** Its page may be open by now. */
async function showAgain(kind: SetupKind, id: string) {
  const what = `${kind}/${id}`;
  if (!isShown(what)) return;
  try {
    showNow(what, await call("GET", what));
  } catch (error) {
    asProblem(error); // it stays as it is; a save tells who changed it
  }
}
