import { meter } from "./quality";

/** A microphone listened to by its owner's eyes only: how loud it is, 0 to 1, as a meter stands. */
export class Listening {
  level = $state(0);
  /** The highest so far. */
  peak = $state(0);
  #context: AudioContext | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #stream: MediaStream | undefined;

  start(stream: MediaStream): void {
    this.stop();
    this.#stream = stream;
    const context = new AudioContext();
    this.#context = context;
    void context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const s of samples) sum += s * s;
      this.level = meter(Math.sqrt(sum / samples.length));
      this.peak = Math.max(this.peak, this.level);
    }, 80);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    void this.#context?.close();
    this.#context = undefined;
    this.level = this.peak = 0;
  }
}

/** Plays three notes on a loudspeaker ("" is the usual one); done when they are over. */
export async function testTone(loudspeaker: string): Promise<void> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const audio = new Audio();
  audio.srcObject = out.stream;
  if (loudspeaker && "setSinkId" in audio) await audio.setSinkId(loudspeaker).catch(() => {});
  await audio.play();
  const start = context.currentTime + 0.05;
  const notes = [523, 659, 784];
  notes.forEach((hertz, i) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = start + i * 0.3;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.3, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, from + 0.5);
    tone.connect(volume).connect(out);
    tone.start(from);
    tone.stop(from + 0.5);
  });
  await new Promise((done) => setTimeout(done, 1300));
  audio.srcObject = null;
  await context.close();
}
