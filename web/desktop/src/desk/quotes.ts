export interface Part {
  text: string;
  quoted: boolean;
}

/** Takes a text apart into what was written and what it quotes (lines that begin with ">"). */
export function folded(text: string): Part[] {
  const parts: Part[] = [];
  for (const line of text.split("\n")) {
    const last = parts.at(-1);
    // An empty line belongs to what is around it.
    const quoted = line.startsWith(">") || (!line.trim() && !!last?.quoted);
    if (last?.quoted === quoted) last.text += `\n${line}`;
    else parts.push({ text: line, quoted });
  }
  return parts;
}
