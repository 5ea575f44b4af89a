/**
 * Without the characters that turn or embed directions (U+202A to U+202E,
 * U+2066 to U+2069): with them "exe.gpj" can be written to read "jpg.exe".
 * Direction is found from the letters themselves.
 */
export function plain(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
}

/** A piece of a message: words, or an address that may be followed. */
export interface Piece {
  text: string;
  href?: string;
}

// A run that begins like a web address, up to white space, a quotation mark, an
// angle bracket or a mark of direction.
const ADDRESS = /https?:\/\/[^\s<>"'\u200e\u200f]+/gi;

/**
 * Finds web addresses in a message. Only http and https; never with a user name
 * before the host, because `https://bank.example@evil.example` reads as the
 * wrong site. Punctuation that ends a sentence is not part of the address, nor a
 * closing bracket without its opening one.
 */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0]);
    if (!followable(address)) continue;
    if (found.index > from) pieces.push({ text: text.slice(from, found.index) });
    pieces.push({ text: address, href: address });
    from = found.index + address.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

function trimmed(address: string): string {
  for (;;) {
    const last = address.at(-1)!;
    const open = last === ")" ? "(" : last === "]" ? "[" : "";
    const unpaired = open !== "" && address.split(open).length < address.split(last).length;
    if (!unpaired && !/[.,;:!?…]/.test(last)) return address;
    address = address.slice(0, -1);
  }
}

function followable(address: string): boolean {
  try {
    const u = new URL(address);
    return /^https?:$/.test(u.protocol) && u.hostname !== "" && !u.username && !u.password;
  } catch {
    return false;
  }
}
