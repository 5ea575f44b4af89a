import { asProblem, call } from "../api/client";
import type { Flow, FlowNode, Graph } from "../api/types";
import { freeName, isGraph, lead, paste, readingOrder, remove, rename } from "./graph";
import { freePlace, layOut, nodeHeight, nodeWidth, placesOf, type Place } from "./layout";
import { shapes, type NodeType } from "./nodes";

/** How long somebody must pause before the graph is checked, in milliseconds. */
const pause = 300;

// What was copied last; it may be pasted into another flow.
let clipboard: Record<string, FlowNode> = {};

interface Step {
  draft: string;
  key: string;
}

/**
 * One flow being edited. The graph worked on is the draft, or what runs while
 * there is none; every change replaces the draft as a whole, so that one can go
 * back to each state before.
 */
export class FlowEditor {
  #body: () => Flow;
  #id: () => string | undefined;
  #undo = $state.raw<readonly Step[]>([]);
  #redo = $state.raw<readonly Step[]>([]);
  #checking = 0;

  selected = $state.raw<readonly string[]>([]);
  /** What the server finds fault with, by field. */
  faults = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** Why it could not be asked. */
  unchecked = $state("");
  /** Whether the faults are those of the graph as it stands. */
  settled = $state(false);

  constructor(body: () => Flow, id: () => string | undefined) {
    this.#body = body;
    this.#id = id;
  }

