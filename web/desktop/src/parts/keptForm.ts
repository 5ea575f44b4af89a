import { keeping } from "../state/keeping";

// A form that is not saved when the session ends by itself is kept as the words of the desk are:
// sealed in this tab, for its user alone. What is secret is not.

interface Kept<Form> {
  /** The stored version that was changed; absent for something new. */
  version?: number;
  form: Form;
}

const secret = /(^|_)(password|secret)$/;

/** Values by whose name they let somebody in are left empty. */
function harmless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(harmless);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, v]) => [
      name,
      typeof v === "string" && secret.test(name) ? "" : harmless(v),
    ]),
  );
}

/** Asks `what` when the session ends, undefined where all is saved; answers with how to stop. */
export function keepForm<Form>(name: string, what: () => Kept<Form> | undefined): () => void {
  return keeping.give(`form ${name}`, () => harmless(what()));
}

/** What was kept of a form, once, in `own`: what the form has without it. */
export function keptForm<Form extends object>(name: string, own: Form): Kept<Form> | undefined {
  const kept = keeping.take(`form ${name}`) as Kept<Form> | undefined;
  return kept && { version: kept.version, form: { ...own, ...kept.form } };
}
