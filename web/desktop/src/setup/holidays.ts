import type { ClosedDay, Exception, Hours, Span } from "../api/types";

// From what a calendar says to days of the opening hours.

/** A day that may be put into the hours. */
export interface HolidayRow {
  date: string;
  name: string;
  /** What kind of holiday the calendar calls it; may be empty. */
  note: string;
  /** When it is open all the same; empty for a whole day. */
  open: Span[];
  /** The hours have this date already, and theirs stays. */
  there: boolean;
  /** It is closed at those times anyway. */
  idle: boolean;
}

const dayOfWeek = (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay();

/** What is left of a weekday's openings beside the times that are closed. */
export function openings(hours: Hours, date: string, closed: readonly Span[]): Span[] {
  let open: Span[] = hours.weekly
    .filter((o) => o.day === dayOfWeek(date))
    .map(({ from, to }) => ({ from, to }));
  for (const shut of closed) {
    open = open.flatMap((o) =>
      [
        { from: o.from, to: shut.from < o.to ? shut.from : o.to },
        { from: shut.to > o.from ? shut.to : o.from, to: o.to },
      ].filter((part) => part.from < part.to),
    );
  }
  // Two closings that touch would leave the same opening twice.
  return open.filter((o, i) => open.findIndex((p) => p.from === o.from && p.to === o.to) === i);
}

/** One row for each date, in order. */
export function rowsOf(days: readonly ClosedDay[], hours: Hours): HolidayRow[] {
  const byDate = new Map<string, ClosedDay[]>();
  for (const day of days) byDate.set(day.date, [...(byDate.get(day.date) ?? []), day]);
  const there = new Set(hours.dates.map((d) => d.date));
  return [...byDate].map(([date, all]) => {
    const whole = all.filter((d) => !d.from);
    const named = whole.length ? whole : all;
    const open = whole.length
      ? []
      : openings(
          hours,
          date,
          all.map((d) => ({ from: d.from ?? "00:00", to: d.to ?? "24:00" })),
        );
    return {
      date,
      name: [...new Set(named.map((d) => d.name).filter(Boolean))].join(", ").slice(0, 80),
      note: named[0]?.note ?? "",
      open,
      there: there.has(date),
      idle: !whole.length && JSON.stringify(open) === JSON.stringify(openings(hours, date, [])),
    };
  });
}

/** The hours' dates with those of the rows beside them, in order; a date that is there stays. */
export function merged(dates: readonly Exception[], rows: readonly HolidayRow[]): Exception[] {
  const there = new Set(dates.map((d) => d.date));
  const fresh = rows
    .filter((row) => !there.has(row.date))
    .map(({ date, name, open }) => ({ date, name, open: open.map((span) => ({ ...span })) }));
  return [...dates, ...fresh].sort((a, b) => a.date.localeCompare(b.date));
}
