import { type Outgoing, question } from "../conversation";
import { isPicture, save, size } from "../files";
import { linkify, plain } from "../linkify";
import type { Attachment, Message } from "../protocol";
import type { Session } from "../session";
import { Component, h, ref } from "./dom";
import { Place } from "./Place";

interface Props {
  s: Session;
}

/** How close to the end counts as reading along, in pixels. */
const NEAR = 60;
/** How wide a picture is drawn at most, in pixels of the screen. */
const WIDEST = 640;

/** What was said, in a log that a screen reader follows. Stays at the end while the visitor reads along. */
export class Log extends Component<Props, { below: boolean }> {
  override state = { below: false };
  #box = ref<HTMLDivElement>();
  #along = true;
  #mine = 0;
  #count = 0;

  override mounted() {
    this.#end();
  }

  override updated() {
    const { messages, outgoing } = this.props.s.model.talk!;
    if (this.#along || outgoing.length > this.#mine) this.#end();
    else if (messages.length > this.#count) this.#below(true);
    this.#mine = outgoing.length;
    this.#count = messages.length;
  }

  #end() {
    const box = this.#box.current!;
    box.scrollTop = box.scrollHeight;
    this.#along = true;
    this.#below(false);
  }

  #below(below: boolean) {
    if (below !== this.state.below) this.set({ below });
  }

