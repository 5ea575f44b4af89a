/** A length of time that somebody set, in its own units: "45 s", "2 min", "1 h 30 min". */
export function span(seconds: number): string {
  const parts: string[] = [];
  const left = Math.max(0, Math.round(seconds) || 0);
  if (left >= 3600) parts.push(`${Math.floor(left / 3600)} h`);
  if (left % 3600 >= 60) parts.push(`${Math.floor((left % 3600) / 60)} min`);
  if (left % 60 || !parts.length) parts.push(`${left % 60} s`);
  return parts.join(" ");
}
