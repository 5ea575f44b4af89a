import { expect, test } from "vitest";
import { attributesOf, completions } from "../desktop/src/flow/condition";

// What the flow editor offers while a condition is written.

test("the last word is completed, and what stands before it stays", () => {
  expect(completions("mail.su", [])).toEqual(["mail.subject"]);
  expect(completions('mail.domain == "x" and ment', [])).toEqual(['mail.domain == "x" and mentions("']);
  expect(completions("mail.", [])).toHaveLength(9);
  expect(completions("not (MAIL.L", [])).toEqual(["not (mail.language"]);
  expect(completions("attr.to", ["topic", "total", "name"])).toEqual(["attr.topic", "attr.total"]);
});

test("what is whole, within a text or after a word gets none", () => {
  for (const one of ["mail.subject", 'mentions("mail.', 'header("X', "hour < 1", 'channel == "voice"'])
    expect(completions(one, ["topic"]), one).toEqual([]);
});

test("an empty condition is offered everything, with what the flow's steps ask for", () => {
  const all = completions("", ["topic"]);
  expect(all[0]).toBe("attr.topic");
  expect(all).toContain("mail.from");
  const ask = { type: "ask", into: "topic" };
  expect(attributesOf({ start: "a", nodes: { a: ask, b: ask, c: { type: "close" } } } as never)).toEqual([
    "topic",
  ]);
});
