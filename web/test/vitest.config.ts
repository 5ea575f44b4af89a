import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { Reporter, TestCase } from "vitest/node";

function tell(test: TestCase): void {
  for (const error of test.result().errors ?? []) {
    const [first, ...more] = error.message.split("\n");
    const line = error.stacks?.[0] ? ` (line ${error.stacks[0].line})` : "";
    console.log(`failed: ${test.module.relativeModuleId}, ${test.fullName}: ${first}${line}`);
    for (const words of more.slice(0, 12)) console.log(`  ${words}`);
  }
  for (const shown of test.meta().shown ?? []) console.log(`  shown: ${shown}`);
}

// What failed, at once and after everything else: the end of a log is what is read first. Each with what it waited
// for, and with what its pages showed then (stage.ts).
const failures: Reporter = {
  onTestCaseResult(test) {
    if (test.result().state === "failed") tell(test);
  },
  onTestRunEnd(modules, besides) {
    for (const module of modules) for (const test of module.children.allTests("failed")) tell(test);
    // Which files failed, for scripts/test. What failed in none of them is not to be repeated.
    if (!process.env.FAILED || besides.length) return;
    const failed = modules.filter((module) => !module.ok());
    writeFileSync(process.env.FAILED, failed.map((module) => `${module.relativeModuleId}\n`).join(""));
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
    reporters: ["default", failures],
  },
});
