// Records a microphone in memory, and makes sounds of any kind ones that can be sent.

/** Samples a second of what is sent: all that a telephone carries, and more. */
const RATE = 16000;
/** How many parts a drawn sound has. */
const PARTS = 400;

/** A sound as it is sent, with what is drawn of it. */
export interface Take {
  file: Blob;
  seconds: number;
  /** The largest sample of each part, 0 to 255. */
  waveform: number[];
}

/** What a microphone hears until it is stopped. The stream stays its owner's. */
export class Recorder {
  readonly #recorder: MediaRecorder;
  readonly #pieces: Blob[] = [];

  constructor(stream: MediaStream) {
    this.#recorder = new MediaRecorder(stream);
    this.#recorder.ondataavailable = ({ data }) => this.#pieces.push(data);
    this.#recorder.start();
  }

  /** Ends it, and gives what was heard. */
  async stop(): Promise<Take> {
    const { mimeType } = this.#recorder;
    await new Promise<void>((done) => {
      this.#recorder.onstop = () => done();
      this.#recorder.stop();
    });
    return take(new Blob(this.#pieces, { type: mimeType }));
  }

  /** Ends it, and forgets what was heard. */
  drop(): void {
    this.#recorder.ondataavailable = null;
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    this.#pieces.length = 0;
  }
}

/** Reads any sound that this browser plays. Fails where it is none. */
export async function take(sound: Blob): Promise<Take> {
  // Decoding resamples to the context's rate.
  const read = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await sound.arrayBuffer());
  const channels = Array.from({ length: read.numberOfChannels }, (_, i) => read.getChannelData(i));
  const pcm = new Int16Array(read.length);
  for (let i = 0; i < pcm.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i]!;
    pcm[i] = Math.round(Math.max(-1, Math.min(1, sum / channels.length)) * 32767);
  }
  return { file: wav(pcm), seconds: read.duration, waveform: waveform(pcm) };
}

function waveform(pcm: Int16Array): number[] {
  return Array.from({ length: PARTS }, (_, part) => {
    let peak = 0;
    const to = Math.floor(((part + 1) * pcm.length) / PARTS);
    for (let i = Math.floor((part * pcm.length) / PARTS); i < to; i++)
      peak = Math.max(peak, Math.abs(pcm[i]!));
    return Math.min(255, Math.round((peak / 32767) * 255));
  });
}

/** A WAV file of one channel with 16 bits a sample. */
function wav(pcm: Int16Array): Blob {
  const file = new DataView(new ArrayBuffer(44 + 2 * pcm.length));
  const letters = (at: number, word: string) =>
    [...word].forEach((letter, i) => file.setUint8(at + i, letter.charCodeAt(0)));
  letters(0, "RIFF");
  file.setUint32(4, 36 + 2 * pcm.length, true);
  letters(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true);
  file.setUint32(24, RATE, true);
  file.setUint32(28, 2 * RATE, true);
  file.setUint16(32, 2, true);
  file.setUint16(34, 16, true);
  letters(36, "data");
  file.setUint32(40, 2 * pcm.length, true);
  pcm.forEach((sample, i) => file.setInt16(44 + 2 * i, sample, true));
  return new Blob([file.buffer], { type: "audio/wav" });
}
