/** The channels that are limited and counted, in the order of their columns. */
export const channels = ["voice", "chat", "email"] as const;
export type Channel = (typeof channels)[number];

/** A month such as 2026-11, short, or whole with its year. */
export function monthName(month: string, language: string, whole = false): string {
  return new Intl.DateTimeFormat(language === "pt" ? "pt-PT" : "en-GB", {
    month: whole ? "long" : "short",
    year: "numeric", // with two digits it would look like a day
    timeZone: "UTC",
  }).format(new Date(`${month}-01T00:00:00Z`));
}
