import { toasts } from "$ui/toast.svelte";
import { asProblem, Problem } from "../api/client";
import { text } from "../messages/putBack";
import { session } from "../state/session.svelte";

// What was saved can be put back as it was: from the line that says so, whatever page is shown by then. It goes
// through the same door with the version that was saved, so that nothing of somebody else's is undone.

/** The open pages, by what they show. */
const open = new Map<string, (now: never) => void>();
/** The line that offers to undo the last change of each thing. */
const offers = new Map<string, number>();

/** Has a page told of what is put back; what it gives ends that. */
export function followsBack<T>(what: string, show: (now: T) => void): () => void {
  open.set(what, show);
  return () => {
    if (open.get(what) === show) open.delete(what);
  };
}

/** Whether a page shows a thing. */
export const isShown = (what: string): boolean => open.has(what);

/** Shows a thing as it is now, on the page that shows it. */
export function showNow<T>(what: string, now: T): void {
  (open.get(what) as ((now: T) => void) | undefined)?.(now);
}

/** The line may still be there when somebody else, or for another organisation, has signed in. */
const reader = () => `${session.me?.organisation.id} ${session.me?.user.id}`;

/** A change that was saved. */
interface Saved<T> {
  /** The thing, by a name of its own. */
  what: string;
  /** What is said. */
  words: string;
  /** The version that was saved. */
  version: number;
  /** Saves over that version what was there before. */
  back: () => Promise<T>;
  /** What is said then, if not that all is as it was. */
  said?: (now: T) => string;
}

/** Says that a thing was saved, and offers to undo it. */
export function saved<T>(change: Saved<T>): void {
  withdraw(change.what);
  const who = reader();
  const back = async () => {
    if (reader() !== who) throw new Problem(403, "forbidden", text("others"));
    return change.back();
  };
  offer({ ...change, back }, "ok");
}

/** Something newer was done to a thing: an earlier change of it is not undone any more. */
export function withdraw(what: string): void {
  const line = offers.get(what);
  if (line !== undefined) toasts.dismiss(line);
  offers.delete(what);
}

function offer<T>(change: Saved<T>, kind: "ok" | "problem"): void {
  const line = toasts.show(change.words, {
    kind,
    seconds: 20,
    action: { label: text(kind === "ok" ? "undo" : "again"), run: () => void undo(change) },
  });
  offers.set(change.what, line);
}

async function undo<T>(change: Saved<T>): Promise<void> {
  offers.delete(change.what);
  try {
    const now = await change.back();
    showNow(change.what, now);
    toasts.show(change.said?.(now) ?? text("undone"), { kind: "ok" });
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code === "confirm") {
      const { prove } = await import("../account/prove");
      if (await prove()) return undo(change);
    }
    const current = problem.current as { version?: number } | undefined;
    if (problem.status === 403 && problem.code === "forbidden") toasts.problem(problem.message);
    else if (problem.status === 409 && current?.version !== change.version) toasts.problem(text("overtaken"));
    else {
      const why = problem.fields.values().next().value ?? problem.message;
      offer({ ...change, words: text("refused", { why }) }, "problem");
    }
  }
}
