import { expect, test } from "vitest";
import { sentOf } from "../desktop/src/desk/sentOf";

const one = (client_id: string, state: "held" | "sending" | "sent" | "failed" | "unsure" | "undone") => ({
  client_id,
  state,
  user: "usr_1",
  begun_at: "2026-01-02T03:04:05Z",
  leaves_at: "2026-01-02T03:04:15Z",
});

test("what left under the name of what is written is found, and nothing else is", () => {
  const sends = [one("before", "sent"), one("failed", "failed"), one("held", "held"), one("ours", "sent")];
  expect(sentOf(sends, ["ours", ""])?.client_id).toBe("ours");
  expect(sentOf(sends, ["new", "ours"])?.client_id).toBe("ours");
  for (const names of [
    ["new", ""],
    ["failed", ""],
    ["held", "held"],
  ])
    expect(sentOf(sends, names)).toBeUndefined();
});
