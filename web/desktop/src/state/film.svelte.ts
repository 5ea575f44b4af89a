import { api, asProblem, take } from "../api/client";
import type { OpenedRecording, Recording, RecordingFault, RecordingMark } from "../api/types";
import type { Reason } from "./playback.svelte";
import { pictures, type Picture } from "./webm";

/** A screen's recording, opened, with its place on the time line that it is shown on. */
interface Screen {
  id: string;
  ticket: string;
  from: number;
  until: number;
  marks: readonly RecordingMark[];
}

/** What is kept of about two seconds, or that nothing is. */
interface Piece {
  screen: Screen;
  /** On the time line. */
  from: number;
  until: number;
  pictures: Picture[];
}

/** A time of the time line of which the screen was kept, in milliseconds. */
export interface Stretch {
  at: number;
  length: number;
}

/** What is seen in the place of a picture. */
export type Seen = "picture" | "fetching" | "before" | "none" | "pause" | "gap" | "unable" | "failed";

const kept = 24; // pieces in memory

// The screens of a conversation's agents, shown on one time line with its sound. They are fetched piece by
// piece as they are seen, and decoded picture by picture (ADR 0022).
export class Film {
  seen = $state<Seen>("fetching");
  /** When the next screen begins, where none is seen yet. */
  next = $state(0);
  stretches = $state.raw<readonly Stretch[]>([]);
  /** How each ended before its call did, on the time line. */
  ends = $state.raw<readonly RecordingMark[]>([]);
  problem = $state("");

  #screens: Screen[] = [];
  #pieces: readonly Piece[] = [];
  #ahead: { screen: Screen; at: number; comes: Promise<Piece> } | undefined;
  #canvas: HTMLCanvasElement | undefined;
  #decoder: VideoDecoder | undefined;
  #fed: { piece: Piece; index: number } | undefined;
  #shown = -1; // the time stamp of the picture that is to be drawn
  #want: number | undefined;
  #busy = false;

  constructor(
    readonly recordings: readonly Recording[],
    /** When the time line begins. */
    readonly begins: number,
  ) {}

