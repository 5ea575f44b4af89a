import { SvelteSet } from "svelte/reactivity";

/** What is chosen of a list: one by one, a stretch of them with Shift, or all that are shown. */
export class Choosing {
  readonly ids = new SvelteSet<string>();
  /** Where a stretch begins: the one that was pressed before. */
  #from = "";

  has(id: string): boolean {
    return this.ids.has(id);
  }

  /** One is chosen or not; of a stretch also those between it and the one before, in the order in which they are shown. */
  press(id: string, on: boolean, stretch = false, shown: readonly string[] = []): void {
    const [from, to] = [shown.indexOf(this.#from), shown.indexOf(id)];
    const those =
      stretch && from >= 0 && to >= 0 ? shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    this.set(those, on);
    this.#from = id;
  }

  set(ids: readonly string[], on: boolean): void {
    for (const id of ids)
      if (on) this.ids.add(id);
      else this.ids.delete(id);
  }

  none(): void {
    this.ids.clear();
    this.#from = "";
  }
}
