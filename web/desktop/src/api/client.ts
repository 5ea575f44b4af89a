import createClient from "openapi-fetch";
import type { paths } from "$api/schema";
import { clock } from "$ui/clock.svelte";
import { locale } from "$ui/i18n.svelte";
import { text } from "../messages/app";

/** Why a call did not succeed, in words for a person and by field. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly fields: ReadonlyMap<string, string> = new Map(),
    /** With a conflict: the object as it is now. */
    readonly current?: unknown,
    /** Seconds to wait before another try; 0 if not told. */
    readonly retryAfter = 0,
  ) {
    super(detail);
  }

  /** Whether something was done is not known: the same try, with the same key, tells it. */
  get untold(): boolean {
    return this.temporary || (this.status === 409 && this.retryAfter > 0);
  }

  /** The server was not reached, or says that the same may work later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status >= 503;
  }

  field(name: string): string | undefined {
    return this.fields.get(name);
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem(-1, "internal", text("unexpected"));
}

let signedOut: (() => void) | undefined;
let mustChange: (() => void) | undefined;
let mustSetUp: (() => void) | undefined;
let supportOver: (() => void) | undefined;

/** Who is told when a reply says that the session is over, or what must be done before anything else. */
export function onSessionProblem(handlers: {
  signedOut: () => void;
  mustChange: () => void;
  mustSetUp: () => void;
  supportOver: () => void;
}): void {
  signedOut = handlers.signedOut;
  mustChange = handlers.mustChange;
  mustSetUp = handlers.mustSetUp;
  supportOver = handlers.supportOver;
}

/** The address of a file of the API, for a link or a picture. */
export function attachmentAddress(interaction: string, attachment: string): string {
  return `/api/v1/interactions/${interaction}/attachments/${attachment}`;
}

// Every call goes through here: it names the try (so that a repeated one cannot
// do the thing twice), learns the server's time and turns failures into a Problem.
async function send(request: Request): Promise<Response> {
  if (request.method !== "GET" && !request.headers.has("Idempotency-Key")) {
    request.headers.set("Idempotency-Key", crypto.randomUUID());
  }
  request.headers.set("Accept-Language", locale.language); // of what the answer says to a person
  const sent = Date.now();
  let reply: Response;
  try {
    reply = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Problem(0, "unreachable", text("unreachable"));
  }
  const date = reply.headers.get("Date");
  if (date) clock.learn(Date.parse(date), sent, Date.now());
  if (!reply.ok) throw await problemOf(reply);
  return reply;
}

/** The client made from the API's document: paths, inputs and answers are checked. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  cache: "no-store",
  querySerializer: { array: { style: "form", explode: false } }, // a list is one value, with commas
  fetch: send,
});

/** What a call answers; a failure was thrown as a Problem before. */
export async function take<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** A repeated try with the same key has one effect. */
export const key = (value: string) => ({ "Idempotency-Key": value });

/**
 * A call whose path is put together at run time: the kinds of the set-up are
 * alike, so one page serves them all.
 */
export async function call<T>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const request = new Request(`${location.origin}/api/v1/${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
  });
  const reply = await send(request);
  return (reply.status === 204 ? undefined : await reply.json()) as T;
}

/** Sends a file as the whole body of a call. */
export async function sendFile<T>(path: string, file: Blob, type: string, method = "POST"): Promise<T> {
  const request = new Request(`${location.origin}/api/v1/${path}`, {
    method,
    headers: { Accept: "application/json", "Content-Type": type },
    body: file,
    credentials: "same-origin",
    cache: "no-store",
  });
  const reply = await send(request);
  return (reply.status === 204 ? undefined : await reply.json()) as T;
}

/** Fetches a file of the API; the path begins at its root. */
export async function fetchFile(path: string): Promise<Blob> {
  const request = new Request(location.origin + path, { credentials: "same-origin", cache: "no-store" });
  return await (await send(request)).blob();
}

interface ProblemDocument {
  code?: string;
  detail?: string;
  title?: string;
  errors?: { location: string; message: string }[];
  current?: unknown;
}

async function problemOf(reply: Response): Promise<Problem> {
  let document: ProblemDocument = {};
  try {
    document = (await reply.json()) as ProblemDocument;
  } catch {
    // A proxy's own error page: the status says enough.
  }
  const fields = new Map<string, string>();
  for (const { location, message } of document.errors ?? []) {
    fields.set(location.replace(/^(body|query|path)\./, ""), message);
  }
  const code = document.code ?? "";
  if (code === "support_over") supportOver?.();
  else if (reply.status === 401) signedOut?.();
  if (code === "must_change_password") mustChange?.();
  if (code === "must_set_up") mustSetUp?.();
  return new Problem(
    reply.status,
    code,
    document.detail || (reply.status >= 500 ? text("unavailable") : document.title || text("unexpected")),
    fields,
    document.current,
    Number(reply.headers.get("Retry-After") ?? 0) || 0,
  );
}
