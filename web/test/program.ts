import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BUILT = fileURLToPath(new URL("../../bin/nubitalk-demo", import.meta.url));

interface Started {
  base_url: string;
  logins: { organisation: string; user_name: string; password: string }[];
  entry_points: { name: string; page?: string }[];
}

/**
 * The built program with its demonstration, in a folder that goes with it. Its users have a user name and
 * nothing else: no page may need more of them. Its offers and wrap-ups last long enough for a slow machine.
 */
export class Program {
  base = "";
  readonly data = mkdtempSync(join(tmpdir(), "nubitalk-browser-"));
  #started: Started | undefined;
  #process: ChildProcess | undefined;
  #said = "";
  /** Where telephones and trunks reach it, such as tls://127.0.0.1:5061,udp://127.0.0.1:5060; "": nowhere. */
  sip = "";
  /** A file of the operator's telephone lines; "": there are none. */
  lines = "";
  /** The certificate of a mail provider on loopback; "": there is none. */
  mail = "";
  /** The certificate of an OpenID provider on loopback; "": there is none. */
  provider = "";
  /** How all connections are encrypted. */
  encryption: "chosen" | "required" | "strong" = "chosen";
  /** A TURN server that carries all sound of browsers, such as turn:127.0.0.1:3478; "": none. */
  turn = "";
  turnSecret = "";

  /** Starts it; a second time at the same address and with the same data. */
  async start(): Promise<void> {
    const file = process.env.NUBITALK_BIN ?? BUILT;
    if (!existsSync(file))
      throw new Error(`${file} is missing: run "make build", or name it in NUBITALK_BIN.`);
    const listen = this.base ? new URL(this.base).host : "127.0.0.1:0";
    const child = spawn(
      file,
      [
        "--json",
        "--data",
        this.data,
        "--listen",
        listen,
        "--metrics=",
        "--user-names-alone",
        "--unhurried",
        "--encryption",
        this.encryption,
        ...(this.sip ? ["--sip", this.sip] : []),
        ...(this.lines ? ["--sip-lines", this.lines] : []),
        ...(this.mail ? ["--email-inside", "127.0.0.0/8", "--email-authority", this.mail] : []),
        ...(this.provider ? ["--openid-inside", "127.0.0.0/8", "--openid-authority", this.provider] : []),
        ...(this.turn ? ["--turn", this.turn, "--turn-secret", this.turnSecret] : []),
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#process = child;
    child.stderr.on("data", (part: Buffer) => (this.#said += part.toString()));
    const line = await Promise.race([
      once(createInterface(child.stdout), "line").then(([text]) => String(text)),
      once(child, "exit").then(() => Promise.reject(new Error(`The program ended.\n${this.#said}`))),
    ]);
    this.#started = JSON.parse(line) as Started;
    this.base = this.#started.base_url;
  }

  /** Asks it to stop as an operator does, and waits until it has. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  }

  /** Ends it as a failing machine does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** What it wrote to its log. */
  get said(): string {
    return this.#said;
  }

  get shop(): string {
    return this.#started!.entry_points.find((e) => e.name === "Web shop")!.page!;
  }

  get phone(): string {
    return this.#started!.entry_points.find((e) => e.name === "Shop telephone")!.page!;
  }

  password(user: string): string {
    return this.#started!.logins.find((l) => l.user_name === user)!.password;
  }

  organisation(user: string): string {
    return this.#started!.logins.find((l) => l.user_name === user)!.organisation;
  }
}
