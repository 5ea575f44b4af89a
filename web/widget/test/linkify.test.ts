import { expect, test } from "vitest";
import { linkify, plain } from "../src/linkify";

const links = (text: string) => linkify(text).flatMap((p) => p.href ?? []);

test.each([
  ["see https://shop.example/a?b=1#c.", ["https://shop.example/a?b=1#c"]],
  ["(https://shop.example/a_(b)) and http://x.example!", ["https://shop.example/a_(b)", "http://x.example"]],
  ["<https://shop.example>", ["https://shop.example"]],
  ["HTTPS://SHOP.EXAMPLE/", ["HTTPS://SHOP.EXAMPLE/"]],
  ["javascript:alert(1) data:text/html,x file:///etc/passwd //x.example", []],
  ["https://bank.example@evil.example/", []],
  ["https://user:pass@evil.example/", []],
  ["https:// http://", []],
  ['https://x.example/"onmouseover="alert(1)', ["https://x.example/"]],
  ["https://x.example/\u200fgpj.exe", ["https://x.example/"]],
  ["no address", []],
  ["", []],
])("%s", (text, want) => {
  expect(links(text)).toEqual(want);
  // Nothing is added, lost or changed.
  expect(
    linkify(text)
      .map((p) => p.text)
      .join(""),
  ).toBe(text);
});

test("direction cannot be turned", () => {
  expect(plain("photo_\u202egpj.exe \u2066a\u2069")).toBe("photo_gpj.exe a");
  expect(plain("שלום hello")).toBe("שלום hello");
});
