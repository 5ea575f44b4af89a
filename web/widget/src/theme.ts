// A tenant chooses one colour; what stands on it and where it stands as text is
// computed so that it can be read (WCAG 2.2: 4.5 for words, 3 for controls).

type Rgb = [number, number, number];

export interface Colours {
  /** The tenant's colour. */
  accent: string;
  /** Black or white, whichever reads better on it. */
  ink: string;
  /** The tenant's colour, darkened or lightened until it reads on the surface. */
  text: string;
}

const FALLBACK: Rgb = [11, 110, 110];

/** The darkest light surface and the lightest dark one that accent text stands on. */
const LIGHT: Rgb = [239, 238, 234];
const DARK: Rgb = [40, 38, 35];

export function colours(accent: string, dark: boolean): Colours {
  const a = parse(accent) ?? FALLBACK;
  const surface = dark ? DARK : LIGHT;
  const goal: Rgb = dark ? [255, 255, 255] : [0, 0, 0];
  let text = a;
  for (let part = 0; contrast(text, surface) < 4.5 && part <= 1; part += 0.05) text = mix(a, goal, part);
  return {
    accent: css(a),
    ink: contrast(a, [255, 255, 255]) >= contrast(a, [0, 0, 0]) ? "#fff" : "#000",
    text: css(text),
  };
}

/** Contrast ratio of two colours (WCAG 2.2, "contrast ratio"), 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** `#rgb` or `#rrggbb`; undefined for anything else. */
export function parse(hex: string): Rgb | undefined {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(hex)?.[1];
  if (!digits) return undefined;
  const long = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  return [0, 2, 4].map((i) => parseInt(long.slice(i, i + 2), 16)) as Rgb;
}

function luminance(c: Rgb): number {
  const [r, g, b] = c.map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function mix(a: Rgb, b: Rgb, part: number): Rgb {
  return a.map((v, i) => Math.round(v + (b[i]! - v) * part)) as Rgb;
}

function css(c: Rgb): string {
  return `rgb(${c.join(" ")})`;
}
