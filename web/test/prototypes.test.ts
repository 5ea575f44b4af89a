import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

// Nobody's words become a property of all objects: no code of the pages writes below a
// key that it was given, walks through inherited keys, or touches prototypes.

const web = fileURLToPath(new URL("..", import.meta.url));

function sources(folder: string): string[] {
  return readdirSync(join(web, folder), { recursive: true, encoding: "utf8" })
    .filter(
      (name) => /\.(ts|svelte)$/.test(name) && !/\.test\.ts$/.test(name) && !/(^|[\\/])test[\\/]/.test(name),
    )
    .map((name) => join(web, folder, name));
}

const dangers: Record<string, RegExp> = {
  "writes below a given key": /\[[^\]"'`0-9]+\]!?\??\.?\[[^\]"'`0-9]+\]\s*(\?\?|\|\||&&)?=(?!=|>)/,
  "walks through inherited keys": /\bfor\s*\(\s*(const|let|var)\s+\w+\s+in\s/,
  "touches prototypes":
    /__proto__|setPrototypeOf|__define[GS]etter__|\.prototype\s*(\.\w+|\[.*\])?\s*=(?!=)|\.constructor\s*\[|\["constructor"\]/,
};

// Keys that the line itself takes from a list of the program's own.
const ours = ["desktop/src/setup/EntryPointForm.svelte: writes below a given key"]; // colours, by dark and light

test("no code of the pages can be made to write to a prototype", () => {
  const files = ["desktop/src", "widget", "ui", "phone", "talk", "sound"].flatMap(sources);
  expect(files.length).toBeGreaterThan(300);
  const found = new Set<string>();
  for (const file of files)
    for (const line of readFileSync(file, "utf8").split("\n"))
      for (const [what, pattern] of Object.entries(dangers))
        if (pattern.test(line)) found.add(`${relative(web, file).replaceAll("\\", "/")}: ${what}`);
  expect([...found].sort()).toEqual(ours);
});

test("the check sees what it looks for", () => {
  const what = (line: string) => Object.keys(dangers).filter((name) => dangers[name]!.test(line));
  expect(what("  target[key][name] = value;")).toEqual(["writes below a given key"]);
  expect(what("  all[a]![b] ??= {};")).toEqual(["writes below a given key"]);
  expect(what("  for (const key in from) to[key] = from[key];")).toEqual(["walks through inherited keys"]);
  expect(what("  Object.prototype.admin = true;")).toEqual(["touches prototypes"]);
  expect(what("  if (all[a][b] === c) all[a] = d;")).toEqual([]);
});
