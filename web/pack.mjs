// Packs what was built for the program: one file of gzip for each, which browsers
// take as it is. Maps of the sources stay outside.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));

for (const part of ["desktop", "phone", "widget"]) {
  const from = join(here, "dist", part);
  const to = join(here, "packed", part);
  rmSync(to, { recursive: true, force: true });
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || file.endsWith(".map")) continue;
    const packed = join(to, `${file.slice(from.length + 1)}.gz`);
    mkdirSync(dirname(packed), { recursive: true });
    writeFileSync(packed, gzipSync(readFileSync(file), { level: 9 }));
  }
}
