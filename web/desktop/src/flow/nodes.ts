import type { Component } from "svelte";
import CornerUpLeft from "@lucide/svelte/icons/corner-up-left";
import CirclePause from "@lucide/svelte/icons/circle-pause";
import Clock from "@lucide/svelte/icons/clock";
import CircleX from "@lucide/svelte/icons/circle-x";
import FileCheck from "@lucide/svelte/icons/file-check";
import Hourglass from "@lucide/svelte/icons/hourglass";
import Inbox from "@lucide/svelte/icons/inbox";
import ListTree from "@lucide/svelte/icons/list-tree";
import MessageSquare from "@lucide/svelte/icons/message-square";
import PencilLine from "@lucide/svelte/icons/pencil-line";
import MailPlus from "@lucide/svelte/icons/mail-plus";
import SlidersHorizontal from "@lucide/svelte/icons/sliders-horizontal";
import SearchCheck from "@lucide/svelte/icons/search-check";
import PhoneCall from "@lucide/svelte/icons/phone-call";
import Voicemail from "@lucide/svelte/icons/voicemail";
import PhoneForwarded from "@lucide/svelte/icons/phone-forwarded";
import Route from "@lucide/svelte/icons/route";
import SquareFunction from "@lucide/svelte/icons/square-function";
import Split from "@lucide/svelte/icons/split";
import type { FlowNode } from "../api/types";

// What the editor knows of each type of step. The server's check says what is
// right; this says what there is to fill in, and where a step may lead.

export type NodeType =
  | "say"
  | "ask"
  | "collect"
  | "hours"
  | "branch"
  | "set"
  | "wait"
  | "look_up"
  | "consent"
  | "script"
  | "transfer_out"
  | "recording"
  | "voicemail"
  | "callback"
  | "sub_flow"
  | "return"
  | "queue"
  | "form"
  | "close";

export type FieldName =
  | "text"
  | "options"
  | "into"
  | "keys"
  | "look"
  | "consent"
  | "wait"
  | "hours"
  | "cases"
  | "set"
  | "queue"
  | "flow"
  | "end"
  | "lines"
  | "transfer"
  | "recording"
  | "message"
  | "back"
  | "reject";

/** A field of a node that names another node. */
export type OutName = "next" | "open" | "closed" | "timeout" | "failed" | "yes" | "no" | "none" | "busy";

export interface Shape {
  icon: Component<{ size?: number; "aria-hidden"?: "true" }>;
  fields: readonly FieldName[];
  /** Whether the step may be without a text. */
  silent?: boolean;
  outs: readonly OutName[];
  blank: () => FlowNode;
}

export const shapes: Record<NodeType, Shape> = {
  say: {
    icon: MessageSquare,
    fields: ["text"],
    outs: ["next"],
    blank: () => ({ type: "say", text: {} }),
  },
  ask: {
    icon: ListTree,
    fields: ["text", "options", "into", "wait"],
    outs: ["next", "timeout"],
    blank: () => ({ type: "ask", text: {}, options: [{ value: "1", label: {}, next: "" }] }),
  },
  collect: {
    icon: PencilLine,
    fields: ["text", "into", "keys", "wait"],
    outs: ["next", "timeout"],
    blank: () => ({ type: "collect", text: {}, into: "answer" }),
  },
  hours: {
    icon: Clock,
    fields: ["hours"],
    outs: ["open", "closed"],
    blank: () => ({ type: "hours", hours: "" }),
  },
  branch: {
    icon: Split,
    fields: ["cases"],
    outs: ["next"],
    blank: () => ({ type: "branch", cases: [{ if: 'language startsWith "pt"', next: "" }] }),
  },
  set: {
    icon: SlidersHorizontal,
    fields: ["set"],
    outs: ["next"],
    blank: () => ({ type: "set", priority: 5 }),
  },
  wait: {
    icon: Hourglass,
    fields: ["queue", "text"],
    silent: true,
    outs: ["next"],
    blank: () => ({ type: "wait", queue: "" }),
  },
  look_up: {
    icon: SearchCheck,
    fields: ["look"],
    outs: ["next", "failed"],
    blank: () => ({ type: "look_up", method: "GET", seconds: 5 }),
  },
  consent: {
    icon: FileCheck,
    fields: ["consent", "wait"],
    outs: ["yes", "no", "none"],
    blank: () => ({ type: "consent", consent: "", seconds: 60 }),
  },
  script: {
    icon: SquareFunction,
    fields: ["lines"],
    outs: ["next", "failed"],
    blank: () => ({ type: "script", lines: [] }),
  },
  transfer_out: {
    icon: PhoneForwarded,
    fields: ["text", "transfer"],
    silent: true,
    outs: ["busy", "none", "failed"],
    blank: () => ({ type: "transfer_out", number: "", seconds: 30 }),
  },
  recording: {
    icon: CirclePause,
    fields: ["recording"],
    outs: ["next"],
    blank: () => ({ type: "recording", action: "pause" }),
  },
  voicemail: {
    icon: Voicemail,
    fields: ["text", "queue", "message"],
    silent: true,
    outs: ["none"],
    blank: () => ({ type: "voicemail", queue: "", seconds: 120 }),
  },
  callback: {
    icon: PhoneCall,
    fields: ["queue", "text", "back"],
    silent: true,
    outs: ["failed"],
    blank: () => ({ type: "callback", queue: "" }),
  },
  sub_flow: {
    icon: Route,
    fields: ["flow"],
    outs: ["next"],
    blank: () => ({ type: "sub_flow", flow: "" }),
  },
  return: {
    icon: CornerUpLeft,
    fields: ["end"],
    outs: [],
    blank: () => ({ type: "return" }),
  },
  queue: {
    icon: Inbox,
    fields: ["queue", "text"],
    silent: true,
    outs: [],
    blank: () => ({ type: "queue", queue: "" }),
  },
  form: {
    icon: MailPlus,
    fields: ["text"],
    silent: true,
    outs: ["next"],
    blank: () => ({ type: "form", text: {} }),
  },
  close: {
    icon: CircleX,
    fields: ["text", "reject"],
    silent: true,
    outs: [],
    blank: () => ({ type: "close" }),
  },
};

export const nodeTypes = Object.keys(shapes) as NodeType[];

/** What is known of a step's type; nothing of one that does not exist. */
export function shapeOf(node: FlowNode | undefined): Shape | undefined {
  return node ? shapes[node.type as NodeType] : undefined;
}
