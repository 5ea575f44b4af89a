import { secretAsked } from "../conversation";
import { plain } from "../linkify";
import type { Session } from "../session";
import { Composer } from "./Composer";
import { Component, h, ref } from "./dom";
import { Ended } from "./Ended";
import { Icon } from "./icons";
import { Log } from "./Log";
import { Start } from "./Start";
import { download } from "./transcript";

export interface Props {
  s: Session;
  /** A small screen: the panel covers it. */
  full: boolean;
  dark: boolean;
}

/** The launcher, and the panel once it has been opened. */
export function App({ s, full, dark }: Props) {
  const { t, open, entry, said } = s.model;
  const unread = open ? 0 : s.unread;
  return (
    <div
      class={`all ${entry.position} ${dark ? "dark" : ""}`}
      role="region"
      aria-label={entry.title || t.chat}
      dir="ltr"
      lang={entry.language}
    >
      <Panel s={s} full={full} />
      <button
        class="launcher"
        type="button"
        aria-expanded={open}
        aria-label={open ? t.close : t.open(unread)}
        onClick={() => s.toggle()}
      >
        <Icon of={open ? "down" : "chat"} />
        {unread > 0 && (
          <span class="badge" aria-hidden="true">
            {unread > 99 ? "99+" : unread}
          </span>
        )}
      </button>
      <div class="hidden" role="status">
        {said}
      </div>
    </div>
  );
}

/**
 * A dialog that is not modal beside the page, and modal where it covers the
 * page, so that the keyboard cannot get lost behind it. It stays in the document
 * when it is closed: what was begun in it is not lost.
 */
class Panel extends Component<Omit<Props, "dark">> {
  #dialog = ref<HTMLDialogElement>();
  #shown = "";
  #used = false;

  override mounted() {
    this.#show();
  }

  /** Whether the keyboard is inside, before what it is on may be taken away. */
  override beforeUpdate(): boolean {
    return this.#focused() !== null;
  }

  override updated(inside: boolean) {
    this.#show();
    if (inside && this.props.s.model.open && !this.#focused()) this.#first();
  }

  #focused(): HTMLElement | null {
    const dialog = this.#dialog.current!;
    const focused = (dialog.getRootNode() as ShadowRoot).activeElement;
    return dialog.contains(focused) ? (focused as HTMLElement | null) : null;
  }

