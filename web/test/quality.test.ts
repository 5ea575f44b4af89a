import { expect, test } from "vitest";
import { type Counts, judge, look, meter, unknown } from "../sound/quality";

const none: Counts = { received: 0, lost: 0, farLost: 0, roundTrip: 0 };

test("a connection is judged by what it lost lately, and by how far it is", () => {
  const before = { received: 1000, lost: 500, farLost: 0, roundTrip: 0.02 };
  const grade = (change: Partial<Counts>) => judge(before, { ...before, ...change }).grade;
  expect(grade({ received: 1100 })).toBe("good"); // what was lost long ago does not count
  expect(grade({ received: 1097, lost: 503 })).toBe("fair");
  expect(grade({ received: 1090, lost: 510 })).toBe("poor");
  expect(grade({ received: 1000, lost: 600 })).toBe("poor"); // nothing came
  expect(grade({ received: 1100, farLost: 0.03 })).toBe("fair");
  expect(grade({ received: 1100, roundTrip: 0.4 })).toBe("fair");
  expect(grade({ received: 1100, roundTrip: 0.7 })).toBe("poor");
});

test("nothing counted is no judgement, and a new connection no loss", () => {
  expect(judge(none, none)).toEqual(unknown);
  expect(
    judge({ ...none, received: 500, lost: 3 }, { ...none, received: 20, roundTrip: 0.03 }),
  ).toMatchObject({
    grade: "good",
    loss: 0,
  });
});

test("what the browser tells is read by kind", () => {
  const seen = look([
    { type: "inbound-rtp", kind: "audio", packetsReceived: 10, packetsLost: -1, audioLevel: 0.5 },
    {
      type: "inbound-rtp",
      kind: "video",
      packetsReceived: 99,
      packetsLost: 9,
      audioLevel: 1,
      framesDecoded: 7,
    },
    { type: "remote-inbound-rtp", kind: "audio", fractionLost: 0.25, roundTripTime: 0.2 },
    { type: "candidate-pair", nominated: false, state: "succeeded", currentRoundTripTime: 9 },
    { type: "media-source", kind: "audio", audioLevel: 0.1 },
  ]);
  expect(seen).toEqual({
    counts: { received: 10, lost: 0, farLost: 0.25, roundTrip: 0.2 },
    mine: 0.1,
    heard: 0.5,
    frames: 7,
  });
});

test("a meter goes by decibels", () => {
  expect(meter(0)).toBe(0);
  expect(meter(0.0001)).toBe(0);
  expect(meter(1)).toBe(1);
  expect(meter(0.0316)).toBeCloseTo(0.5, 2);
});
