import type { Flow } from "../api/types";

// Work that was not saved is kept in the browser, so that a closed tab loses
// nothing. It belongs to the user who did it.

interface Kept {
  /** The stored version that the work is based on; 0 for a flow that is not stored. */
  version: number;
  at: string;
  body: Flow;
}

const keyOf = (user: string, flow: string) => `nubitalk.flow.${user}.${flow}`;

export function keep(user: string, flow: string, version: number, body: Flow, at: Date): void {
  try {
    const kept: Kept = { version, at: at.toISOString(), body };
    localStorage.setItem(keyOf(user, flow), JSON.stringify(kept));
  } catch {
    // Full or forbidden: the page still warns before it is left.
  }
}

export function kept(user: string, flow: string): Kept | undefined {
  try {
    const text = localStorage.getItem(keyOf(user, flow));
    return text ? (JSON.parse(text) as Kept) : undefined;
  } catch {
    return undefined;
  }
}

export function forget(user: string, flow: string): void {
  try {
    localStorage.removeItem(keyOf(user, flow));
  } catch {
    // Nothing is there then.
  }
}
