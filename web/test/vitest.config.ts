import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

// What failed, a line each, after everything else: the end of a log is what is read first.
const atTheEnd: Reporter = {
  onTestRunEnd(modules) {
    for (const module of modules)
      for (const test of module.children.allTests("failed"))
        for (const error of test.result().errors ?? [])
          console.log(
            `failed: ${module.relativeModuleId}, ${test.fullName}: ${error.message.split("\n")[0]}${error.stacks?.[0] ? ` (line ${error.stacks[0].line})` : ""}`,
          );
  },
};

// The whole product in Chromium: the built program, a visitor's page and the
// desk side by side. Two files at a time: each has its own server and browser, and
// waits for one or the other most of its time.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../node_modules/.vite/browser", import.meta.url)),
  test: {
    include: ["*.test.ts"],
    testTimeout: 900_000, // what does not happen is told by each wait within a test (stage.ts, PATIENCE)
    hookTimeout: 900_000,
    maxWorkers: 2,
    reporters: ["default", atTheEnd],
  },
});
