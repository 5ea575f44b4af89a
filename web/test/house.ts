import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

interface Demo {
  base_url: string;
  logins: { organisation: string; user_name: string; password: string; roles: string[] }[];
  entry_points: { id: string; organisation: string; name: string; page?: string }[];
}

const program = process.env.NUBITALK ?? fileURLToPath(new URL("../../bin/nubitalk", import.meta.url));

/** The demonstration, run as a person would, in a folder of its own. */
export class House {
  demo!: Demo;
  #data = mkdtempSync(join(tmpdir(), "nubitalk-browser-"));
  #process: ChildProcess | undefined;
  #said: string[] = [];

  static async open(): Promise<House> {
    const house = new House();
    await house.start();
    return house;
  }

  /** Starts it, the second time where it was. */
  async start(): Promise<void> {
    const listen = this.demo ? new URL(this.demo.base_url).host : "127.0.0.1:0";
    const child = spawn(program, ["demo", "--json", "--data", this.#data, "--listen", listen], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    child.stderr.on("data", (part: Buffer) => {
      this.#said.push(part.toString());
      if (this.#said.length > 200) this.#said.shift();
    });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, "exit").then(() => {
      throw new Error(`the program ended before it was ready:\n${this.#said.join("")}`);
    });
    const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
    ended.catch(() => {});
    this.demo = JSON.parse(line) as Demo;
  }

  /** Stops it gracefully. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGINT");
    await once(child, "exit");
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#data, { recursive: true, force: true });
  }

  login(user: string) {
    const found = this.demo.logins.find((l) => l.user_name === user);
    if (!found) throw new Error(`the demonstration has no user ${user}`);
    return found;
  }

  /** The demo's web shop, where the widget is. */
  get shop(): string {
    return this.demo.entry_points.find((e) => e.page)!.page!;
  }
}

/** A wire between a browser and the program that can be cut and mended. */
export class Wire {
  readonly url: string;
  #cut = false;
  #open = new Set<Socket>();
  #close: () => void;

  private constructor(port: number, close: () => void) {
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async to(target: string): Promise<Wire> {
    const { hostname, port } = new URL(target);
    const server = createServer((near) => {
      if (wire.#cut) {
        near.destroy();
        return;
      }
      const far = connect(Number(port), hostname);
      for (const [a, b] of [
        [near, far],
        [far, near],
      ] as const) {
        wire.#open.add(a);
        a.pipe(b);
        a.on("error", () => b.destroy());
        a.on("close", () => {
          wire.#open.delete(a);
          b.destroy();
        });
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const wire: Wire = new Wire((server.address() as AddressInfo).port, () => server.close());
    return wire;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  close(): void {
    this.cut();
    this.#close();
  }
}
