import { text as memberText } from "../messages/members";
import { text } from "../messages/look";
import { rowsOf, withNames, type Row } from "../setup/memberRule";
import { names } from "../state/names.svelte";

const kinds = { team: "teams", site: "sites", skill: "skills" } as const;

/** A member rule in plain words, with names for ids. */
export function ruleWords(rule: string): string {
  const found = rowsOf(rule);
  if (!found) return withNames(rule, byId);
  return found.rows.map(rowWords).join(text(found.any ? "ruleOr" : "ruleAnd"));
}

function rowWords(row: Row): string {
  const what = memberText(`asked_${row.asked}`);
  if (row.asked === "skill") {
    return `${what} ${names.of("skills", row.value)} ${memberText("ruleAtLeast")} ${row.level}`;
  }
  const value = row.asked === "language" ? row.value.toUpperCase() : names.of(kinds[row.asked], row.value);
  return `${what} ${memberText(row.not ? "ruleIsNot" : "ruleIs")} ${value}`;
}

function byId(id: string): string {
  const kind = { tea: "teams", sit: "sites", ski: "skills" }[id.slice(0, 3)];
  return kind ? names.of(kind as "teams" | "sites" | "skills", id) : "";
}
