import type { Graph } from "../api/types";

/** What a condition may be about (docs/flows/language.md), as it is written. */
const NAMES = [
  "language",
  "channel",
  "hour",
  "weekday",
  "mail.from",
  "mail.domain",
  "mail.to",
  "mail.subject",
  "mail.text",
  "mail.size",
  "mail.files",
  "mail.language",
  "mail.automatic",
  'mentions("',
  'header("',
  "lower(",
  "len(",
  "contains",
  "startsWith",
  "endsWith",
  "matches",
  "not",
  "and",
  "or",
];

/** The attributes that steps of a flow set from what a person answers. */
export const attributesOf = (graph: Graph): string[] =>
  [...new Set(Object.values(graph.nodes).flatMap((node) => (node.into ? [node.into] : [])))].sort();

/** A condition as it would be with its last word completed: the ways to go on, whole. */
export function completions(condition: string, attributes: string[]): string[] {
  if (condition.split('"').length % 2 === 0) return []; // within a text
  const word = /[\w.]*$/.exec(condition)![0];
  const before = condition.slice(0, condition.length - word.length);
  if (word === "" && before !== "" && !/[\s(!]$/.test(before)) return [];
  return [...attributes.map((name) => `attr.${name}`), ...NAMES]
    .filter((name) => name !== word && name.toLowerCase().startsWith(word.toLowerCase()))
    .map((name) => before + name);
}
