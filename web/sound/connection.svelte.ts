import { camera, type MicrophoneProblem, NoMicrophone } from "./devices";
import { type Counts, judge, look, type Network, unknown } from "./quality";

// The sound of one call in this page: the microphone's to the server, the
// server's to the loudspeaker. A connection that is lost is made anew until the
// call is over; what it is connected to is the server's affair.

/** How the server's sound is reached, besides directly. */
export interface Relays {
  /** STUN and TURN servers. */
  servers: RTCIceServer[];
  /** Nothing but the TURN servers is used. */
  relay_only: boolean;
}

export interface SoundParts {
  /** Asks how the server is reached, before each connection: passwords hold for a while only. */
  relays: () => Promise<Relays>;
  /** Gives the server's answer to an offer (session descriptions, RFC 8829). */
  exchange: (offer: string) => Promise<string>;
  /** Whether a failed exchange, or what `relays` failed with, says that it is of no use to try again. */
  over: (error: unknown) => boolean;
  /** Opens the microphone, also again when it was unplugged; fails with NoMicrophone. */
  microphone: () => Promise<MediaStream>;
  /** The loudspeaker's id; "" is the usual one. */
  loudspeaker: () => string;
  /** Cameras may be shown. */
  video?: boolean;
}

export type SoundState =
  /** Not begun. */
  | "idle"
  /** For the first time. */
  | "connecting"
  | "connected"
  /** It was connected, and tries to be so again by itself. */
  | "lost"
  /** It was lost again and again at once: a person decides. */
  | "stuck"
  /** Over; nothing goes on. */
  | "ended";

/** Milliseconds. */
const AGAIN = 300; // the end of a call closes its sound first and is told a moment later
const GRACE = 2_000; // a network that is back by then needs no new connection
const PATIENCE = 10_000; // from the answer until it must be connected
const WAITS = [1_000, 2_000, 4_000];
const SILENT = 400; // twenty packets
/** How long a server may take to know its calls again. */
const RETURN = 10_000;
const LOOK = 200;
const JUDGE = 2_000;
/** A picture that does not change for so long is none any more. */
const STILL = 2_000;
/** A connection that was lost sooner does not count as good. */
const STEADY = 8_000;
/** How often that may happen before a person is asked. */
const SHAKY = 3;

/** How long a key sounds and the pause after it, in milliseconds (RFC 4733; ETSI TR 101 041 asks for 40 or more). */
const KEY = { length: 120, pause: 80 };

export class Sound {
  state = $state<SoundState>("idle");
  /** Nothing of one's own is heard. */
  muted = $state(false);
  problem = $state<MicrophoneProblem>();
  /** The browser wants a press of a button before it plays: call `unblock` from one. */
  blocked = $state(false);
  /** How loud each side is, 0 to 1. */
  mine = $state(0);
  heard = $state(0);
  network = $state.raw<Network>(unknown);
  /** The other side's picture, and whether it comes at the moment. */
  picture = $state.raw<MediaStream>();
  seen = $state(false);
  /** One's own camera, while it is shown. */
  camera = $state.raw<MediaStream>();
  cameraProblem = $state<MicrophoneProblem>();

  readonly #parts: SoundParts;
  readonly #audio = new Audio();
  #stream: MediaStream | undefined;
  #peer: RTCPeerConnection | undefined;
  #sender: RTCRtpSender | undefined;
  #filming: RTCRtpSender | undefined;
  #frames = { count: 0, at: 0 };
  /** Counts connections, so that one that was given up does nothing any more. */
  #attempt = 0;
  #tries = 0;
  #shaky = 0;
  #since = 0;
  #doubted = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  #before: { at: number; counts: Counts } | undefined;
  #off = new AbortController();

  constructor(parts: SoundParts) {
    this.#parts = parts;
    this.#audio.autoplay = true;
  }

