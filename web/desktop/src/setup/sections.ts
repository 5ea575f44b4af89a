import type { Component } from "svelte";
import Gauge from "@lucide/svelte/icons/gauge";
import KeyRound from "@lucide/svelte/icons/key-round";
import Palette from "@lucide/svelte/icons/palette";
import PhoneOff from "@lucide/svelte/icons/phone-off";
import Scale from "@lucide/svelte/icons/scale";
import ShieldUser from "@lucide/svelte/icons/shield-user";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import Users from "@lucide/svelte/icons/users";
import type { Permission, SetupKind } from "../api/types";
import type { SetupText } from "../messages/setup";
import { session } from "../state/session.svelte";
import { kinds } from "./kinds";

/** A page of the area. */
export interface Entry {
  path: string;
  label: SetupText;
  what: SetupText;
  icon: Component<{ size?: number; "aria-hidden"?: "true" }>;
  kind?: SetupKind;
  permission?: Permission;
  /** Not for who has the permission for a part of the organisation. */
  whole?: boolean;
}

const entry = (path: SetupKind): Entry => {
  const { kind, title, what, icon, reads } = kinds.find((k) => k.kind === path)!;
  return { path, label: title, what, icon, kind, permission: reads };
};

const all: { heading: SetupText; entries: Entry[] }[] = [
  {
    heading: "groupPeople",
    entries: [
      { path: "users", label: "users", what: "usersWhat", icon: Users, permission: "user.read" },
      { path: "roles", label: "roles", what: "rolesWhat", icon: ShieldCheck, permission: "user.read" },
      entry("teams"),
      entry("sites"),
      entry("reasons"),
      {
        path: "sign-on",
        label: "signOn",
        what: "signOnWhat",
        icon: ShieldUser,
        permission: "setup.write",
      },
      { path: "api-keys", label: "apiKeys", what: "apiKeysWhat", icon: KeyRound, permission: "key.manage" },
    ],
  },
  {
    heading: "groupRouting",
    entries: [
      entry("queues"),
      entry("skills"),
      entry("flows"),
      entry("prompts"),
      entry("connections"),
      entry("hours"),
      entry("alert-rules"),
      entry("webhooks"),
    ],
  },
  {
    heading: "groupContact",
    entries: [
      entry("entry-points"),
      entry("mailboxes"),
      entry("reject-reasons"),
      entry("trunks"),
      entry("phones"),
      entry("ring-groups"),
      entry("consent-texts"),
      entry("canned-replies"),
      entry("dispositions"),
      entry("labels"),
      entry("fields"),
    ],
  },
  {
    heading: "groupOutbound",
    entries: [
      entry("campaigns"),
      entry("contact-lists"),
      {
        path: "do-not-call",
        label: "doNotCall",
        what: "doNotCallWhat",
        icon: PhoneOff,
        permission: "campaign.manage",
        whole: true,
      },
    ],
  },
  {
    heading: "groupRules",
    entries: [
      entry("recording-rules"),
      entry("quality-forms"),
      entry("quality-samples"),
      { path: "brand", label: "brand", what: "brandWhat", icon: Palette, permission: "brand.manage" },
      { path: "rules", label: "rules", what: "rulesWhat", icon: Scale },
      { path: "usage", label: "usage", what: "usageWhat", icon: Gauge, permission: "usage.read" },
    ],
  },
];

/** The pages by group: those that this user may see. */
export const sections = () =>
  all.map((s) => ({
    ...s,
    entries: s.entries.filter(
      (e) => !e.permission || (e.whole ? session.mayAll(e.permission) : session.may(e.permission)),
    ),
  }));
