import { untrack } from "svelte";
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { allowed, microphone } from "$sound/devices";
import { Sound } from "$sound/connection.svelte";
import { commands } from "$ui/command.svelte";
import { toasts } from "$ui/toast.svelte";
import { api, asProblem, take } from "../api/client";
import type { CallChoices, CallState, Interaction } from "../api/types";
import { text } from "../messages/calls";
import { spoken } from "../parts/spoken";
import { desk } from "./desk.svelte";
import { handset } from "./handset.svelte";
import { live } from "./live.svelte";
import { preferences } from "./preferences.svelte";
import { router } from "./router.svelte";
import { session } from "./session.svelte";

export type Monitor = "listen" | "whisper" | "barge";

/** A call that is offered to this agent, or held by it. */
export class Call {
  /** How the server sees its sound; undefined until it was told. */
  state = $state.raw<CallState>();
  /** The sound in this page; undefined while it has none. */
  sound = $state.raw<Sound>();
  /** Accepted: heard, and hearing. */
  answered = $state(false);
  /** Its sound may carry pictures, too. */
  pictured = false;

  constructor(readonly id: string) {}

  /** An answer may come after what was told of a later change. */
  stand(state: CallState): void {
    if (!this.state || state.seq >= this.state.seq) this.state = state;
  }
}

// The sound of the agent's calls. It is connected already while a call rings,
// silently and only where the browser need not ask first, so that it is there at
// once when the call is answered. Of several tabs one has it.
class Calls {
  all = new SvelteMap<string, Call>();
  /** Calls of others that one takes part in: asked for help, or as a supervisor. */
  joined = new SvelteSet<string>();
  /** The call that this supervisor is in. */
  monitored = $state.raw<{ id: string; name: string; how: Monitor }>();
  /** This tab has the sound. */
  here = $state(false);
  /** What calls out may choose; undefined where none may leave. */
  choices = $state.raw<CallChoices>();
  /** The own call whose recording is of the screen, too. */
  readonly screened = $derived(
    [...this.all.values()].find(
      (c) =>
        c.answered &&
        !this.joined.has(c.id) &&
        !c.state?.ended &&
        (c.state?.recording.screen.status ?? "off") !== "off",
    ),
  );
  #started = false;
  #letGo: (() => void) | undefined;

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#claim(false);
    void this.#mayCallOut();
    handset.start();
    live.on("call.changed", (s) => {
      if (s.phone && !handset.phone) void handset.load(); // it was chosen in another window
      const passed = s.phone === "busy" || s.phone === "unregistered" || s.phone === "unanswered";
      if (passed && [...desk.offers.values()].some((o) => o.interaction.id === s.interaction))
        toasts.show(text(`passed_${s.phone as "busy"}`), { kind: "problem", seconds: 12 });
      if (s.ended && s.failure) toasts.show(text(`failed_${s.failure}`), { kind: "problem", seconds: 12 });
      const call = this.all.get(s.interaction);
      if (!call) return;
      call.stand(s);
      if (s.ended) {
        call.sound?.stop();
        this.leave(s.interaction);
      }
    });
    // What was picked up at the phone is shown, as what is answered here is.
    live.on("offer.ended", ({ interaction, outcome }) => {
      if (
        outcome === "accepted" &&
        handset.phone &&
        this.all.has(interaction) &&
        /^\/desk\b/.test(router.path)
      )
        router.go(`/desk/${interaction}`);
    });
    live.onResync(() => {
      for (const call of this.all.values()) {
        void this.#ask(call);
        void call.sound?.doubt();
      }
    });
    $effect.root(() => {
      $effect(() => {
        const wanted = new Map<string, boolean>();
        for (const offer of desk.offers.values())
          if (spoken(offer.interaction) && !offer.interaction.left_message)
            wanted.set(offer.interaction.id, false);
        for (const { interaction: w } of desk.work.values())
          if (spoken(w) && !w.left_message && w.agent === session.me?.user.id && w.state === "active")
            wanted.set(w.id, true);
        for (const id of this.joined) wanted.set(id, true);
        const { here } = this;
        const { phone } = handset;
        untrack(() => this.#settle(wanted, here, !!phone));
      });
    });
  }

  /** Takes the sound from another tab; without a press of a button only if it is free. */
  #claim(steal: boolean): void {
    if (!("locks" in navigator)) {
      this.here = true;
      return;
    }
    navigator.locks
      .request("nubitalk.sound", { steal }, () => {
        this.here = true;
        return new Promise<void>((done) => (this.#letGo = done));
      })
      .catch(() => {
        // Another tab took it. It comes back when that one closes.
        this.here = false;
        this.#letGo = undefined;
        this.#claim(false);
      });
  }

  takeHere(): void {
    if (!this.#letGo && !this.here) this.#claim(true);
  }

  #settle(wanted: ReadonlyMap<string, boolean>, here: boolean, phone: boolean): void {
    for (const [id, call] of this.all) {
      if (wanted.has(id)) continue;
      call.sound?.stop();
      this.all.delete(id);
    }
    for (const [id, answered] of wanted) {
      let call = this.all.get(id);
      if (!call) this.all.set(id, (call = new Call(id)));
      const fresh = answered && !call.answered;
      call.answered = answered;
      if (fresh) void this.#ask(call);
      if (!here || (phone && !this.joined.has(id))) {
        call.sound?.stop();
        call.sound = undefined;
      } else if (answered) this.#talk(call, fresh);
      else if (!call.sound) void this.#prepare(call);
    }
  }

  /** While it rings: nothing of the agent is heard. */
  async #prepare(call: Call): Promise<void> {
    if (!(await allowed()) || call.sound || this.all.get(call.id) !== call || !this.here) return;
    this.#connect(call).mute(!call.answered);
  }

