import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { shows } from "../desktop/src/screen/films";

const film = readFileSync(new URL("../../internal/media/screen/testdata/piece.webm", import.meta.url));

test("a film that a browser ended before its first picture is none", async () => {
  expect(await shows(new Blob([film]))).toBe(true);
  const cluster = film.lastIndexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75]), 4096);
  expect(
    await shows(new Blob([film.subarray(0, cluster)])),
    "the head, which tells where pictures would be",
  ).toBe(false);
  const bare = Buffer.alloc(110); // as Chromium makes it
  film.copy(bare, 0, 0, 36);
  expect(await shows(new Blob([bare]))).toBe(false);
  expect(await shows(new Blob([]))).toBe(false);
});
