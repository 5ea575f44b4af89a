import { untrack } from "svelte";
import { api, asProblem, take } from "../api/client";
import type { CallState, ScreenSharing } from "../api/types";
import type { Call } from "../state/calls.svelte";
import { live } from "../state/live.svelte";
import { Films, kind } from "./films";
import { Outbox, type Why } from "./outbox";
import { ServerClock } from "./serverClock";

export type Status = CallState["recording"]["screen"]["status"];
/** Why this browser shows nothing, though the agent wanted it to. */
export type Trouble = "surface" | "missing" | "refused" | "unable" | "system" | "unreachable";

/** Whoever shows its screen holds it, so that other windows of the desk know. */
const lock = "nubitalk.screen";

/** As browsers name what is shared. */
type Surface = ScreenSharing["limits"]["surface"];
interface Wanted extends DisplayMediaStreamOptions {
  selfBrowserSurface: "include";
  surfaceSwitching: "include";
  systemAudio: "exclude";
  monitorTypeSurfaces: "include" | "exclude";
}

// What this window shows of the agent's screen. The agent chooses it, once for a call or for all that
// come; films of it are made only while the call's recording wants them.
class Share {
  /** The agent is choosing. */
  choosing = $state(false);
  /** What is shared: a monitor, window or browser (a tab); "" while nothing is. */
  shown = $state<Surface | "">("");
  /** The share stays for the calls to come. */
  stays = $state(false);
  trouble = $state<Trouble | "">("");
  /** Another window of this browser shows the screen. */
  elsewhere = $state(false);
  /** How many seconds of films wait for the connection. */
  waits = $state(0);
  /** The rule of what is shared. */
  surface = $state<Surface>("any");
  readonly able =
    "mediaDevices" in navigator &&
    "getDisplayMedia" in navigator.mediaDevices &&
    "locks" in navigator &&
    "MediaRecorder" in window &&
    MediaRecorder.isTypeSupported(kind);

  #clock = new ServerClock();
  #limits: ScreenSharing["limits"] | undefined;
  #stream: MediaStream | undefined;
  #letGo: (() => void) | undefined;
  #call: string | undefined;
  #status: Status = "off";
  #outbox: Outbox | undefined;
  #films: Films | undefined;
  #told = ""; // the call whose server was told that this browser is unable

