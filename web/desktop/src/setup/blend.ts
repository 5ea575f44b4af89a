import type { Channel, Rules } from "../api/types";

// The blended rule as a grid of channels: what an agent who holds one is not offered.

export type Blend = Rules["blend"];
export const channels: readonly Channel[] = ["voice", "chat", "email", "social"];

/** What a new organisation has: a call leaves room for nothing else, a chat none for a call. */
export const usualBlend: Blend = [
  { holding: "voice", not: ["chat", "email", "social"] },
  { holding: "chat", not: ["voice"] },
];

export function excludes(blend: Blend, holding: Channel, not: Channel): boolean {
  return blend.some((x) => x.holding === holding && x.not.includes(not));
}

/** The rule with one cell of the grid set, in the grid's order. */
export function withCell(blend: Blend, holding: Channel, not: Channel, on: boolean): Blend {
  return channels
    .map((h) => ({
      holding: h,
      not: channels.filter((n) => (h === holding && n === not ? on : excludes(blend, h, n))),
    }))
    .filter((x) => x.not.length > 0);
}

export function sameBlend(a: Blend, b: Blend): boolean {
  return channels.every((h) => channels.every((n) => excludes(a, h, n) === excludes(b, h, n)));
}
