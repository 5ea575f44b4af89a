import { SvelteSet } from "svelte/reactivity";
import { toasts } from "$ui/toast.svelte";
import { asProblem, call } from "../api/client";
import type { SetupKind, Stored } from "../api/types";
import { text } from "../messages/setup";
import { names } from "../state/names.svelte";

/** Objects that are being put back from the list, each once. */
export class Restoring {
  readonly #ids = new SvelteSet<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  async restore(kind: SetupKind, { id, version }: Stored, name: string): Promise<void> {
    if (this.has(id)) return;
    this.#ids.add(id);
    try {
      await call("POST", `${kind}/${id}/restore`, { version });
      await names.reload(kind);
      toasts.show(text("restored", { name }), { kind: "ok" });
    } catch (error) {
      toasts.problem(asProblem(error).message);
    } finally {
      this.#ids.delete(id);
    }
  }
}