  /** Opens the microphone and connects; says whether there is a microphone. */
  async start(): Promise<boolean> {
    if (this.state !== "idle") return true;
    this.state = "connecting";
    if (!(await this.#open())) {
      if (this.#is("connecting")) this.state = "idle";
      return false;
    }
    const { signal } = this.#off;
    addEventListener("online", () => this.state === "lost" && this.#connect(), { signal });
    this.#connect();
    return true;
  }

  /** Another try, asked for by a person. */
  again(): void {
    if (this.state !== "lost" && this.state !== "stuck") return;
    this.#shaky = this.#tries = 0;
    this.state = "lost";
    this.#connect();
  }

  /**
   * The server was away: connects anew if nothing comes from it any more. A browser by
   * itself notices only after some seconds.
   */
  async doubt(): Promise<void> {
    this.#doubted = Date.now();
    const peer = this.#peer;
    const received = async () => {
      const report = await peer?.getStats().catch(() => undefined);
      return report && look([...(report as unknown as Map<string, never>).values()]).counts.received;
    };
    const before = await received();
    await new Promise((done) => setTimeout(done, SILENT));
    if ((await received()) === before && this.#peer === peer && this.#is("connected")) this.#lost();
  }

  /** Ends it: the microphone is free again. */
  stop(): void {
    this.state = "ended";
    this.#off.abort();
    this.#drop();
    this.#audio.srcObject = null;
    this.#audio.pause();
    this.#close(this.#stream);
    this.#stream = undefined;
    this.#close(this.camera);
    this.camera = undefined;
    this.mine = this.heard = 0;
  }

  /** Shows one's camera, which is asked for now, or shows it no more. Sound goes on either way. */
  async film(on: boolean): Promise<void> {
    this.cameraProblem = undefined;
    const before = this.camera;
    if (!on) {
      this.camera = undefined;
      this.#close(before);
      await this.#filming?.replaceTrack(null);
      return;
    }
    try {
      const stream = await camera();
      if (this.#is("ended") || this.camera) return this.#close(stream);
      this.camera = stream;
      const [track] = stream.getVideoTracks();
      track?.addEventListener("ended", () => this.camera === stream && void this.film(false));
      await this.#filming?.replaceTrack(track ?? null);
    } catch (e) {
      this.cameraProblem = e instanceof NoMicrophone ? e.problem : "missing";
    }
  }

  mute(muted: boolean): void {
    this.muted = muted;
    this.#enable();
  }

  /** Sends keys (0-9 * #) as such; false if the connection cannot at the moment. */
  press(keys: string): boolean {
    const dtmf = this.#sender?.dtmf;
    if (this.state !== "connected" || !dtmf?.canInsertDTMF) return false;
    // What still waits would be replaced.
    dtmf.insertDTMF(dtmf.toneBuffer + keys, KEY.length, KEY.pause);
    return true;
  }

  /** Opens the microphone again: another one was chosen. The connection goes on. */
  async renew(): Promise<void> {
    if (await this.#open()) await this.#sender?.replaceTrack(this.#track ?? null);
  }

  /** Plays where it should: another loudspeaker was chosen. */
  async place(): Promise<void> {
    if (!("setSinkId" in this.#audio)) return; // the system decides
    try {
      await this.#audio.setSinkId(this.#parts.loudspeaker());
    } catch {
      await this.#audio.setSinkId("").catch(() => {}); // it is not there any more
    }
  }

  unblock(): void {
    void this.#play();
  }

  get #track(): MediaStreamTrack | undefined {
    return this.#stream?.getAudioTracks()[0];
  }

  /** For after a wait, when the compiler believes to know better. */
  #is(state: SoundState): boolean {
    return this.state === state;
  }

  async #open(): Promise<boolean> {
    try {
      const stream = await this.#parts.microphone();
      if (this.#is("ended")) {
        this.#close(stream);
        return false;
      }
      this.#close(this.#stream);
      this.#stream = stream;
      this.problem = undefined;
      this.#track?.addEventListener("ended", () => this.#stream === stream && void this.renew());
      this.#enable();
      return true;
    } catch (e) {
      this.problem = e instanceof NoMicrophone ? e.problem : "missing";
      return false;
    }
  }

  #close(stream: MediaStream | undefined): void {
    for (const track of stream?.getTracks() ?? []) track.stop();
  }

  #enable(): void {
    if (this.#track) this.#track.enabled = !this.muted;
  }

  #connect(): void {
    this.#drop();
    const attempt = this.#attempt;
    const current = () => this.#attempt === attempt;
    this.#parts
      .relays()
      .then((relays) => (current() ? this.#dial(relays) : undefined))
      .catch((e: unknown) => {
        if (!current()) return;
        // A server that has just come back may not know the call yet.
        if (this.#parts.over(e) && Date.now() - this.#doubted > RETURN) this.stop();
        else this.#lost();
      });
  }

  async #dial(relays: Relays): Promise<void> {
    const peer = new RTCPeerConnection({
      iceServers: relays.servers,
      iceTransportPolicy: relays.relay_only ? "relay" : "all",
    });
    this.#peer = peer;
    const current = () => this.#peer === peer;
    const transceiver = peer.addTransceiver(this.#track ?? "audio", {
      direction: "sendrecv",
      streams: this.#stream ? [this.#stream] : [],
    });
    this.#sender = transceiver.sender;
    prefer(transceiver);
    // Agreed from the start, so that a camera that is switched on changes nothing else.
    if (this.#parts.video)
      this.#filming = peer.addTransceiver(this.camera?.getVideoTracks()[0] ?? "video", {
        direction: "sendrecv",
      }).sender;
    peer.ontrack = (e) => {
      if (!current()) return;
      if (e.track.kind === "video") {
        this.picture = new MediaStream([e.track]);
        return;
      }
      this.#audio.srcObject = e.streams[0] ?? new MediaStream([e.track]);
      void this.place().then(() => this.#play());
    };
    peer.onconnectionstatechange = () => current() && this.#changed(peer.connectionState);
    // Its own addresses are told to nobody: the server answers where it is called from.
    await peer.setLocalDescription();
    const answer = await this.#parts.exchange(peer.localDescription?.sdp ?? "");
    if (!current()) return;
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    if (peer.connectionState !== "connected") this.#later(PATIENCE, () => this.#lost());
  }

  #changed(state: RTCPeerConnectionState): void {
    clearTimeout(this.#timer);
    if (state === "connected") {
      this.state = "connected";
      this.#tries = 0;
      this.#since = Date.now();
      this.#looking ??= setInterval(() => void this.#look(), LOOK);
    } else if (state === "disconnected") {
      this.#later(GRACE, () => this.#lost());
    } else if (state === "failed" || state === "closed") this.#lost();
    else this.#later(PATIENCE, () => this.#lost());
  }

  /** Tries again after a while, or leaves that to a person. */
  #lost(): void {
    const was = this.state === "connected";
    if (was) this.#shaky = Date.now() - this.#since < STEADY ? this.#shaky + 1 : 0;
    this.#drop();
    this.state = this.#shaky >= SHAKY ? "stuck" : this.#since ? "lost" : "connecting";
    if (this.state === "stuck") return;
    const wait = was && this.#shaky === 0 ? AGAIN : WAITS[Math.min(this.#tries++, WAITS.length - 1)]!;
    this.#later(wait, () => this.#connect());
  }

  #later(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#before = undefined;
    this.network = unknown;
    this.mine = this.heard = 0;
    const peer = this.#peer;
    this.#attempt++;
    this.#peer = this.#sender = this.#filming = this.picture = undefined;
    this.seen = false;
    peer?.close();
  }

  async #play(): Promise<void> {
    if (!this.#audio.srcObject) return;
    try {
      await this.#audio.play();
      this.blocked = false;
    } catch (e) {
      // Another reason is that a newer connection took its place.
      if (e instanceof DOMException && e.name === "NotAllowedError") this.blocked = true;
    }
  }

  async #look(): Promise<void> {
    const peer = this.#peer;
    if (!peer) return;
    const report = await peer.getStats().catch(() => undefined);
    if (!report || this.#peer !== peer) return;
    const { counts, mine, heard, frames } = look([...(report as unknown as Map<string, never>).values()]);
    this.mine = this.muted ? 0 : mine;
    this.heard = heard;
    const at = Date.now();
    if (frames !== this.#frames.count) this.#frames = { count: frames, at };
    this.seen = frames > 0 && at - this.#frames.at < STILL;
    this.#before ??= { at, counts };
    if (at - this.#before.at < JUDGE) return;
    this.network = judge(this.#before.counts, counts);
    this.#before = { at, counts };
  }
}

/** G.711 and keys only: the other leg speaks it, so nobody needs to transcode. */
function prefer(transceiver: RTCRtpTransceiver): void {
  const wanted = ["audio/PCMA", "audio/PCMU", "audio/telephone-event"];
  const able = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
  const codecs = wanted.flatMap((type) => able.filter((c) => c.mimeType === type && c.clockRate === 8000));
  if (codecs.length && "setCodecPreferences" in transceiver) transceiver.setCodecPreferences(codecs);
}
