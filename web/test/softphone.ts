import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE, until } from "./stage";

/**
 * A port of this machine that nothing listens on by TCP or UDP, nor on the next, which SIP programs take for TLS;
 * below those that systems give to who asks for any, so that none of the connections beside takes it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + 2 * Math.floor(Math.random() * 5_000);
    if ((await reserve(port)) && (await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** Marks a port as this process's while it lives, as the Go tests do (base/freeport): nobody who asks is given it. */
async function reserve(port: number): Promise<boolean> {
  const mark = createServer().unref();
  try {
    await once(mark.listen(port, "127.0.0.77"), "listening");
    return true;
  } catch {
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const stream = createServer();
  const datagrams = createSocket("udp4");
  try {
    await once(stream.listen(port, "127.0.0.1"), "listening");
    await once(datagrams.bind(port, "127.0.0.1"), "listening");
    return true;
  } catch {
    return false;
  } finally {
    stream.close();
    datagrams.close();
  }
}

/** A real SIP telephone (baresip), on a trunk or registered: a tone at its microphone, SRTP or nothing. */
export class Softphone {
  readonly #dir = mkdtempSync(join(tmpdir(), "nubitalk-phone-"));
  #process: ChildProcess | undefined;
  #said = "";

  constructor(readonly hertz: number) {}

  /** Calls a number at an address such as tls://127.0.0.1:5061. */
  async call(number: string, at: string): Promise<void> {
    const [transport, host] = at.split("://") as [string, string];
    this.#start(
      await freePort(),
      `<sip:+351930000007@${host};transport=${transport}>;regint=0;mediaenc=srtp-mand`,
      `d sip:${number}@${host};transport=${transport}`,
    );
  }

  /** Registers with an account, and waits to be called, picks up by itself, or calls. */
  async register(
    account: string,
    password: string,
    at: string,
    more: { picksUp?: boolean; calls?: string } = {},
  ): Promise<void> {
    const [transport, host] = at.split("://") as [string, string];
    this.#start(
      await freePort(),
      `<sip:${account}@${host};transport=${transport}>;auth_user=${account};auth_pass=${password};regint=60;mediaenc=srtp-mand${more.picksUp ? ";answermode=auto" : ""}`,
      more.calls && `d sip:${more.calls}@${host};transport=${transport}`,
    );
  }

  /** Is a number that is called at a port of this machine, and answers. */
  async answer(number: string, port: number): Promise<void> {
    this.#start(port, `<sip:${number}@127.0.0.1>;regint=0;mediaenc=srtp-mand;answermode=auto`);
    await until(() => this.#said).toContain("baresip is ready");
  }

  #start(own: number, account: string, command?: string): void {
    const found = ["/usr/lib/baresip/modules", ...arch()].find((d) => existsSync(join(d, "g711.so")));
    if (!found) throw new Error("baresip is missing: run scripts/need baresip");
    writeFileSync(
      join(this.#dir, "config"),
      [
        `sip_listen 127.0.0.1:${own}`,
        `module_path ${found}`,
        "module g711.so",
        "module srtp.so",
        "module stdio.so",
        "module ausine.so",
        "module sndfile.so",
        "module_tmp account.so",
        "module_app menu.so",
        `audio_source ausine,${this.hertz}`,
        "ausrc_srate 48000",
        "ausrc_channels 2",
        "audio_player nothing,",
        "audio_alert nothing,",
        "rtp_ports 20000-29000",
        `snd_path ${this.#dir}/heard`,
        "",
      ].join("\n"),
    );
    mkdirSync(join(this.#dir, "heard"), { recursive: true });
    writeFileSync(join(this.#dir, "accounts"), `${account}\n`);
    writeFileSync(join(this.#dir, "contacts"), "");
    const child = spawn("baresip", ["-f", this.#dir, ...(command ? ["-e", command] : [])], {
      env: { ...process.env, HOME: this.#dir },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process = child;
    for (const out of [child.stdout, child.stderr])
      out.on("data", (part: Buffer) => (this.#said += part.toString()));
  }

  /** Presses a key of the telephone. */
  press(key: string): void {
    this.#process?.stdin?.write(key);
  }

  get said(): string {
    return this.#said;
  }

  /** Ends the telephone, politely, and its files. */
  async hangUp(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.stdin?.write("b\nq\n");
    child.kill("SIGTERM");
    const stuck = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    await gone;
    clearTimeout(stuck);
  }

  /** What it heard, mono, of full scale 1, and how many samples a second; all of it after hangUp. */
  heard(): { samples: Float32Array; rate: number } {
    const dir = join(this.#dir, "heard");
    const name = readdirSync(dir).find((n) => n.includes("dec"));
    if (!name) throw new Error(`The telephone wrote nothing that it heard.\n${this.#said.slice(-2000)}`);
    const file = readFileSync(join(dir, name));
    const channels = file.readUInt16LE(22);
    const samples = new Float32Array(Math.floor((file.length - 44) / 2 / channels));
    for (let i = 0; i < samples.length; i++) samples[i] = file.readInt16LE(44 + 2 * i * channels) / 32768;
    return { samples, rate: file.readUInt32LE(24) };
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function arch(): string[] {
  try {
    return [`/usr/lib/${execFileSync("uname", ["-m"]).toString().trim()}-linux-gnu/baresip/modules`];
  } catch {
    return [];
  }
}

/** How loud a tone is within samples, in decibels of full scale (Goertzel). */
export function power(samples: Float32Array, rate: number, hertz: number): number {
  const k = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let [before, last] = [0, 0];
  for (const s of samples) [before, last] = [last, s + k * last - before];
  const square = before * before + last * last - k * before * last;
  return 10 * Math.log10(Math.max(1e-12, (4 * square) / samples.length ** 2));
}
