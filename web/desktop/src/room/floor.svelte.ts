import { SvelteMap } from "svelte/reactivity";
import { clock } from "$ui/clock.svelte";
import { api, asProblem, take } from "../api/client";
import type { AgentView, Interaction, Presence, QueueView } from "../api/types";
import { Fetched } from "../state/fetched";
import { live } from "../state/live.svelte";

export type Group = "ready" | "engaged" | "wrapping" | "not_ready" | "missed" | "offline";

/** Where an agent belongs on the board. */
export function groupOf(agent: AgentView): Group {
  if (agent.presence === "offline" || (!agent.online && agent.active + agent.wrapping === 0))
    return "offline";
  if (agent.presence === "missed") return "missed";
  if (agent.active > 0 || agent.offered > 0) return "engaged";
  if (agent.wrapping > 0) return "wrapping";
  return agent.presence === "ready" ? "ready" : "not_ready";
}

const waitingStates = new Set(["queued", "offered"]);

// "agent 9" before "agent 10".
const { compare } = new Intl.Collator(undefined, { numeric: true });

// One agent on the board: its own reactive cell, so that a change of one agent
// touches one cell and not the two hundred around it.
export class AgentCell {
  view = $state.raw<AgentView>() as AgentView;
  readonly group = $derived(groupOf(this.view));
  /** Its place on the board follows the name, which a change of state leaves alone. */
  readonly name: string;

  constructor(view: AgentView) {
    this.view = view;
    this.name = view.user_name;
  }
}

// What a supervisor watches. Live events are gathered for a tenth of a second
// and applied together, so a busy floor costs one update and not a hundred.
export class FloorBoard {
  phase = $state<"loading" | "ready" | "failed">("loading");
  problem = $state("");
  queues = new SvelteMap<string, QueueView>();
  agents = new SvelteMap<string, AgentCell>();
  waiting = new SvelteMap<string, Interaction>();
  /** When the last thing was heard. */
  heard = $state(0);

  #pending: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly queueList = $derived([...this.queues.values()]);
  readonly cells = $derived([...this.agents.values()].sort((a, b) => compare(a.name, b.name)));
  readonly counts = $derived.by(() => {
    const counts: Record<Group, number> = {
      ready: 0,
      engaged: 0,
      wrapping: 0,
      not_ready: 0,
      missed: 0,
      offline: 0,
    };
    for (const cell of this.agents.values()) counts[cell.group]++;
    return counts;
  });

  /** Starts to follow; returns how to stop. */
  start(): () => void {
    void this.load();
    const stops = [
      live.onResync(this.load),
      live.on("queue.changed", (queue) => this.#later(() => this.queues.set(queue.id, queue))),
      live.on("agent.changed", (agent) => this.#later(() => this.#agent(agent))),
      live.on("agent.left", ({ id }) => this.#later(() => this.agents.delete(id))),
      live.on("interaction.left", ({ id }) => this.#later(() => this.waiting.delete(id))),
      live.on("interaction.changed", (work) => this.#later(() => this.#work(work))),
    ];
    return () => {
      clearTimeout(this.#timer);
      stops.forEach((stop) => stop());
    };
  }

  #fetched = new Fetched(() => this.#load());
  readonly load = this.#fetched.load;

  async #load(): Promise<void> {
    try {
      const floor = await take(api.GET("/api/v1/floor"));
      replace(this.queues, floor.queues, (q) => q.id);
      const users = new Set(floor.agents.map((a) => a.user));
      for (const user of this.agents.keys()) if (!users.has(user)) this.agents.delete(user);
      for (const agent of floor.agents) this.#agent(agent);
      replace(this.waiting, floor.waiting, (w) => w.id);
      this.heard = clock.read();
      this.phase = "ready";
    } catch (error) {
      this.problem = asProblem(error).message;
      if (this.phase !== "ready") this.phase = "failed";
    }
  }

  async setPresence(user: string, presence: Exclude<Presence, "missed">, reason = ""): Promise<void> {
    this.#agent(
      await take(
        api.PUT("/api/v1/floor/agents/{id}/presence", {
          params: { path: { id: user } },
          body: { presence, reason },
        }),
      ),
    );
  }

  async move(work: string, to: { queue?: string; user?: string; priority?: number }): Promise<void> {
    this.#work(
      await take(
        api.POST("/api/v1/floor/interactions/{id}/move", { params: { path: { id: work } }, body: to }),
      ),
    );
  }

  #later(change: () => void): void {
    this.#pending.push(change);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const changes = this.#pending;
      this.#pending = [];
      this.#fetched.change(() => {
        for (const one of changes) one();
        this.heard = clock.read();
      });
    }, 100);
  }

  #agent(agent: AgentView): void {
    const cell = this.agents.get(agent.user);
    if (cell?.name === agent.user_name) cell.view = agent;
    else this.agents.set(agent.user, new AgentCell(agent));
  }

  #work(work: Interaction): void {
    const known = this.waiting.get(work.id);
    if (known && work.version < known.version) return;
    if (waitingStates.has(work.state)) this.waiting.set(work.id, work);
    else this.waiting.delete(work.id);
  }
}

function replace<T>(map: SvelteMap<string, T>, list: readonly T[], id: (one: T) => string): void {
  const keep = new Set(list.map(id));
  for (const known of map.keys()) if (!keep.has(known)) map.delete(known);
  for (const one of list) map.set(id(one), one);
}
