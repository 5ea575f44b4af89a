import { announcer } from "$ui/announcer.svelte";
import { SvelteMap } from "svelte/reactivity";
import { toasts } from "$ui/toast.svelte";
import { api, asProblem, key, take } from "../api/client";
import type { AgentView, Interaction, LiveEvents, Offer, Presence, QueueView } from "../api/types";
import { text as app } from "../messages/app";
import { text as calls } from "../messages/calls";
import { text } from "../messages/desk";
import { bell } from "./bell.svelte";
import { Conversation } from "./conversation.svelte";
import { Fetched } from "./fetched";
import { text as reach } from "../messages/reach";
import { spoken } from "../parts/spoken";
import { keeping } from "./keeping";
import { names } from "./names.svelte";
import { live } from "./live.svelte";
import { preferences } from "./preferences.svelte";
import { router } from "./router.svelte";
import { session } from "./session.svelte";
import { shell } from "./shell.svelte";

const held = new Set(["active", "held", "wrapping"]);

/** Seconds in which an accidental finish can be taken back. */
const undoSeconds = 5;

// The agent's desk: offers, work, presence. Fetched whole at the start and after
// a lost place in the stream; otherwise patched by live events.
class Desk {
  phase = $state<"new" | "loading" | "ready" | "failed">("new");
  problem = $state("");
  me = $state.raw<AgentView | null>(null);
  offers = new SvelteMap<string, Offer>();
  work = new SvelteMap<string, Conversation>();
  queues = new SvelteMap<string, QueueView>();
  /** Offers being accepted or declined now. */
  answering = $state<string[]>([]);
  /** Finished here, but the server is told a moment later: id -> when. */
  finishing = new SvelteMap<string, number>();
  /** What a break of the connection brought, to be shown once. */
  missed = $state("");
  /** What was open when it went to others; shown read-only with what was being written. */
  left: Conversation | undefined;

  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #before: { unread: number; work: Set<string>; offers: Set<string> } | undefined;
  #started = false;
  /** What is being transferred by this page. */
  #handing = new Set<string>();

  readonly offerList = $derived(
    [...this.offers.values()].sort((a, b) => a.deadline.localeCompare(b.deadline)),
  );
  readonly workList = $derived(
    [...this.work.values()].sort((a, b) => order(a.interaction).localeCompare(order(b.interaction))),
  );
  readonly unread = $derived([...this.work.values()].reduce((sum, c) => sum + c.unread, 0));

