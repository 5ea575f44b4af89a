import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What a browser loads before the desk is there, compressed. */
const firstLoadLimit = 150 * 1024;

// Adds up the entry with everything it imports at once, and fails the build
// when that grows past the limit.
function firstLoad(): Plugin {
  return {
    name: "first-load",
    generateBundle(_options, bundle) {
      const files = new Set<string>();
      const visit = (name: string) => {
        const chunk = bundle[name];
        if (files.has(name) || chunk?.type !== "chunk") return;
        files.add(name);
        for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css);
        chunk.imports.forEach(visit);
      };
      for (const [name, chunk] of Object.entries(bundle))
        if (chunk.type === "chunk" && chunk.isEntry) visit(name);
      let bytes = 0;
      for (const name of files) {
        const file = bundle[name];
        if (file) bytes += gzipSync(file.type === "chunk" ? file.code : file.source).length;
      }
      const line = `first load of the desk: ${(bytes / 1024).toFixed(1)} KB gzip (at most ${firstLoadLimit / 1024})`;
      if (bytes > firstLoadLimit) this.error(line);
      this.info(line);
    },
  };
}

// The desk is served under /app/ by the program itself; `npm run dev` proxies
// the API of a running one (NUBITALK_URL).
const server = process.env.NUBITALK_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: here("."),
  base: "/app/",
  publicDir: here("public"),
  plugins: [svelte({ configFile: here("../svelte.config.js") }), firstLoad()],
  resolve: { alias: { $ui: here("../ui"), $api: here("../api"), $sound: here("../sound") } },
  build: {
    outDir: here("../dist/desktop"),
    emptyOutDir: true,
    target: "es2022",
    // The server sends `script-src 'self'`: nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What the first page needs is one file with all that it imports at once: many small
        // ones are larger together, and each is asked for.
        codeSplitting: { groups: [{ name: "first", test: /desktop\/src\/App\.svelte$/ }] },
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: server, changeOrigin: false, ws: true, secure: false },
    },
  },
});
