import { SvelteMap } from "svelte/reactivity";
import { api, take } from "../api/client";
import type { AuditEntry } from "../api/types";
import { text } from "../messages/gone";

const ids = /\b(?:opr|res|ten)_[0-9a-z]{26}\b/g;

/** How many the server names at once. */
const most = 100;

/** How the organisations are called that a log tells of, as far as who reads it may know them: asked for by the page, not by the line. */
export class Organisations {
  #names = new SvelteMap<string, string>();
  /** Those that were asked for, whether they may be known or not. */
  #asked = new Set<string>();

  /** "" of one that is not known here. */
  named(id: string): string {
    return this.#names.get(id) ?? "";
  }

  async learn(entries: readonly AuditEntry[]): Promise<void> {
    const told = entries.flatMap(
      (e) => [e.object, ...Object.values(e.detail ?? {})].join(" ").match(ids) ?? [],
    );
    const fresh = [...new Set(told)].filter((id) => !this.#asked.has(id));
    fresh.forEach((id) => this.#asked.add(id));
    for (let from = 0; from < fresh.length; from += most) await this.#ask(fresh.slice(from, from + most));
  }

  async #ask(some: string[]): Promise<void> {
    try {
      const { items } = await take(
        api.GET("/api/v1/organisations/names", { params: { query: { ids: some } } }),
      );
      for (const { id, name, closed } of items)
        this.#names.set(id, closed ? text("closedOrganisation", { name, id: id.slice(-4) }) : name);
    } catch {
      for (const id of some) this.#asked.delete(id); // with the next page again
    }
  }
}
