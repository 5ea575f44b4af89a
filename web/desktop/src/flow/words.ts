import type { FlowNode } from "../api/types";
import { text, type FlowText } from "../messages/flow";
import { names } from "../state/names.svelte";
import { worded, type Out } from "./graph";
import { shapeOf } from "./nodes";

/** A step's type in words. */
export function typeWords(node: FlowNode): string {
  return shapeOf(node)
    ? text(`node_${node.type}` as FlowText)
    : text("unknownType", { type: String(node.type) });
}

/** A way out in words: what a choice says, what a case asks. */
export function outWords(out: Out): string {
  if (out.kind === "option" || out.kind === "case") return out.label;
  if (out.kind === "end") return out.label || text("noName");
  return text(`out_${out.kind}`);
}

/** What a step does, in a line. */
export function gist(node: FlowNode, language: string): string {
  const recorded = worded(node.prompt, language);
  const said = worded(node.text, language) || (recorded && `♪ ${names.of("prompts", recorded) || recorded}`);
  const parts: string[] = [];
  if (node.queue) parts.push(names.of("queues", node.queue) || node.queue);
  if (node.consent) parts.push(names.of("consent-texts", node.consent) || node.consent);
  if (node.connection) parts.push(names.of("connections", node.connection) || node.connection);
  if (node.path) parts.push(node.path);
  if (node.flow) parts.push(names.of("flows", node.flow) || node.flow);
  if (node.number) parts.push(node.number);
  if (node.lines) parts.push(node.lines.filter((l) => l.trim() && !l.trim().startsWith("#")).join(" · "));
  if (node.end) parts.push(node.end);
  if (node.hours) parts.push(names.of("hours", node.hours) || node.hours);
  if (
    node.type === "recording" &&
    (node.action === "pause" || node.action === "resume" || node.action === "stop")
  )
    parts.push(text(`does_${node.action}`), ...(node.reason ? [node.reason] : []));
  if (node.type === "set") parts.push(...sets(node));
  if (said) parts.push(node.queue ? `“${said}”` : said);
  if (node.into && !said) parts.push(node.into);
  return parts.join(" · ");
}

// Skills that are asked for, then those that are preferred, in brackets.
function sets(node: FlowNode): string[] {
  const skills = (levels: Record<string, number> = {}) =>
    Object.entries(levels).map(([id, level]) => `${names.of("skills", id) || id} ${level}+`);
  const preferred = skills(node.prefers);
  return [
    ...(node.priority === undefined ? [] : [`${text("knownPriority")} ${node.priority}`]),
    ...skills(node.skills),
    ...(preferred.length ? [`(${preferred.join(", ")})`] : []),
    ...(node.language ? [node.language] : []),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => `${name} = ${value}`),
  ];
}
