import type { EntryPoint, Message, Page, Problem, Start, Started } from "./protocol";

/** Why a call failed, in the terms the widget acts on. */
export type Cause =
  /** No answer: the network, the server's restart, or an origin that is not allowed. Try again. */
  | "network"
  /** 429, 503 and other 5xx: try again after `seconds`. */
  | "busy"
  /** 401, 410: the conversation is over or erased. */
  | "gone"
  /** 403: this site or this act is not allowed. */
  | "forbidden"
  /** 409: the conversation's state does not allow it any more. */
  | "conflict"
  /** Anything else: what was sent is not accepted; `message` says why. */
  | "refused";

export class Failure extends Error {
  constructor(
    override readonly cause: Cause,
    readonly status: number,
    /** For a person; empty if the server said nothing. */
    message: string,
    /** How long to wait, from Retry-After; 0 if not said. */
    readonly seconds = 0,
    /** The field at fault, without its path; empty if none. */
    readonly field = "",
  ) {
    super(message);
  }
}

/** Longest wait for an answer that has no body to upload, in milliseconds. */
const PATIENCE = 20_000;

/** The calls of docs/api.md. No cookies are sent or accepted. */
export class Api {
  /** The conversation's own token; empty before there is one. */
  token = "";
  /** In which refusals are worded; empty for the browser's own. */
  language = "";

  constructor(readonly base: string) {}

  entryPoint(id: string, lang: string): Promise<EntryPoint> {
    return this.ask("GET", `entry-points/${encodeURIComponent(id)}?lang=${encodeURIComponent(lang)}`);
  }

  start(id: string, s: Start): Promise<Started> {
    return this.ask("POST", `entry-points/${encodeURIComponent(id)}/conversations`, s);
  }

  conversation(after: number): Promise<Page> {
    return this.ask("GET", `conversation?after=${after}`);
  }

  say(client_id: string, text: string): Promise<Message> {
    return this.ask("POST", "conversation/messages", { client_id, text });
  }

  choose(client_id: string, value: string): Promise<Message> {
    return this.ask("POST", "conversation/choice", { client_id, value });
  }

  read(seq: number): Promise<void> {
    return this.ask("POST", "conversation/read", { seq });
  }

  callback(client_id: string, reach: string): Promise<void> {
    return this.ask("POST", "conversation/callback", { client_id, reach });
  }

  end(): Promise<void> {
    return this.ask("POST", "conversation/end", {});
  }

  survey(rating: number, comment: string): Promise<void> {
    return this.ask("POST", "conversation/survey", { rating, comment });
  }

  attachment(id: string): Promise<Blob> {
    return this.#call("GET", `conversation/attachments/${encodeURIComponent(id)}`).then((r) => r.blob());
  }

  transcript(): Promise<Blob> {
    return this.#call("GET", "conversation/transcript").then((r) => r.blob());
  }

  /** Where the socket is, with ws: for http: and wss: for https:. */
  get socket(): string {
    return `${this.base.replace(/^http/, "ws")}/chat/v1/socket`;
  }

  /** Uploads a file; XMLHttpRequest because fetch tells no progress. */
  attach(
    client_id: string,
    file: File,
    progress: (part: number) => void,
    stop: AbortSignal,
  ): Promise<Message> {
    return new Promise((resolve, reject) => {
      const x = new XMLHttpRequest();
      const form = new FormData();
      form.append("client_id", client_id);
      form.append("file", file, file.name);
      x.open("POST", this.#url("conversation/attachments"));
      x.setRequestHeader("Authorization", `Bearer ${this.token}`);
      if (this.language) x.setRequestHeader("Accept-Language", this.language);
      x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
      x.responseType = "text";
      x.onload = () => {
        if (x.status >= 300)
          return reject(failure(x.status, x.responseText, x.getResponseHeader("Retry-After")));
        try {
          resolve(JSON.parse(x.responseText) as Message);
        } catch {
          reject(new Failure("network", x.status, ""));
        }
      };
      x.onerror = x.onabort = () => reject(new Failure("network", 0, ""));
      stop.addEventListener("abort", () => x.abort());
      x.send(form);
    });
  }

  #url(path: string): string {
    return `${this.base}/chat/v1/${path}`;
  }

  /** A call that answers with JSON, or with nothing. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#call(method, path, body);
    try {
      const text = await answer.text();
      return (text ? JSON.parse(text) : undefined) as T;
    } catch {
      throw new Failure("network", answer.status, ""); // cut off on the way
    }
  }

  async #call(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.language) headers["Accept-Language"] = this.language;
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    let answer: Response;
    try {
      answer = await fetch(this.#url(path), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "origin",
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      throw new Failure("network", 0, "");
    }
    if (answer.ok) return answer;
    throw failure(answer.status, await answer.text().catch(() => ""), answer.headers.get("Retry-After"));
  }
}

/** Reads an answer that is not 2xx. */
export function failure(status: number, body: string, retryAfter: string | null): Failure {
  let p: Partial<Problem> = {};
  try {
    p = JSON.parse(body) as Problem;
  } catch {
    // A proxy's page instead of a problem document: the status says enough.
  }
  const first = p.errors?.[0];
  return new Failure(
    cause(status),
    status,
    first?.message || p.detail || "",
    seconds(retryAfter),
    first?.location.split(".").pop() ?? "",
  );
}

function cause(status: number): Cause {
  if (status === 429 || status >= 500) return "busy";
  if (status === 401 || status === 410) return "gone";
  if (status === 403) return "forbidden";
  return status === 409 ? "conflict" : "refused";
}

/** Retry-After is a number of seconds or a date (RFC 9110 section 10.2.3). */
function seconds(retryAfter: string | null): number {
  if (!retryAfter) return 0;
  const n = Number(retryAfter);
  return Math.max(0, Number.isFinite(n) ? n : (Date.parse(retryAfter) - Date.now()) / 1000 || 0);
}
