import type { FlowNode, Graph } from "../api/types";
import { shapeOf, type OutName } from "./nodes";

// A flow's graph as the editor sees it: where each step leads, and what can be
// done to the whole without leaving loose ends behind.

/** One way out of a step. */
export interface Out {
  /** The field that names the next step: next, open, options[1], cases[0], ends[0]… */
  out: string;
  kind: OutName | "option" | "case" | "end" | "else" | "other" | "sent" | "rest";
  /** The option's label, the case's condition or the end's name. */
  label: string;
  to: string;
}

/** Every way out of a step, also those that lead nowhere yet. */
export function outsOf(node: FlowNode, language = "en"): Out[] {
  const outs: Out[] = [];
  node.options?.forEach((option, i) =>
    outs.push({
      out: `options[${i}]`,
      kind: "option",
      label: worded(option.label, language) || option.value,
      to: option.next ?? "",
    }),
  );
  node.cases?.forEach((one, i) =>
    outs.push({ out: `cases[${i}]`, kind: "case", label: one.if, to: one.next ?? "" }),
  );
  node.ends?.forEach((end, i) =>
    outs.push({ out: `ends[${i}]`, kind: "end", label: end.name, to: end.next ?? "" }),
  );
  for (const out of shapeOf(node)?.outs ?? []) {
    const to = node[out] ?? "";
    if (out === "timeout" && !to && !node.seconds) continue;
    outs.push({ out, kind: out === "next" ? nextKind(node) : out, label: "", to });
  }
  return outs;
}

function nextKind(node: FlowNode): Out["kind"] {
  if (node.type === "branch") return "else";
  if (node.type === "ask") return "other";
  if (node.type === "sub_flow") return node.ends?.length ? "rest" : "next";
  return node.type === "form" ? "sent" : "next";
}

/** Whether a step may be without this way. */
export const mayLack = (node: FlowNode, out: Out) =>
  (node.type === "ask" || node.type === "form" || node.type === "sub_flow") && out.out === "next";

/** The names of the ends by which a flow goes back to one that runs it; "" is one without a name. */
export function endsOf(graph: Graph | undefined): string[] {
  const returns = Object.values(graph?.nodes ?? {}).filter((node) => node.type === "return");
  return [...new Set(returns.map((node) => node.end ?? ""))].sort();
}

/** The part of a step that a way is of: one of its options, cases or ends. */
export function partOf(node: FlowNode | undefined, out: string): { next?: string } | undefined {
  const part = /^(options|cases|ends)\[(\d+)\]$/.exec(out);
  return part ? node?.[part[1] as "options" | "cases" | "ends"]?.[Number(part[2])] : undefined;
}

/** Makes a way lead to a step; "" is nowhere. */
export function lead(node: FlowNode, out: string, to: string): void {
  const part = partOf(node, out);
  if (part) part.next = to;
  else if (out.includes("[")) return;
  else if (to) node[out as OutName] = to;
  else delete node[out as OutName];
}

/** A text in a language, else in any. */
export function worded(texts: Record<string, string> | undefined, language: string): string {
  return texts?.[language] || Object.values(texts ?? {}).find(Boolean) || "";
}

/** The steps in the order in which a person may come through them; then the rest. */
export function readingOrder(graph: Graph): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string) => {
    const node = graph.nodes?.[id];
    if (!node || seen.has(id)) return;
    seen.add(id);
    order.push(id);
    for (const { to } of outsOf(node)) visit(to);
  };
  visit(graph.start);
  for (const id of Object.keys(graph.nodes ?? {})) visit(id);
  return order;
}

/** A name that no step has yet. */
export function freeName(graph: Graph, wish: string): string {
  const base = wish.replace(/_\d+$/, "");
  if (!graph.nodes[wish]) return wish;
  for (let n = 2; ; n++) if (!graph.nodes[`${base}_${n}`]) return `${base}_${n}`;
}

/** Gives a step another name, everywhere it is named. */
export function rename(graph: Graph, from: string, to: string): void {
  graph.nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]) => [id === from ? to : id, node]),
  );
  redirect(graph, from, to);
}

/** Takes steps out; ways that led to them lead nowhere. */
export function remove(graph: Graph, ids: readonly string[]): void {
  for (const id of ids) {
    delete graph.nodes[id];
    redirect(graph, id, "");
  }
}

function redirect(graph: Graph, from: string, to: string): void {
  if (graph.start === from) graph.start = to;
  for (const node of Object.values(graph.nodes))
    for (const out of outsOf(node)) if (out.to === from) lead(node, out.out, to);
}

/**
 * Puts copies of steps in, a little beside the originals; ways between them stay
 * among the copies. Answers the copies' names.
 */
export function paste(graph: Graph, copied: Record<string, FlowNode>): string[] {
  const names = new Map<string, string>();
  const into = structuredClone(copied);
  for (const id of Object.keys(into)) {
    const name = freeName(graph, id);
    names.set(id, name);
    graph.nodes[name] = into[id]!;
  }
  for (const name of names.values()) {
    const node = graph.nodes[name]!;
    for (const out of outsOf(node)) {
      const to = names.get(out.to) ?? out.to;
      lead(node, out.out, graph.nodes[to] ? to : "");
    }
    if (node.at) node.at = { x: node.at.x + 40, y: node.at.y + 40 };
  }
  return [...names.values()];
}

/** Whether this may be a graph at all. */
export function isGraph(value: unknown): value is Graph {
  if (!value || typeof value !== "object") return false;
  const { nodes } = value as Partial<Graph>;
  return (
    !!nodes &&
    typeof nodes === "object" &&
    !Array.isArray(nodes) &&
    Object.values(nodes).every((n) => !!n && typeof n === "object")
  );
}
