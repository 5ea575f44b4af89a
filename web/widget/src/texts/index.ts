import { en, type Texts } from "./en";
import { pt } from "./pt";

export type { Texts };

const catalogues: Record<string, Texts> = { en, pt };

/** The catalogue of a language tag such as pt-BR; English for one we do not have. */
export function texts(language: string): Texts {
  return catalogues[base(language)] ?? en;
}

/** What to ask the server for: the page's choice, else what the browser prefers. */
export function preferred(chosen: string | undefined, browser: readonly string[]): string {
  return [chosen ?? "", ...browser].map(base).find((l) => l in catalogues) ?? "";
}

function base(language: string): string {
  return language.toLowerCase().split("-")[0]!;
}
