import type { Message, Page, State } from "../src/protocol";

export const state = (part: Partial<State> = {}): State => ({
  state: "active",
  position: 0,
  estimate_seconds: -1,
  agent_read: 0,
  open: true,
  survey: false,
  transcript: true,
  ended: false,
  ...part,
});

export const message = (seq: number, part: Partial<Message> = {}): Message => ({
  seq,
  id: `msg_${seq}`,
  author_kind: "agent",
  author_name: "Ana",
  kind: "text",
  text: `message ${seq}`,
  at: new Date(Date.UTC(2026, 10, 23, 10, 0, seq)).toISOString(),
  ...part,
});

export const page = (messages: Message[], part: Partial<Page> = {}): Page => ({
  state: state(),
  messages,
  more: false,
  ...part,
});
