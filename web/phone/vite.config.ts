import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The page from which somebody calls, served under /phone/.
export default defineConfig({
  root: here("."),
  base: "/phone/",
  plugins: [svelte({ configFile: here("../svelte.config.js") })],
  resolve: { alias: { $ui: here("../ui"), $sound: here("../sound") } },
  build: {
    outDir: here("../dist/phone"),
    emptyOutDir: true,
    target: "es2022",
    // The server sends `script-src 'self'`: nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
