import { api, take } from "../api/client";
import type { BuiltIn, OwnRole, Role } from "../api/types";
import { builtIn, roleName } from "../messages/roles";
import { live } from "../state/live.svelte";
import { session } from "../state/session.svelte";

// The roles that the organisation made for itself, as the pages of the set-up share them.
class OwnRoles {
  list = $state.raw<readonly OwnRole[]>([]);
  ready = $state(false);
  #asked = false;

  constructor() {
    live.on("setup.changed", ({ kind }) => {
      if (kind === "roles" && this.#asked) void this.load().catch(() => {});
    });
  }

  async load(): Promise<void> {
    this.#asked = true;
    this.list = (await take(api.GET("/api/v1/roles"))).items;
    this.ready = true;
  }

  /** Loads the list the first time that it is asked for. */
  want(): readonly OwnRole[] {
    if (!this.#asked && session.may("user.read")) {
      this.#asked = true;
      queueMicrotask(() => this.load().catch(() => (this.#asked = false)));
    }
    return this.list;
  }

  find(role: Role): OwnRole | undefined {
    return builtIn(role) ? undefined : this.want().find((r) => r.id === role);
  }

  /** A role in words; nothing while one of the organisation's own is not known. */
  name(role: Role): string {
    return builtIn(role) ? roleName(role) : (this.find(role)?.name ?? "");
  }

  /** The built-in role that a role counts as. */
  kind(role: Role): BuiltIn | undefined {
    return builtIn(role) ? role : this.find(role)?.base;
  }

  put(role: OwnRole): void {
    this.list = this.list.some((r) => r.id === role.id)
      ? this.list.map((r) => (r.id === role.id ? role : r))
      : [...this.list, role];
  }
}

export const ownRoles = new OwnRoles();
