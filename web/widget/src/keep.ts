// What stays on the visitor's device: one line of localStorage on the tenant's
// site, and only while a conversation runs that the visitor started after
// agreeing. No words, names or files; no cookies. docs/widget.md tells tenants
// exactly this.

/** t: the conversation's token; s: last seq read; o: panel open; n: sound on. */
export interface Kept {
  t: string;
  s: number;
  o: boolean;
  n: boolean;
}

export class Keep {
  readonly key: string;
  #changed: (kept: Kept | null) => void = () => {};

  constructor(entryPoint: string) {
    this.key = `nubitalk.${entryPoint}`;
  }

  /** Nothing kept, nothing readable and a browser that forbids it are the same. */
  read(): Kept | null {
    try {
      return parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  write(kept: Kept): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // Storage is forbidden or full: the conversation lives as long as the page.
    }
  }

  /** Removes what is kept, unless another tab has begun another conversation. */
  forget(token: string): void {
    try {
      if (this.read()?.t === token) localStorage.removeItem(this.key);
    } catch {
      // See write.
    }
  }

  /** Calls back when another tab of the same site changes it. */
  watch(changed: (kept: Kept | null) => void): void {
    this.#changed = changed;
    addEventListener("storage", (e) => {
      if (e.key === this.key || e.key === null) this.#changed(parse(e.newValue));
    });
  }
}

function parse(text: string | null): Kept | null {
  if (!text) return null;
  try {
    const { t, s, o, n } = JSON.parse(text) as Partial<Kept>;
    return typeof t === "string" && t ? { t, s: Number(s) || 0, o: !!o, n: !!n } : null;
  } catch {
    return null;
  }
}
