import { locale } from "$ui/i18n.svelte";
import type { Field, FieldEntity } from "../api/types";

export const entities: readonly FieldEntity[] = ["contact", "user", "interaction", "queue"];

export const types = [
  "text",
  "long_text",
  "number",
  "whole",
  "yes_no",
  "date",
  "time",
  "choice",
  "choices",
  "web",
  "email",
  "phone",
] as const satisfies readonly Field["type"][];

export const classes = [
  "none",
  "pseudonym",
  "address",
  "display_name",
  "content",
] as const satisfies readonly Field["class"][];

/** A text in the reader's language, else in any. */
export const said = (texts: Readonly<Record<string, string>>): string =>
  texts[locale.language] || Object.values(texts).find(Boolean) || "";

export const nameOf = (field: Pick<Field, "label" | "key">): string => said(field.label) || field.key;

/** A key made of what a person typed as label. */
export const keyOf = (label: string): string =>
  label
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 40);

export const blankField = (entity: FieldEntity = "contact"): Field => ({
  entity,
  key: "",
  label: {},
  help: {},
  type: "text",
  required: false,
  min_length: 0,
  max_length: 0,
  pattern: "",
  least: "",
  most: "",
  choices: [],
  class: "none",
  masked: false,
  seen_by: [],
  changed_by: [],
  attribute: "",
});
