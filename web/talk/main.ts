import { mount } from "svelte";
import { locale, type Language } from "$ui/i18n.svelte";
import type { Message, State } from "../widget/src/protocol";
import type { Asks } from "./calls";
import css from "./call.css?inline";
import { Spoken } from "./spoken.svelte";
import { text } from "./texts";
import View from "./View.svelte";

// What the widget needs when a chat is spoken: fetched then and not before.

/** What it needs of the widget's API. */
export interface Line extends Asks {
  /** In which texts are shown. */
  language: string;
}

export interface Call {
  /** Shows how it stands, in `at`; without a state it is over. */
  show(at: HTMLElement | null, state: State | undefined): void;
  /** The server was away and is back. */
  back(): void;
  /** What an event of the conversation says to the visitor; empty if it is not of a call. */
  event(m: Message): string;
}

export function begin(line: Line): Call {
  locale.language = line.language as Language; // not of the page, which is the site's own
  const spoken = new Spoken(line);
  const element = document.createElement("div");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  mount(View, { target: element, props: { spoken } });
  return {
    show(at, state) {
      if (at && element.parentNode !== at) {
        at.append(element);
        const root = at.getRootNode() as ShadowRoot;
        if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
      }
      spoken.show(state?.talk, state?.agent_name ?? "");
    },
    back: () => void spoken.sound?.doubt(),
    event(m) {
      switch (m.event) {
        case "call_asked":
        case "call_withdrawn":
        case "call_declined":
        case "call_begun":
        case "call_ended":
          return text(m.event, { name: m.author_name || text("you") });
        default:
          return "";
      }
    },
  };
}
