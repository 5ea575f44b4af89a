import { SvelteMap } from "svelte/reactivity";
import { api, call, take } from "../api/client";
import type { AgentView, Page, SetupKind, SetupKinds, Stored } from "../api/types";
import { live } from "./live.svelte";
import { session } from "./session.svelte";

type Item<K extends SetupKind> = SetupKinds[K] & Stored;
type Listed = Stored & { name?: string; title?: string };

// What ids stand for: queues, dispositions, colleagues… fetched once when first
// asked for, and again when the set-up changes.
class Names {
  #lists = new SvelteMap<string, readonly Listed[]>();
  #users = new SvelteMap<string, string>();
  #colleagues = $state.raw<readonly AgentView[]>([]);
  #asked = new Set<string>();
  #usersAsked = false;

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

  find<K extends SetupKind>(kind: K, id: string | undefined): Item<K> | undefined {
    return id ? this.all(kind).find((o) => o.id === id) : undefined;
  }

  /** The name of an object; its id while that is not known. */
  of(kind: SetupKind, id: string | undefined): string {
    if (!id) return "";
    const found = this.all(kind).find((o) => o.id === id) as Listed | undefined;
    return found?.name ?? found?.title ?? "";
  }

  user(id: string | undefined): string {
    if (!id) return "";
    if (!this.#usersAsked) {
      this.#usersAsked = true;
      queueMicrotask(() => void this.loadUsers());
    }
    return this.#users.get(id) ?? (id === session.me?.user.id ? session.me.user.user_name : "");
  }

  get colleagues(): readonly AgentView[] {
    return this.#colleagues;
  }

  async loadUsers(): Promise<void> {
    this.#usersAsked = true;
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

  async #fetch(kind: string): Promise<void> {
    try {
      const { items } = await call<Page<Listed>>("GET", `${kind}?archived=true`);
      this.#lists.set(kind, items);
    } catch {
      // Shown as ids until the next change; the page that needs more says so itself.
      this.#asked.delete(kind);
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
