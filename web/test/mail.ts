import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Told {
  imap: number;
  smtp: number;
  certificate: string;
  password: string;
  tokens: string;
  client: string;
  secret: string;
  mail?: Record<string, string>;
}

/** A real mail provider on loopback: Dovecot and Exim, with accounts. */
export class Mail {
  imap = 0;
  smtp = 0;
  /** The file of the certificate that it shows. */
  certificate = "";
  /** Every account's. */
  password = "";
  /** Where tokens are given in the place of passwords, and as whom we ask for them. */
  tokens = { url: "", client: "", secret: "" };
  readonly #dir = mkdtempSync(join(tmpdir(), "nubitalk-mail-"));
  readonly #accounts: string[];
  #process: ChildProcess | undefined;
  #lines: Interface | undefined;

  constructor(...accounts: string[]) {
    this.#accounts = accounts;
  }

  async start(): Promise<void> {
    const file = join(this.#dir, "mail");
    execFileSync("go", ["build", "-o", file, "./test/mail"], { cwd: ROOT });
    const child = spawn(file, this.#accounts, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process = child;
    this.#lines = createInterface(child.stdout);
    const first = await this.#line();
    this.imap = first.imap;
    this.smtp = first.smtp;
    this.certificate = first.certificate;
    this.password = first.password;
    this.tokens = { url: first.tokens, client: first.client, secret: first.secret };
  }

  async #line(): Promise<Told> {
    const [line] = (await once(this.#lines!, "line")) as [string];
    return JSON.parse(line) as Told;
  }

  async #ask(what: object): Promise<Told> {
    const answer = this.#line();
    this.#process!.stdin!.write(`${JSON.stringify(what)}\n`);
    return answer;
  }

  /** Sends a message, as it is, from one account to another. */
  async deliver(from: string, to: string, message: string): Promise<void> {
    await this.#ask({ from, to, message });
  }

  /** What lies in a folder at the provider: whole messages, by the names of their files with their flags. */
  async of(account: string, folder = "INBOX"): Promise<Record<string, string>> {
    return (await this.#ask({ account, folder })).mail ?? {};
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null) {
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