  start(): void {
    if (this.#started) return;
    this.#started = true;
    live.onResync(this.load);
    live.onBack((seconds) => this.#back(seconds));
    const on = <T extends keyof LiveEvents>(type: T, take: (data: LiveEvents[T]) => void) =>
      live.on(type, (data) => this.#fetched.change(() => take(data)));
    on("offer.made", (offer) => {
      if (offer.user === session.me?.user.id) this.#offer(offer);
    });
    on("offer.ended", ({ id, outcome }) => this.#offerEnded(id, outcome));
    on("interaction.changed", (i) => this.take(i));
    on("agent.changed", (agent) => {
      if (agent.user === session.me?.user.id) this.me = agent;
    });
    on("queue.changed", (queue) => {
      if (this.queues.has(queue.id)) this.queues.set(queue.id, queue);
    });
    on("message.added", (message) => {
      const conversation = this.work.get(message.interaction);
      conversation?.add(message);
      const mine = conversation?.interaction.agent === session.me?.user.id;
      if (conversation && mine && message.kind === "hint" && message.author !== session.me?.user.id)
        toasts.show(
          reach("hintCame", {
            name: names.named(message.author) || message.author_name || names.user(message.author),
          }),
          {
            seconds: 12,
            action: { label: reach("open"), run: () => router.go(`/desk/${message.interaction}`) },
          },
        );
      if (conversation && message.author_kind === "visitor" && !this.#watched(message.interaction))
        this.#heard(app("unreadLine", { count: Math.max(1, this.unread) }));
    });
    on("email.changed", ({ interaction }) => {
      if (this.work.has(interaction) && !this.#watched(interaction))
        toasts.show(reach("deliveryCame"), {
          seconds: 12,
          action: { label: reach("open"), run: () => router.go(`/desk/${interaction}`) },
        });
    });
    on("message.marks", ({ interaction, ...marks }) => this.work.get(interaction)?.mark(marks));
    on("typing", ({ interaction, author, author_kind }) => {
      if (author !== session.me?.user.id)
        this.work.get(interaction)?.typing(author_kind === "agent" ? (author ?? "") : "");
    });
    addEventListener("beforeunload", (event) => {
      if (!router.freed && [...this.work.values()].some((c) => c.unsent)) event.preventDefault();
    });
    addEventListener("pagehide", () => {
      for (const id of this.finishing.keys()) void this.#finishNow(id, true);
    });
    // The connection may have been there before the desk was opened.
    if (live.status === "live") void this.load();
  }

  #fetched = new Fetched(() => this.#load());
  readonly load = this.#fetched.load;

  async #load(): Promise<void> {
    if (this.phase !== "ready") this.phase = "loading";
    try {
      const desk = await take(api.GET("/api/v1/desk"));
      this.me = desk.me;
      this.#replaceOffers(desk.offers);
      const keep = new Set(desk.work.map((i) => i.id));
      for (const id of this.work.keys()) if (!keep.has(id)) this.work.delete(id);
      for (const interaction of desk.work) this.#add(interaction, true);
      this.queues.clear();
      for (const queue of desk.queues) this.queues.set(queue.id, queue);
      this.phase = "ready";
    } catch (error) {
      this.problem = asProblem(error).message;
      if (this.phase !== "ready") this.phase = "failed";
    }
  }

  #replaceOffers(offers: Offer[]): void {
    const keep = new Set(offers.map((o) => o.id));
    for (const id of this.offers.keys()) if (!keep.has(id)) this.offers.delete(id);
    for (const offer of offers) this.#offer(offer);
    this.#bell();
  }

  #offer(offer: Offer): void {
    if (this.offers.has(offer.id)) return;
    this.offers.set(offer.id, offer);
    this.#bell();
  }

  #offerEnded(id: string, outcome: string): void {
    const offer = this.offers.get(id);
    if (!offer) return;
    this.offers.delete(id);
    this.#bell();
    if (outcome === "expired") toasts.show(text("offerExpired"));
    if (outcome === "revoked" && !this.answering.includes(id)) toasts.show(text("offerRevoked"));
  }

  #heard(line: string): void {
    announcer.say(line);
    bell.message(line);
  }

  /** How many offers were said last. */
  #told = 0;

  #bell(): void {
    const count = this.offers.size;
    const call = this.offerList.some((o) => spoken(o.interaction));
    const line = call ? calls("callLine", { count }) : text("offerLine", { count });
    if (count > this.#told) announcer.say(line, true);
    this.#told = count;
    if (count) bell.start(line, call);
    else bell.stop();
  }

  /** An interaction as it is now, from the stream or a reply. */
  take(interaction: Interaction): void {
    const mine = session.me?.user.id ?? "";
    const known = this.work.get(interaction.id);
    if (known && interaction.version < known.interaction.version) return;
    const here =
      (interaction.agent === mine && held.has(interaction.state)) ||
      (interaction.consulted?.includes(mine) && interaction.state !== "closed");
    if (here) this.#add(interaction, false);
    else if (known) {
      known.take(interaction);
      this.#leave(known);
    }
  }

  #add(interaction: Interaction, refresh: boolean): void {
    const known = this.work.get(interaction.id);
    if (known) {
      known.take(interaction);
      if (refresh) {
        void known.load();
        known.wake();
      }
      return;
    }
    const conversation = new Conversation(interaction.id, interaction);
    this.work.set(interaction.id, conversation);
    keeping.give(interaction.id, () => (this.work.has(conversation.id) ? conversation.kept() : undefined));
    conversation.restore(keeping.take(interaction.id));
    void conversation.load();
  }

