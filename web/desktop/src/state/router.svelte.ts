// Where the reader is. Addresses are real ones: they can be copied, opened in
// another tab and gone back from.

const base = "/app";

/** What may name a person: servers and their logs, histories and bookmarks would keep it, so only this page has it. */
const personal = (path: string) =>
  path.startsWith(`${base}/setup/users`)
    ? ["find"]
    : path.startsWith(`${base}/conversations`)
      ? ["words", "address"]
      : [];

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
  #free = false;

  /** What stands in no address, by the entry of the history that it belongs to. */
  #unwritten = new Map<string, Record<string, string>>();

  constructor() {
    this.#index = Number(history.state?.index ?? 0);
    const { address, unwritten } = this.#split(location.pathname + location.search);
    history.replaceState(this.#state(unwritten), "", address + location.hash);
    this.#read();
    addEventListener("popstate", (event) => {
      const index = Number((event.state as { index?: number } | null)?.index ?? 0);
      if (this.#returning) {
        this.#returning = false;
        return;
      }
      if (this.#blocked()) {
        this.held = location.pathname.slice(base.length) + location.search; // without what stands in none
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
    const { address, unwritten } = this.#split(base + to);
    if (address === location.pathname + location.search || options.replace) {
      history.replaceState(this.#state(unwritten), "", address);
    } else {
      this.#index++;
      history.pushState(this.#state(unwritten), "", address);
    }
    this.#read();
  }

  #split(to: string): { address: string; unwritten: Record<string, string> } {
    const [path = "", search = ""] = to.split("?");
    const query = new URLSearchParams(search);
    const unwritten: Record<string, string> = {};
    for (const name of personal(path)) {
      const value = query.get(name);
      if (value === null) continue;
      unwritten[name] = value;
      query.delete(name);
    }
    if (!Object.keys(unwritten).length) return { address: to, unwritten };
    return { address: path + (query.size ? `?${query}` : ""), unwritten };
  }

  /** What the history keeps of an entry: which it is, and a name for what only this page knows of it. */
  #state(unwritten: Record<string, string>): { index: number; unwritten?: string } {
    if (!Object.keys(unwritten).length) return { index: this.#index };
    const name = `${this.#unwritten.size}.${Date.now()}`;
    this.#unwritten.set(name, unwritten);
    return { index: this.#index, unwritten: name };
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

  /** Asks nobody any more: the page is about to go, whatever was not saved. */
  free(): void {
    this.#free = true;
  }

  get freed(): boolean {
    return this.#free;
  }

  #blocked(): boolean {
    if (this.#free) return false;
    for (const dirty of this.#guards) if (dirty()) return true;
    return false;
  }

  #read(): void {
    this.path = location.pathname.slice(base.length).replace(/\/+$/, "") || "/";
    const query = new URLSearchParams(location.search);
    const name = (history.state as { unwritten?: string } | null)?.unwritten ?? "";
    for (const [key, value] of Object.entries(this.#unwritten.get(name) ?? {})) query.set(key, value);
    this.query = query;
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