  #show() {
    const dialog = this.#dialog.current!;
    const { s, full } = this.props;
    const wanted = s.model.open ? (full ? "full" : "beside") : "";
    if (wanted === this.#shown) return;
    const focused = this.#focused();
    if (this.#shown) dialog.close();
    if (wanted === "full") dialog.showModal();
    // Not show(): it would take the keyboard from a page that is just loading.
    else if (wanted) dialog.open = true;
    if (!wanted && focused)
      (dialog.getRootNode() as ShadowRoot).querySelector<HTMLElement>(".launcher")?.focus();
    else if (wanted && this.#shown) focused?.focus();
    else if (wanted && s.model.byHand) this.#first();
    this.#shown = wanted;
  }

  /** Where the visitor begins: the box to write in, the first field, or the next step. */
  #first() {
    const dialog = this.#dialog.current!;
    const places = [
      ".write textarea",
      "form.body input, form.body textarea",
      // Not its first input: who is in the middle of a word would rate with the next space.
      ".ended",
      ".strong",
      ".acts button",
    ];
    const first = places.map((p) => dialog.querySelector<HTMLElement>(p)).find((e) => e);
    (first ?? dialog).focus({ preventScroll: true });
  }

  override render() {
    const { s, full } = this.props;
    const { model } = s;
    const { t, entry, talk } = model;
    this.#used ||= model.open;
    return (
      <dialog
        ref={this.#dialog}
        class={full ? "panel full" : "panel"}
        aria-label={entry.title || t.chat}
        tabindex="-1"
        onCancel={(e: Event) => {
          e.preventDefault();
          s.toggle(false);
        }}
        onKeyDown={(e: KeyboardEvent) => {
          if (e.key !== "Escape" || e.isComposing) return;
          e.preventDefault();
          if (model.ending) s.askEnd(false);
          else s.toggle(false);
        }}
      >
        {this.#used && <Head s={s} />}
        {model.line === "offline" && talk && !s.ended && (
          <p class="bar" role="status">
            {t.offline}
          </p>
        )}
        {model.loading && (
          <p class="bar" role="status">
            {t.connecting}
          </p>
        )}
        {this.#used && !model.loading && (talk ? <Talk s={s} /> : <Start s={s} />)}
      </dialog>
    );
  }
}

function Head({ s }: { s: Session }) {
  const { t, entry, talk, sound } = s.model;
  const agent = talk?.state?.agent_name;
  const live = talk && !s.ended;
  return (
    <div class="head">
      <div class="title">
        <h2>{entry.title || t.chat}</h2>
        {agent && (
          <p>
            <bdi>{plain(agent)}</bdi>
          </p>
        )}
      </div>
      {live && (
        <Tool label={t.sound} icon={sound ? "sound" : "quiet"} pressed={sound} act={() => s.toggleSound()} />
      )}
      {live && talk.state?.transcript && (
        <Tool label={t.transcript} icon="save" act={() => void download(s)} />
      )}
      {live && <Tool label={t.end} icon="end" act={() => s.askEnd(true)} />}
      <Tool label={t.minimise} icon="down" act={() => s.toggle(false)} />
    </div>
  );
}

interface ToolProps {
  label: string;
  icon: Parameters<typeof Icon>[0]["of"];
  act: () => void;
  pressed?: boolean;
}

function Tool({ label, icon, act, pressed }: ToolProps) {
  return (
    <button class="tool" type="button" aria-label={label} title={label} aria-pressed={pressed} onClick={act}>
      <Icon of={icon} />
    </button>
  );
}

/** A conversation: what was said, where one stands, and the box to write in. Takes files dropped anywhere on it. */
class Talk extends Component<{ s: Session }, { dragging: boolean }> {
  override state = { dragging: false };

  #drag(dragging: boolean, e: DragEvent) {
    if (!this.props.s.model.entry.attachments.allowed) return;
    e.preventDefault();
    if (dragging !== this.state.dragging) this.set({ dragging });
  }

  override render() {
    const { s } = this.props;
    const { ending, notice, talk } = s.model;
    const secret = talk ? secretAsked(talk) : undefined;
    return (
      <div
        class="talk"
        onDragOver={(e: DragEvent) => this.#drag(true, e)}
        onDragLeave={(e: DragEvent) => this.#drag(false, e)}
        onDrop={(e: DragEvent) => {
          this.#drag(false, e);
          s.attach(e.dataTransfer?.files ?? []);
        }}
      >
        <Log s={s} />
        {s.model.call && <Spoken s={s} />}
        {ending && <AskEnd s={s} />}
        {notice && (
          <p class="notice" role="alert">
            {notice}
          </p>
        )}
        {s.ended ? (
          <Ended s={s} />
        ) : talk?.state?.talk?.secure ? (
          <p class="write instead">{s.model.t.keyIn}</p>
        ) : (
          <Composer key={secret ? "secret" : "words"} s={s} secret={secret} dragging={this.state.dragging} />
        )}
      </div>
    );
  }
}

/** Where a chat that is spoken shows itself. */
class Spoken extends Component<{ s: Session }> {
  #at = ref<HTMLDivElement>();

  override mounted() {
    const { call, talk } = this.props.s.model;
    call!.show(this.#at.current, talk?.state ?? undefined);
  }

  override updated() {
    this.mounted();
  }

  override unmounted() {
    this.props.s.model.call!.show(null, undefined);
  }

  override render() {
    return <div ref={this.#at} />;
  }
}

/** Ending cannot be undone, so it is asked once. */
class AskEnd extends Component<{ s: Session }> {
  #yes = ref<HTMLButtonElement>();

  override mounted() {
    this.#yes.current!.focus();
  }

  override render() {
    const { s } = this.props;
    const { t } = s.model;
    return (
      <div class="ask" role="alertdialog" aria-label={t.endAsk}>
        <p>{t.endAsk}</p>
        <button ref={this.#yes} class="strong" type="button" onClick={() => void s.end()}>
          {t.end}
        </button>
        <button type="button" onClick={() => s.askEnd(false)}>
          {t.endNo}
        </button>
      </div>
    );
  }
}
