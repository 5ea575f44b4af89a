import type { Flow } from "../api/types";
import { keeping } from "../state/keeping";

// Work that was not saved is kept in the browser, so that a closed tab loses
// nothing. It belongs to the user who did it, and is sealed: who sits here next cannot read it.

interface Kept {
  /** The stored version that the work is based on; 0 for a flow that is not stored. */
  version: number;
  at: string;
  body: Flow;
}

const all = "nubitalk.flow.";
const keyOf = (user: string, flow: string) => `${all}${user}.${flow}`;

/** What was asked last comes last: sealing takes a moment. */
let running: Promise<void> = Promise.resolve();
const next = (what: () => Promise<void> | void) =>
  (running = running.then(what).catch(() => {
    // Full or forbidden: the page still warns before it is left.
  }));

export function keep(user: string, flow: string, version: number, body: Flow, at: Date): void {
  const kept: Kept = { version, at: at.toISOString(), body };
  void next(async () => {
    const sealed = await keeping.sealed(kept);
    if (sealed) localStorage.setItem(keyOf(user, flow), sealed);
  });
}

export async function kept(user: string, flow: string): Promise<Kept | undefined> {
  try {
    // What was kept before it was sealed.
    for (const [name, value] of Object.entries(localStorage))
      if (name.startsWith(all) && String(value).startsWith("{")) localStorage.removeItem(name);
    const text = localStorage.getItem(keyOf(user, flow));
    return text ? ((await keeping.opened(text)) as Kept | undefined) : undefined;
  } catch {
    return undefined;
  }
}

export function forget(user: string, flow: string): void {
  void next(() => localStorage.removeItem(keyOf(user, flow)));
}
