import type { Interaction } from "../api/types";

/** A call, or a chat that is spoken. */
export const spoken = (w: Interaction): boolean => w.channel === "voice" || w.talk === "running";
