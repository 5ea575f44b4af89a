import { locale, type Language } from "$ui/i18n.svelte";

// Choices about this browser only: never content, never who works here.
const place = "nubitalk.preferences";

export type Theme = "auto" | "light" | "dark";

class Preferences {
  theme = $state<Theme>("auto");
  sound = $state(true);
  #language: Language | undefined;
  #dark = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(place) ?? "{}");
      if (kept && typeof kept === "object") {
        if ("theme" in kept && (kept.theme === "light" || kept.theme === "dark")) this.theme = kept.theme;
        if ("sound" in kept && typeof kept.sound === "boolean") this.sound = kept.sound;
        if ("language" in kept && (kept.language === "en" || kept.language === "pt"))
          this.#language = kept.language;
      }
    } catch {
      // Storage may be forbidden; the choices then last as long as the page.
    }
    if (this.#language) locale.set(this.#language);
    this.#dark.addEventListener("change", () => this.#paint());
    this.#paint();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.#paint();
    this.#keep();
  }

  setSound(on: boolean): void {
    this.sound = on;
    this.#keep();
  }

  setLanguage(language: Language): void {
    this.#language = language;
    locale.set(language);
    this.#keep();
  }

  /** The account's language, unless another was chosen in this browser. */
  suggestLanguage(language: string): void {
    if (!this.#language) locale.set(language);
  }

  #paint(): void {
    const dark = this.theme === "dark" || (this.theme === "auto" && this.#dark.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  #keep(): void {
    try {
      localStorage.setItem(
        place,
        JSON.stringify({ theme: this.theme, sound: this.sound, language: this.#language }),
      );
    } catch {
      // See above.
    }
  }
}

export const preferences = new Preferences();
