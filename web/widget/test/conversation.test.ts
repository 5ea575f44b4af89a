import { describe, expect, test } from "vitest";
import * as C from "../src/conversation";
import type { Message } from "../src/protocol";
import { message, page, state } from "./fixtures";

const seqs = (c: C.Conversation) => c.messages.map((m) => m.seq);
const after = (...messages: Message[]) => messages.reduce(C.received, { ...C.empty, state: state() });
const waiting = (client_id: string): C.Outgoing => ({
  client_id,
  kind: "text",
  text: "hi",
  status: "sending",
});

describe("messages that arrive", () => {
  test("in order, settle at once", () => {
    const c = after(message(1), message(2), message(3));
    expect(seqs(c)).toEqual([1, 2, 3]);
    expect(c).toMatchObject({ settled: 3, gap: false, stale: false });
  });

  test("twice, are one", () => {
    const c = after(message(1), message(2), message(1), message(2));
    expect(seqs(c)).toEqual([1, 2]);
    expect(c.stale).toBe(false);
  });

  test("out of order, are shown in order, and a jump is a gap until it is filled", () => {
    const jumped = after(message(1), message(4), message(3));
    expect(seqs(jumped)).toEqual([1, 3, 4]);
    expect(jumped).toMatchObject({ settled: 1, gap: true });
    expect(C.received(jumped, message(2))).toMatchObject({ settled: 4, gap: false });
  });

  test("with another message under a known number, mean that the server's history was replaced", () => {
    const c = C.received(after(message(1), message(2)), message(2, { id: "msg_other" }));
    expect(c.stale).toBe(true);
    const whole = C.replaced(
      C.outgoing(c, waiting("c1")),
      page([message(1), message(2, { id: "msg_other" })]),
    );
    expect(whole.messages.map((m) => m.id)).toEqual(["msg_1", "msg_other"]);
    expect(whole).toMatchObject({ settled: 2, stale: false, gap: false });
    expect(whole.outgoing).toHaveLength(1);
  });
});

describe("an answer to `after`", () => {
  test("settles what is not in it: notes of agents have numbers too", () => {
    const jumped = after(message(1), message(4));
    const c = C.answered(jumped, page([message(4)]), C.highest(jumped));
    expect(c).toMatchObject({ settled: 4, gap: false });
  });

  test("says how far the server looked, though the last ones were notes", () => {
    expect(C.answered(after(message(1)), page([], { last: 7 }), 1)).toMatchObject({ settled: 7, gap: false });
  });

  test("does not settle what arrived after it was asked", () => {
    const asked = after(message(1));
    const meanwhile = C.received(asked, message(5));
    const c = C.answered(meanwhile, page([message(2), message(3)]), C.highest(asked));
    expect(c).toMatchObject({ settled: 3, gap: true });
  });

  test("that is not the last page settles only its own part", () => {
    const jumped = after(message(9));
    const c = C.answered(jumped, page([message(1), message(2)], { more: true }), C.highest(jumped));
    expect(c).toMatchObject({ settled: 2, gap: true });
    expect(C.answered(c, page([message(3)]), C.highest(c))).toMatchObject({ settled: 9, gap: false });
  });

  test("repeats what the socket brought, harmlessly", () => {
    const c = C.answered(after(message(1), message(2)), page([message(1), message(2), message(3)]), 2);
    expect(seqs(c)).toEqual([1, 2, 3]);
  });

  test("after a restart of the server goes on where it stopped", () => {
    const before = after(message(1), message(2));
    const c = [message(2), message(3), message(4)].reduce(C.received, before);
    expect(seqs(c)).toEqual([1, 2, 3, 4]);
    expect(c.gap).toBe(false);
  });
});

