// Whether a text fits on one line, without asking the browser to lay anything
// out. Cutting off what never overflows costs: each clip is a node of its own
// in what the browser paints, and a board of agents has hundreds of texts.

const widths = new Map<string, number>();
let pen: CanvasRenderingContext2D | null | undefined;

/** Pixels that a text takes on one line; Infinity where that cannot be known. */
export function textWidth(text: string, font: string): number {
  const key = `${font} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return Infinity;
  pen.font = font;
  const width = pen.measureText(text).width;
  // Names and states are few; what comes by once must not stay for a whole shift.
  if (widths.size > 5000) widths.clear();
  widths.set(key, width);
  return width;
}

/** How wide the tiles of a board are, and in which fonts they write. */
export interface TileLook {
  /** Pixels between the borders of one tile, without its padding. */
  width: number;
  /** Fonts as CSS writes them. */
  name: string;
  line: string;
}

const least = 168;
const gap = 8;
const edges = 22; // padding and border of both sides

/** What tiles look like in a list of so many pixels. */
export function tileLook(list: HTMLElement): TileLook {
  const width = list.clientWidth;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const style = getComputedStyle(list);
  const size = parseFloat(style.fontSize);
  return {
    width: (width - gap * (columns - 1)) / columns - edges,
    name: `700 ${size}px ${style.fontFamily}`,
    line: `400 ${size / 1.2}px ${style.fontFamily}`,
  };
}
