import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure } from "../src/api";
import type { Outgoing } from "../src/conversation";
import { Outbox } from "../src/outbox";
import type { Message } from "../src/protocol";
import { message } from "./fixtures";

type Answer = Failure | "ok";

/** An outbox over a scripted server: each send takes the next answer of the script. */
function setup(script: Answer[]) {
  const seen = {
    sends: [] as string[],
    items: new Map<string, Outgoing>(),
    sent: [] as Message[],
    calls: [] as string[],
  };
  const outbox = new Outbox({
    send: async (item) => {
      seen.sends.push(item.client_id);
      const answer = script.shift() ?? "ok";
      if (answer !== "ok") throw answer;
      return message(seen.sends.length, { author_kind: "visitor", client_id: item.client_id });
    },
    changed: (item) => seen.items.set(item.client_id, item),
    sent: (m) => seen.sent.push(m),
    gone: () => seen.calls.push("gone"),
    conflict: () => seen.calls.push("conflict"),
    slow: (s) => seen.calls.push(`slow ${s}`),
    sentence: (f) => f.message || "refused",
  });
  const say = (client_id: string, kind: Outgoing["kind"] = "text") =>
    outbox.add({ client_id, kind, text: client_id, status: "waiting" });
  return { outbox, seen, say };
}

const network = new Failure("network", 0, "");

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("words leave one after the other, in order", async () => {
  const { seen, say } = setup([]);
  ["a", "b", "c"].forEach((id) => say(id));
  expect(seen.sends).toEqual(["a"]);
  await vi.runAllTimersAsync();
  expect(seen.sends).toEqual(["a", "b", "c"]);
  expect(seen.sent.map((m) => m.client_id)).toEqual(["a", "b", "c"]);
});

test("what the network lost is sent again with the same id, and the order stays", async () => {
  const { outbox, seen, say } = setup([network, network]);
  say("a");
  say("b");
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.items.get("a")?.status).toBe("waiting");
  expect(seen.items.get("b")?.status).toBe("waiting");
  await vi.runAllTimersAsync();
  expect(seen.sends).toEqual(["a", "a", "a", "b"]);
  expect(outbox.size).toBe(0);
});

test("it does not wait for its turn when the line is back", async () => {
  const { outbox, seen, say } = setup([network]);
  say("a");
  await vi.advanceTimersByTimeAsync(0);
  outbox.resume();
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.sent).toHaveLength(1);
});

test("Retry-After is kept, also when the line comes back meanwhile", async () => {
  const { outbox, seen, say } = setup([new Failure("busy", 429, "", 7)]);
  say("a");
  await vi.advanceTimersByTimeAsync(3000);
  outbox.resume();
  say("b");
  await vi.advanceTimersByTimeAsync(3900);
  expect(seen.sends).toEqual(["a"]);
  expect(seen.calls).toEqual(["slow 7"]);
  await vi.advanceTimersByTimeAsync(200);
  expect(seen.sends).toEqual(["a", "a", "b"]);
});

test("what is refused fails with the server's sentence and lets the next one through", async () => {
  const { outbox, seen, say } = setup([new Failure("refused", 422, "too long")]);
  say("a");
  say("b");
  await vi.runAllTimersAsync();
  expect(seen.items.get("a")).toMatchObject({ status: "failed", error: "too long" });
  expect(seen.sent.map((m) => m.client_id)).toEqual(["b"]);
  outbox.resume("a");
  await vi.runAllTimersAsync();
  expect(seen.sent.map((m) => m.client_id)).toEqual(["b", "a"]);
});

test("a conversation that is gone stops everything; a conflict asks for the state", async () => {
  const one = setup([new Failure("gone", 410, "")]);
  one.say("a");
  one.say("b");
  await vi.runAllTimersAsync();
  expect(one.seen.calls).toEqual(["gone"]);
  expect(one.seen.sends).toEqual(["a"]);
  const two = setup([new Failure("conflict", 409, "The chat has ended.")]);
  two.say("a");
  await vi.runAllTimersAsync();
  expect(two.seen.calls).toEqual(["conflict"]);
  expect(two.seen.items.get("a")?.error).toBe("The chat has ended.");
});

test("the echo on the socket confirms though the answer is lost", async () => {
  const { outbox, seen, say } = setup([network]);
  say("a");
  outbox.confirmed("a");
  await vi.runAllTimersAsync();
  expect(seen.sends).toEqual(["a"]);
  expect(outbox.size).toBe(0);
});

test("a file does not hold up words, and can be given up", async () => {
  const { outbox, seen, say } = setup([network]);
  say("f", "file");
  await vi.advanceTimersByTimeAsync(0);
  say("a");
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.sent.map((m) => m.client_id)).toEqual(["a"]);
  outbox.drop("f");
  await vi.runAllTimersAsync();
  expect(seen.sends).toEqual(["f", "a"]);
});
