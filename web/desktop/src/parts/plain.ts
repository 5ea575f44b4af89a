// Names and files come from outside: marks that turn the direction of text are
// taken out, so that "gpj.exe" cannot dress up as a picture.
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u0000-\u001f\u007f]/g;

export function plainName(name: string | undefined): string {
  return (name ?? "").replace(turning, "").trim();
}

export interface Piece {
  text: string;
  link?: string;
}

// In a message the marks that embed or override a direction go too; a language
// that is written from right to left needs none of them.
const overriding = /[\u202a-\u202e\u2066-\u2069]/g;

/** Splits a message into words and web addresses. */
export function pieces(message: string): Piece[] {
  const text = message.replace(overriding, "");
  const list: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'\u202a-\u202e\u2066-\u2069]+/g)) {
    const address = match[0].replace(/[.,;:!?)\]]+$/, "");
    if (!URL.canParse(address)) continue;
    if (match.index > at) list.push({ text: text.slice(at, match.index) });
    list.push({ text: address, link: address });
    at = match.index + address.length;
  }
  if (at < text.length) list.push({ text: text.slice(at) });
  return list;
}
