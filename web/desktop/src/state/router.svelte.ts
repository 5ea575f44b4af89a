// Where the reader is. Addresses are real ones: they can be copied, opened in
// another tab and gone back from.

const base = "/app";

type Guard = () => boolean;

class Router {
  /** Below /app, without a slash at the end: "/desk/int_1". */
  path = $state("/");
  query = $state.raw(new URLSearchParams());
  /** Where the reader wanted to go when a guard held it back. */
  held = $state<string | null>(null);
  #guards = new Set<Guard>();
  #index = 0;
  #returning = false;

  constructor() {
    this.#index = Number(history.state?.index ?? 0);
    history.replaceState({ index: this.#index }, "");
    this.#read();
    addEventListener("popstate", (event) => {
      const index = Number((event.state as { index?: number } | null)?.index ?? 0);
      if (this.#returning) {
        this.#returning = false;
        return;
      }
      if (this.#blocked()) {
        this.held = location.pathname.slice(base.length) + location.search;
        this.#returning = true;
        history.go(this.#index - index);
        return;
      }
      this.#index = index;
      this.#read();
    });
    addEventListener("click", (event) => this.#click(event));
    addEventListener("beforeunload", (event) => {
      if (this.#blocked()) event.preventDefault();
    });
  }

  /** The parts of the path: ["desk", "int_1"]. */
  get parts(): string[] {
    return this.path.split("/").filter(Boolean).map(decodeURIComponent);
  }

  go(to: string, options: { replace?: boolean; force?: boolean } = {}): void {
    if (!options.force && !options.replace && this.#blocked()) {
      this.held = to;
      return;
    }
    this.held = null;
    if (base + to === location.pathname + location.search) {
      this.#read();
      return;
    }
    if (options.replace) history.replaceState({ index: this.#index }, "", base + to);
    else history.pushState({ index: ++this.#index }, "", base + to);
    this.#read();
  }

  /** Changes the filters in the address without a new step in the history. */
  setQuery(values: Record<string, string>): void {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
    this.go(this.path + (query.size ? `?${query}` : ""), { replace: true });
  }

  /** Asks `dirty` before the page is left; returns how to stop asking. */
  guard(dirty: Guard): () => void {
    this.#guards.add(dirty);
    return () => this.#guards.delete(dirty);
  }

  leaveHeld(): void {
    const to = this.held;
    this.held = null;
    if (to !== null) this.go(to, { force: true });
  }

  stay(): void {
    this.held = null;
  }

  #blocked(): boolean {
    for (const dirty of this.#guards) if (dirty()) return true;
    return false;
  }

  #read(): void {
    this.path = location.pathname.slice(base.length).replace(/\/+$/, "") || "/";
    this.query = new URLSearchParams(location.search);
  }

  #click(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(`${base}/`)) return;
    event.preventDefault();
    this.go(link.pathname.slice(base.length) + link.search);
  }
}

export const router = new Router();

/** The address of a place in the program, for links. */
export const href = (path: string) => base + path;
