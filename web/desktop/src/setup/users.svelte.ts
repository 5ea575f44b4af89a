import { api, take } from "../api/client";
import type { User } from "../api/types";
import { everything } from "../state/names.svelte";
import { session } from "../state/session.svelte";

// The tenant's users, as the pages of the set-up share them.
class Users {
  list = $state.raw<readonly User[]>([]);
  ready = $state(false);
  #asked = false;

  async load(): Promise<void> {
    if (!session.may("user.read")) return;
    this.list = await everything((query) => take(api.GET("/api/v1/users", { params: { query } })));
    this.ready = true;
  }

  /** Loads the list the first time that it is asked for. */
  want(): readonly User[] {
    if (!this.#asked) {
      this.#asked = true;
      // Who may not see users goes without.
      queueMicrotask(() => this.load().catch(() => (this.#asked = false)));
    }
    return this.list;
  }

  put(user: User): void {
    this.list = this.list.some((u) => u.id === user.id)
      ? this.list.map((u) => (u.id === user.id ? user : u))
      : [...this.list, user];
  }
}

export const users = new Users();
