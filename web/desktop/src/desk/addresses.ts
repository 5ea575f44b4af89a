/** Whether a text looks like an address of email; the server decides. */
export function isAddress(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s@<>(),;:"\\[\]]{1,64}@[^\s@<>(),;:"\\[\]_]+\.[^\s@.<>(),;:"\\[\]]+$/.test(text)
  );
}

/** The addresses in what somebody typed or pasted: separated by commas, semicolons or lines, with names or without. */
export function addressesIn(words: string): string[] {
  const list: string[] = [];
  for (const part of words.split(/[,;\n]+/)) {
    const named = /<([^<>\s]+)>\s*$/.exec(part)?.[1];
    // Where no name stands before them, spaces separate as well.
    const found = named ? [named] : /@\S*\s+\S*@/.test(part) ? part.split(/\s+/) : [part];
    for (const one of found) {
      const address = one.trim().replace(/^mailto:/i, "");
      if (address && !list.includes(address)) list.push(address);
    }
  }
  return list;
}
