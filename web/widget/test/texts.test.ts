import { expect, test } from "vitest";
import { fault, kinds, size } from "../src/files";
import { preferred, texts } from "../src/texts";
import { en } from "../src/texts/en";
import { pt } from "../src/texts/pt";

test("both catalogues have the same texts, none empty, and as many rates", () => {
  expect(Object.keys(pt)).toEqual(Object.keys(en));
  for (const [key, text] of [...Object.entries(en), ...Object.entries(pt)]) {
    const said = typeof text === "function" ? (text as (...a: unknown[]) => string)(2, "x") : text;
    expect(said.length, key).toBeGreaterThan(0);
  }
  expect(pt.rates).toHaveLength(en.rates.length);
});

test("one is one", () => {
  expect(en.open(1)).toBe("Open chat, 1 unread message");
  expect(pt.open(2)).toBe("Abrir chat, 2 mensagens por ler");
  expect(en.estimate(20)).toBe("About a minute or less.");
  expect(en.estimate(150)).toBe("About 3 minutes.");
});

test.each([
  ["pt-BR", ["en"], "pt"],
  [undefined, ["de", "pt-PT", "en"], "pt"],
  [undefined, ["de"], ""],
  ["de", ["en-GB"], "en"],
])("data-lang %s, browser %s -> %s", (chosen, browser, want) => {
  expect(preferred(chosen, browser)).toBe(want);
  expect(texts("xx")).toBe(en);
});

test("limits of files are told in words a visitor knows", () => {
  const limits = {
    allowed: true,
    max_mb: 2,
    types: [
      "image/png",
      "text/plain",
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ],
  };
  expect(kinds(limits)).toBe("PNG, TXT, DOCX");
  expect(fault(new File(["x"], "a.png", { type: "image/png" }), limits, en)).toBe("");
  expect(fault(new File(["x"], "a.unknown"), limits, en)).toBe("");
  expect(fault(new File([], "a.png", { type: "image/png" }), limits, en)).toContain("empty");
  expect(fault(new File(["x"], "a.exe", { type: "application/x-msdownload" }), limits, en)).toContain(
    "PNG, TXT, DOCX",
  );
  expect(
    fault(new File([new Uint8Array(2 ** 21 + 1)], "a.png", { type: "image/png" }), limits, en),
  ).toContain("2 MB");
  expect(size(1_500_000, "pt")).toBe("1,4 MB");
  expect(size(10, "en")).toBe("1 kB");
});
