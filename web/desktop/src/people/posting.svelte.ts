import { SvelteMap } from "svelte/reactivity";
import { api, asProblem, take, type Problem } from "../api/client";

/** Somebody who is to get an invitation by email. */
export interface Addressee {
  user: string;
  name: string;
  language: string;
}

// Sends invitations one after the other. It stops when it is told to, and when one
// can neither be sent nor be handed over; what is left can be gone on with.
export class Posting {
  readonly total: number;
  /** Who is still to be written to. */
  left = $state.raw<Addressee[]>([]);
  sent = $state(0);
  /** Who was not written to, and why. */
  readonly failed = new SvelteMap<string, { name: string; why: string }>();
  /** Of whom another invitation was made, to be handed over: its code. */
  readonly codes = new SvelteMap<string, string>();
  running = $state(false);
  problem = $state.raw<Problem>();
  /** The sign-in has to be proven once more before it can go on. */
  proving = $state(false);
  #stop = false;
  readonly #mailbox: string;
  readonly #notes: Record<string, string>;

  /** Notes are by language. */
  constructor(to: Addressee[], mailbox: string, notes: Record<string, string>) {
    this.left = to;
    this.total = to.length;
    this.#mailbox = mailbox;
    this.#notes = notes;
  }

  send(): Promise<void> {
    return this.#each(this.#mailbox);
  }

  /** Gives those who are left a link each, to be handed over. */
  handOver(): Promise<void> {
    return this.#each(undefined);
  }

  stop(): void {
    this.#stop = true;
  }

  async #each(mailbox: string | undefined) {
    if (this.running) return;
    this.running = true;
    this.#stop = this.proving = false;
    this.problem = undefined;
    try {
      for (let to = this.left[0]; to && !this.#stop; to = this.left[0]) {
        await this.#one(to, mailbox);
        this.left = this.left.slice(1);
      }
    } catch (error) {
      const said = asProblem(error);
      if (said.code === "confirm") this.proving = true;
      else this.problem = said;
    } finally {
      this.running = false;
    }
  }
  // Who came or was deleted meanwhile holds up nobody.
  async #one(to: Addressee, mailbox: string | undefined) {
    try {
      const invited = await take(
        api.POST("/api/v1/users/{id}/invitation", {
          params: { path: { id: to.user }, query: { mailbox } },
          body: { note: mailbox && this.#notes[to.language] },
        }),
      );
      if (invited.mailed) this.sent++;
      else this.codes.set(to.user, invited.code);
      if (invited.not_mailed) this.failed.set(to.user, { name: to.name, why: invited.not_mailed });
    } catch (error) {
      const said = asProblem(error);
      if (said.status !== 404 && said.status !== 409) throw error;
      this.failed.set(to.user, { name: to.name, why: said.message });
    }
  }
}
