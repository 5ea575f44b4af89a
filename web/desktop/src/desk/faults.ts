/** What was said of single entries of a list, "to[1]", by their numbers. */
export function listed(faults: ReadonlyMap<string, string>, field: string): ReadonlyMap<number, string> {
  const out = new Map<number, string>();
  for (const [path, why] of faults) {
    const [, name, at] = /^(?:body\.)?(\w+)\[(\d+)\]$/.exec(path) ?? [];
    if (name === field) out.set(Number(at), why);
  }
  return out;
}
