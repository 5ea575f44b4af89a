// A small render layer: describe what should be on the screen, and only what
// differs is changed. It exists because the whole widget must stay under 20 KB
// (preact alone is 4.7). What it leaves out: fragments, contexts, hydration, and
// drawing of parts; a change draws the whole tree anew, once per microtask.
//
// A place that may be empty keeps its place (`cond && <p/>`), so its siblings
// stay what they are. A list has keys, and is alone in its element or follows
// everything else. Attributes only, never innerHTML, so a page that demands
// Trusted Types or forbids inline styles has nothing to object to.

interface Props {
  [name: string]: unknown;
}
type View = ((props: never) => VNode | null) & {
  /** Drawn again only when a prop is another one. */
  pure?: boolean;
};
type Class = new (props: never) => Component<object>;
type Leaf = VNode | string | number | boolean | null | undefined;
type Child = Leaf | Child[];

export interface VNode {
  /** A tag, a view, a component; "" is text. */
  type: string | View | Class;
  props: Props;
  key: unknown;
  kids: VNode[];
  dom?: Node;
  made?: Component<object>;
}

export interface Ref<T> {
  current: T | null;
}

export const ref = <T>(): Ref<T> => ({ current: null });

/** Something with a state or a life of its own. */
export abstract class Component<P, S = object> {
  state!: S;
  constructor(public props: P) {}
  abstract render(): VNode | null;
  mounted(): void {}
  /** Before a redraw; what it answers is handed to updated. */
  beforeUpdate(): unknown {
    return undefined;
  }
  updated(_before: unknown): void {}
  unmounted(): void {}
  set(part: Partial<S>): void {
    this.state = { ...this.state, ...part };
    whole = true;
    redraw();
  }
}

/** What JSX becomes. */
export function h(type: VNode["type"], props: Props | null, ...children: Child[]): VNode {
  return { type, props: props ?? {}, key: props?.key, kids: (children.flat(9) as Leaf[]).map(vnode) };
}

let root: Node;
let describe: () => VNode;
let drawn: VNode[] = [];
let queued = false;
/** A component changed its own state, so pure views that may hold it are drawn too. */
let whole = false;
let after: (() => void)[] = [];

/** Draws into a root, now and after each redraw(). */
export function draw(into: Node, what: () => VNode): void {
  root = into;
  describe = what;
  flush();
}

export function redraw(): void {
  if (queued) return;
  queued = true;
  queueMicrotask(flush);
}

function flush(): void {
  queued = false;
  const next = [describe()];
  after = [];
  children(root, drawn, next, false);
  drawn = next;
  whole = false;
  for (const act of after) act();
}

function vnode(child: Leaf): VNode {
  if (child && typeof child === "object") return child;
  const text = typeof child === "string" || typeof child === "number" ? String(child) : "";
  return { type: "", props: { text }, key: undefined, kids: [] };
}

function children(parent: Node, olds: VNode[], nexts: VNode[], svg: boolean): void {
  const keyed = new Map(olds.map((o) => [o.key, o]));
  const loose = olds.filter((o) => o.key === undefined);
  const kept = new Set<VNode>();
  for (const next of nexts) {
    const old = next.key === undefined ? loose.shift() : keyed.get(next.key);
    const match = old?.type === next.type ? old : undefined;
    if (match) kept.add(match);
    put(match, next, svg);
  }
  for (const old of olds) if (!kept.has(old)) drop(old);
  let following: Node | null = null;
  for (const { dom } of nexts.toReversed()) {
    if (dom!.parentNode !== parent || dom!.nextSibling !== following) parent.insertBefore(dom!, following);
    following = dom!;
  }
}

/** Gives `next` its node, taking over that of `old` (same type) where there is one. */
function put(old: VNode | undefined, next: VNode, svg: boolean): void {
  const { type, props } = next;
  if (typeof type === "function") {
    if (old && !whole && (type as View).pure && same(old.props, props)) {
      next.kids = old.kids;
      next.dom = old.dom;
      return;
    }
    const [was] = old?.kids ?? [];
    const tree = vnode(result(old, next));
    const match = was?.type === tree.type && was.key === tree.key ? was : undefined;
    put(match, tree, svg);
    if (was && !match) drop(was);
    next.kids = [tree];
    next.dom = tree.dom;
  } else if (type === "") {
    next.dom = old?.dom ?? document.createTextNode("");
    if (old?.props.text !== props.text) next.dom.nodeValue = props.text as string;
  } else element(old, next, type, svg || type === "svg");
}

function result(old: VNode | undefined, next: VNode): VNode | null {
  const type = next.type as View & Class;
  if (!(type.prototype instanceof Component)) return type(next.props as never);
  const made = old?.made ?? new type(next.props as never);
  const before = old && made.beforeUpdate();
  made.props = next.props;
  next.made = made;
  after.push(() => (old ? made.updated(before) : made.mounted()));
  return made.render();
}

function element(old: VNode | undefined, next: VNode, tag: string, svg: boolean): void {
  const dom =
    (old?.dom as Element | undefined) ??
    document.createElementNS(`http://www.w3.org/${svg ? "2000/svg" : "1999/xhtml"}`, tag);
  next.dom = dom;
  for (const name of Object.keys({ ...old?.props, ...next.props })) {
    const value = next.props[name];
    if (name === "ref") (value as Ref<Element>).current = dom;
    else if (name !== "key" && value !== old?.props[name]) attribute(dom, name, value);
  }
  children(dom, old?.kids ?? [], next.kids, svg);
}

function attribute(dom: Element, name: string, value: unknown): void {
  if (name.startsWith("on")) Object.assign(dom, { [name.toLowerCase()]: value });
  else if (value === undefined || value === null || (value === false && !name.startsWith("aria")))
    dom.removeAttribute(name);
  else dom.setAttribute(name, value === true && !name.startsWith("aria") ? "" : String(value));
}

function drop(v: VNode): void {
  unmount(v);
  (v.dom as ChildNode).remove();
}

function unmount(v: VNode): void {
  v.made?.unmounted();
  v.kids.forEach(unmount);
}

function same(a: Props, b: Props): boolean {
  return Object.keys({ ...a, ...b }).every((name) => a[name] === b[name]);
}

export namespace h.JSX {
  export type Element = VNode;
  export type ElementType = string | View | Class;
  export interface ElementAttributesProperty {
    props: object;
  }
  export interface IntrinsicAttributes {
    key?: string;
  }
  export interface IntrinsicElements {
    [tag: string]: Props;
  }
}
