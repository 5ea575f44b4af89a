import type { Trunk } from "../api/types";

/** A new trunk: nothing arrives and nothing leaves until somebody says so. */
export function blankTrunk(): Trunk {
  return {
    name: "",
    enabled: true,
    line: "",
    country: region(),
    number_form: "plus",
    gateways: [{ host: "", port: 0, transport: "tls", priority: 0, weight: 10 }],
    registration: { on: false },
    sources: [],
    username: "",
    allow_md5: false,
    ask_password: false,
    encryption: "required",
    srtp: [],
    max_calls: 0,
    calls_a_second: 0,
    numbers: [],
    caller: { rule: "queue", number: "", queues: [], anonymous: false, tells: "from" },
    outgoing: { allowed: false },
    password: "",
    password_set: false,
    password_remove: false,
    confirm_plain: false,
  };
}

/** The reader's country, as the browser's languages tell it. */
function region(): string {
  for (const language of navigator.languages ?? [navigator.language])
    try {
      const found = new Intl.Locale(language).region;
      if (found?.length === 2) return found;
    } catch {
      // a language that the browser itself does not know
    }
  return "PT";
}

/** A trunk without what is only sent beside it. */
export function own(
  trunk: Trunk,
): Omit<Trunk, "password" | "password_set" | "password_remove" | "confirm_plain"> {
  const { password: _p, password_set: _s, password_remove: _r, confirm_plain: _c, ...rest } = trunk;
  return rest;
}

/** What a person writes into one line or several, as a list. */
export const listOf = (written: string): string[] => written.split(/[\s,;]+/).filter(Boolean);
