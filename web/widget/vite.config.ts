import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// One script that a tenant adds to its own site.
export default defineConfig({
  root: here("."),
  plugins: [svelte({ configFile: here("../svelte.config.js"), emitCss: false })],
  resolve: { alias: { $ui: here("../ui"), $api: here("../api") } },
  build: {
    outDir: here("../dist/widget"),
    emptyOutDir: true,
    target: "es2020",
    assetsInlineLimit: 0,
    lib: { entry: here("main.ts"), formats: ["iife"], name: "nubitalk", fileName: () => "widget.js" },
  },
});
