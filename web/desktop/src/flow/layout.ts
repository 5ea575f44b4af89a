import type { FlowNode, Graph } from "../api/types";
import { outsOf, readingOrder } from "./graph";

// Where the steps of a drawing stand: in layers from left to right, each right of
// all that lead to it, in an order that lets few ways cross.

export interface Place {
  x: number;
  y: number;
}

export const nodeWidth = 216;
export const headHeight = 30;
export const textHeight = 36;
export const outHeight = 24;
const gapX = 72;
const gapY = 28;

export const nodeHeight = (node: FlowNode) => headHeight + textHeight + outsOf(node).length * outHeight + 6;

/** The end of a way out, from the node's corner. */
export const outPlace = (index: number): Place => ({
  x: nodeWidth,
  y: headHeight + textHeight + index * outHeight + outHeight / 2,
});
export const inPlace: Place = { x: 0, y: headHeight / 2 };

/** A place for every step. */
export function layOut(graph: Graph): Map<string, Place> {
  const order = readingOrder(graph);
  const layer = layers(graph, order);
  const columns: string[][] = [];
  for (const id of order) (columns[layer.get(id)!] ??= []).push(id);
  for (let round = 0; round < 4; round++) {
    sortBy(columns, neighbours(graph, order, round % 2 === 0), round % 2 === 0);
  }
  const heights = columns.map((ids) =>
    ids.reduce((sum, id) => sum + nodeHeight(graph.nodes[id]!) + gapY, -gapY),
  );
  const tallest = Math.max(0, ...heights);
  const places = new Map<string, Place>();
  columns.forEach((ids, column) => {
    let y = Math.round((tallest - heights[column]!) / 2);
    for (const id of ids) {
      places.set(id, { x: column * (nodeWidth + gapX), y });
      y += nodeHeight(graph.nodes[id]!) + gapY;
    }
  });
  return places;
}

// The longest way from the start, not counting ways that go back.
function layers(graph: Graph, order: readonly string[]): Map<string, number> {
  const back = new Set<string>();
  const state = new Map<string, "open" | "done">();
  const sorted: string[] = [];
  const visit = (id: string) => {
    state.set(id, "open");
    for (const { to } of outsOf(graph.nodes[id]!)) {
      if (!graph.nodes[to]) continue;
      if (state.get(to) === "open") back.add(`${id}>${to}`);
      else if (!state.has(to)) visit(to);
    }
    state.set(id, "done");
    sorted.push(id);
  };
  for (const id of order) if (!state.has(id)) visit(id);
  const layer = new Map(order.map((id) => [id, 0]));
  for (const id of sorted.reverse())
    for (const { to } of outsOf(graph.nodes[id]!))
      if (graph.nodes[to] && !back.has(`${id}>${to}`))
        layer.set(to, Math.max(layer.get(to)!, layer.get(id)! + 1));
  return layer;
}

function neighbours(graph: Graph, order: readonly string[], before: boolean): Map<string, string[]> {
  const found = new Map<string, string[]>(order.map((id) => [id, []]));
  for (const id of order)
    for (const { to } of outsOf(graph.nodes[id]!)) {
      if (!graph.nodes[to]) continue;
      if (before) found.get(to)!.push(id);
      else found.get(id)!.push(to);
    }
  return found;
}

// Each column in the order of the middle of what its steps hang on.
function sortBy(columns: string[][], of: Map<string, string[]>, forward: boolean): void {
  const indexes = columns.map((_, i) => i);
  for (const i of forward ? indexes : indexes.reverse()) {
    const rank = new Map(columns.flatMap((ids) => ids.map((id, at) => [id, at] as const)));
    const middle = new Map(
      columns[i]!.map((id, at) => {
        const near = of.get(id)!;
        return [id, near.length ? near.reduce((sum, n) => sum + rank.get(n)!, 0) / near.length : at];
      }),
    );
    columns[i]!.sort((a, b) => middle.get(a)! - middle.get(b)!);
  }
}

/** The places that count: those that were chosen, else those laid out. */
export function placesOf(graph: Graph): Map<string, Place> {
  const nodes = Object.entries(graph.nodes ?? {});
  if (nodes.every(([, node]) => node.at)) return new Map(nodes.map(([id, node]) => [id, node.at!]));
  const laid = layOut(graph);
  return new Map(nodes.map(([id, node]) => [id, node.at ?? laid.get(id)!]));
}

/** The nearest place to a wished one where no step stands. */
export function freePlace(graph: Graph, wish: Place, height: number): Place {
  const taken = [...placesOf(graph)].map(([id, p]) => ({ ...p, height: nodeHeight(graph.nodes[id]!) }));
  const spot = { x: Math.round(wish.x / 20) * 20, y: Math.round(wish.y / 20) * 20 };
  const hits = () =>
    taken.find(
      (t) =>
        Math.abs(t.x - spot.x) < nodeWidth + 20 && spot.y < t.y + t.height + 20 && t.y < spot.y + height + 20,
    );
  for (let hit = hits(); hit; hit = hits()) spot.y = Math.ceil((hit.y + hit.height + gapY) / 20) * 20;
  return spot;
}
