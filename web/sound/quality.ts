// How good a connection for sound is, from what the browser counts (W3C
// webrtc-stats). Values only: nothing here knows a connection or the time.

/** What was counted up to one moment. */
export interface Counts {
  /** Packets that came, and that did not come. */
  received: number;
  lost: number;
  /** Part of our packets that did not reach the other end lately, 0 to 1. */
  farLost: number;
  /** Seconds to the other end and back; 0 if not known yet. */
  roundTrip: number;
}

export type Grade = "unknown" | "good" | "fair" | "poor";

export interface Network {
  grade: Grade;
  /** Part of all packets that were lost, of the direction that lost more; 0 to 1. */
  loss: number;
  /** Seconds; 0 if not known. */
  roundTrip: number;
}

/** One look at a connection: what it counted, and how loud each side is (0 to 1, linear). */
export interface Look {
  counts: Counts;
  mine: number;
  heard: number;
  /** Pictures that came so far. */
  frames: number;
}

export const unknown: Network = { grade: "unknown", loss: 0, roundTrip: 0 };

/** From where on a connection is fair, and poor: sound is cut, or people talk over each other. */
const FAIR = { loss: 0.02, roundTrip: 0.3 };
const POOR = { loss: 0.07, roundTrip: 0.6 };

/** What changed between two looks, as a person can understand it. */
export function judge(before: Counts, now: Counts): Network {
  // A connection that was made anew counts from the start again.
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  const came = received >= 0 && received + lost > 0 ? lost / (received + lost) : 0;
  const loss = Math.max(came, now.farLost);
  const { roundTrip } = now;
  if (received <= 0 && lost === 0 && roundTrip === 0) return unknown;
  const worse = (than: typeof FAIR) => loss >= than.loss || roundTrip >= than.roundTrip;
  return { grade: worse(POOR) ? "poor" : worse(FAIR) ? "fair" : "good", loss, roundTrip };
}

interface Stat {
  type: string;
  kind?: string;
  packetsReceived?: number;
  packetsLost?: number;
  fractionLost?: number;
  roundTripTime?: number;
  currentRoundTripTime?: number;
  nominated?: boolean;
  state?: string;
  audioLevel?: number;
  framesDecoded?: number;
}

/** Reads what the browser tells about a connection. */
export function look(report: Iterable<Stat>): Look {
  const counts: Counts = { received: 0, lost: 0, farLost: 0, roundTrip: 0 };
  let mine = 0;
  let heard = 0;
  let far = 0;
  let frames = 0;
  for (const s of report) {
    if (s.type === "inbound-rtp" && s.kind === "audio") {
      counts.received += s.packetsReceived ?? 0;
      counts.lost += Math.max(0, s.packetsLost ?? 0); // packets that came twice make it negative
      heard = Math.max(heard, s.audioLevel ?? 0);
    } else if (s.type === "inbound-rtp" && s.kind === "video") frames += s.framesDecoded ?? 0;
    else if (s.type === "remote-inbound-rtp" && s.kind !== "video") {
      counts.farLost = Math.max(counts.farLost, s.fractionLost ?? 0);
      far = s.roundTripTime ?? 0;
    } else if (s.type === "candidate-pair" && s.nominated && s.state === "succeeded")
      counts.roundTrip = s.currentRoundTripTime ?? 0;
    else if (s.type === "media-source" && s.kind === "audio") mine = Math.max(mine, s.audioLevel ?? 0);
  }
  counts.roundTrip ||= far;
  return { counts, mine, heard, frames };
}

/** How high a meter stands for a level: the ear hears ratios, so it goes by decibels, from -60 on. */
export function meter(level: number): number {
  return level > 0 ? Math.min(1, Math.max(0, 1 + Math.log10(level) / 3)) : 0;
}