  #scrolled() {
    const box = this.#box.current!;
    this.#along = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (this.#along) this.#below(false);
  }

  /** Something in the log became taller. */
  #grown = () => {
    if (this.#along) this.#end();
  };

  #lines() {
    const { s } = this.props;
    const { t, talk } = s.model;
    const { messages, outgoing, agentRead } = talk!;
    const lastMine = messages.findLast((m) => m.author_kind === "visitor")?.seq;
    let day = "";
    const lines = messages.flatMap((m, i) => {
      const today = new Date(m.at).toDateString();
      const turned = today !== day;
      day = today;
      const said = (
        <Said
          key={m.client_id || m.id}
          s={s}
          m={m}
          same={!turned && sameAuthor(messages[i - 1], m)}
          mark={m.seq === lastMine ? (agentRead >= m.seq ? t.read : t.sent) : ""}
          grown={this.#grown}
        />
      );
      return turned ? [<Event key={`day${m.seq}`} text={date(m.at, s.locale)} />, said] : [said];
    });
    // The same key as the confirmed message will have: it is one line that changes, not another.
    return [...lines, ...outgoing.map((o) => <Said key={o.client_id} s={s} o={o} grown={this.#grown} />)];
  }

  override render() {
    const { s } = this.props;
    const { t, talk, typing } = s.model;
    const open = question(talk!);
    return (
      <div class="body">
        <div
          class="log"
          role="log"
          aria-label={t.messages}
          aria-relevant="additions"
          tabindex="0"
          ref={this.#box}
          onScroll={() => this.#scrolled()}
        >
          {this.#lines()}
        </div>
        <div class="after">
          {open?.kind === "buttons" && (
            <div class="choices" role="group" aria-label={open.text}>
              {open.buttons?.map((b) => (
                <button type="button" key={b.value} dir="auto" onClick={() => s.choose(b.value, b.label)}>
                  {b.label}
                </button>
              ))}
            </div>
          )}
          {open?.kind === "form" && <p class="place">{t.leaveHere}</p>}
          <Place s={s} />
          {typing && (
            <p class="typing">
              <bdi>{plain(t.typing(typing))}</bdi>
            </p>
          )}
          {this.state.below && (
            <button class="below" type="button" onClick={() => this.#end()}>
              {t.newBelow}
            </button>
          )}
        </div>
      </div>
    );
  }
}

interface SaidProps {
  key: string;
  s: Session;
  /** A message that the server has… */
  m?: Message;
  /** …or one of the visitor's that it does not have yet. */
  o?: Outgoing;
  /** The line before is by the same author, who need not be named again. */
  same?: boolean;
  mark?: string;
  grown: () => void;
}

function Said({ s, m, o, same, mark, grown }: SaidProps) {
  const { t } = s.model;
  if (m?.kind === "event") return <Event text={happened(s, m)} />;
  if (m && !m.text && !m.attachment) return null;
  const mine = m?.author_kind === "visitor" || !!o;
  return (
    <div class={`m ${mine ? "mine" : ""}`}>
      <span class={mine || same ? "who hidden" : "who"}>
        <bdi>{m ? plain(s.called(m)) : t.you}</bdi>
        <span class="hidden">: </span>
      </span>
      {m?.attachment ? (
        <Attached s={s} a={m.attachment} grown={grown} />
      ) : (
        <Words text={o?.masked ? "••••" : ((m ?? o)?.text ?? "")} />
      )}
      {m && (
        <small>
          <time datetime={m.at}>{time(m.at, s.locale)}</time>
          {mark && ` · ${mark}`}
        </small>
      )}
      {o && <Unsent s={s} o={o} />}
    </div>
  );
}
Said.pure = true;

function Event({ text }: { text: string; key?: string }) {
  return text ? (
    <p class="event">
      <bdi>{plain(text)}</bdi>
    </p>
  ) : null;
}

/** Only ever text: markup is shown as it is written, and direction cannot spill over. */
function Words({ text }: { text: string }) {
  return (
    <p class="bubble" dir="auto">
      {linkify(plain(text)).map((p) =>
        p.href ? (
          <a href={p.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
            {p.text}
          </a>
        ) : (
          p.text
        ),
      )}
    </p>
  );
}

/** How far a message of the visitor's is, and what can be done about it. */
function Unsent({ s, o }: { s: Session; o: Outgoing }) {
  const { t } = s.model;
  const stuck = o.status !== "sending";
  return (
    <div class="unsent">
      {o.progress !== undefined && <progress value={o.progress} aria-label={t.sending} />}
      <small class={o.status === "failed" ? "fault" : ""}>
        {o.status === "sending" ? t.sending : o.status === "waiting" ? t.waiting : o.error || t.failed}
      </small>
      {stuck && !s.ended && (
        <button type="button" onClick={() => s.retry(o.client_id)}>
          {t.retry}
        </button>
      )}
      {(stuck || o.file) && (
        <button type="button" onClick={() => s.remove(o.client_id)}>
          {t.remove}
        </button>
      )}
    </div>
  );
}

interface FileProps {
  s: Session;
  a: Attachment;
  grown: () => void;
}

/**
 * A picture, or a file to save. Loaded with the conversation's token, so never
 * by its address. A picture is drawn, because the site's policy may forbid
 * images from memory (blob:), and nothing in a drawing can run.
 */
class Attached extends Component<FileProps, { drawn: boolean; broken: boolean }> {
  override state = { drawn: false, broken: false };
  #canvas = ref<HTMLCanvasElement>();

  override mounted() {
    if (isPicture(this.props.a)) void this.#with((blob) => this.#draw(blob));
  }

  async #with(act: (blob: Blob) => unknown) {
    try {
      await act(await this.props.s.file(this.props.a.id));
    } catch {
      this.set({ broken: true });
    }
  }

  async #draw(blob: Blob) {
    const image = await createImageBitmap(blob);
    const canvas = this.#canvas.current!;
    const part = Math.min(1, WIDEST / image.width);
    canvas.width = image.width * part;
    canvas.height = image.height * part;
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    this.set({ drawn: true });
  }

  override updated() {
    this.props.grown();
  }

  override render() {
    const { s, a } = this.props;
    const { t } = s.model;
    const { broken, drawn } = this.state;
    const name = plain(a.name);
    return (
      <div class="bubble file">
        <canvas ref={this.#canvas} role="img" aria-label={t.image(name)} hidden={!drawn} />
        <button type="button" onClick={() => void this.#with((blob) => save(blob, name))}>
          <span class="hidden">{t.download} </span>
          <bdi>{name}</bdi> <small>{size(a.size, s.locale)}</small>
        </button>
        <small class="fault" role="status" hidden={!broken}>
          {broken && t.noFile}
        </small>
      </div>
    );
  }
}

function sameAuthor(a: Message | undefined, b: Message): boolean {
  return a?.kind !== "event" && a?.author_kind === b.author_kind && a.author_name === b.author_name;
}

function happened(s: Session, m: Message): string {
  const { t } = s.model;
  const name = m.author_name || m.text || t.somebody;
  switch (m.event) {
    case "queued":
      return t.queued;
    case "agent_joined":
      return t.joined(name);
    case "agent_left":
      return t.leftChat(name);
    case "transferred":
      return t.transferred;
    case "ended":
      return ""; // Ended says it, with what can be done now
    case "callback":
      return t.keptAt(m.text ?? "");
    case "unanswered":
      return t.unanswered;
  }
  return (m.text ?? s.model.call?.event(m)) || "";
}

function time(at: string, language: string): string {
  return new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

function date(at: string, language: string): string {
  return new Date(at).toLocaleDateString(language, { weekday: "long", day: "numeric", month: "long" });
}
