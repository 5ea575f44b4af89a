import type { FlowNode, Graph } from "../api/types";
import { text } from "../messages/flow";
import type { FlowText } from "../messages/flow";
import { outsOf } from "./graph";

// What is different between two graphs, in words.

/** One line for each step that came, went or changed. */
export function differences(before: Graph, after: Graph): string[] {
  const lines: string[] = [];
  const old = before.nodes ?? {};
  const now = after.nodes ?? {};
  for (const [id, node] of Object.entries(now))
    if (!old[id]) lines.push(text("diffAdded", { step: id, type: typeName(node) }));
  for (const [id, node] of Object.entries(old))
    if (!now[id]) lines.push(text("diffRemoved", { step: id, type: typeName(node) }));
  if (before.start !== after.start) lines.push(text("diffStart", { step: after.start || "–" }));
  if (!same(before.takes ?? [], after.takes ?? []))
    lines.push(text("diffTakes", { names: after.takes?.join(", ") || "–" }));
  if (!!before.transfer !== !!after.transfer)
    lines.push(text(after.transfer ? "diffTransfer" : "diffNoTransfer"));
  if (!!before.secure !== !!after.secure) lines.push(text(after.secure ? "diffSecure" : "diffNotSecure"));
  let moved = 0;
  for (const [id, node] of Object.entries(now)) {
    const was = old[id];
    if (!was) continue;
    if (JSON.stringify(node.at) !== JSON.stringify(was.at)) moved++;
    const parts = changed(was, node);
    if (parts.length) lines.push(text("diffChanged", { step: id, parts: parts.join(", ") }));
  }
  if (moved) lines.push(text("diffMoved", { count: moved }));
  return lines;
}

function changed(was: FlowNode, now: FlowNode): string[] {
  const parts = new Set<string>();
  const fields = new Set([...Object.keys(was), ...Object.keys(now)]) as Set<keyof FlowNode>;
  const ways = (node: FlowNode) => outsOf(node).map((o) => `${o.out}>${o.to}`);
  if (same(ways(was), ways(now)) === false) parts.add(text("part_ways"));
  for (const field of fields) {
    if (["at", "next", "open", "closed", "timeout", "failed", "yes", "no", "none", "busy"].includes(field))
      continue;
    if (!same(pure(was[field]), pure(now[field]))) parts.add(text(`part_${field}` as FlowText));
  }
  return [...parts];
}

// Options and cases without where they lead: that is told as ways.
const pure = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((one) => ({ ...(one as object), next: undefined }))
    : value && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export const typeName = (node: FlowNode) => text(`node_${node.type}` as FlowText);
