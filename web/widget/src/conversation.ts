import type { Message, Page, State } from "./protocol";

// What this page knows of a conversation, as a value, and how each thing that
// arrives changes it. No network, clock or screen in here.
//
// `seq` numbers are given by the server and grow, but a visitor does not see
// every one of them (agents' notes have numbers too). So a jump only means that
// something may be missing: ask again, and what the server answers settles it.

/** A message, choice or file of the visitor's that the server has not confirmed. */
export interface Outgoing {
  client_id: string;
  kind: "text" | "choice" | "file";
  /** Words, a button's label, or a file's name. */
  text: string;
  /** Its words are for the flow alone. */
  masked?: boolean;
  /** choice: the button's value. */
  value?: string;
  /** file */
  file?: File;
  /** file: sent so far, 0 to 1. */
  progress?: number;
  /** waiting: will be tried again by itself; failed: only if the visitor asks. */
  status: "sending" | "waiting" | "failed";
  /** A sentence for the visitor. */
  error?: string;
}

export interface Conversation {
  /** By seq, each once. */
  messages: readonly Message[];
  /** Nothing that this visitor may see is missing up to here. */
  settled: number;
  /** Something above `settled` arrived first: ask again with after=settled. */
  gap: boolean;
  /** The server numbers differently than before: ask again from the start. */
  stale: boolean;
  outgoing: readonly Outgoing[];
  state: State | null;
  agentRead: number;
}

export const empty: Conversation = {
  messages: [],
  settled: 0,
  gap: false,
  stale: false,
  outgoing: [],
  state: null,
  agentRead: 0,
};

/** One message, from the socket or as the answer to a send. */
export function received(c: Conversation, m: Message): Conversation {
  const at = place(c.messages, m.seq);
  const known = c.messages[at];
  if (known?.seq === m.seq) {
    // The same number for another message: the server's history was replaced.
    return known.id === m.id ? acknowledged(c, m) : { ...c, stale: true };
  }
  const messages = [...c.messages.slice(0, at), m, ...c.messages.slice(at)];
  return settle(acknowledged({ ...c, messages }, m), c.settled);
}

/**
 * One answer to `GET conversation?after=`. `highest` is the highest seq that was
 * known when it was asked: everything up to it that is not in the answer does
 * not exist for this visitor.
 */
export function answered(c: Conversation, page: Page, highest: number): Conversation {
  let next: Conversation = stated(c, page.state);
  for (const m of page.messages) next = received(next, m);
  const last = Math.max(c.settled, page.last ?? 0, page.messages.at(-1)?.seq ?? 0);
  return settle(next, page.more ? last : Math.max(last, highest));
}

/** A page that replaces everything, after `stale`. What was not sent stays. */
export function replaced(c: Conversation, page: Page): Conversation {
  return answered({ ...empty, outgoing: c.outgoing }, page, 0);
}

export function stated(c: Conversation, state: State): Conversation {
  return { ...c, state, agentRead: Math.max(c.agentRead, state.agent_read) };
}

export function marked(c: Conversation, agentRead: number | undefined): Conversation {
  return { ...c, agentRead: Math.max(c.agentRead, agentRead ?? 0) };
}

/** Puts something into the outgoing list, or changes it there. */
export function outgoing(c: Conversation, item: Outgoing): Conversation {
  const there = c.outgoing.some((o) => o.client_id === item.client_id);
  return {
    ...c,
    outgoing: there
      ? c.outgoing.map((o) => (o.client_id === item.client_id ? item : o))
      : [...c.outgoing, item],
  };
}

export function dropped(c: Conversation, clientID: string): Conversation {
  return { ...c, outgoing: c.outgoing.filter((o) => o.client_id !== clientID) };
}

export function highest(c: Conversation): number {
  return c.messages.at(-1)?.seq ?? 0;
}

/** The last thing said or asked by the other side, for badge and announcement. */
export function isForReading(m: Message): boolean {
  return m.author_kind !== "visitor" && m.kind !== "event";
}

export function unread(c: Conversation, seen: number): number {
  return c.messages.filter((m) => m.seq > seen && isForReading(m)).length;
}

/** The message whose buttons or form still wait for an answer, if any. */
export function question(c: Conversation): Message | undefined {
  if (!c.state?.open || c.outgoing.some((o) => o.status !== "failed")) return undefined;
  for (let i = c.messages.length - 1; i >= 0; i--) {
    const m = c.messages[i]!;
    if (m.kind === "buttons" || m.kind === "form") return m;
    if (m.author_kind === "visitor" || m.author_kind === "agent") return undefined;
  }
  return undefined;
}

/** The question that waits for an answer which nobody will see, if one does. */
export function secretAsked(c: Conversation): Message | undefined {
  if (!c.state?.open) return undefined;
  const last = c.messages.findLast((m) => m.author_kind !== "system");
  return last?.author_kind === "bot" && last.masked ? last : undefined;
}

/** Where a message with this seq stands or belongs; most often at the end. */
function place(messages: readonly Message[], seq: number): number {
  let i = messages.length;
  while (i > 0 && messages[i - 1]!.seq >= seq) i--;
  return i;
}

function acknowledged(c: Conversation, m: Message): Conversation {
  if (m.author_kind !== "visitor" || !m.client_id) return c;
  return c.outgoing.some((o) => o.client_id === m.client_id) ? dropped(c, m.client_id) : c;
}

/** Moves `settled` to `from` and over what follows without a jump. */
function settle(c: Conversation, from: number): Conversation {
  let settled = from;
  for (const m of c.messages) if (m.seq === settled + 1) settled = m.seq;
  return { ...c, settled, gap: highest(c) > settled };
}
