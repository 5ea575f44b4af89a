// A member rule as rows that all hold, or of which any holds. The server keeps it as an expression over ids; what is
// not of this form was written by hand and stays as it is.

export type Asked = "team" | "site" | "skill" | "language";

export interface Row {
  asked: Asked;
  /** Id of a team, site or skill, or a language. */
  value: string;
  /** "is not"; never for skills. */
  not: boolean;
  /** At least; for skills alone. */
  level: number;
}

export interface Rows {
  any: boolean;
  rows: Row[];
}

const quoted = String.raw`"([^"\\]+)"`;
const forms: { asked: Asked; form: RegExp }[] = [
  { asked: "team", form: new RegExp(String.raw`${quoted} (not )?in teams`, "y") },
  { asked: "site", form: new RegExp(String.raw`site (==|!=) ${quoted}`, "y") },
  { asked: "language", form: new RegExp(String.raw`language (==|!=) ${quoted}`, "y") },
  { asked: "skill", form: new RegExp(String.raw`skill\(${quoted}\) >= (\d+)`, "y") },
];

/** The rows of a rule; undefined if it was written by hand. */
export function rowsOf(rule: string): Rows | undefined {
  const rows: Row[] = [];
  const joins = new Set<string>();
  let at = 0;
  while (at < rule.length) {
    if (rows.length) {
      const join = / (and|or) /y;
      join.lastIndex = at;
      const found = join.exec(rule);
      if (!found) return undefined;
      joins.add(found[1]!);
      at = join.lastIndex;
    }
    const row = rowAt(rule, at);
    if (!row) return undefined;
    rows.push(row.row);
    at = row.end;
  }
  return joins.size > 1 ? undefined : { any: joins.has("or"), rows };
}

function rowAt(rule: string, at: number): { row: Row; end: number } | undefined {
  for (const { asked, form } of forms) {
    form.lastIndex = at;
    const found = form.exec(rule);
    if (!found) continue;
    const [, first = "", second = ""] = found;
    const end = form.lastIndex;
    if (asked === "team") return { row: { asked, value: first, not: second !== "", level: 1 }, end };
    if (asked === "skill") return { row: { asked, value: first, not: false, level: Number(second) }, end };
    return { row: { asked, value: second, not: first === "!=", level: 1 }, end };
  }
  return undefined;
}

/** The rule that rows stand for; "" for none. */
export function ruleOf({ any, rows }: Rows): string {
  return rows.map(words).join(any ? " or " : " and ");
}

function words({ asked, value, not, level }: Row): string {
  const said = JSON.stringify(value);
  switch (asked) {
    case "team":
      return `${said} ${not ? "not in" : "in"} teams`;
    case "skill":
      return `skill(${said}) >= ${level}`;
    default:
      return `${asked} ${not ? "!=" : "=="} ${said}`;
  }
}

/** The rule with names in place of ids, as a person writes it. */
export function withNames(rule: string, name: (id: string) => string): string {
  return rule.replace(/"((?:tea|sit|ski)_[0-9a-z]+)"/g, (all, id: string) => {
    const known = name(id);
    return known ? JSON.stringify(known) : all;
  });
}
