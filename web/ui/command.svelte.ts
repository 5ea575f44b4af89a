import { untrack, type Component } from "svelte";

// Everything that can be done by a key or from the palette, in one list: parts
// of the screen add theirs while they are shown.
export interface Command {
  id: string;
  label: string;
  group: string;
  /** e.g. "Ctrl+K", "Alt+1", "?", "Enter". */
  keys?: string;
  icon?: Component<{ size?: number; "aria-hidden"?: "true" }>;
  hint?: string;
  /** Other words that should find it. */
  words?: string;
  /** Keys work also while a text field has the focus. Always so with Ctrl or Alt. */
  typing?: boolean;
  /** Only a key, not worth a line in the palette. */
  keyOnly?: boolean;
  run: () => void;
}

class Commands {
  #sources = $state.raw<(() => Command[])[]>([]);
  #loading = 0;
  #kept?: KeyboardEvent;

  /** Adds commands while the calling component lives; later ones win a key. */
  provide(source: () => Command[]): () => void {
    this.#sources = [...untrack(() => this.#sources), source];
    return () => {
      this.#sources = untrack(() => this.#sources).filter((s) => s !== source);
    };
  }

  /**
   * What comes by itself and may bring commands, a part of the screen or what one
   * shows: a key with Ctrl or Alt for which there is none yet is taken once it is there.
   */
  part<T>(coming: Promise<T>): Promise<T> {
    this.#loading++;
    // A task later what has come is mounted, and has provided its commands.
    const end = () => setTimeout(() => this.#came());
    coming.then(end, end);
    return coming;
  }

  #came() {
    this.#loading--;
    const event = this.#kept;
    if (event) this.press(event);
  }

  get all(): Command[] {
    return this.#sources.flatMap((source) => source());
  }

  /** Runs the command of a key press; false when there is none. */
  press(event: KeyboardEvent): boolean {
    if (["Alt", "Control", "Meta", "Shift"].includes(event.key)) return false;
    this.#kept = undefined;
    if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return false;
    const name = keyName(event);
    const writing = isTyping(event.target);
    const command = this.all.findLast((c) => {
      if (c.keys !== name) return false;
      if (!writing && !isControl(event.target, event.key)) return true;
      return (
        c.typing || name.startsWith("Ctrl+") || name.startsWith("Alt+") || (!writing && name !== "Enter")
      );
    });
    if (!command) {
      // Not Enter and the like: they would mean something else by then.
      if (this.#loading && /^(Ctrl|Alt)\+/.test(name)) this.#kept = event;
      return false;
    }
    event.preventDefault();
    command.run();
    return true;
  }
}

export const commands = new Commands();

function keyName(event: KeyboardEvent): string {
  // AltGr writes @ and € and looks like Ctrl+Alt.
  if (event.getModifierState("AltGraph")) return "";
  // With Alt some systems write a symbol; then the key's place tells the letter.
  const place = /^(Key|Digit)(.)$/.exec(event.code)?.[2];
  let key = event.altKey && place && !/^[a-z0-9]$/i.test(event.key) ? place : event.key;
  if (event.altKey && event.shiftKey && event.code.startsWith("Digit") && place) key = place;
  if (key.length === 1) key = key.toUpperCase();
  const arrow: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑" };
  let name = "";
  if (event.ctrlKey || event.metaKey) name += "Ctrl+";
  if (event.altKey) name += "Alt+";
  if (event.shiftKey && (key.length > 1 || event.ctrlKey || event.altKey)) name += "Shift+";
  return name + (arrow[key] ?? key);
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio])"))
  );
}

// Enter and Space belong to the button or link that has the focus.
function isControl(target: EventTarget | null, key: string): boolean {
  return (
    (key === "Enter" || key === " ") &&
    target instanceof HTMLElement &&
    target.matches("button, a[href], summary, [role=menuitem], input")
  );
}
