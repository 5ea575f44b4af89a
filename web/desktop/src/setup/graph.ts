import type { FlowNode, Graph } from "../api/types";

// Lays a flow's graph out for its picture: the start at the top, each node one
// row below the nearest node that leads to it.

export interface Placed {
  id: string;
  node?: FlowNode;
  x: number;
  y: number;
}

export interface Edge {
  from: string;
  to: string;
  label: string;
  /** What the edge is, for its text: open, closed, next, else, timeout or an option. */
  kind: "open" | "closed" | "next" | "else" | "timeout" | "case" | "option";
}

export interface Picture {
  nodes: Placed[];
  edges: Edge[];
  width: number;
  height: number;
}

export const nodeWidth = 204;
export const nodeHeight = 54;
const gapX = 24;
const gapY = 46;

/** Where a node leads. */
export function edgesOf(id: string, node: FlowNode): Edge[] {
  const edges: Edge[] = [];
  const add = (to: string | undefined, kind: Edge["kind"], label = "") => {
    if (to) edges.push({ from: id, to, kind, label });
  };
  for (const option of node.options ?? [])
    add(option.next, "option", Object.values(option.label ?? {})[0] ?? option.value);
  for (const branch of node.cases ?? []) add(branch.next, "case", branch.if);
  add(node.open, "open");
  add(node.closed, "closed");
  add(node.next, node.type === "branch" ? "else" : "next");
  add(node.timeout, "timeout");
  return edges;
}

export function layOut(graph: Graph): Picture {
  const nodes = graph.nodes ?? {};
  const edges = Object.entries(nodes).flatMap(([id, node]) => (node ? edgesOf(id, node) : []));
  const depth = new Map<string, number>();
  let row = [graph.start].filter(Boolean);
  for (let level = 0; row.length; level++) {
    for (const id of row) depth.set(id, level);
    const next = edges.filter((e) => row.includes(e.from) && !depth.has(e.to)).map((e) => e.to);
    row = [...new Set(next)];
  }
  // What nothing leads to stands in a row of its own at the end.
  const last = Math.max(-1, ...depth.values());
  for (const id of Object.keys(nodes)) if (!depth.has(id)) depth.set(id, last + 1);
  for (const edge of edges) if (!depth.has(edge.to)) depth.set(edge.to, (depth.get(edge.from) ?? 0) + 1);

  const rows: string[][] = [];
  for (const [id, level] of depth) (rows[level] ??= []).push(id);
  const widest = Math.max(1, ...rows.map((r) => r?.length ?? 0));
  const width = widest * (nodeWidth + gapX) + gapX;
  const placed = rows.flatMap((ids, level) => {
    const used = ids.length * (nodeWidth + gapX) - gapX;
    return ids.map((id, i) => ({
      id,
      node: nodes[id],
      x: (width - used) / 2 + i * (nodeWidth + gapX),
      y: 12 + level * (nodeHeight + gapY),
    }));
  });
  return { nodes: placed, edges, width, height: rows.length * (nodeHeight + gapY) - gapY + 24 };
}
