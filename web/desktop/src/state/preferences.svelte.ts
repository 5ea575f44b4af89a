import { locale, type Language } from "$ui/i18n.svelte";

// Choices about this browser only: never content, never who works here.
const place = "nubitalk.preferences";

export type Theme = "auto" | "light" | "dark";

class Preferences {
  theme = $state<Theme>("auto");
  sound = $state(true);
  /** Alerts of thresholds are heard, and shown by the system, only by who wants that. */
  alertSound = $state(false);
  alertNotices = $state(false);
  /** Until when alerts make no sound: by rule, and "" for all. Milliseconds since 1970. */
  muted = $state.raw<Readonly<Record<string, number>>>({});
  /** Devices of calls; "" is what the system has. */
  microphone = $state("");
  loudspeaker = $state("");
  /** The headset's check was offered. */
  headsetAsked = $state(false);
  #language: Language | undefined;
  #dark = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(place) ?? "{}");
      if (kept && typeof kept === "object") {
        if ("theme" in kept && (kept.theme === "light" || kept.theme === "dark")) this.theme = kept.theme;
        if ("sound" in kept && typeof kept.sound === "boolean") this.sound = kept.sound;
        if ("alertSound" in kept) this.alertSound = kept.alertSound === true;
        if ("alertNotices" in kept) this.alertNotices = kept.alertNotices === true;
        if ("muted" in kept) this.muted = times(kept.muted);
        if ("microphone" in kept && typeof kept.microphone === "string") this.microphone = kept.microphone;
        if ("loudspeaker" in kept && typeof kept.loudspeaker === "string")
          this.loudspeaker = kept.loudspeaker;
        if ("headsetAsked" in kept) this.headsetAsked = kept.headsetAsked === true;
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

  setDevices(change: { microphone?: string; loudspeaker?: string }): void {
    this.microphone = change.microphone ?? this.microphone;
    this.loudspeaker = change.loudspeaker ?? this.loudspeaker;
    this.#keep();
  }

  askedHeadset(): void {
    this.headsetAsked = true;
    this.#keep();
  }

  setAlerts(change: { sound?: boolean; notices?: boolean }): void {
    this.alertSound = change.sound ?? this.alertSound;
    this.alertNotices = change.notices ?? this.alertNotices;
    this.#keep();
  }

  /** Mutes a rule's alerts, or all ("") until a time; 0 ends it. */
  mute(rule: string, until: number): void {
    const now = Date.now();
    const rest = Object.entries(this.muted).filter(([of, at]) => of !== rule && at > now);
    this.muted = Object.fromEntries(until > now ? [...rest, [rule, until]] : rest);
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
        JSON.stringify({
          theme: this.theme,
          sound: this.sound,
          alertSound: this.alertSound,
          alertNotices: this.alertNotices,
          muted: this.muted,
          microphone: this.microphone,
          loudspeaker: this.loudspeaker,
          headsetAsked: this.headsetAsked,
          language: this.#language,
        }),
      );
    } catch {
      // See above.
    }
  }
}

/** What was kept of times, as far as it makes sense. */
function times(kept: unknown): Record<string, number> {
  if (!kept || typeof kept !== "object") return {};
  return Object.fromEntries(Object.entries(kept).filter(([, at]) => typeof at === "number"));
}

export const preferences = new Preferences();
