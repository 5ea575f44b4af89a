import { createSubscriber } from "svelte/reactivity";

// The time as the server sees it, moving once a second while something on the
// screen reads it. Deadlines come from the server, and a workstation's clock
// may be minutes off.
class Clock {
  #offset = 0;
  #ticking = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  /** Milliseconds since 1970; reading it in markup follows the time. */
  get now(): number {
    this.#ticking();
    return this.read();
  }

  /** The same without following. */
  read(): number {
    return Date.now() + this.#offset;
  }

  /** Takes the server's time from a reply that left between two local moments. */
  learn(server: number, sent: number, received: number): void {
    // The Date header has whole seconds, so only a real difference counts.
    const middle = (sent + received) / 2;
    const offset = server + 500 - middle;
    this.#offset = Math.abs(offset) < 2000 + (received - sent) ? 0 : offset;
  }

  /** Whole seconds since a moment, never negative; 0 for one that never was. */
  since(at: string | undefined): number {
    return happened(at) ? Math.max(0, Math.floor((this.now - Date.parse(at)) / 1000)) : 0;
  }

  /** Whole seconds until a moment, never negative. */
  until(at: string | undefined): number {
    return at ? Math.max(0, Math.ceil((Date.parse(at) - this.now) / 1000)) : 0;
  }
}

/** The server's zero time stands for "not yet". */
export function happened(at: string | undefined): at is string {
  return !!at && Date.parse(at) > 0;
}

export const clock = new Clock();
