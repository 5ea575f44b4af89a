import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { EntryPoint, Message, Start, State } from "../src/protocol";
import { ServerSocket } from "./socket";

// The visitor's side of docs/api.md in memory, with what a real server only does
// on bad days: it can restart, lose answers, skip live messages, ask to wait,
// and forget conversations.

export const ENTRY: EntryPoint = {
  id: "ent_shop",
  channel: "chat",
  open: true,
  language: "en",
  languages: ["en", "pt"],
  title: "Shoe shop",
  welcome: "Hello! How can we help you today?",
  look: { accent: "#0b6e6e", ink: "#ffffff", on_light: "#0b6e6e", on_dark: "#549a9a" },
  position: "right",
  mode: "auto",
  ask_name: "optional",
  ask_email: "optional",
  consent: {
    text: "cst_1",
    version: 4,
    words: "I agree that the Shoe shop keeps this conversation to answer me.",
    link: "https://shop.example/privacy",
  },
  attachments: {
    allowed: true,
    max_mb: 1,
    types: ["image/png", "image/jpeg", "application/pdf", "text/plain"],
  },
  survey: true,
  transcript: true,
};

export class Conversation {
  messages: Message[] = [];
  sockets = new Set<ServerSocket>();
  files = new Map<string, { data: Buffer; type: string }>();
  /** Answers to masked questions. */
  secrets: string[] = [];
  read = 0;
  typed = 0;
  rating: { rating: number; comment: string } | null = null;
  seq = 0;
  state: State = {
    state: "in_flow",
    position: 0,
    estimate_seconds: -1,
    agent_read: 0,
    open: true,
    survey: false,
    transcript: true,
    ended: false,
  };

  constructor(
    readonly token: string,
    readonly start: Start,
  ) {}

  /** Something is said; quiet: stored, but the live connection loses it. */
  add(part: Partial<Message>, quiet = false): Message {
    const known = part.client_id && this.messages.find((m) => m.client_id === part.client_id);
    if (known) return known;
    const m: Message = {
      seq: ++this.seq,
      id: `msg_${this.seq}`,
      author_kind: "agent",
      author_name: "Ana",
      kind: "text",
      at: new Date().toISOString(),
      ...part,
    };
    this.messages.push(m);
    if (!quiet) this.push("message", m);
    return m;
  }

  /** A note of an agent: takes a number, and is not for the visitor. */
  note(): void {
    this.seq++;
  }

  set(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
    this.push(this.state.ended ? "ended" : "state", this.state);
  }

  end(): void {
    this.add({ author_kind: "system", author_name: "", kind: "event", event: "ended" });
    this.set({ state: "closed", ended: true, open: false, survey: true, agent_name: "" });
  }

  push(type: string, data?: unknown): void {
    for (const s of this.sockets) s.send(JSON.stringify({ type, data }));
  }
}

interface Fault {
  path: RegExp;
  status: number;
  body?: object;
  headers?: Record<string, string>;
  /** The work is done, but the answer is lost. */
  lost?: boolean;
  times: number;
}

export class ChatServer {
  entry: EntryPoint = structuredClone(ENTRY);
  origins: string[] | null = null;
  conversations = new Map<string, Conversation>();
  faults: Fault[] = [];
  requests: string[] = [];
  /** The language that the last call of the widget asked for. */
  language = "";
  port = 0;
  #server: Server | null = null;
  #connections = new Set<import("node:net").Socket>();

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The only conversation, or the last one begun. */
  get talk(): Conversation {
    return [...this.conversations.values()].at(-1)!;
  }

