import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A TURN server on loopback, and what it tells of those who use it. */
export class Relay {
  readonly secret = "a secret of two who know it";
  /** As browsers name it. */
  url = "";
  /** Names by which places were got, and addresses that were to be reached. */
  readonly users: string[] = [];
  readonly peers = new Set<string>();
  readonly #dir = mkdtempSync(join(tmpdir(), "nubitalk-turn-"));
  #process: ChildProcess | undefined;

  async start(): Promise<void> {
    const file = join(this.#dir, "turn");
    execFileSync("go", ["build", "-o", file, "./test/turn"], { cwd: ROOT });
    const child = spawn(file, ["-secret", this.secret], { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    const lines = createInterface(child.stdout);
    const first = once(lines, "line");
    lines.on("line", (line) => {
      const told = JSON.parse(line) as { user?: string; peer?: string };
      if (told.user) this.users.push(told.user);
      if (told.peer) this.peers.add(told.peer);
    });
    this.url = `turn:${(JSON.parse(String((await first)[0])) as { listening: string }).listening}`;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