  #talk(call: Call, fresh: boolean): void {
    const more = !call.pictured && this.#pictured(call.id); // one was asked for help, and has it now
    if (more) call.sound?.stop();
    if (more || !call.sound || call.sound.state === "ended") this.#connect(call);
    else if (fresh) call.sound.mute(false);
  }

  #connect(call: Call): Sound {
    call.pictured = this.#pictured(call.id);
    const sound = new Sound({
      relays: () => take(api.GET("/api/v1/calls/relays")),
      exchange: async (description) =>
        (
          await take(
            api.POST("/api/v1/interactions/{id}/sound", {
              params: { path: { id: call.id } },
              body: { description },
            }),
          )
        ).description,
      over: (e) => [403, 404, 409, 410].includes(asProblem(e).status),
      microphone: () => microphone(preferences.microphone),
      loudspeaker: () => preferences.loudspeaker,
      video: call.pictured,
    });
    call.sound = sound;
    void sound.start();
    return sound;
  }

  #pictured(id: string): boolean {
    const work = this.#of(id);
    return !!work?.video && work.channel === "chat";
  }

  #of(id: string): Interaction | undefined {
    for (const offer of desk.offers.values()) if (offer.interaction.id === id) return offer.interaction;
    return desk.work.get(id)?.interaction;
  }

  async #ask(call: Call): Promise<void> {
    try {
      call.stand(
        await take(api.GET("/api/v1/interactions/{id}/call", { params: { path: { id: call.id } } })),
      );
    } catch {
      // Its changes are told; when it has ended, the work says so.
    }
  }

  async #mayCallOut(): Promise<void> {
    if (!session.may("call.out")) return;
    try {
      const choices = await commands.part(take(api.GET("/api/v1/calls/choices")));
      this.choices = choices.possible ? choices : undefined;
    } catch {
      // Then there is no button to call out.
    }
  }

  join(id: string): void {
    this.joined.add(id);
  }

  leave(id: string): void {
    this.joined.delete(id);
    if (this.monitored?.id === id) this.monitored = undefined;
  }

  /** Takes part in somebody's call as a supervisor, in another way, or no more. */
  async monitor(id: string, name: string, how: Monitor | "none"): Promise<void> {
    try {
      await take(
        api.PUT("/api/v1/floor/interactions/{id}/monitor", { params: { path: { id } }, body: { how } }),
      );
    } catch (error) {
      toasts.problem(asProblem(error).message);
      if (how !== "none") return;
    }
    if (how === "none") this.leave(id);
    else {
      this.monitored = { id, name, how };
      this.join(id);
    }
  }

  /** Calls an outside number for the caller; a problem is the form's. */
  async outside(id: string, to: { number: string; caller?: string; hand_over: boolean }): Promise<void> {
    const state = await take(
      api.POST("/api/v1/interactions/{id}/outside", { params: { path: { id } }, body: to }),
    );
    this.all.get(id)?.stand(state);
  }

  async endOutside(call: Call): Promise<void> {
    try {
      call.stand(
        await take(api.DELETE("/api/v1/interactions/{id}/outside", { params: { path: { id: call.id } } })),
      );
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  /** Leaves the caller with the outside number: the work wraps up. */
  async handOutside(call: Call): Promise<void> {
    try {
      await api.POST("/api/v1/interactions/{id}/outside/hand-over", { params: { path: { id: call.id } } });
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  async talk(call: Call, to: CallState["with"]): Promise<void> {
    try {
      call.stand(
        await take(
          api.PUT("/api/v1/interactions/{id}/talk", {
            params: { path: { id: call.id } },
            body: { with: to },
          }),
        ),
      );
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  /** Rings the agent's own phone once more. */
  async ring(call: Call): Promise<void> {
    try {
      call.state = await take(
        api.POST("/api/v1/interactions/{id}/ring", { params: { path: { id: call.id } } }),
      );
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  async hold(call: Call, held: boolean): Promise<void> {
    try {
      call.stand(
        await take(
          api.PUT("/api/v1/interactions/{id}/hold", { params: { path: { id: call.id } }, body: { held } }),
        ),
      );
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  /** Begins, pauses, resumes or stops the call's recording. */
  async record(call: Call, action: "start" | "pause" | "resume" | "stop"): Promise<void> {
    try {
      const { recording } = await take(
        api.POST("/api/v1/interactions/{id}/recording", {
          params: { path: { id: call.id } },
          body: { action },
        }),
      );
      if (call.state) call.state = { ...call.state, recording };
    } catch (error) {
      toasts.problem(asProblem(error).message);
    }
  }

  async press(call: Call, keys: string): Promise<void> {
    try {
      await api.POST("/api/v1/interactions/{id}/keys", {
        params: { path: { id: call.id } },
        body: { keys },
      });
    } catch (error) {
      const problem = asProblem(error);
      toasts.problem(problem.temporary ? text("keysFailed") : problem.message);
    }
  }

  /** Another microphone or loudspeaker was chosen: calls go on with it. */
  devicesChanged(what: "microphone" | "loudspeaker"): void {
    for (const { sound } of this.all.values()) void (what === "microphone" ? sound?.renew() : sound?.place());
  }
}

export const calls = new Calls();
