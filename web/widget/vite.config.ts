import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What a visitor's browser loads before anything is shown, compressed. */
const LIMIT = 20 * 1024;

/** Fails the build when the one script is larger than a tenant was promised. */
function sizeLimit(): Plugin {
  return {
    name: "widget-size",
    apply: "build",
    closeBundle() {
      const size = gzipSync(readFileSync(here("../dist/widget/widget.js")), { level: 9 }).length;
      if (size > LIMIT) this.error(`widget.js is ${size} bytes gzip; the limit is ${LIMIT}`);
      this.info(`widget.js: ${size} bytes gzip of ${LIMIT}`);
    },
  };
}

// One script that a tenant adds to its own site, served at /widget.js.
export default defineConfig({
  root: here("."),
  plugins: [sizeLimit()],
  oxc: { jsx: { runtime: "classic", pragma: "h" } },
  build: {
    outDir: here("../dist/widget"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    lib: { entry: here("src/main.tsx"), formats: ["iife"], name: "nubitalk", fileName: () => "widget.js" },
  },
});