  #leave(conversation: Conversation): void {
    const { id, interaction } = conversation;
    void conversation.resultTold();
    // One's own transfer takes it away itself, once it is known to have worked.
    if (this.#handing.has(id)) return;
    this.#forget(id);
    // Where the reader is looking, the conversation stays, read-only, with its drafts.
    if (this.#selected() === id) {
      if (interaction.state === "closed" || interaction.shelved_until)
        router.go(this.#after(id), { replace: true, force: true });
      else {
        this.left = conversation;
        if (!interaction.slot)
          toasts.show(text("wentToOthers", { name: interaction.name || text("visitor") }));
      }
    }
    this.work.delete(id);
  }

  /** Where to go when this work is over: to the next, if there is one. */
  #after(id: string): string {
    const next = this.workList.find((c) => c.id !== id);
    return next ? `/desk/${next.id}` : "/desk";
  }

  #selected(): string | undefined {
    const [area, id] = router.parts;
    return area === "desk" ? id : undefined;
  }

  #watched(id: string): boolean {
    return this.#selected() === id && document.visibilityState === "visible" && document.hasFocus();
  }

  async accept(id: string): Promise<void> {
    const offer = this.offers.get(id);
    if (!offer || this.answering.includes(id)) return;
    this.answering.push(id);
    try {
      const taken = await take(
        api.POST("/api/v1/offers/{id}/accept", { params: { path: { id } }, headers: key(`accept-${id}`) }),
      );
      this.offers.delete(id);
      this.take(taken);
      router.go(`/desk/${taken.id}`);
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 409 || problem.status === 404 || problem.status === 410) this.offers.delete(id);
      toasts.problem(problem.message);
    } finally {
      this.answering = this.answering.filter((a) => a !== id);
      this.#bell();
    }
  }

  async decline(id: string): Promise<void> {
    if (this.answering.includes(id)) return;
    this.answering.push(id);
    try {
      await api.POST("/api/v1/offers/{id}/decline", {
        params: { path: { id } },
        headers: key(`decline-${id}`),
      });
      this.offers.delete(id);
    } catch (error) {
      toasts.problem(asProblem(error).message);
    } finally {
      this.answering = this.answering.filter((a) => a !== id);
      this.#bell();
    }
  }

  async setPresence(presence: Exclude<Presence, "missed">, reason = ""): Promise<void> {
    const before = this.me;
    if (presence === "ready") {
      bell.askLeave();
      void this.#askHeadset();
    }
    if (before) this.me = { ...before, presence, reason };
    try {
      this.me = await take(api.PUT("/api/v1/desk/presence", { body: { presence, reason } }));
    } catch (error) {
      this.me = before;
      toasts.problem(asProblem(error).message);
    }
  }

  /**
   * Offers the headset's check, once in this browser, to who may get calls. On a small screen it would cover
   * what one writes; the presence menu has it always.
   */
  async #askHeadset(): Promise<void> {
    if (preferences.headsetAsked || matchMedia("(max-width: 899px), (max-height: 599px)").matches) return;
    if (!names.ready("queues")) await names.reload("queues");
    const takes = (id: string) => {
      const channels = names.find("queues", id)?.channels ?? ["chat"];
      return channels.length === 0 || channels.includes("voice");
    };
    if (![...this.queues.keys()].some(takes)) return;
    // Where nobody calls, or this agent takes no calls, there is nothing to be heard.
    if (!names.ready("entry-points")) await names.reload("entry-points");
    const called = names.list("entry-points").some((e) => e.channel === "voice" || !!e.calls);
    if (!called || session.me?.user.capacity.voice === 0) return;
    preferences.askedHeadset();
    toasts.show(calls("headsetAsk"), {
      seconds: 20,
      action: { label: calls("check"), run: () => (shell.headset = true) },
    });
  }

  /** Ends the contact after a moment in which it can be taken back; a call at once. */
  finish(id: string): void {
    const conversation = this.work.get(id);
    if (!conversation || this.finishing.has(id) || conversation.interaction.state !== "active") return;
    this.finishing.set(id, Date.now());
    if (conversation.interaction.channel === "voice") return void this.#finishNow(id);
    this.#timers.set(
      id,
      setTimeout(() => void this.#finishNow(id), undoSeconds * 1000),
    );
    toasts.show(text("finishing", { name: conversation.interaction.name || text("visitor") }), {
      seconds: undoSeconds,
      action: { label: text("undo"), run: () => this.undoFinish(id) },
    });
  }

  undoFinish(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#forget(id);
  }

  #forget(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.finishing.delete(id);
  }

  async #finishNow(id: string, keepalive = false): Promise<boolean> {
    if (!this.finishing.has(id)) return true;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    try {
      this.take(
        await take(api.POST("/api/v1/interactions/{id}/finish", { params: { path: { id } }, keepalive })),
      );
      return true;
    } catch (error) {
      toasts.problem(asProblem(error).message);
      return false;
    } finally {
      this.finishing.delete(id);
    }
  }

  /** Ends the wrap-up; throws the server's problem so that the form shows it. */
  async complete(id: string, disposition: string, labels: string[]): Promise<void> {
    if (!(await this.#finishNow(id))) return;
    const conversation = this.work.get(id);
    await Promise.all([conversation?.keepNote(), conversation?.resultTold()]);
    await api.POST("/api/v1/interactions/{id}/complete", {
      params: { path: { id } },
      body: { disposition, labels },
    });
    this.work.delete(id);
    if (this.#selected() === id) router.go(this.#after(id), { force: true });
  }

  async extend(id: string): Promise<void> {
    try {
      this.take(await take(api.POST("/api/v1/interactions/{id}/extend", { params: { path: { id } } })));
      toasts.show(text("extended"));
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  transfer(id: string, to: { queue?: string; user?: string; flow?: string; note: string }): Promise<void> {
    return this.#give(id, () =>
      api.POST("/api/v1/interactions/{id}/transfer", { params: { path: { id } }, body: to }),
    );
  }

  /** To a colleague who is consulted, at once. */
  handOver(id: string, user: string): Promise<void> {
    return this.#give(id, () =>
      api.POST("/api/v1/interactions/{id}/consult/{user}/hand-over", { params: { path: { id, user } } }),
    );
  }

  async #give(id: string, ask: () => Promise<unknown>): Promise<void> {
    this.#handing.add(id);
    try {
      await ask();
    } finally {
      this.#handing.delete(id);
    }
    // Away from it first: what is left open would be asked for, and is not one's own any more.
    if (this.#selected() === id) router.go(this.#after(id), { force: true });
    this.#forget(id);
    this.work.delete(id);
  }

  async consult(id: string, user: string): Promise<void> {
    this.take(
      await take(api.POST("/api/v1/interactions/{id}/consult", { params: { path: { id } }, body: { user } })),
    );
  }

  async endConsult(id: string, user: string): Promise<void> {
    this.take(
      await take(api.DELETE("/api/v1/interactions/{id}/consult/{user}", { params: { path: { id, user } } })),
    );
  }

  // Compares with what was there when the line broke, once the replay is in.
  #back(seconds: number): void {
    for (const conversation of this.work.values()) conversation.wake();
    const before = this.#before;
    this.#before = undefined;
    if (!before || seconds < 5) return;
    setTimeout(() => {
      const parts: string[] = [];
      const now = new Set(this.work.keys());
      const messages = this.unread - before.unread;
      const came = [...now].filter((id) => !before.work.has(id)).length;
      const gone = [...before.work].filter((id) => !now.has(id)).length;
      const offers = [...this.offers.keys()].filter((id) => !before.offers.has(id)).length;
      if (messages > 0) parts.push(app("missedMessages", { count: messages }));
      if (came) parts.push(app("missedWork", { count: came }));
      if (gone) parts.push(app("missedGone", { count: gone }));
      if (offers) parts.push(app("missedOffers", { count: offers }));
      const time = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
      const what = parts.length ? `${parts.join(", ")}.` : app("missedNothing");
      toasts.show(`${app("backAfter", { time })} ${what}`, { seconds: parts.length ? 20 : 6 });
    }, 1500);
  }

  /** The connection broke: remember what was there. */
  broke(): void {
    this.#before ??= {
      unread: this.unread,
      work: new Set(this.work.keys()),
      offers: new Set(this.offers.keys()),
    };
  }
}

const order = (i: Interaction) => i.answered_at ?? i.arrived_at;

export const desk = new Desk();
