import type { RingGroup } from "../api/types";
import { text } from "../messages/office";
import { names } from "../state/names.svelte";

/** A name with its extension, where it has one. */
export const extended = ({ name, extension }: { name: string; extension: string }) =>
  extension ? text("withExtension", { name, extension }) : name;

/** What a call may ring of its own, by extension: phones that have one, and ring groups but the one that asks. */
export const ringable = (group: string, self?: string) => [
  ...names
    .list("phones")
    .filter((p) => p.extension)
    .map((p) => ({ value: p.id, label: extended(p), group })),
  ...names
    .list("ring-groups")
    .filter((g) => g.id !== self)
    .map((g) => ({ value: g.id, label: extended(g), group })),
];

/** Entry points for calls. */
export const callable = (group?: string) =>
  names
    .list("entry-points")
    .filter((e) => e.channel === "voice")
    .map((e) => ({ value: e.id, label: e.name, group }));

const isEntry = (id: string) => id.startsWith("ent_");

/** What people call the phone, the ring group or the entry point that calls lead to. */
export const targetName = (id: string) =>
  names.of(isEntry(id) ? "entry-points" : id.startsWith("rng_") ? "ring-groups" : "phones", id);

/** The one of its fields by which something names where calls lead. */
export const targetOf = (at: { rings?: string; entry_point?: string }) => at.entry_point || at.rings || "";

export function setTarget(at: { rings?: string; entry_point?: string }, id: string) {
  at.entry_point = isEntry(id) ? id : undefined;
  at.rings = id && !isEntry(id) ? id : undefined;
}

export const setThen = (body: RingGroup, id: string) => {
  body.then = id.startsWith("pro_") ? { prompt: id } : {};
  if (!body.then.prompt) setTarget(body.then, id);
};
