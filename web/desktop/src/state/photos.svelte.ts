import { SvelteMap } from "svelte/reactivity";
import { api, take } from "../api/client";
import { Fetched } from "./fetched";
import { live } from "./live.svelte";
import { session } from "./session.svelte";

// Who has a photo: asked for once, and again when one changes. A photo itself is
// fetched by who shows it; who has none costs no request.
class Photos {
  #of = new SvelteMap<string, string>();
  #asked = false;

  constructor() {
    live.on("photos.changed", () => this.#again());
    live.onResync(() => this.#again());
  }

  /** Where a user's photo is; undefined without one. */
  src(user: string | undefined): string | undefined {
    this.#ask();
    const photo = user && this.#of.get(user);
    return photo ? `/api/v1/users/${user}/photo?v=${photo}` : undefined;
  }

  /** Whether anybody here has one. */
  get any(): boolean {
    this.#ask();
    return this.#of.size > 0;
  }

  readonly load = new Fetched(async () => {
    this.#asked = true;
    if (session.me?.support) return; // who helps sees no faces
    const { items } = await take(api.GET("/api/v1/photos"));
    const now = new Map(items.map((p) => [p.user, p.photo]));
    for (const user of this.#of.keys()) if (!now.has(user)) this.#of.delete(user);
    for (const [user, photo] of now) this.#of.set(user, photo);
  }).load;

  #ask() {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => this.#again());
  }

  #again() {
    if (this.#asked) this.load().catch(() => {}); // initials are shown until the next change
  }
}

export const photos = new Photos();
