import { expect, test } from "vitest";
import { colours, contrast, parse } from "../src/theme";

const rgb = (css: string) =>
  css.startsWith("#") ? parse(css)! : (css.match(/\d+/g)!.map(Number) as [number, number, number]);

const SURFACES = { light: ["#ffffff", "#efeeea"], dark: ["#1d1c1b", "#282623"] };
const accents = [
  "#0b6e6e",
  "#ffffff",
  "#000000",
  "#ffff00",
  "#ff0000",
  "#777777",
  "#5cc4bd",
  "#fff",
  "#1a1a1a",
  "#808080",
];

test.each(accents)("%s can be read, light and dark", (accent) => {
  for (const dark of [false, true]) {
    const c = colours(accent, dark);
    expect(contrast(rgb(c.ink), rgb(c.accent))).toBeGreaterThanOrEqual(4.5);
    for (const surface of SURFACES[dark ? "dark" : "light"])
      expect(contrast(rgb(c.text), rgb(surface))).toBeGreaterThanOrEqual(4.5);
  }
});

test("every grey gets an ink of 4.5 at least", () => {
  for (let v = 0; v < 256; v++) {
    const c = colours(`#${v.toString(16).padStart(2, "0").repeat(3)}`, false);
    expect(contrast(rgb(c.ink), rgb(c.accent))).toBeGreaterThanOrEqual(4.5);
  }
});

test.each(["", "red", "#12", "#1234567", "url(x)", "#0b6e6e;}*{display:none"])(
  "%j is not a colour",
  (accent) => {
    expect(parse(accent)).toBeUndefined();
    expect(colours(accent, false)).toEqual(colours("#0b6e6e", false));
  },
);
