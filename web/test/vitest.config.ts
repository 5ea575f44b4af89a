import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The whole program in Chromium: bin/nubitalk must be built.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../node_modules/.vite/browser", import.meta.url)),
  test: { include: ["*.test.ts"], testTimeout: 90_000, hookTimeout: 120_000, fileParallelism: false },
});
