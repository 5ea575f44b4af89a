import { createServer, type Server, type Socket } from "node:net";

/** A telephone company's machine over TCP that answers OPTIONS, and nothing else. */
export class Gateway {
  #server: Server | undefined;
  #open = new Set<Socket>();

  constructor(readonly port: number) {}

  start(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#open.add(socket);
      socket.on("close", () => this.#open.delete(socket));
      socket.on("error", () => undefined);
      let heard = "";
      socket.on("data", (part) => {
        heard += part.toString("latin1");
        for (let end = heard.indexOf("\r\n\r\n"); end >= 0; end = heard.indexOf("\r\n\r\n")) {
          const head = heard.slice(0, end).split("\r\n");
          heard = heard.slice(end + 4);
          if (!head[0]?.startsWith("OPTIONS ")) continue;
          const kept = head.filter((line) => /^(via|v|from|f|to|t|call-id|i|cseq)\s*:/i.test(line));
          socket.write(["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n"));
        }
      });
    });
    return new Promise((done) => this.#server!.listen(this.port, "127.0.0.1", () => done()));
  }

  stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    return new Promise((done) => (this.#server ? this.#server.close(() => done()) : done()));
  }
}
