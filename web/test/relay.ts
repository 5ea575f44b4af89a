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
  readonly #file = join(this.#dir, "turn");
  #process: ChildProcess | undefined;

  async start(): Promise<void> {
    execFileSync("go", ["build", "-o", this.#file, "./test/turn"], { cwd: ROOT });
    await this.back();
  }

  /** Is gone in the midst of what it does, and with it the way of all who use it. */
  async away(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Is there again, where it was, and knows nobody: who comes gets another place. */
  async back(): Promise<void> {
    const at = this.url.replace(/^turn:/, "") || "127.0.0.1:0";
    const child = spawn(this.#file, ["-secret", this.secret, "-listen", at], {
      stdio: ["ignore", "pipe", "inherit"],
    });
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
    await this.#end("SIGTERM");
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }
}