describe("any order, with repeats and notes left out", () => {
  // A small fixed generator: the seed is in the name of a failing case.
  const random = (seed: number) => () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  test.each(Array.from({ length: 200 }, (_, i) => i + 1))("seed %i", (seed) => {
    const next = random(seed);
    const all = Array.from({ length: 30 }, (_, i) => i + 1).filter(() => next() > 0.2);
    let c: C.Conversation = C.empty;
    let sound = true;
    for (let i = 0; i < 80; i++) {
      const known = all.slice(0, Math.ceil(((i + 1) / 80) * all.length));
      if (next() < 0.7) c = C.received(c, message(known[Math.floor(next() * known.length)]!));
      if (c.gap && next() < 0.5)
        c = C.answered(c, page(known.filter((s) => s > c.settled).map((s) => message(s))), C.highest(c));
      sound &&= c.messages.every((m, n) => n === 0 || m.seq > c.messages[n - 1]!.seq);
      sound &&= known.every((s) => s > c.settled || c.messages.some((m) => m.seq === s));
    }
    expect(sound, "ordered, each once, nothing missing up to settled").toBe(true);
    c = C.answered(c, page(all.filter((s) => s > c.settled).map((s) => message(s))), C.highest(c));
    expect(seqs(c)).toEqual(all);
    expect(c.gap).toBe(false);
  });
});

describe("what the visitor sends", () => {
  const mine = message(1, { author_kind: "visitor", client_id: "c1" });

  test("is confirmed by its own echo, whichever comes first", () => {
    const sent = C.outgoing(C.empty, waiting("c1"));
    const echoed = C.received(sent, mine);
    expect(echoed.outgoing).toEqual([]);
    expect(C.received(echoed, mine)).toEqual(echoed);
  });

  test("is not confirmed by somebody else's message with the same id", () => {
    const c = C.received(C.outgoing(C.empty, waiting("c1")), message(1, { client_id: "c1" }));
    expect(c.outgoing).toHaveLength(1);
  });

  test("changes in its place", () => {
    const c = C.outgoing(C.outgoing(C.outgoing(C.empty, waiting("a")), waiting("b")), {
      ...waiting("a"),
      status: "failed",
    });
    expect(c.outgoing.map((o) => [o.client_id, o.status])).toEqual([
      ["a", "failed"],
      ["b", "sending"],
    ]);
    expect(C.dropped(c, "a").outgoing.map((o) => o.client_id)).toEqual(["b"]);
  });
});

describe("reading", () => {
  test("counts what the other side said, not events nor one's own words", () => {
    const c = after(
      message(1),
      message(2, { kind: "event", event: "agent_joined" }),
      message(3, { author_kind: "visitor" }),
      message(4),
    );
    expect(C.unread(c, 0)).toBe(2);
    expect(C.unread(c, 1)).toBe(1);
    expect(C.unread(c, 4)).toBe(0);
  });

  test("marks only move forward", () => {
    expect(C.marked(C.marked(C.empty, 5), 3).agentRead).toBe(5);
    expect(C.stated(C.marked(C.empty, 5), state({ agent_read: 2 })).agentRead).toBe(5);
  });
});

describe("a question of the flow", () => {
  const asked = message(1, { author_kind: "bot", kind: "buttons", buttons: [{ value: "a", label: "A" }] });

  test("is open until somebody answers it", () => {
    expect(C.question(after(asked))?.seq).toBe(1);
    expect(C.question(after(asked, message(2, { author_kind: "system", kind: "event" })))?.seq).toBe(1);
    expect(C.question(after(asked, message(2, { author_kind: "visitor" })))).toBeUndefined();
    expect(C.question(after(asked, message(2)))).toBeUndefined();
  });

  test("is closed while an answer is on its way, and when the chat has ended", () => {
    expect(C.question(C.outgoing(after(asked), waiting("c")))).toBeUndefined();
    expect(C.question(C.stated(after(asked), state({ open: false })))).toBeUndefined();
    expect(C.question(C.outgoing(after(asked), { ...waiting("c"), status: "failed" }))?.seq).toBe(1);
  });
});
