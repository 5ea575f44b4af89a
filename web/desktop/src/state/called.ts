import { api, take } from "../api/client";
import type { APIKey, Permission, SetupKind } from "../api/types";
import { text } from "../messages/gone";
import { ownRoles } from "../roles/ownRoles.svelte";
import { names } from "./names.svelte";
import { session } from "./session.svelte";
import { SvelteMap } from "svelte/reactivity";

// What an id of whatever kind stands for, as far as who reads it may see its name.
// Nothing of a customer or of what was said is looked up.

type Word = Parameters<typeof text>[0];

/** What the set-up has, by how its ids begin, and who may see it where that is not everybody. */
const things: Record<string, { kind: SetupKind; word: Word; reads?: Permission }> = {
  que: { kind: "queues", word: "queue" },
  flo: { kind: "flows", word: "flow" },
  tea: { kind: "teams", word: "team" },
  sit: { kind: "sites", word: "site" },
  ski: { kind: "skills", word: "skill" },
  dis: { kind: "dispositions", word: "disposition" },
  rea: { kind: "reasons", word: "reason" },
  hou: { kind: "hours", word: "hours" },
  ent: { kind: "entry-points", word: "entry_point" },
  can: { kind: "canned-replies", word: "canned_reply", reads: "canned.read" },
  cst: { kind: "consent-texts", word: "consent_text" },
  lab: { kind: "labels", word: "label" },
  rej: { kind: "reject-reasons", word: "reject_reason" },
  alr: { kind: "alert-rules", word: "alert_rule" },
  rru: { kind: "recording-rules", word: "recording_rule" },
  qfo: { kind: "quality-forms", word: "quality_form" },
  qsa: { kind: "quality-samples", word: "quality_sample", reads: "quality.manage" },
  pro: { kind: "prompts", word: "prompt" },
  cmp: { kind: "campaigns", word: "campaign" },
  lst: { kind: "contact-lists", word: "contact_list" },
  fld: { kind: "fields", word: "field" },
  cnx: { kind: "connections", word: "connection", reads: "setup.write" },
  whk: { kind: "webhooks", word: "webhook", reads: "setup.write" },
  mbx: { kind: "mailboxes", word: "mailbox", reads: "setup.write" },
  trk: { kind: "trunks", word: "trunk", reads: "setup.write" },
  phn: { kind: "phones", word: "phone", reads: "setup.write" },
  rng: { kind: "ring-groups", word: "ring_group", reads: "setup.write" },
};

const keys = new SvelteMap<string, string>();
let asked = false;

/** API keys, revoked ones too, for who manages them. */
function key(id: string): string {
  if (!session.may("key.manage")) return "";
  if (!asked) {
    asked = true;
    queueMicrotask(() =>
      take(api.GET("/api/v1/api-keys")).then(
        ({ items }) => items.forEach((k: APIKey) => keys.set(k.id, k.name)),
        () => (asked = false),
      ),
    );
  }
  return keys.get(id) ?? "";
}

/** The name that belongs to an id; what it was if it is not there any more; "" if that cannot be known here. */
export function called(id: string): string {
  const at = id.indexOf("_");
  if (at < 0) return "";
  const prefix = id.slice(0, at);
  const gone = (word: Word) => text("deletedThing", { kind: text(word), id: id.slice(-4) });
  switch (prefix) {
    case "usr":
      return names.user(id);
    case "key":
      return key(id);
    case "rol":
      return ownRoles.find(id)?.name ?? (ownRoles.ready ? gone("role") : "");
    case "opr":
    case "res":
    case "ten":
      return id === session.me?.organisation.id ? session.me.organisation.name : "";
  }
  const thing = things[prefix];
  if (!thing || !session.may("setup.read") || (thing.reads && !session.may(thing.reads))) return "";
  return names.of(thing.kind, id) || (names.ready(thing.kind) ? gone(thing.word) : "");
}
