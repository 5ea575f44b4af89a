import { locale, type Language } from "$ui/i18n.svelte";
import { api, take } from "../api/client";
import type { Measure } from "../api/types";

// What each figure means, as the server defines it, in the reader's language.
class Measures {
  #byLanguage = $state.raw<Partial<Record<Language, Map<string, Measure>>>>({});
  #asked = new Set<Language>();

  get(id: string): Measure | undefined {
    return this.#byLanguage[locale.language]?.get(id);
  }

  /** Fetches the definitions, once for each language. */
  load(): void {
    const language = locale.language;
    if (this.#asked.has(language)) return;
    this.#asked.add(language);
    void take(api.GET("/api/v1/measures", { params: { query: { language } } })).then(
      (page) => {
        this.#byLanguage = {
          ...this.#byLanguage,
          [language]: new Map(page.items.map((m) => [m.id, m])),
        };
      },
      () => this.#asked.delete(language),
    );
  }
}

export const measures = new Measures();
