import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The desk is served under /app/ by the program itself; `npm run dev` proxies
// the API of a running one (NUBITALK_URL).
const server = process.env.NUBITALK_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: here("."),
  base: "/app/",
  publicDir: here("public"),
  plugins: [svelte({ configFile: here("../svelte.config.js") })],
  resolve: { alias: { $ui: here("../ui"), $api: here("../api") } },
  build: {
    outDir: here("../dist/desktop"),
    emptyOutDir: true,
    target: "es2022",
    // The server sends `script-src 'self'`: nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": { target: server, changeOrigin: false, ws: true, secure: false },
    },
  },
});
