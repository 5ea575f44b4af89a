import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** The server's end of a WebSocket, as far as short text frames need it (RFC 6455). */
export class ServerSocket {
  #rest = Buffer.alloc(0);
  #open = true;

  constructor(
    readonly stream: Duplex,
    request: IncomingMessage,
    readonly received: (text: string) => void,
    readonly closed: () => void,
  ) {
    const key = request.headers["sec-websocket-key"];
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    stream.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    stream.on("data", (part: Buffer) => this.#take(part));
    stream.on("close", () => this.#gone());
    stream.on("error", () => this.#gone());
  }

  send(text: string): void {
    if (!this.#open) return;
    const data = Buffer.from(text);
    const head =
      data.length < 126
        ? Buffer.from([0x81, data.length])
        : Buffer.from([0x81, 126, data.length >> 8, data.length & 255]);
    this.stream.write(Buffer.concat([head, data]));
  }

  /** Cuts the line without a word. */
  cut(): void {
    this.stream.destroy();
  }

  #gone(): void {
    if (this.#open) this.closed();
    this.#open = false;
  }

  #take(part: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, part]);
    for (;;) {
      const b = this.#rest;
      if (b.length < 2) return;
      const short = b[1]! & 127;
      const at = short === 126 ? 4 : 2;
      const length = short === 126 ? b.readUInt16BE(2) : short;
      if (b.length < at + 4 + length) return;
      const mask = b.subarray(at, at + 4);
      const data = Buffer.from(b.subarray(at + 4, at + 4 + length).map((v, i) => v ^ mask[i % 4]!));
      this.#rest = b.subarray(at + 4 + length);
      if ((b[0]! & 15) === 8) this.stream.end();
      else if ((b[0]! & 15) === 1) this.received(data.toString());
    }
  }
}
