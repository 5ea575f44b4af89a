import { api, take } from "../api/client";
import { everything } from "../state/names.svelte";
import { session } from "../state/session.svelte";

// Who can be searched for as an agent.
class People {
  list = $state.raw<readonly { id: string; name: string; evaluates: boolean }[]>([]);

  async load(): Promise<void> {
    if (!session.may("user.read") || this.list.length) return;
    try {
      const users = await everything((query) => take(api.GET("/api/v1/users", { params: { query } })));
      this.list = users
        .filter((u) => u.kinds.includes("agent") || u.kinds.includes("supervisor"))
        .map((u) => ({ id: u.id, name: u.user_name, evaluates: u.kinds.includes("supervisor") }))
        .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    } catch {
      // Then there is no such filter.
    }
  }
}

export const people = new People();
