import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// What the widget loads when a chat is spoken, served at /widget-call.js. It builds
// its elements one by one and brings its styles as a sheet, so a site's policy has
// nothing to object to.
export default defineConfig({
  root: here("."),
  plugins: [
    svelte({ configFile: here("../svelte.config.js"), compilerOptions: { runes: true, fragments: "tree" } }),
  ],
  resolve: { alias: { $ui: here("../ui"), $sound: here("../sound") } },
  build: {
    outDir: here("../dist/widget"),
    emptyOutDir: false, // the widget itself is built before
    target: "es2022",
    assetsInlineLimit: 0,
    lib: { entry: here("main.ts"), formats: ["es"], fileName: () => "widget-call.js" },
  },
});
