import { toasts } from "$ui/toast.svelte";
import { api, asProblem, take } from "../api/client";
import type { Interaction } from "../api/types";
import { text as deskText } from "../messages/desk";
import { text as reachText } from "../messages/reach";
import { text } from "../messages/room";
import { plainName } from "../parts/plain";
import { names } from "../state/names.svelte";
import { router } from "../state/router.svelte";
import type { FloorBoard } from "./floor.svelte";

// What a supervisor does with somebody's work, wherever it is shown. Each says
// what came of it; what can be taken back offers that.

export type Target = { queue?: string; user?: string; priority?: number };

export const nameOf = (work: Interaction) => plainName(work.name) || deskText("visitor");

/** Moves work and offers to move it back; true if it went. */
async function move(board: FloorBoard, work: Interaction, to: Target, said: string, back: Target) {
  return attempt(async () => {
    await board.move(work.id, to);
    toasts.show(said, {
      kind: "ok",
      seconds: 10,
      action: { label: text("undo"), run: () => void attempt(() => board.move(work.id, back)) },
    });
  });
}

async function attempt(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    toasts.problem(asProblem(error).message);
    return false;
  }
}

export const toQueue = (board: FloorBoard, work: Interaction, queue: string) =>
  move(board, work, { queue }, text("moved", { name: nameOf(work), to: names.of("queues", queue) }), {
    queue: work.queue,
  });

export const toAgent = (board: FloorBoard, work: Interaction, user: string, called: string) =>
  move(board, work, { user }, text("moved", { name: nameOf(work), to: called }), { queue: work.queue });

/** Its place follows from its priority, so that the former one brings it back to its place. */
export const toFront = (board: FloorBoard, work: Interaction) =>
  move(board, work, { priority: 10 }, text("raised", { name: nameOf(work) }), { priority: work.priority });

/** Takes work over and goes to it. */
export const takeOver = (work: Interaction) =>
  attempt(async () => {
    await take(api.POST("/api/v1/floor/interactions/{id}/take-over", { params: { path: { id: work.id } } }));
    toasts.show(reachText("taken", { name: nameOf(work) }), { kind: "ok" });
    router.go(`/desk/${work.id}`);
  });

/** Takes running work from its agent: it waits first in its queue. */
export const pullBack = (board: FloorBoard, work: Interaction) =>
  attempt(async () => {
    await board.move(work.id, { queue: work.queue });
    toasts.show(reachText("pulled", { name: nameOf(work), queue: names.of("queues", work.queue) }), {
      kind: "ok",
    });
  });
