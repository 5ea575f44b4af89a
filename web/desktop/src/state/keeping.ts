// What was being written when a session ended by itself. The page that held it is let go of; the
// words wait in this tab, sealed under a key that only their user is given, at the next sign-in.

const words = "nubitalk.kept";
const why = "nubitalk.ended";

/** What is kept, by the name of who holds it. */
type Kept = Record<string, unknown>;

const bytes = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

class Keeping {
  #givers = new Map<string, () => unknown>();
  #kept: Kept = {};
  #told = "";
  #key: CryptoKey | undefined;

  /** Asks `what` when the session ends; undefined is nothing. Answers with how to stop asking. */
  give(name: string, what: () => unknown): () => void {
    this.#givers.set(name, what);
    return () => {
      if (this.#givers.get(name) === what) this.#givers.delete(name);
    };
  }

  /** What was kept under a name, once. */
  take(name: string): unknown {
    const value = this.#kept[name];
    delete this.#kept[name];
    return value;
  }

  /** Somebody is signed in: takes out what is that user's, and throws away what is not. */
  async open(key: string): Promise<void> {
    taken(why);
    if (!key) return; // a second factor or a new password comes first
    if (key !== this.#told) {
      this.#told = key;
      // Only where a page came by a secure way; elsewhere nothing is kept.
      this.#key = await crypto.subtle?.importKey("raw", bytes(key), "AES-GCM", false, ["encrypt", "decrypt"]);
    }
    const text = taken(words);
    if (text) this.#kept = ((await this.opened(text)) as Kept | undefined) ?? {};
  }

  /** The session ended: seals what is being written, and where. */
  async seal(place: string, reason: string): Promise<void> {
    // A form to which its user has not come back waits on.
    const kept: Kept = Object.fromEntries(
      Object.entries(this.#kept).filter(([name]) => name.startsWith("form ")),
    );
    kept["place"] = place;
    for (const [name, what] of this.#givers) kept[name] = what();
    try {
      sessionStorage.setItem(why, reason || "expired");
      const text = await this.sealed(kept);
      if (text) sessionStorage.setItem(words, text);
    } catch {
      // Full or forbidden: letting go comes first.
    }
  }

  /** A value that only who is signed in now can read again. */
  async sealed(value: unknown): Promise<string | undefined> {
    if (!this.#key) return undefined;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(value));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.#key, plain);
    return `${base64(iv)}.${base64(new Uint8Array(sealed))}`;
  }

  /** What was sealed; undefined for what is another's. */
  async opened(text: string): Promise<unknown> {
    const [iv = "", sealed = ""] = text.split(".");
    try {
      const plain = await crypto.subtle.decrypt(
        { name: "AES-GCM", iv: bytes(iv) },
        this.#key!,
        bytes(sealed),
      );
      return JSON.parse(new TextDecoder().decode(plain));
    } catch {
      return undefined;
    }
  }

  /** Why the session before this page ended; "" when none did. */
  ended(): string {
    try {
      return sessionStorage.getItem(why) ?? "";
    } catch {
      return "";
    }
  }
}

function base64(of: Uint8Array): string {
  let text = "";
  for (const byte of of) text += String.fromCharCode(byte);
  return btoa(text);
}

function taken(name: string): string | null {
  try {
    const value = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return value;
  } catch {
    return null;
  }
}

export const keeping = new Keeping();
