import { api, asProblem, onSessionProblem, Problem, take } from "../api/client";
import type { Me, Permission, SecondStep } from "../api/types";
import { text } from "../messages/app";
import { preferences } from "./preferences.svelte";

type Phase = "loading" | "unreachable" | "out" | "change" | "setUp" | "in";

// Who is signed in. When a session ends while work is on the screen, `me` stays
// and the sign-in comes on top: what was being written is not lost.
class Session {
  phase = $state<Phase>("loading");
  me = $state.raw<Me | null>(null);
  notice = $state("");

  constructor() {
    onSessionProblem({
      signedOut: () => this.ended(text("sessionOver")),
      mustChange: () => {
        if (this.phase === "in") this.phase = "change";
      },
      mustSetUp: () => {
        if (this.phase === "in") this.phase = "setUp";
      },
      supportOver: () => this.homeAgain(),
    });
  }

  async load(): Promise<void> {
    try {
      this.#take(await take(api.GET("/api/v1/me")));
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 401) {
        this.phase = "out";
        this.notice = "";
      } else if (problem.code === "must_change_password") this.phase = "change";
      else this.phase = "unreachable";
    }
  }

  /** Answers with the second step if one is asked for. */
  async signIn(organisation: string, userName: string, password: string): Promise<SecondStep | undefined> {
    const { second } = await take(
      api.POST("/api/v1/sign-in", { body: { organisation, user_name: userName, password } }),
    );
    if (!second) await this.enter();
    return second;
  }

  async signInSecond(state: string, code: string): Promise<void> {
    await api.POST("/api/v1/sign-in/second", { body: { state, code } });
    await this.enter();
  }

  async signInPasskey(shown: { state: string; credential: unknown }): Promise<void> {
    await api.POST("/api/v1/sign-in/passkey", { body: shown });
    await this.enter();
  }

  /** Where the organisation's own provider lets its users sign in. */
  async beginProvider(organisation: string, again = false): Promise<string> {
    const step = await take(api.POST("/api/v1/sign-in/provider/begin", { body: { organisation, again } }));
    return step.address;
  }

  /** Somebody signed in: here, or in another window of this browser. */
  async enter(): Promise<void> {
    const before = this.me;
    const me = await take(api.GET("/api/v1/me"));
    if (before && (before.user.id !== me.user.id || before.organisation.id !== me.organisation.id)) {
      // Another person sits here now: nothing of the one before may stay.
      location.assign("/app/");
      return;
    }
    this.notice = "";
    this.#take(me);
  }

  async changePassword(current: string, chosen: string): Promise<void> {
    await api.POST("/api/v1/me/password", { body: { current, new: chosen } });
    this.#take(await take(api.GET("/api/v1/me")));
  }

  /** Comes back from another organisation's affairs. */
  async leaveSupport(): Promise<void> {
    await api.POST("/api/v1/support-access/leave");
    this.homeAgain();
  }

  /** The access to another organisation is over: a fresh page shows one's own. */
  homeAgain(): void {
    location.assign("/app/organisations/support");
  }

  async signOut(): Promise<void> {
    // Each may be over by itself; that the one is does not end the other.
    const over = (error: unknown): undefined => {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
    };
    if (this.me?.support) await api.POST("/api/v1/support-access/leave").catch(over);
    const out = await take(api.POST("/api/v1/sign-out")).catch(over);
    // A fresh page, the provider's if its session ends, too: no name or message of the session stays in memory.
    location.assign(out?.provider ?? "/app/");
  }

  ended(notice: string): void {
    if (this.phase !== "in" && this.phase !== "change" && this.phase !== "setUp") return;
    this.notice = notice;
    this.phase = "out";
  }

  async refresh(): Promise<void> {
    this.#take(await take(api.GET("/api/v1/me")));
  }

  may(permission: Permission): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  /** Not only for a part of the organisation. */
  mayAll(permission: Permission): boolean {
    return this.may(permission) && !this.me?.partly.includes(permission);
  }

  get home(): string {
    const support = this.me?.support;
    if (support) {
      if (this.may("setup.read"))
        return this.may("floor.watch") && !this.may("setup.write") ? "/room" : "/setup";
      return support.interaction ? `/conversations/${support.interaction}` : "/privacy/notice";
    }
    if (this.me?.organisation.ends_at) return "/leaving";
    if (this.may("desk.use") && this.me?.user.kinds.includes("agent")) return "/desk";
    if (this.may("floor.watch") && !this.may("setup.write")) return "/room";
    if (this.may("setup.write")) return "/setup";
    if (this.may("organisation.read")) return "/organisations";
    if (this.may("audit.read")) return "/privacy";
    return "/account";
  }

  #take(me: Me): void {
    this.me = me;
    preferences.suggestLanguage(me.user.language);
    this.phase = me.must_change ? "change" : me.must_set_up ? "setUp" : "in";
  }
}

export const session = new Session();
