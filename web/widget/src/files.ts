import type { Attachment, FileLimits } from "./protocol";
import type { Texts } from "./texts";

/** What is wrong with a file before it is uploaded; empty if nothing. */
export function fault(file: File, limits: FileLimits, t: Texts): string {
  if (file.size > limits.max_mb * 2 ** 20) return t.tooLarge(file.name, limits.max_mb);
  if (file.size === 0) return t.emptyFile(file.name);
  // A browser that does not know the type leaves it to the server, which looks inside.
  if (!file.type || limits.types.includes(file.type)) return "";
  return t.badType(file.name, kinds(limits));
}

/** image/png, application/pdf -> "PNG, PDF": what a visitor calls them. */
export function kinds(limits: FileLimits): string {
  return limits.types
    .map((type) => type.split(/[/.]/).pop()!)
    .map((kind) => NAMES[kind] ?? kind.toUpperCase())
    .join(", ");
}

/** "2.4 MB" in the visitor's language. */
export function size(bytes: number, language: string): string {
  const [value, unit] =
    bytes < 2 ** 20 ? [Math.max(1, bytes / 1024), "kilobyte"] : [bytes / 2 ** 20, "megabyte"];
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

/** Pictures that a browser draws without running anything in them; so no SVG. */
export function isPicture(a: Attachment): boolean {
  return /^image\/(png|jpe?g|gif|webp|avif|bmp)$/.test(a.media_type);
}

/** Saves what was loaded with the conversation's token under a name. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const NAMES: Record<string, string> = {
  plain: "TXT",
  document: "DOCX",
  sheet: "XLSX",
  msword: "DOC",
  "ms-excel": "XLS",
};
