import { plain } from "../linkify";
import { MAX_REACH } from "../protocol";
import type { Session } from "../session";
import { Component, h, ref } from "./dom";

/** Where the visitor stands while nobody has answered, and the way to go and keep the place. */
export class Place extends Component<{ s: Session }, { asking: boolean; wrong: boolean; busy: boolean }> {
  override state = { asking: false, wrong: false, busy: false };
  #reach = ref<HTMLInputElement>();
  #asked = false;

  override updated() {
    const { asking } = this.state;
    if (asking && !this.#asked) this.#reach.current?.focus();
    this.#asked = asking;
  }

  #ask(asking: boolean) {
    this.set({ asking, wrong: false });
  }

  async #keep(e: Event) {
    e.preventDefault();
    const reach = this.#reach.current!.value.trim();
    // Seven digits, or something like an email address: the rest is for a person to read.
    if (!/@.+\./.test(reach) && reach.replace(/\D/g, "").length < 7) {
      this.set({ wrong: true });
      this.#reach.current!.focus();
      return;
    }
    this.set({ busy: true });
    const done = await this.props.s.callback(reach);
    this.set({ busy: false, asking: !done });
  }

  override render() {
    const { t, talk } = this.props.s.model;
    const state = talk?.state;
    if (state?.state !== "queued" || !state.position) return null;
    const { asking, wrong, busy } = this.state;
    return (
      <div class="place">
        <p role="status">
          <b>
            <bdi>{plain(t.waitingFor(state.queue_name ?? ""))}</bdi>
          </b>
          <br />
          <span>
            {t.position(state.position)} {state.estimate_seconds >= 0 && t.estimate(state.estimate_seconds)}
          </span>
        </p>
        {state.kept && <p>{t.kept}</p>}
        {!state.kept && !asking && (
          <button class="link" type="button" onClick={() => this.#ask(true)}>
            {t.notWait}
          </button>
        )}
        {!state.kept && asking && (
          <form novalidate onSubmit={(e: Event) => void this.#keep(e)}>
            <label>
              {t.reach}
              <input
                ref={this.#reach}
                type="text"
                maxlength={MAX_REACH}
                autocomplete="email"
                dir="auto"
                aria-invalid={wrong ? "true" : "false"}
              />
            </label>
            {wrong && (
              <small class="fault" role="alert">
                {t.reachWrong}
              </small>
            )}
            <div class="row">
              <button class="strong" type="submit" disabled={busy}>
                {t.keepPlace}
              </button>
              <button type="button" onClick={() => this.#ask(false)}>
                {t.goOnWaiting}
              </button>
            </div>
          </form>
        )}
      </div>
    );
  }
}