  constructor() {
    live.onBack(() => this.#outbox?.hurry());
    addEventListener("pagehide", () => {
      // The page goes: who watches is told, and who comes back is asked again.
      if (!this.#films || !this.#call) return;
      void api
        .POST("/api/v1/interactions/{id}/screen/end", {
          params: { path: { id: this.#call } },
          body: { why: "closed" },
          keepalive: true,
        })
        .catch(() => {});
    });
  }

  /** Follows how a call's screen stands; undefined: there is no call. */
  follow(call: Call | undefined, status: Status | undefined): void {
    untrack(() => {
      if (call?.id !== this.#call) this.#leave();
      this.#status = status ?? "off";
      if (!call) return;
      if (!this.#call) {
        this.#call = call.id;
        this.#outbox = new Outbox(call.id, this.#clock, {
          waits: (length) => (this.waits = Math.round(length / 1000)),
          refused: () => this.#fail("refused"),
          due: () => this.#status === "waiting" || this.#status === "wanted",
        });
        void this.#learn();
      }
      this.#outbox?.hurry(); // what had no place before may have one now
      if (!this.#stream) {
        if (!this.able) {
          if (status === "wanted" && this.#told !== call.id) {
            this.#told = call.id;
            this.#fail("unable");
          }
        } else if (status === "recording" || status === "lost" || status === "paused") void this.#look();
      } else if (this.#runs) this.#go();
      // A server that was started again waits a moment; what was shown meanwhile is sent then.
      else if (status !== "waiting") void this.#rest(false);
    });
  }

  /** Films are to be made. */
  get #runs(): boolean {
    return !["off", "waiting", "paused"].includes(this.#status);
  }

  /** Asks the agent what to share; the browser wants a press of a button for that. */
  async share(): Promise<void> {
    if (this.choosing || this.shown || !this.able) return;
    this.choosing = true;
    this.trouble = "";
    try {
      if (!this.#limits) await this.#learn();
      const limits = this.#limits;
      if (!limits) {
        this.trouble = "unreachable";
        return;
      }
      const wanted: Wanted = {
        audio: false,
        video: {
          frameRate: { max: limits.pictures },
          width: { max: limits.width },
          height: { max: limits.height },
          ...(limits.surface === "any" ? {} : { displaySurface: limits.surface }),
        },
        selfBrowserSurface: "include",
        surfaceSwitching: "include",
        systemAudio: "exclude",
        monitorTypeSurfaces: limits.surface === "any" || limits.surface === "monitor" ? "include" : "exclude",
      };
      this.#take(await navigator.mediaDevices.getDisplayMedia(wanted), limits.surface);
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      if (name !== "NotAllowedError") this.#fail("missing");
      else if (/system/i.test(String(error))) this.#fail("system");
      else this.refuse();
    } finally {
      this.choosing = false;
    }
  }

  #take(stream: MediaStream, wanted: Surface): void {
    const [track] = stream.getVideoTracks();
    const is = track?.getSettings().displaySurface as Surface | undefined;
    if (!track || (wanted !== "any" && is && is !== wanted)) {
      for (const t of stream.getTracks()) t.stop();
      this.trouble = "surface";
      return;
    }
    track.contentHint = "detail"; // text is to be read
    track.onended = () => void this.end();
    this.#stream = stream;
    this.shown = is ?? "monitor";
    this.elsewhere = false;
    void navigator.locks
      .request(lock, { steal: true }, () => new Promise<void>((done) => (this.#letGo = done)))
      .catch(() => this.#stop()); // another window shows the screen now
    this.#go();
  }

  /** The agent will not show its screen. */
  refuse(): void {
    this.#outbox?.end("refused");
  }

  /** The agent ends the share. */
  end(): Promise<void> {
    return this.#stop("closed");
  }

  #fail(trouble: Trouble): void {
    this.trouble = trouble;
    if (this.#stream) void this.#stop("failed");
    else this.#outbox?.end("failed");
  }

  /** Makes films, if the call wants any. */
  #go(): void {
    if (!this.#stream || !this.#outbox || this.#films || !this.#runs) return;
    const outbox = this.#outbox;
    outbox.begin();
    this.#films = new Films(
      this.#stream,
      this.#limits!.kilobits,
      this.#clock,
      (film) => outbox.add(film),
      () => this.#fail("missing"),
    );
    this.#films.start();
  }

  /** Makes none; of what runs nothing is kept, unless it is to be. */
  async #rest(keep: boolean): Promise<void> {
    const films = this.#films;
    this.#films = undefined;
    await films?.stop(keep);
  }

  async #stop(why?: Why): Promise<void> {
    const stream = this.#stream;
    if (!stream) return;
    const outbox = this.#outbox;
    this.#stream = undefined;
    this.shown = "";
    this.stays = false;
    this.#letGo?.();
    this.#letGo = undefined;
    await this.#rest(why === "closed");
    for (const track of stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    if (why) outbox?.end(why);
  }

  /** The call is over, or somebody else's. */
  #leave(): void {
    void this.#rest(false);
    this.#outbox?.close();
    this.#outbox = undefined;
    this.#call = undefined;
    this.trouble = "";
    this.waits = 0;
    if (this.#stream && !this.stays) void this.#stop("closed");
  }

  /** Whether the share stays for the calls to come. */
  stay(stays: boolean): void {
    this.stays = stays && !!this.shown;
  }

  async #learn(): Promise<void> {
    try {
      const sent = performance.now();
      const sharing = await take(api.GET("/api/v1/desk/screen"));
      this.#clock.learn(sharing.now_ms, sent, performance.now());
      this.#limits = sharing.limits;
      this.surface = sharing.limits.surface;
    } catch (error) {
      if (!asProblem(error).temporary) this.trouble = "unreachable";
    }
  }

  /** Whether another window shows the screen; then until it does no more. */
  async #look(): Promise<void> {
    const { held = [] } = await navigator.locks.query();
    if (this.#stream || this.elsewhere || !held.some((l) => l.name === lock)) return;
    this.elsewhere = true;
    await navigator.locks.request(lock, { mode: "shared" }, () => {});
    this.elsewhere = false;
  }
}

export const share = new Share();
