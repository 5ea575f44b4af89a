import { api, take } from "../api/client";
import type { FlowToday } from "../api/types";
import type { Out } from "./graph";

/** How often the figures are asked for while they are shown, in milliseconds. */
const every = 5000;

/** How a flow is gone through today, while somebody looks. */
export class Today {
  #now = $state.raw<FlowToday>();
  #ways = $derived(
    new Map((this.#now?.ways ?? []).map((w) => [`${w.from} ${w.out} ${w.to}`, w.count] as const)),
  );
  #at = $derived(new Map((this.#now?.standing ?? []).map((s) => [s.node, s.count] as const)));

  /** From when the ways are counted. */
  get since(): string | undefined {
    return this.#now?.since;
  }

  /** Asks now and again and again; answers how to stop. */
  watch(flow: string): () => void {
    let over = false;
    const ask = async () => {
      try {
        const now = await take(api.GET("/api/v1/flows/{id}/today", { params: { path: { id: flow } } }));
        if (!over) this.#now = now;
      } catch {
        // The next time, then; what is shown says from when it is.
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), every);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }

  /** How often a way was taken, as it is drawn now. */
  took(step: string, out: Out): number {
    return this.#ways.get(`${step} ${out.out} ${out.to}`) ?? 0;
  }

  /** How many are at a step. */
  standing(step: string): number {
    return this.#at.get(step) ?? 0;
  }
}
