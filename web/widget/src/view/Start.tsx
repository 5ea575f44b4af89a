import { MAX_NAME, MAX_TEXT } from "../protocol";
import type { Session } from "../session";
import { Component, h, ref, type VNode } from "./dom";

/** What is asked before a chat, or the message that is left when nobody is there. */
export class Start extends Component<{ s: Session }> {
  #form = ref<HTMLFormElement>();
  #shown: unknown = null;

  override updated() {
    const { problem } = this.props.s.model;
    if (problem === this.#shown) return;
    this.#shown = problem;
    const field = problem && this.#form.current?.elements.namedItem(problem.field);
    if (field instanceof HTMLElement) field.focus();
  }

  #submit(e: Event) {
    e.preventDefault();
    const form = new FormData(this.#form.current!);
    const text = (name: string) => String(form.get(name) ?? "");
    void this.props.s.start({
      name: text("name"),
      email: text("email"),
      message: text("message"),
      agreed: form.has("consent"),
    });
  }

  override render() {
    const { s } = this.props;
    const { t, entry, problem, starting, left, notice } = s.model;
    if (left)
      return (
        <div class="body">
          <p role="status">{t.left}</p>
          <button class="strong" type="button" onClick={() => s.again()}>
            {t.again}
          </button>
        </div>
      );
    const fault = (field: string) => (problem?.field === field ? problem.text : "");
    const field = (name: string, label: string, must: boolean, input: (a: object) => VNode) => (
      <Field name={name} label={label} optional={must ? "" : t.optional} fault={fault(name)} input={input} />
    );
    const email = entry.ask_email !== "no" || !entry.open;
    return (
      <form class="body" ref={this.#form} novalidate onSubmit={(e: Event) => this.#submit(e)}>
        {notice && (
          <p class="notice" role="status">
            {notice}
          </p>
        )}
        <p class="welcome" dir="auto">
          {entry.welcome || t.welcome}
        </p>
        {!entry.open && <p>{t.closedNow}</p>}
        {(email || entry.ask_name !== "no") && (
          <p class="hint" id="choice">
            {t.yourChoice}
          </p>
        )}
        {entry.ask_name !== "no" &&
          field("name", t.name, entry.ask_name === "required", (a) => (
            <input {...a} autocomplete="nickname" maxlength={MAX_NAME} dir="auto" />
          ))}
        {email &&
          field("email", t.email, entry.ask_email === "required", (a) => (
            <input {...a} type="email" autocomplete="email" maxlength="254" />
          ))}
        {!entry.open &&
          field("message", t.message, true, (a) => (
            <textarea {...a} rows="4" maxlength={MAX_TEXT} dir="auto" />
          ))}
        {entry.consent && (
          // Another text is another box: it is never ticked beforehand.
          <div class="field" key={entry.consent.version}>
            <label class="tick">
              <input
                type="checkbox"
                name="consent"
                aria-required="true"
                aria-invalid={!!fault("consent")}
                aria-describedby="consent-fault"
              />
              <span dir="auto">{entry.consent.words}</span>
            </label>
            {/^https?:\/\//i.test(entry.consent.link) && (
              <a href={entry.consent.link} target="_blank" rel="noopener noreferrer">
                {t.policy}
              </a>
            )}
            <Fault name="consent" text={fault("consent")} />
          </div>
        )}
        <p class="fault" role="alert">
          {problem && !this.#form.current?.elements.namedItem(problem.field) && problem.text}
        </p>
        <button class="strong" type="submit" aria-disabled={starting}>
          {starting ? t.starting : entry.open ? t.start : t.leave}
        </button>
      </form>
    );
  }
}

interface FieldProps {
  name: string;
  label: string;
  /** The word for it; empty if the field must be filled in. */
  optional: string;
  fault: string;
  input: (attributes: object) => VNode;
}

function Field({ name, label, optional, fault, input }: FieldProps) {
  return (
    <div class="field">
      <label for={name}>
        {label} {optional && <small>({optional})</small>}
      </label>
      {input({
        id: name,
        name,
        "aria-required": !optional,
        "aria-invalid": !!fault,
        "aria-describedby": `${name}-fault choice`,
      })}
      <Fault name={name} text={fault} />
    </div>
  );
}

function Fault({ name, text }: { name: string; text: string }) {
  return (
    <p class="fault" id={`${name}-fault`} aria-live="polite">
      {text}
    </p>
  );
}