  async up(): Promise<void> {
    const server = createServer((q, r) => void this.#answer(q, r));
    server.on("upgrade", (q, stream) => this.#upgrade(q, stream as import("node:net").Socket));
    server.on("connection", (c) => {
      this.#connections.add(c);
      c.on("close", () => this.#connections.delete(c));
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(this.port, "127.0.0.1", done));
    this.port = (server.address() as AddressInfo).port;
  }

  /** Stops as a crash does, or after telling everybody. */
  async down(politely = false): Promise<void> {
    if (politely) for (const c of this.conversations.values()) c.push("stopping");
    const closed = new Promise((done) => this.#server?.close(done));
    for (const c of this.#connections) politely ? c.end() : c.destroy();
    for (const c of this.#connections) c.destroySoon();
    await closed;
  }

  async #answer(q: IncomingMessage, r: ServerResponse): Promise<void> {
    const path = (q.url ?? "").replace(/\?.*/, "");
    this.requests.push(`${q.method} ${q.url}`);
    if (q.headers.authorization) this.language = q.headers["accept-language"] ?? "";
    const origin = q.headers.origin;
    if (path === "/widget.js") {
      r.setHeader("Content-Type", "text/javascript");
      r.end(readFileSync(fileURLToPath(new URL("../../dist/widget/widget.js", import.meta.url))));
      return;
    }
    if (origin && (!this.origins || this.origins.includes(origin))) {
      r.setHeader("Access-Control-Allow-Origin", origin);
      r.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
      r.setHeader("Access-Control-Expose-Headers", "Retry-After");
    }
    if (q.method === "OPTIONS") return void r.writeHead(204).end();
    const body = await read(q);
    const fault = this.faults.find((f) => f.times > 0 && f.path.test(path));
    if (fault) fault.times--;
    if (fault && !fault.lost) {
      if (fault.status === 0) return void q.socket.destroy();
      r.writeHead(fault.status, { "Content-Type": "application/problem+json", ...fault.headers });
      return void r.end(JSON.stringify({ status: fault.status, ...fault.body }));
    }
    const { status, content, type } = this.#route(q, path, body);
    if (fault?.lost) return void q.socket.destroy();
    r.writeHead(status, { "Content-Type": type ?? "application/json" });
    r.end(content instanceof Buffer ? content : content === undefined ? undefined : JSON.stringify(content));
  }

  #route(
    q: IncomingMessage,
    path: string,
    body: Buffer,
  ): { status: number; content?: unknown; type?: string } {
    if (path === `/chat/v1/entry-points/${this.entry.id}`) return { status: 200, content: this.entry };
    if (path === `/chat/v1/entry-points/${this.entry.id}/conversations`)
      return this.#start(json(body) as unknown as Start);
    const c = this.conversations.get((q.headers.authorization ?? "").replace("Bearer ", ""));
    if (!c)
      return {
        status: 401,
        content: { status: 401, code: "unauthorised", detail: "This conversation is not known here." },
      };
    const after = Number(new URL(q.url!, this.base).searchParams.get("after") ?? 0);
    const { client_id, text, value, rating, comment, seq } = json(body) as Record<
      "client_id" | "text" | "value" | "comment",
      string
    > &
      Record<"rating" | "seq", number>;
    switch (path.replace("/chat/v1/conversation", "")) {
      case "":
        return {
          status: 200,
          content: {
            state: c.state,
            messages: c.messages.filter((m) => m.seq > after),
            last: c.seq,
            more: false,
          },
        };
      case "/messages": {
        const last = c.messages.at(-1);
        const hidden = last?.author_kind === "bot" && last.masked ? { text: "••••", masked: true } : { text };
        if (hidden.masked) c.secrets.push(text);
        return {
          status: 201,
          content: c.add({ author_kind: "visitor", author_name: c.start.name, client_id, ...hidden }),
        };
      }
      case "/choice": {
        const label = c.messages.flatMap((m) => m.buttons ?? []).find((b) => b.value === value)?.label;
        return {
          status: 201,
          content: c.add({ author_kind: "visitor", author_name: c.start.name, client_id, text: label }),
        };
      }
      case "/attachments":
        return { status: 201, content: this.#attach(c, q, body) };
      case "/transcript":
        return {
          status: 200,
          type: "text/plain",
          content: Buffer.from(c.messages.map((m) => m.text).join("\n")),
        };
      case "/read":
        c.read = Math.max(c.read, seq);
        return { status: 204 };
      case "/end":
        c.end();
        return { status: 204 };
      case "/survey":
        c.rating = { rating, comment };
        return { status: 204 };
    }
    const file = c.files.get(path.split("/").pop()!);
    return file
      ? { status: 200, type: file.type, content: file.data }
      : { status: 404, content: { status: 404 } };
  }

  #start(start: Start) {
    const known = [...this.conversations.values()].find((c) => c.start.client_id === start.client_id);
    const c = known ?? new Conversation(`nbv_${crypto.randomUUID()}`, start);
    this.conversations.set(c.token, c);
    if (start.message) c.add({ author_kind: "visitor", text: start.message, client_id: start.client_id });
    if (start.left_message) c.state = { ...c.state, state: "closed", ended: true, open: false };
    return {
      status: 201,
      content: { token: c.token, interaction: "int_1", state: c.state, messages: c.messages },
    };
  }

  #attach(c: Conversation, q: IncomingMessage, body: Buffer): Message {
    const boundary = /boundary=(.*)$/.exec(q.headers["content-type"] ?? "")![1]!;
    const parts = body.toString("latin1").split(`--${boundary}`);
    const field = (name: string) => parts.find((p) => p.includes(`name="${name}"`))!;
    const file = field("file");
    const [head, content] = [
      file.slice(0, file.indexOf("\r\n\r\n")),
      file.slice(file.indexOf("\r\n\r\n") + 4, -2),
    ];
    const data = Buffer.from(content, "latin1");
    const id = `att_${c.files.size + 1}`;
    const type = /Content-Type: (.*)/.exec(head)![1]!.trim();
    c.files.set(id, { data, type });
    return c.add({
      author_kind: "visitor",
      kind: "attachment",
      client_id: field("client_id").split("\r\n\r\n")[1]!.trim(),
      attachment: {
        id,
        name: Buffer.from(/filename="([^"]*)"/.exec(head)![1]!, "latin1").toString(),
        media_type: type,
        size: data.length,
      },
    });
  }

  #upgrade(q: IncomingMessage, stream: import("node:net").Socket): void {
    if (this.faults.some((f) => f.times > 0 && f.path.test("/chat/v1/socket"))) return void stream.destroy();
    let c: Conversation | undefined;
    const socket = new ServerSocket(
      stream,
      q,
      (text) => {
        const f = JSON.parse(text) as { type: string; token: string; after: number; seq: number };
        if (f.type === "hello") {
          c = this.conversations.get(f.token);
          if (!c) return socket.cut();
          c.sockets.add(socket);
          socket.send(JSON.stringify({ type: "state", data: c.state }));
          for (const m of c.messages)
            if (m.seq > f.after) socket.send(JSON.stringify({ type: "message", data: m }));
        } else if (f.type === "ping") socket.send(JSON.stringify({ type: "pong" }));
        else if (f.type === "read" && c) {
          c.read = Math.max(c.read, f.seq);
          c.push("marks", { visitor_read: c.read, agent_read: c.state.agent_read });
        } else if (f.type === "typing" && c) c.typed++;
      },
      () => c?.sockets.delete(socket),
    );
  }
}

/** A tenant's own site, with as strict a policy as a widget can meet. */
export async function site(chat: ChatServer, head = ""): Promise<{ url: string; close: () => void }> {
  const server = createServer((q, r) => {
    const other = chat.base;
    r.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": `default-src 'none'; script-src ${other}; connect-src ${other} ${other.replace("http", "ws")}; require-trusted-types-for 'script'`,
    });
    const attributes = new URL(q.url!, "http://x").searchParams.get("tag") ?? "";
    r.end(`<!doctype html><html lang="en"><head><title>Shoe shop</title><meta name="viewport" content="width=device-width">${head}
      <script src="${other}/widget.js" data-entry="${chat.entry.id}" ${attributes} async></script></head>
      <body><main><h1>Shoes</h1><p>All sizes.</p><a href="/other">Another page</a> <input aria-label="Search"></main></body></html>`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}

function json(body: Buffer): object {
  try {
    return JSON.parse(body.toString()) as object;
  } catch {
    return {};
  }
}

async function read(q: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of q) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
