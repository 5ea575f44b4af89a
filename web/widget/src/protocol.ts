// The visitor's side of the API (docs/api.md, `/chat/v1`), as it is on the wire.

/** How the widget looks and what it asks before a conversation. */
export interface EntryPoint {
  id: string;
  /** voice: the conversation is a call, and has a page of its own. */
  channel: "chat" | "voice";
  /** False: show the leave-a-message form. */
  open: boolean;
  language: string;
  languages: string[];
  title: string;
  welcome: string;
  look: Look;
  /** Of the page to call from, where the organisation has a brand. */
  brand?: Brand;
  position: "right" | "left";
  mode: "auto" | "light" | "dark";
  ask_name: Ask;
  ask_email: Ask;
  /** Absent: no consent is asked. */
  consent?: ConsentRequest;
  attachments: FileLimits;
  survey: boolean;
  transcript: boolean;
}

/** Whose page it is. */
export interface Brand {
  name: string;
  /** A PNG in base64. */
  logo?: string;
  /** On pages of this kind the logo stands on a plate of the other kind. */
  plate?: "light" | "dark";
}

/** The tenant's colour with what can be read on it and beside it (WCAG 2.2 AA). */
export interface Look {
  accent: string;
  /** Text on the accent. */
  ink: string;
  /** The accent as text on light surfaces, and on dark ones. */
  on_light: string;
  on_dark: string;
}

export type Ask = "no" | "optional" | "required";

export interface ConsentRequest {
  /** Id of the consent text. */
  text: string;
  version: number;
  words: string;
  link: string;
}

export interface FileLimits {
  allowed: boolean;
  max_mb: number;
  types: string[];
}

export interface Start {
  name: string;
  email: string;
  language: string;
  consent?: { text: string; version: number };
  message: string;
  client_id: string;
  left_message: boolean;
  page: string;
}

export interface Started {
  token: string;
  interaction: string;
  state: State;
  messages: Message[];
}

export interface Page {
  state: State;
  messages: Message[];
  /** Highest seq that the server looked at; notes of agents count, so it may be above the last message. */
  last?: number;
  /** There are more messages above the last one. */
  more: boolean;
}

export interface State {
  state: "arriving" | "in_flow" | "queued" | "offered" | "active" | "held" | "wrapping" | "closed";
  queue_name?: string;
  /** 1 is next; 0 if not waiting. */
  position: number;
  /** -1 if unknown. */
  estimate_seconds: number;
  agent_name?: string;
  agent_read: number;
  /** The visitor may write. */
  open: boolean;
  survey: boolean;
  transcript: boolean;
  ended: boolean;
  /** The place is kept: nobody need wait here. */
  kept?: boolean;
  /** Absent: the conversation is written, and talking cannot be asked for. */
  talk?: Talk;
}

/** A conversation that is spoken, or may be. */
export interface Talk {
  stage: "" | "asked_by_agent" | "asked_by_visitor" | "running";
  may_ask?: boolean;
  /** Cameras may be shown. */
  video?: boolean;
  /** The visitor is asked to key in what nobody may see, and cannot write meanwhile. */
  secure?: boolean;
}

export interface Message {
  seq: number;
  id: string;
  author_kind: "visitor" | "agent" | "bot" | "system";
  author_name?: string;
  kind: "text" | "attachment" | "buttons" | "form" | "event";
  text?: string;
  buttons?: Button[];
  attachment?: Attachment;
  event?: string;
  /** Of a question: digits are waited for. */
  digits?: { min: number; max: number };
  /** Of a question: nobody will see the answer. Of an answer: its words are not kept. */
  masked?: boolean;
  client_id?: string;
  at: string;
}

export interface Button {
  value: string;
  label: string;
}

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number;
}

export interface Marks {
  visitor_read?: number;
  agent_read?: number;
}

/** The place of somebody who waits, told in between. */
export type Place = Pick<State, "queue_name" | "position" | "estimate_seconds">;

/** What the server says on the socket. */
export type Frame =
  | { type: "hello" }
  | { type: "state"; data: State }
  | { type: "wait"; data: Place }
  | { type: "message"; data: Message }
  | { type: "marks"; data: Marks }
  | { type: "typing" }
  | { type: "ended"; data?: State }
  /** The server restarts: come back after so many milliseconds. */
  | { type: "stopping"; data?: { after_ms?: number } }
  | { type: "pong" }
  /** What was just sent is refused; if it was the hello, the socket closes. */
  | { type: "error" };

/** How a call's sound is reached, besides directly. */
export interface Relays {
  servers: { urls: string[]; username?: string; credential?: string }[];
  /** Nothing but the TURN servers is used. */
  relay_only: boolean;
}

/** RFC 9457, as the server writes it. */
export interface Problem {
  status: number;
  code?: string;
  detail?: string;
  errors?: { location: string; message: string }[];
}

/** Characters of one message, of a display name and of a survey's comment (channel/chat). */
export const MAX_TEXT = 4000;
export const MAX_NAME = 80;
export const MAX_COMMENT = 2000;
export const MAX_REACH = 254;
