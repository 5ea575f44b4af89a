import { api, asProblem, onSessionProblem, Problem, take } from "../api/client";
import type { Me, Permission, SecondStep } from "../api/types";
import { clock, happened } from "$ui/clock.svelte";
import { text } from "../messages/app";
import { keeping } from "./keeping";
import { preferences } from "./preferences.svelte";
import { router } from "./router.svelte";

type Phase = "loading" | "unreachable" | "out" | "change" | "setUp" | "in" | "over";

/** Why a session ended, as the server says it, in words. */
const reasons = {
  signed_out: "endedHere",
  ended_elsewhere: "endedElsewhere",
  ended_by_administrator: "endedByAdministrator",
  suspended: "endedSuspended",
  closed: "endedClosed",
} as const;

// Who is signed in. When a session ends by itself, the page lets go of all that it held: what is
// shown goes at once, what was being written is sealed for its user, and a fresh page asks who is there.
class Session {
  phase = $state<Phase>("loading");
  me = $state.raw<Me | null>(null);
  notice = $state("");

  /** Where visitors' pages and the widget are. */
  get visitorsAt(): string {
    return this.me?.visitors_at ?? location.origin;
  }

  constructor() {
    onSessionProblem({
      signedOut: () => this.ended(),
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
      await this.#take(await take(api.GET("/api/v1/me")));
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 401) {
        this.phase = "out";
        const ended = keeping.ended();
        this.notice = ended && text(reasons[ended as keyof typeof reasons] ?? "sessionOver");
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
    await this.#take(me);
  }

  async changePassword(current: string, chosen: string): Promise<void> {
    await api.POST("/api/v1/me/password", { body: { current, new: chosen } });
    await this.#take(await take(api.GET("/api/v1/me")));
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

  /** It is being signed out here, which leads on by itself: to the provider, perhaps. */
  #leaving = false;

  async signOut(): Promise<void> {
    // Each may be over by itself; that the one is does not end the other.
    const over = (error: unknown): undefined => {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
    };
    this.#leaving = true;
    try {
      if (this.me?.support) await api.POST("/api/v1/support-access/leave").catch(over);
      const out = await take(api.POST("/api/v1/sign-out")).catch(over);
      // A fresh page, the provider's if its session ends, too: no name or message of the session stays in memory.
      location.assign(out?.provider ?? "/app/");
      // Who would rather stay, because of unsent words, has no session any more.
      setTimeout(() => {
        this.#leaving = false;
        this.ended();
      }, 10_000);
    } catch (error) {
      this.#leaving = false;
      throw error;
    }
  }

  /** The session ended, or no longer may what it might: a fresh page shows what is left. */
  ended(reason = ""): void {
    if (this.#leaving || (this.phase !== "in" && this.phase !== "change" && this.phase !== "setUp")) return;
    this.phase = "over"; // nothing is shown from here on
    document.title = "";
    router.free();
    const place = router.path + (router.query.size ? `?${router.query}` : "");
    // Addresses may say what was looked for: the next page has none.
    void keeping.seal(place, reason).finally(() => location.replace("/app/"));
  }

  async refresh(): Promise<void> {
    const before = this.me;
    const me = await take(api.GET("/api/v1/me"));
    if (before && this.phase === "in" && before.session === me.session && less(before, me))
      this.ended("rights");
    else await this.#take(me);
  }

  #asking = false;

  /**
   * Ends by the clock what nobody else may end: without the server, `broken` milliseconds since
   * the connection broke (0: it stands), a session must not stay open here for longer than there.
   */
  overdue(broken: number): void {
    const me = this.me;
    if (this.#asking || this.phase !== "in" || !me) return;
    const over = happened(me.expires_at) && clock.read() > Date.parse(me.expires_at) + 5000;
    if (!over && (!broken || !me.idle_minutes || broken < me.idle_minutes * 60_000)) return;
    this.#asking = true;
    this.refresh()
      .catch((error: unknown) => asProblem(error).temporary && this.ended())
      .finally(() => (this.#asking = false));
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

  async #take(me: Me): Promise<void> {
    await keeping.open(me.keep_key ?? "");
    if (this.phase === "over") return;
    const place = keeping.take("place");
    if (typeof place === "string" && router.path === "/") router.go(place, { replace: true });
    this.me = me;
    preferences.suggestLanguage(me.user.language);
    this.phase = me.must_change ? "change" : me.must_set_up ? "setUp" : "in";
  }
}

/** Whether something may no longer be done, or only for a part. */
function less(before: Me, now: Me): boolean {
  return (
    before.permissions.some((p) => !now.permissions.includes(p)) ||
    now.partly.some((p) => !before.partly.includes(p))
  );
}

export const session = new Session();
