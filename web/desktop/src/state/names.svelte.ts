import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { api, call, take } from "../api/client";
import { text } from "../messages/gone";
import type { AgentView, Page, SetupKind, SetupKinds, Stored } from "../api/types";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";
import { session } from "./session.svelte";

type Item<K extends SetupKind> = SetupKinds[K] & Stored;
type Listed = Stored & { name?: string; title?: string };

// What ids stand for: queues, dispositions, colleagues… fetched once when first
// asked for, and again when the set-up changes.
class Names {
  #lists = new SvelteMap<string, readonly Listed[]>();
  #failed = new SvelteSet<string>();
  #users = new SvelteMap<string, string>();
  #colleagues = $state.raw<readonly AgentView[]>([]);
  #asked = new Set<string>();
  /** How each list is asked for. */
  #questions = new Map<string, Fetched>();
  #usersAsked = false;
  #usersHere = $state(false);
  /** Users without a name here: whether each was deleted. */
  #deleted = new SvelteMap<string, boolean>();
  #unknown = new Set<string>();

  constructor() {
    live.on("setup.changed", ({ kind }) => {
      if (this.#asked.has(kind)) void this.#fetch(kind);
      if (kind === "users" && this.#usersAsked) void this.loadUsers();
    });
    live.onResync(() => {
      for (const kind of this.#asked) void this.#fetch(kind);
    });
  }

  /** Those in use, in their order; asks for them the first time. */
  list<K extends SetupKind>(kind: K): readonly Item<K>[] {
    return this.all(kind)
      .filter((o) => !o.archived_at)
      .sort((a, b) => a.position - b.position);
  }

  /** Archived ones too: old conversations still name them. */
  all<K extends SetupKind>(kind: K): readonly Item<K>[] {
    if (!this.#asked.has(kind)) {
      this.#asked.add(kind);
      queueMicrotask(() => void this.#fetch(kind));
    }
    return (this.#lists.get(kind) ?? []) as readonly Item<K>[];
  }

  /** Whether a list is here; asks for it if not. */
  ready(kind: SetupKind): boolean {
    this.all(kind);
    return this.#lists.has(kind);
  }

  /** Whether a list was asked for in vain, and there is none. */
  failed(kind: SetupKind): boolean {
    return this.#failed.has(kind) && !this.#lists.has(kind);
  }

  find<K extends SetupKind>(kind: K, id: string | undefined): Item<K> | undefined {
    return id ? this.all(kind).find((o) => o.id === id) : undefined;
  }

  /** The name of an object; its id while that is not known. */
  of(kind: SetupKind, id: string | undefined): string {
    if (!id) return "";
    const found = this.all(kind).find((o) => o.id === id) as Listed | undefined;
    return found?.name ?? found?.title ?? "";
  }

  /** A user's name. A user without one here is told by the end of its id, one who was deleted as such. */
  user(id: string | undefined): string {
    const known = this.named(id);
    if (known || !id?.startsWith("usr_") || !this.#usersHere) return known;
    const gone = this.#deleted.get(id);
    if (gone === undefined) this.#askDeleted(id);
    return gone === undefined ? "" : text(gone ? "deletedUser" : "otherUser", { id: id.slice(-4) });
  }

  /** A user's name; "" of one who has none here. */
  named(id: string | undefined): string {
    if (!id) return "";
    if (!this.#usersAsked) {
      this.#usersAsked = true;
      queueMicrotask(() => void this.loadUsers());
    }
    return this.#users.get(id) ?? (id === session.me?.user.id ? session.me.user.user_name : "");
  }

  /** Asks who of those without a name was deleted: for all of a page at once. */
  #askDeleted(id: string): void {
    if (this.#unknown.has(id)) return;
    this.#unknown.add(id);
    if (this.#unknown.size === 1) queueMicrotask(() => void this.#deletedOnes());
  }

  async #deletedOnes(): Promise<void> {
    const ids = [...this.#unknown].slice(0, 100);
    try {
      const { items } = await take(api.GET("/api/v1/users/deleted", { params: { query: { ids } } }));
      for (const id of ids) this.#deleted.set(id, items.includes(id));
    } catch {
      for (const id of ids) this.#deleted.set(id, false);
    }
    for (const id of ids) this.#unknown.delete(id);
    if (this.#unknown.size) void this.#deletedOnes();
  }

  get colleagues(): readonly AgentView[] {
    return this.#colleagues;
  }

  async loadUsers(): Promise<void> {
    this.#usersAsked = true;
    await this.#people.load();
  }

  #people = new Fetched(async () => {
    try {
      await this.#loadUsers();
    } finally {
      this.#deleted.clear(); // what was asked before may have changed
      this.#usersHere = true;
    }
  });

  async #loadUsers(): Promise<void> {
    if (session.may("desk.use")) {
      const { items } = await take(api.GET("/api/v1/desk/colleagues"));
      this.#colleagues = items;
      for (const c of items) this.#users.set(c.user, c.user_name);
    }
    if (session.may("user.read")) {
      const users = await everything((query) => take(api.GET("/api/v1/users", { params: { query } })));
      for (const u of users) this.#users.set(u.id, u.profile.display_name || u.user_name);
    }
  }

  /** Fetches a list again after a change made here. */
  async reload(kind: SetupKind): Promise<void> {
    this.#asked.add(kind);
    await this.#fetch(kind);
  }

  #fetch(kind: string): Promise<void> {
    let question = this.#questions.get(kind);
    if (!question) this.#questions.set(kind, (question = new Fetched(() => this.#take(kind))));
    return question.load();
  }

  async #take(kind: string): Promise<void> {
    try {
      const { items } = await call<Page<Listed>>("GET", `${kind}?archived=true`);
      this.#lists.set(kind, items);
      this.#failed.delete(kind);
    } catch {
      // Shown as ids until the next change; the page that needs more says so itself.
      this.#asked.delete(kind);
      this.#failed.add(kind);
    }
  }
}

export const names = new Names();

/** All pages of a list. */
export async function everything<T>(
  page: (query: { cursor?: string; limit: number }) => Promise<Page<T>>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, next }: Page<T> = await page({ cursor, limit: 200 });
    all.push(...items);
    cursor = next || undefined;
  } while (cursor);
  return all;
}
