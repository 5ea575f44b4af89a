import { expect } from "vitest";
import type { Agent } from "./agent";
import { Mail } from "./mail";
import { Stage } from "./stage";

export const HELP = "help@shop.test";
export const ALIAS = "sales@shop.test";
/** Seconds that an answer is held: enough for a slow machine to undo it. */
const HOLD = 15;
export const RITA = "rita@home.test";
export const UNCLE = "uncle@home.test";

/** A stage whose shop has a mailbox at a real provider, to which people write. */
export class Letters {
  readonly stage = new Stage();
  readonly mail: Mail;
  /** Where what comes to the mailbox waits. */
  queue = "";
  readonly more: object;

  /** More accounts at the provider, and what else is set of the mailbox. */
  constructor(accounts: string[] = [], more: object = {}) {
    this.mail = new Mail(HELP, RITA, UNCLE, ...accounts);
    this.more = more;
  }

  async open(): Promise<void> {
    await this.mail.start();
    this.stage.program.mail = this.mail.certificate;
    await this.stage.open();
    await this.connect();
    await this.stage.sweep();
  }

  async close(): Promise<void> {
    await this.stage.close();
    await this.mail.stop();
  }

  /** Connects the mailbox, as an administrator does by the API. */
  async connect(): Promise<void> {
    const { stage, mail } = this;
    const { page } = await stage.agent("administrator");
    const api = `${stage.program.base}/api/v1`;
    const make = async (path: string, data: object) => {
      const answer = await page.request.post(`${api}/${path}`, {
        headers: { Origin: stage.program.base },
        data,
      });
      expect(answer.status(), await answer.text()).toBe(201);
      return ((await answer.json()) as { id: string }).id;
    };
    const queues = (await (await page.request.get(`${api}/queues`)).json()) as { items: { id: string }[] };
    const queue = queues.items[0]!.id;
    this.queue = queue;
    const graph = { start: "queue", nodes: { queue: { type: "queue", queue } } };
    const flow = await make("flows", { name: "Letters", graph });
    const entry = await make("entry-points", {
      name: "Letters",
      channel: "email",
      flow,
      languages: ["en"],
      theme: { title: {}, welcome: {}, accent: "#336699", position: "right", mode: "auto" },
      attachments: { allowed: false, max_mb: 1, types: [] },
    });
    const box = await make("mailboxes", {
      name: "Letters",
      address: HELP,
      imap: { host: "localhost", port: mail.imap },
      smtp: { host: "localhost", port: mail.smtp },
      password: mail.password,
      entry_point: entry,
      signature: "{{agent}}, your shop",
      aliases: [ALIAS],
      hold_seconds: HOLD,
      write_queue: queue,
      ...this.more,
    });
    const state = async () =>
      ((await (await page.request.get(`${api}/mailboxes/${box}/status`)).json()) as { state: string }).state;
    while ((await state()) !== "connected") await page.waitForTimeout(50); // as long as it takes to begin
  }

  /** An agent at an empty desk, who is ready. */
  async atWork(): Promise<Agent> {
    const agent = await this.stage.agent("a7", { viewport: { width: 1280, height: 900 } });
    await agent.ready();
    await this.stage.clear(agent);
    return agent;
  }
}

/** A message of Rita's to the shop, with her uncle in copy. */
export const letter = (subject: string, id: string, words: string, more = "") =>
  `From: Rita Reis <${RITA}>\nTo: ${HELP}\nCc: ${UNCLE}\nSubject: ${subject}\nMessage-ID: <${id}@home.test>\nDate: Sun, 29 Nov 2026 10:00:00 +0000\n${more}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${words}\n`;
