import { dateOnly, timeOfDay } from "$ui/i18n.svelte";
import type { CannedReply, Interaction, Stored } from "../api/types";
import { text } from "../messages/desk";
import { names } from "../state/names.svelte";
import { session } from "../state/session.svelte";
import { plainName } from "../parts/plain";

export type Canned = CannedReply & Stored;

const plain = (value: string) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const spaced = (value: string) => ` ${value.replace(/[^\p{L}\p{N}]+/gu, " ")}`;

/** The replies that fit an interaction and the words typed, best first. */
export function findCanned(all: readonly Canned[], work: Interaction, query: string): Canned[] {
  const wanted = plain(query);
  const words = spaced(wanted).split(" ").filter(Boolean);
  const rank = (c: Canned): number => {
    if (c.queue && c.queue !== work.queue) return -1;
    // Words are found by how they begin: inside of them almost everything is found by "in".
    const text = spaced(plain(`${c.shortcut} ${c.title} ${c.body}`));
    if (!words.every((w) => text.includes(` ${w}`))) return -1;
    let points = 1;
    if (c.shortcut && plain(c.shortcut).startsWith(wanted)) points += 8;
    if (plain(c.title).includes(wanted)) points += 4;
    if (!c.language || c.language === work.language) points += 2;
    return points;
  };
  return all
    .map((c) => ({ c, points: rank(c) }))
    .filter((x) => x.points > 0)
    .sort((a, b) => b.points - a.points || a.c.position - b.c.position)
    .map((x) => x.c);
}

/** Puts the values of this conversation into a reply's placeholders. */
export function fill(body: string, work: Interaction): string {
  const now = new Date();
  const values: Record<string, string> = {
    visitor: plainName(work.name) || text("visitor"),
    agent: session.me?.user.profile.display_name || session.me?.user.user_name || "",
    queue: names.of("queues", work.queue),
    date: dateOnly(now),
    time: timeOfDay(now),
  };
  return body.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);
}
