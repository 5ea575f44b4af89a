import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The tests of the widget: decisions in Node, and the built script in Chromium.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../node_modules/.vite/widget", import.meta.url)),
  oxc: { jsx: { runtime: "classic", pragma: "h" } },
  test: { include: ["test/*.test.ts"], testTimeout: 30_000, hookTimeout: 30_000, fileParallelism: false },
});
