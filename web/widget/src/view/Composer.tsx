import { kinds } from "../files";
import { MAX_TEXT, type Message } from "../protocol";
import type { Session } from "../session";
import { Component, h, ref } from "./dom";
import { Icon } from "./icons";

interface Props {
  key: string;
  s: Session;
  /** The question whose answer nobody will see, if one waits. */
  secret: Message | undefined;
  /** Files are held over the panel. */
  dragging: boolean;
}

/** The box to write in: Enter sends, Shift+Enter begins a line; files by button or paste. */
export class Composer extends Component<Props, { over: number }> {
  override state = { over: 0 };
  #text = ref<HTMLTextAreaElement | HTMLInputElement>();
  #files = ref<HTMLInputElement>();

  /** What was being written when a chat ended goes on in the next one. */
  override mounted() {
    if (this.props.secret) return;
    this.#text.current!.value = this.props.s.draft;
    this.#grow();
  }

  #send(e: Event) {
    e.preventDefault();
    const box = this.#text.current!;
    const text = box.value.trim();
    if (text && !this.state.over) {
      this.props.s.say(text, !!this.props.secret);
      box.value = "";
      this.#grow();
    }
    box.focus();
  }

  #grow() {
    const box = this.#text.current!;
    if (this.props.secret) return;
    this.props.s.draft = box.value;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 120)}px`;
    const over = Math.max(0, [...box.value.trim()].length - MAX_TEXT);
    if (over !== this.state.over) this.set({ over });
  }

  #paste(e: ClipboardEvent) {
    const files = e.clipboardData?.files;
    if (!files?.length) return;
    e.preventDefault();
    this.props.s.attach(files);
  }

  override render() {
    const { s, secret, dragging } = this.props;
    const { t, entry } = s.model;
    const { over } = this.state;
    const { attachments: limits } = entry;
    return (
      <form class={dragging ? "write dragging" : "write"} onSubmit={(e: Event) => this.#send(e)}>
        {secret ? (
          <input
            ref={this.#text}
            type="password"
            autocomplete="off"
            inputmode={secret.digits ? "numeric" : "text"}
            aria-label={t.secret}
            placeholder={t.secret}
          />
        ) : (
          <textarea
            ref={this.#text}
            rows="1"
            dir="auto"
            aria-label={t.write}
            placeholder={dragging ? t.drop : t.write}
            aria-describedby="limits"
            aria-invalid={over > 0}
            onInput={() => {
              this.#grow();
              s.typing();
            }}
            onPaste={(e: ClipboardEvent) => this.#paste(e)}
            onKeyDown={(e: KeyboardEvent) => {
              if (e.key === "Enter" && !e.shiftKey && !e.isComposing) this.#send(e);
            }}
          />
        )}
        {limits.allowed && (
          <input
            ref={this.#files}
            type="file"
            multiple
            hidden
            accept={limits.types.join(",")}
            onChange={(e: Event) => {
              const input = e.currentTarget as HTMLInputElement;
              s.attach(input.files ?? []);
              input.value = "";
            }}
          />
        )}
        {limits.allowed && (
          <button
            class="tool"
            type="button"
            aria-label={t.attach}
            title={t.attach}
            onClick={() => this.#files.current!.click()}
          >
            <Icon of="clip" />
          </button>
        )}
        <button class="tool send" type="submit" aria-label={t.send} title={t.send}>
          <Icon of="send" />
        </button>
        <small id="limits" class={over ? "fault" : ""} aria-live={over ? "polite" : "off"}>
          {over ? t.tooLong(over) : limits.allowed && t.limits(limits.max_mb, kinds(limits))}
        </small>
      </form>
    );
  }
}
