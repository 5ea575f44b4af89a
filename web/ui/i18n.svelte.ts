// Texts in the reader's language, and numbers and times as that language
// writes them. A catalogue is typed by its English keys: a missing Portuguese
// text fails the type check.

export type Language = "en" | "pt";
export const languages: readonly Language[] = ["en", "pt"];

/** A text, or its singular and plural, chosen by the parameter `count`. */
export type Text = string | { one: string; other: string };
export type Params = Record<string, string | number>;

class Locale {
  language = $state<Language>(guess());

  set(language: string): void {
    const known = languages.find((l) => l === language);
    if (!known) return;
    this.language = known;
    document.documentElement.lang = known;
  }
}

function guess(): Language {
  return navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en";
}

export const locale = new Locale();

/** Makes the function that looks a text up; reading it in markup follows the language. */
export function catalogue<C extends Record<string, Text>>(en: C, pt: { [K in keyof C]: Text }) {
  const byLanguage: Record<Language, { [K in keyof C]: Text }> = { en, pt };
  return (key: keyof C, params?: Params): string => {
    // A key made at run time may be unknown: then it says itself.
    const text: Text = byLanguage[locale.language][key] ?? String(key);
    let chosen: string;
    if (typeof text === "string") chosen = text;
    else
      chosen = plural(locale.language).select(Number(params?.count ?? 0)) === "one" ? text.one : text.other;
    return params ? chosen.replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole)) : chosen;
  };
}

const cache = new Map<string, unknown>();

function cached<T>(key: string, make: () => T): T {
  let value = cache.get(key) as T | undefined;
  if (value === undefined) cache.set(key, (value = make()));
  return value;
}

const plural = (l: Language) => cached(`plural ${l}`, () => new Intl.PluralRules(l));

function format(name: string, options: Intl.DateTimeFormatOptions): (at: Date) => string {
  return (at) =>
    cached(`${name} ${locale.language}`, () => new Intl.DateTimeFormat(tag(), options)).format(at);
}

// English without a country would be American; day before month suits both.
const tag = () => (locale.language === "pt" ? "pt-PT" : "en-GB");

export const timeOfDay = format("time", { hour: "2-digit", minute: "2-digit" });
/** The time of day that it is in another zone. */
export const timeIn = (zone: string, at: Date): string =>
  format(`time in ${zone}`, { timeZone: zone, hour: "2-digit", minute: "2-digit" })(at);
export const timeWithSeconds = format("seconds", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const dateOnly = format("date", { day: "numeric", month: "short", year: "numeric" });
export const dateWithWeekday = format("date and weekday", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
});
export const dateAndTime = format("both", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
export const dateAndSeconds = format("all", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const weekdayName = format("weekday", { weekday: "long" });

/** A weekday's name; 0 is Sunday. */
export function weekday(day: number): string {
  return weekdayName(new Date(2023, 0, 1 + day));
}

const shared = catalogue({ today: "Today", yesterday: "Yesterday" }, { today: "Hoje", yesterday: "Ontem" });

/** Today, yesterday, or the date. */
export function day(at: Date, now: Date): string {
  const start = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((start(now) - start(at)) / 86_400_000);
  if (days === 0) return shared("today");
  if (days === 1) return shared("yesterday");
  return dateOnly(at);
}

export function number(value: number): string {
  return cached(`number ${locale.language}`, () => new Intl.NumberFormat(tag())).format(value);
}

/** With so many digits after the point. */
export function decimal(value: number, digits: number): string {
  return cached(
    `decimal ${digits} ${locale.language}`,
    () => new Intl.NumberFormat(tag(), { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  ).format(value);
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? "–" : `${number(Math.round((100 * part) / whole))} %`;
}

/** m:ss below an hour, h:mm:ss above, days beyond two. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  if (s < 172_800) return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return `${Math.floor(s / 86_400)} d`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${number(Math.round(size / 1024))} KB`;
  return `${number(Math.round(size / 104_857.6) / 10)} MB`;
}
