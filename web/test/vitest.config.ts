import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The whole product in Chromium: the built program, a visitor's page and the
// desk side by side. One file after the other, because each has its own server
// and browser, and the machine may be small.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../node_modules/.vite/browser", import.meta.url)),
  test: {
    include: ["*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
  },
});
