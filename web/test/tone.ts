import type { Page } from "playwright-core";
import { until } from "./stage";

// Tones at the microphones of test browsers, and what comes out at the other end.

const RATE = 48_000;

/** A WAV file of one tone that goes on without a seam. */
export function tone(hertz: number, seconds = 5): Buffer {
  const count = RATE * seconds;
  const file = Buffer.alloc(44 + 2 * count);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + 2 * count, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // one channel
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(2 * RATE, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; i++)
    file.writeInt16LE(Math.round(9000 * Math.sin((2 * Math.PI * hertz * i) / RATE)), 44 + 2 * i);
  return file;
}

/** What a page with `listenIn` tells: decibels of full scale, by hertz. */
interface Ear {
  nubitalkEar?: { level: (hertz: number) => number; loudest: () => number };
}

/**
 * Runs in a page before its own scripts: listens to what its newest connection
 * brings, and gives its microphone as it is (a browser takes an even tone for
 * noise, and its own echo out).
 */
export function listenIn(): void {
  const page = globalThis as unknown as Ear & typeof globalThis;
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) return; // not one of our pages
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wanted) =>
    wanted?.video
      ? open(wanted)
      : open({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const Peer = RTCPeerConnection;
  page.RTCPeerConnection = class extends Peer {
    constructor(...parts: ConstructorParameters<typeof RTCPeerConnection>) {
      super(...parts);
      this.addEventListener("track", (e) => {
        if (e.track.kind !== "audio") return;
        const context = new AudioContext();
        void context.resume();
        const analyser = context.createAnalyser();
        analyser.fftSize = 8192;
        analyser.smoothingTimeConstant = 0.5;
        context.createMediaStreamSource(new MediaStream([e.track])).connect(analyser);
        const spectrum = () => {
          const bins = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(bins);
          return bins;
        };
        const width = context.sampleRate / analyser.fftSize;
        page.nubitalkEar = {
          level: (hertz) => {
            const at = Math.round(hertz / width);
            return Math.max(...spectrum().subarray(at - 1, at + 2));
          },
          loudest: () => Math.max(...spectrum().subarray(20)),
        };
      });
    }
  };
}

/** How loud a tone comes out at a page, in decibels of full scale; -1000 if nothing does. */
export function level(page: Page, hertz: number): Promise<number> {
  return page.evaluate((hz) => {
    const level = (globalThis as unknown as Ear).nubitalkEar?.level(hz) ?? -1000;
    return Number.isFinite(level) ? level : -1000;
  }, hertz);
}

function loudest(page: Page): Promise<number> {
  return page.evaluate(() => {
    const level = (globalThis as unknown as Ear).nubitalkEar?.loudest() ?? -1000;
    return Number.isFinite(level) ? level : -1000;
  });
}

/** From where on a tone is heard, and below where it is not; between them is neither. */
const HEARD = -45;
const QUIET = -62;

export async function hears(page: Page, hertz: number): Promise<void> {
  await until(() => level(page, hertz)).toBeGreaterThan(HEARD);
}

export async function hearsNot(page: Page, hertz: number): Promise<void> {
  await until(() => level(page, hertz)).toBeLessThan(QUIET);
}

/** Something is heard, such as speech or music. */
export async function hearsSomething(page: Page): Promise<void> {
  await until(() => loudest(page)).toBeGreaterThan(HEARD);
}
