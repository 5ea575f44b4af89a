import { tick } from "svelte";
import { toasts } from "$ui/toast.svelte";
import { asProblem, call } from "../api/client";
import type { SetupKind } from "../api/types";
import { names } from "../state/names.svelte";

/** The order of a kind's objects, as it is being put. */
export class Ordering {
  /** As it was put here, until the server's list says so. */
  ids = $state.raw<readonly string[]>();
  #sending = false;

  /** Puts it; what is pressed while one is on its way is sent after it. */
  async put(kind: SetupKind, ids: readonly string[], button: HTMLButtonElement): Promise<void> {
    this.ids = ids;
    void keepAt(button);
    if (this.#sending) return;
    this.#sending = true;
    try {
      let sent: readonly string[] | undefined;
      while (sent !== this.ids) {
        sent = this.ids;
        await call("PUT", `${kind}/order`, { ids: sent });
        await names.reload(kind);
      }
    } catch (error) {
      toasts.problem(asProblem(error).message);
    } finally {
      this.ids = undefined;
      this.#sending = false;
    }
  }
}

/** The row moved, and the focus with it: to the other button where there is no further. */
async function keepAt(button: HTMLButtonElement) {
  await tick();
  const to = button.disabled ? button.parentElement?.querySelector("button:not(:disabled)") : button;
  if (to instanceof HTMLElement) to.focus();
}
