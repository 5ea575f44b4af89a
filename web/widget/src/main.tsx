import { Api, Failure } from "./api";
import { Keep } from "./keep";
import { backoff } from "./line";
import type { EntryPoint } from "./protocol";
import { Session } from "./session";
import { preferred } from "./texts";
import { App } from "./view/App";
import { draw, h, redraw } from "./view/dom";
import css from "./view/widget.css?inline";

// Begins the widget for the script tag that loaded this file:
//   <script src="https://HOST/widget.js" data-entry="ent_…" async></script>
// Leaves no global behind. Everything it shows is in one shadow root.

const HOST = "nubitalk-chat";
/** Tries to learn how to look before it gives up until the network changes. */
const TRIES = 4;

const tag = (document.currentScript ??
  document.querySelector("script[data-entry][src*='/widget.js']")) as HTMLScriptElement | null;
const entryID = tag?.dataset.entry;

if (!tag || !entryID)
  console.error("Nubitalk chat: the script tag needs data-entry with the id of an entry point.");
else if (!document.querySelector(`${HOST}[data-entry="${CSS.escape(entryID)}"]`)) {
  const host = document.createElement(HOST);
  host.dataset.entry = entryID;
  void begin(host, new Api(new URL(tag.src, location.href).origin), entryID, tag.dataset.lang || undefined);
}

async function begin(host: HTMLElement, api: Api, id: string, lang: string | undefined): Promise<void> {
  stay(host);
  const entry = await look(api, id, preferred(lang, navigator.languages));
  if (entry?.channel === "voice")
    console.warn(
      `Nubitalk chat is not shown: entry point ${id} takes calls. Link to ${api.base}/phone/#${id} instead.`,
    );
  else if (entry) show(host, new Session(api, entry));
}

/** Keeps the widget in the document also where a site swaps its whole body between pages. */
function stay(host: HTMLElement): void {
  const seen = new MutationObserver(put);
  function put(): void {
    if (!document.body) return;
    if (!host.isConnected) document.body.append(host);
    seen.observe(document.body, { childList: true });
  }
  seen.observe(document.documentElement, { childList: true });
  put();
}

/** Asks how the widget looks; undefined, with a word for the site's developer, if it may not be shown here. */
async function look(api: Api, id: string, lang: string): Promise<EntryPoint | undefined> {
  for (let n = 0; ; n++) {
    try {
      return await api.entryPoint(id, lang);
    } catch (e) {
      const f = e instanceof Failure ? e : new Failure("network", 0, "");
      const final = f.cause !== "network" && f.cause !== "busy";
      if (final || n === TRIES) {
        console.warn(
          `Nubitalk chat is not shown: ${f.message || "no answer."} Check that ${api.base} can be reached, that ` +
            `entry point ${id} is on, and that its origins include ${location.origin}.`,
        );
      }
      if (final) return undefined;
      // With a conversation to come back to, it goes on trying.
      const pause =
        n < TRIES || new Keep(id).read() ? f.seconds * 1000 || backoff(n, Math.random()) : Infinity;
      await until(pause);
    }
  }
}

/** Waits, but no longer than until the network is back. */
function until(ms: number): Promise<void> {
  return new Promise((done) => {
    addEventListener("online", () => done(), { once: true });
    if (ms < Infinity) setTimeout(done, ms);
  });
}

function show(host: HTMLElement, session: Session): void {
  const root = host.attachShadow({ mode: "open" });
  const looks = new CSSStyleSheet();
  const theme = new CSSStyleSheet();
  looks.replaceSync(css);
  root.adoptedStyleSheets = [looks, theme];
  // The site's own keyboard shortcuts must not act on what is typed here.
  for (const kind of ["keydown", "keypress", "keyup"])
    host.addEventListener(kind, (e) => e.stopPropagation());

  const small = matchMedia("(max-width: 540px), (max-height: 430px)");
  const night = matchMedia("(prefers-color-scheme: dark)");
  let painted = "";
  const view = () => {
    const { look, mode } = session.model.entry;
    const dark = mode === "dark" || (mode !== "light" && night.matches);
    const rule = `.all{--accent:${look.accent};--ink:${look.ink};--tint:${dark ? look.on_dark : look.on_light}}`;
    if (rule !== painted) theme.replaceSync((painted = rule));
    return <App s={session} full={small.matches} dark={dark} />;
  };
  /** Above the keyboard of a phone. */
  const fit = () => {
    const v = window.visualViewport;
    if (!v) return;
    host.style.setProperty("--height", `${v.height}px`);
    host.style.setProperty("--top", `${v.offsetTop}px`);
  };
  fit();
  night.addEventListener("change", redraw);
  small.addEventListener("change", redraw);
  window.visualViewport?.addEventListener("resize", fit);
  window.visualViewport?.addEventListener("scroll", fit);
  session.begin(redraw);
  draw(root, view);
}
