import type { Problem } from "../api/client";

// What the server said about a form, by field.
export class Problems {
  constructor(readonly problem?: Problem) {}

  at(path: string): string | undefined {
    return this.problem?.fields.get(path);
  }

  /** Everything about a part of the form, e.g. "needs" for "needs[0].level". */
  under(path: string): string | undefined {
    const found: string[] = [];
    for (const [field, message] of this.problem?.fields ?? []) {
      if (field === path) found.push(message);
      else if (field.startsWith(`${path}[`) || field.startsWith(`${path}.`)) {
        found.push(`${field.slice(path.length).replace(/^\./, "")}: ${message}`);
      }
    }
    return found.length ? found.join(" ") : undefined;
  }

  /** The same without naming the fields, where the place says which is meant. */
  within(path: string): string | undefined {
    const found = this.all.filter(([field]) => inside(field, path)).map(([, message]) => message);
    return found.length ? found.join(" ") : undefined;
  }

  /** Whether anything about these parts is wrong. */
  any(...paths: string[]): boolean {
    return this.all.some(([field]) => paths.some((path) => inside(field, path)));
  }

  get all(): [string, string][] {
    return [...(this.problem?.fields ?? [])];
  }
}

const inside = (field: string, path: string) =>
  field === path || field.startsWith(`${path}[`) || field.startsWith(`${path}.`);