  /** Opens all screens; one of them may be open already. */
  async open(reason: Reason | undefined, known?: { id: string; opened: OpenedRecording }): Promise<void> {
    this.problem = "";
    this.#pieces = [];
    this.#ahead = undefined;
    this.#fed = undefined;
    try {
      this.#screens = await Promise.all(
        this.recordings.map(async (r) => {
          const opened =
            known?.id === r.id
              ? known.opened
              : await take(
                  api.POST("/api/v1/recordings/{id}/listen", {
                    params: { path: { id: r.id } },
                    body: reason ? { reason } : {},
                  }),
                );
          const from = Date.parse(r.started_at) - this.begins;
          return {
            id: r.id,
            ticket: opened.ticket,
            from,
            until: from + opened.length_ms,
            marks: opened.marks,
          };
        }),
      );
      this.stretches = this.#screens.flatMap(whole);
      this.ends = this.#screens.flatMap((s) =>
        s.marks
          .filter((m) => m.kind === "cut" || (m.kind === "stop" && m.by !== "system"))
          .map((m) => ({ ...m, at_ms: m.at_ms + s.from })),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What a check finds of them, on the time line. */
  async verify(): Promise<RecordingFault[]> {
    const all = await Promise.all(
      this.#screens.map(async (s) => {
        const { faults } = await take(
          api.GET("/api/v1/recordings/{id}/verify", {
            params: { path: { id: s.id }, query: { ticket: s.ticket } },
          }),
        );
        return faults.map((f) => ({ ...f, at_ms: f.at_ms + s.from }));
      }),
    );
    return all.flat();
  }

  /** Draws here from now on. */
  attach(canvas: HTMLCanvasElement): () => void {
    this.#canvas = canvas;
    return () => {
      if (this.#canvas === canvas) this.#canvas = undefined;
    };
  }

  /** Shows what was seen at a time. Of several that are asked for, the last is shown. */
  show(at: number): void {
    this.#want = at;
    if (!this.#busy) void this.#run();
  }

  /** Lets all go that was fetched. */
  close(): void {
    this.#want = undefined;
    this.#pieces = [];
    this.#ahead = undefined;
    this.#screens = [];
    this.stretches = [];
    this.ends = [];
    this.#fed = undefined;
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
    this.seen = "fetching";
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#want !== undefined && this.seen !== "failed") {
      const at = this.#want;
      this.#want = undefined;
      try {
        await this.#draw(at);
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#busy = false;
  }

  #failed(error: unknown): void {
    this.problem = asProblem(error).message;
    this.seen = "failed";
  }

  async #draw(at: number): Promise<void> {
    if (!("VideoDecoder" in window)) {
      this.seen = "unable";
      return;
    }
    const screen = this.#screens.find((s) => s.from <= at && at < s.until);
    // Who is asked to share begins a little after the sound.
    const begins = this.stretches.find((s) => s.at >= (screen?.from ?? at))?.at ?? Infinity;
    if (!screen || at < begins) {
      this.next = begins;
      this.#nothing(begins < Infinity ? "before" : "none");
      return;
    }
    const hole = screen.marks.find((m) => hollow(m) && within(m, at - screen.from));
    if (hole) {
      // What a pause cut off belongs to it.
      this.#nothing(hole.kind === "pause" || hole.reason === "piece" ? "pause" : "gap");
      return;
    }
    const coming = this.#piece(screen, at);
    const slow = setTimeout(() => this.#nothing("fetching"), 400);
    const piece = await coming.finally(() => clearTimeout(slow));
    if (!this.#screens.includes(screen)) return; // closed meanwhile
    this.#lookAhead(screen, piece.until);
    if (piece.pictures.length) this.#decode(piece, at);
    else this.#nothing("gap");
  }

  #nothing(seen: Seen): void {
    this.seen = seen;
    this.#fed = undefined;
    this.#shown = -1;
  }

  // A piece's first picture stands for itself; each of the others needs those before it.
  #decode(piece: Piece, at: number): void {
    const later = piece.pictures.findIndex((p) => piece.from + p.at > at);
    const index = Math.max(0, (later < 0 ? piece.pictures.length : later) - 1);
    let from = 0;
    if (this.#fed?.piece === piece && this.#fed.index <= index) from = this.#fed.index + 1;
    else this.#begin();
    this.#fed = { piece, index };
    if (from > index) return;
    this.#shown = index;
    for (let i = from; i <= index; i++) {
      const { key, data } = piece.pictures[i]!;
      this.#decoder!.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: i, data }));
    }
  }

  #begin(): void {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.reset();
    else
      this.#decoder = new VideoDecoder({
        output: (frame) => this.#output(frame),
        error: () => this.#nothing("gap"),
      });
    this.#decoder.configure({ codec: "vp8", optimizeForLatency: true });
  }

  #output(frame: VideoFrame): void {
    const canvas = this.#canvas;
    if (canvas && frame.timestamp === this.#shown) {
      if (canvas.width !== frame.displayWidth || canvas.height !== frame.displayHeight) {
        canvas.width = frame.displayWidth;
        canvas.height = frame.displayHeight;
      }
      canvas.getContext("2d")?.drawImage(frame, 0, 0);
      this.seen = "picture";
    }
    frame.close();
  }

  async #piece(screen: Screen, at: number): Promise<Piece> {
    const holds = (p: Piece) => p.screen === screen && p.from <= at && at < p.until;
    let piece = this.#pieces.find(holds);
    // What was asked for ahead may be it.
    const ahead = this.#ahead;
    if (!piece && ahead?.screen === screen && ahead.at <= at) {
      await ahead.comes.catch(() => {});
      piece = this.#pieces.find(holds);
    }
    if (!piece) piece = await this.#fetch(screen, at);
    this.#pieces = [...this.#pieces.filter((p) => p !== piece), piece].slice(-kept);
    return piece;
  }

  #lookAhead(screen: Screen, at: number): void {
    if (at >= screen.until || (this.#ahead?.screen === screen && this.#ahead.at === at)) return;
    const comes = this.#piece(screen, at);
    this.#ahead = { screen, at, comes };
    comes.catch(() => (this.#ahead = undefined)); // told when it is its turn
  }

  async #fetch(screen: Screen, at: number): Promise<Piece> {
    const { data, response } = await api.GET("/api/v1/recordings/{id}/screen", {
      params: {
        path: { id: screen.id },
        query: { ticket: screen.ticket, at_ms: Math.max(0, Math.floor(at - screen.from)) },
      },
      parseAs: "arrayBuffer",
    });
    const place = response.headers.get("Recording-At");
    const begins = place === null ? screen.until : screen.from + Number(place);
    if (response.status === 204) return { screen, from: at, until: Math.max(begins, at + 1), pictures: [] };
    const length = Number(response.headers.get("Recording-Length"));
    return {
      screen,
      from: begins,
      until: begins + length,
      pictures: pictures(data as unknown as ArrayBuffer),
    };
  }
}

const hollow = (m: RecordingMark) => m.kind === "pause" || m.kind === "gap";
const within = (m: RecordingMark, at: number) => m.at_ms <= at && at < m.at_ms + m.length_ms;

/** The times of which a screen was kept. */
function whole(screen: Screen): Stretch[] {
  const all: Stretch[] = [];
  let at = screen.from;
  for (const hole of screen.marks.filter(hollow).toSorted((a, b) => a.at_ms - b.at_ms)) {
    if (screen.from + hole.at_ms > at) all.push({ at, length: screen.from + hole.at_ms - at });
    at = Math.max(at, screen.from + hole.at_ms + hole.length_ms);
  }
  if (screen.until > at) all.push({ at, length: screen.until - at });
  return all;
}
