export interface Toast {
  id: number;
  text: string;
  kind: "info" | "ok" | "problem";
  action?: { label: string; run: () => void };
}

class Toasts {
  list = $state<Toast[]>([]);
  /** Open modal dialogs: all outside of the last one is out of reach, so the lines are shown in it. */
  dialogs = $state<string[]>([]);
  #next = 1;
  #timers = new Map<number, { timer: ReturnType<typeof setTimeout>; left: number; from: number }>();

  /** Shows a line; a problem stays until it is dismissed. */
  show(
    text: string,
    options: { kind?: Toast["kind"]; action?: Toast["action"]; seconds?: number } = {},
  ): number {
    const id = this.#next++;
    const kind = options.kind ?? "info";
    this.list.push({ id, text, kind, action: options.action });
    if (this.list.length > 4) this.dismiss(this.list[0]!.id);
    if (kind !== "problem" || options.seconds) this.#start(id, (options.seconds ?? 6) * 1000);
    return id;
  }

  problem(text: string): number {
    return this.show(text, { kind: "problem", seconds: 12 });
  }

  dismiss(id: number): void {
    const timer = this.#timers.get(id);
    if (timer) clearTimeout(timer.timer);
    this.#timers.delete(id);
    this.list = this.list.filter((t) => t.id !== id);
  }

  /** While the pointer or the focus is on a line it does not go away. */
  hold(id: number): void {
    const entry = this.#timers.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    entry.left = Math.max(1500, entry.left - (performance.now() - entry.from));
  }

  release(id: number): void {
    const entry = this.#timers.get(id);
    if (entry) this.#start(id, entry.left);
  }

  #start(id: number, left: number): void {
    const timer = setTimeout(() => this.dismiss(id), left);
    this.#timers.set(id, { timer, left, from: performance.now() });
  }
}

export const toasts = new Toasts();