  readonly graph: Graph = $derived.by(() => {
    const body = this.#body();
    const graph: unknown = $state.snapshot(body.draft ?? body.graph);
    return isGraph(graph) ? graph : { start: "", nodes: {} };
  });
  readonly places = $derived.by(() => placesOf(this.graph));
  readonly order = $derived.by(() => readingOrder(this.graph));
  /** The one step that is chosen. */
  readonly one = $derived.by(() => (this.selected.length === 1 ? this.selected[0] : undefined));
  /** The steps that something is wrong with. */
  readonly bad = $derived.by(() => new Set([...this.faults.keys()].map((f) => stepOf(f, this.graph) ?? "")));

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }
  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Changes with the same key that follow each other are one step back. */
  change(fn: (graph: Graph) => void, key = ""): void {
    const before = this.#written();
    const graph = structuredClone($state.snapshot(this.graph)) as Graph;
    // Where the steps stand is settled by the first change: none jumps later.
    for (const [id, place] of this.places) graph.nodes[id]!.at ??= place;
    fn(graph);
    this.#put(graph);
    if (this.#written() === before) return;
    const last = this.#undo.at(-1);
    if (!key || last?.key !== key) this.#undo = [...this.#undo.slice(-199), { draft: before, key }];
    this.#redo = [];
  }

  undo(): void {
    this.#travel("back");
  }

  redo(): void {
    this.#travel("forth");
  }

  #travel(way: "back" | "forth"): void {
    const from = way === "back" ? this.#undo : this.#redo;
    const step = from.at(-1);
    if (!step) return;
    const here = { draft: this.#written(), key: "" };
    if (way === "back") {
      this.#undo = from.slice(0, -1);
      this.#redo = [...this.#redo, here];
    } else {
      this.#redo = from.slice(0, -1);
      this.#undo = [...this.#undo, here];
    }
    const body = this.#body();
    const { draft, graph } = JSON.parse(step.draft) as { draft: Graph | null; graph?: Graph };
    body.draft = draft;
    if (graph) body.graph = graph;
    this.#forget();
  }

  // A flow that is not stored has only what will run.
  #put(graph: Graph): void {
    const body = this.#body();
    if (!this.#id()) body.graph = graph;
    else body.draft = JSON.stringify(graph) === JSON.stringify(body.graph) ? null : graph;
  }

  #written(): string {
    const { draft, graph } = this.#body();
    return JSON.stringify(this.#id() ? { draft } : { draft, graph });
  }

  /** Takes a whole graph, as written or as it once was. */
  take(graph: Graph, key = ""): void {
    const before = this.#written();
    this.#put(graph);
    if (this.#written() === before) return;
    if (!key || this.#undo.at(-1)?.key !== key) this.#undo = [...this.#undo, { draft: before, key }];
    this.#redo = [];
    this.#forget();
  }

  // What is chosen may be gone.
  #forget(): void {
    this.selected = this.selected.filter((id) => this.graph.nodes[id]);
  }

  select(id: string, more = false): void {
    if (!more) this.selected = [id];
    else if (this.selected.includes(id)) this.selected = this.selected.filter((one) => one !== id);
    else this.selected = [...this.selected, id];
  }

  /** Adds a step, and makes a way of another lead to it. */
  add(type: NodeType, at?: Place, from?: { node: string; out: string }): string {
    const id = freeName(this.graph, type);
    this.change((graph) => {
      const node = shapes[type].blank();
      const beside = from ? graph.nodes[from.node]?.at : lowest(graph);
      const wish = at ?? (beside ? { x: beside.x + nodeWidth + 80, y: beside.y } : { x: 0, y: 0 });
      node.at = freePlace(graph, wish, nodeHeight(node));
      graph.nodes[id] = node;
      if (from) lead(graph.nodes[from.node]!, from.out, id);
      if (!graph.nodes[graph.start]) graph.start = id;
    });
    this.selected = [id];
    return id;
  }

  edit(id: string, fn: (node: FlowNode) => void, key = ""): void {
    this.change(
      (graph) => {
        const node = graph.nodes[id];
        if (node) fn(node);
      },
      key && `${id} ${key}`,
    );
  }

  connect(id: string, out: string, to: string): void {
    this.edit(id, (node) => lead(node, out, to));
  }

  move(ids: readonly string[], by: Place, key: string): void {
    if (!by.x && !by.y) return;
    this.change((graph) => {
      for (const id of ids) {
        const at = graph.nodes[id]?.at;
        if (at) graph.nodes[id]!.at = { x: at.x + by.x, y: at.y + by.y };
      }
    }, key);
  }

  arrange(): void {
    const laid = layOut(this.graph);
    this.change((graph) => {
      for (const [id, place] of laid) graph.nodes[id]!.at = place;
    });
  }

  remove(): void {
    const gone = this.selected;
    if (!gone.length) return;
    this.change((graph) => remove(graph, gone));
    this.selected = [];
  }

  rename(from: string, to: string): void {
    if (to === from || !to || this.graph.nodes[to]) return;
    this.change((graph) => rename(graph, from, to));
    this.selected = this.selected.map((id) => (id === from ? to : id));
  }

  copy(): number {
    const nodes = this.selected.map((id) => {
      const node = structuredClone(this.graph.nodes[id]!);
      return [id, { ...node, at: node.at ?? this.places.get(id) }] as const;
    });
    if (nodes.length) clipboard = Object.fromEntries(nodes);
    return nodes.length;
  }

  get canPaste(): boolean {
    return Object.keys(clipboard).length > 0;
  }

  paste(): void {
    let names: string[] = [];
    this.change((graph) => (names = paste(graph, clipboard)));
    if (names.length) this.selected = names;
  }

  duplicate(): void {
    const kept = clipboard;
    if (this.copy()) this.paste();
    clipboard = kept;
  }

  /** Has the server check the graph once somebody pauses; answers how to stop. */
  watch(): () => void {
    const graph = JSON.stringify(this.graph);
    this.settled = false;
    const mine = ++this.#checking;
    const timer = setTimeout(() => void this.#check(graph, mine), pause);
    return () => clearTimeout(timer);
  }

  async #check(graph: string, mine: number): Promise<void> {
    try {
      const { items } = await call<{ items: { field: string; message: string }[] }>("POST", "flows/check", {
        id: this.#id() ?? "",
        graph: JSON.parse(graph) as unknown,
      });
      if (mine !== this.#checking) return;
      const faults = new Map<string, string>();
      for (const { field, message } of items)
        faults.set(field, faults.has(field) ? `${faults.get(field)} ${message}` : message);
      this.faults = faults;
      this.unchecked = "";
      this.settled = true;
    } catch (error) {
      if (mine === this.#checking) this.unchecked = asProblem(error).message;
    }
  }

  /** What is wrong at a step, or at a part of it. */
  fault(id: string, part = ""): string | undefined {
    const path = `graph.nodes.${id}${part && `.${part}`}`;
    return this.faults.get(path);
  }

  /** The same with all that is below, such as each language of a text. */
  faultsUnder(id: string, part: string): string | undefined {
    const path = `graph.nodes.${id}.${part}`;
    const found = [...this.faults]
      .filter(([field]) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`))
      .map(([, message]) => message);
    return found.length ? found.join(" ") : undefined;
  }
}

function lowest(graph: Graph): Place | undefined {
  const places = Object.values(graph.nodes).flatMap((node) => (node.at ? [node.at] : []));
  if (!places.length) return undefined;
  return { x: Math.min(...places.map((p) => p.x)) - nodeWidth - 80, y: Math.max(...places.map((p) => p.y)) };
}

/** The step that a field of the server's complaint is about. */
export function stepOf(field: string, graph: Graph): string | undefined {
  const rest = /^graph\.nodes\.(.*)$/.exec(field)?.[1];
  if (rest === undefined) return undefined;
  // A name may hold what parts the field otherwise, as long as it is no good name.
  const name = /^[\w-]+/.exec(rest)?.[0] ?? "";
  return graph.nodes[name] ? name : Object.keys(graph.nodes).find((id) => rest.startsWith(id));
}
