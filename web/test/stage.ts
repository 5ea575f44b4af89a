import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Route,
} from "playwright-core";
import { expect, TestRunner } from "vitest";
import { Agent } from "./agent";
import { Caller } from "./caller";
import { Program } from "./program";
import { listenIn, tone } from "./tone";
import { Visitor } from "./visitor";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Where the pictures go; an ignored folder. */
const SHOTS = fileURLToPath(new URL("../../artifacts/browser/", import.meta.url));

/** That something was read may be told when the contact has gone on to somebody else. */
const TOO_LATE = /status of 40[34] .*\/interactions\/\w+\/read\)/;

/** How long something may take on a busy machine before it counts as not happening. */
export const PATIENCE = 120_000;

/** Milliseconds; up to so long what a page asks for comes late, to find what only a quick answer makes right. */
const LAG = Number(process.env.LAG ?? 0);

async function lag(route: Route): Promise<void> {
  const seldom = route.request().url().includes("/assets/") ? 0.85 : 0.3; // a page has many of them
  if (Math.random() > seldom) await new Promise((go) => setTimeout(go, Math.random() * LAG));
  await route.fallback().catch(() => {}); // its page may have gone
}

function launch(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", ...more],
  });
}

declare module "vitest" {
  interface TaskMeta {
    /** What the pages showed when the test had failed, one line each. */
    shown?: string[];
  }
}

/** Has no line that tells something go away by itself on what this page shows from now on, however slow the machine is. */
export async function lasting(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const lines = [6000, 10_000, 12_000, 20_000];
    const set = window.setTimeout.bind(window);
    const patient = (run: () => void, after?: number) =>
      set(run, after && lines.includes(after) ? 3_600_000 : after);
    window.setTimeout = patient as typeof window.setTimeout;
  });
}

/** A program, a browser, and everybody who has a page in it. */
export class Stage {
  readonly program = new Program();
  /** The title of the tab that is shared by whoever shares its screen; "": nobody can. To be set first. */
  shares = "";
  #browser: Browser | undefined;
  /** Browsers whose microphone hears one tone, by its frequency. */
  #toned = new Map<number, Browser>();
  #contexts: BrowserContext[] = [];
  #troubles: string[] = [];
  #overlooked: RegExp[] = [];
  /** Who signed in in this test. */
  #agents: Agent[] = [];

  async open(): Promise<void> {
    await this.program.start();
    this.#browser = await launch();
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const browser of this.#toned.values()) await browser.close();
    await this.program.remove();
  }

  /**
   * Ends a test: closes its pages, ends what is still with its agents, so that the next begins from nothing whatever
   * became of this one, and fails for whatever the pages complained about.
   */
  async sweep(): Promise<void> {
    await this.#show();
    for (const context of this.#contexts) for (const page of context.pages()) await page.close();
    const agents = this.#agents;
    this.#agents = [];
    for (const agent of agents) await this.#home(agent).catch(() => {}); // whose session has ended cannot be asked
    for (const context of this.#contexts) await context.close();
    this.#contexts = [];
    const overlooked = [...this.#overlooked, TOO_LATE];
    const found = this.#troubles.filter((trouble) => !overlooked.some((what) => what.test(trouble)));
    this.#troubles = [];
    this.#overlooked = [];
    expect(found, found.join("\n")).toEqual([]);
  }

  /** Keeps what the pages of a test that failed show, as words and as pictures. */
  async #show(): Promise<void> {
    const test = TestRunner.getCurrentTest();
    if (test?.result?.state !== "fail" && !test?.result?.errors?.length) return;
    const shown: string[] = [];
    for (const page of this.#contexts.flatMap((context) => context.pages())) {
      const words = await page.evaluate(() => document.body.innerText).catch((e: unknown) => String(e));
      shown.push(`${page.url()} ${words.replace(/\s+/g, " ").slice(0, 1500)}`);
      await shot(page, `failed-${test.name.replace(/\W+/g, "-").slice(0, 60)}-${shown.length}`).catch(
        () => {},
      );
    }
    test.meta.shown = shown;
  }

  /** A browser whose microphone hears a tone of so many hertz. */
  async #hearing(hertz: number): Promise<Browser> {
    const known = this.#toned.get(hertz);
    if (known) return known;
    const file = join(this.program.data, `${hertz}.wav`);
    writeFileSync(file, tone(hertz));
    const browser = await launch(
      "--use-fake-device-for-media-stream",
      // Who shares a screen is given what the title says, and not a screen that is none.
      this.shares
        ? `--auto-select-tab-capture-source-by-title=${this.shares}`
        : "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${file}`,
      "--autoplay-policy=no-user-gesture-required", // for what listens here, also after a reload
    );
    this.#toned.set(hertz, browser);
    return browser;
  }

  /** Ends the browser process whose microphone hears a tone, in the midst of what it does. */
  async crash(hertz: number): Promise<void> {
    const browser = this.#toned.get(hertz)!;
    this.#contexts = this.#contexts.filter((context) => context.browser() !== browser);
    this.#toned.delete(hertz);
    const gone = new Promise((ended) => browser.once("disconnected", ended));
    const process = await browser.newBrowserCDPSession();
    process.send("Browser.crash").catch(() => {}); // nobody is there to answer
    await gone;
  }

  /** Sound is a tone at the microphone, in hertz; without it there is no microphone. */
  async context(options: BrowserContextOptions = {}, sound?: number): Promise<BrowserContext> {
    const browser = sound ? await this.#hearing(sound) : this.#browser!;
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: "en-GB",
      timezoneId: "Europe/Lisbon",
      reducedMotion: "reduce",
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    context.on("page", (page) => this.#watch(page));
    if (LAG) await context.route("**/*", lag);
    if (sound && this.shares) await context.grantPermissions(["microphone"]);
    if (sound) await context.addInitScript(listenIn);
    return context;
  }

  /** Somebody on the shop's page. */
  async visitor(
    options: BrowserContextOptions = {},
    page = this.program.shop,
    sound?: number,
  ): Promise<Visitor> {
    const context = await this.context(options, sound);
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(page);
    return visitor;
  }

  /** Somebody on the page that calls. */
  async caller(sound: number, options: BrowserContextOptions = {}): Promise<Caller> {
    const context = await this.context({ viewport: { width: 400, height: 800 }, ...options }, sound);
    const caller = new Caller(await context.newPage());
    await caller.page.goto(this.program.phone);
    return caller;
  }

  /** Somebody who is signed in at the desk. */
  async agent(user: string, options: BrowserContextOptions = {}, sound?: number): Promise<Agent> {
    const context = await this.context({ viewport: { width: 1440, height: 900 }, ...options }, sound);
    const agent = new Agent(await context.newPage(), user);
    await agent.page.goto(`${this.program.base}/app/`);
    this.#agents.push(agent);
    await agent.signIn(this.program.organisation(user), this.program.password(user));
    return agent;
  }

  /** Sends an agent home who is at work. */
  async #home(agent: Agent): Promise<void> {
    const url = `${this.program.base}/api/v1/desk`;
    const { request } = agent.page.context();
    const answer = await request.get(url);
    if (!answer.ok()) return;
    const { me, work, offers } = (await answer.json()) as {
      me: { presence: string };
      work: unknown[];
      offers: unknown[];
    };
    if (me.presence !== "offline")
      await request.put(`${url}/presence`, {
        headers: { Origin: this.program.base },
        data: { presence: "offline" },
      });
    if (work.length + offers.length) await this.clear(agent);
  }

  /** Ends whatever is with this agent. */
  async clear(agent: Agent): Promise<void> {
    const { request } = agent.page.context();
    const api = `${this.program.base}/api/v1`;
    const headers = { Origin: this.program.base };
    const get = async <T>(path: string) => (await (await request.get(`${api}/${path}`)).json()) as T;
    const post = (path: string, data: object = {}) => request.post(`${api}/${path}`, { headers, data });
    const { items } = await get<{ items: { id: string }[] }>("dispositions");
    await until(async () => {
      const desk = await get<{ work: { id: string }[]; offers: { id: string }[] }>("desk");
      for (const offer of desk.offers) await post(`offers/${offer.id}/accept`);
      for (const work of desk.work) {
        await post(`interactions/${work.id}/finish`);
        await post(`interactions/${work.id}/complete`, { disposition: items[0]!.id });
      }
      return desk.work.length + desk.offers.length;
    }).toBe(0);
  }

  /** Another tab of somebody who is signed in. */
  async tab(of: Agent): Promise<Agent> {
    const other = new Agent(await of.page.context().newPage(), of.user);
    await other.page.goto(`${this.program.base}/app/`);
    await other.presence.waitFor();
    return other;
  }

  // A page has nothing to complain about, except what a test expects and takes out.
  #watch(page: Page): void {
    const note = (text: string) => this.#troubles.push(text);
    page.on("pageerror", (e) => note(`error in ${page.url()}: ${e.message}`));
    page.on("dialog", (d) => {
      note(`dialog in ${page.url()}: ${d.message()}`);
      void d.dismiss();
    });
    page.on("console", (m) => {
      if (m.type() !== "error" && m.type() !== "warning") return;
      // The desk asks who is signed in, and before the sign-in it is nobody.
      if (/status of 401/.test(m.text()) && m.location().url.endsWith("/api/v1/me")) return;
      // The notice's checks take a while when first asked for; the page says so and asks again.
      if (/status of 503/.test(m.text()) && m.location().url.endsWith("/api/v1/privacy/notice")) return;
      // A sound that was lost because the call ended finds that out by asking once more; a screen's last film,
      // which was on its way, and how a call stands, asked for just as it ends, too.
      if (
        /status of 410/.test(m.text()) &&
        /\/(sound|relays|call|screen|screen\/pieces\?.*)$/.test(m.location().url)
      )
        return;
      note(`${m.type()} in ${page.url()}: ${m.text()} (${m.location().url})`);
    });
  }

  /** Complaints that a test may have at any time, and need not: of what was asked before who asks had changed, say. */
  overlook(what: RegExp): void {
    this.#overlooked.push(what);
  }

  /** Takes complaints out that a test provokes, for example by cutting the connection. */
  forgive(what: RegExp): void {
    this.#troubles = this.#troubles.filter((t) => !what.test(t));
  }
}

/** What axe finds on a page, one line each; also inside the widget. */
export async function axe(page: Page): Promise<string[]> {
  // Not as a script tag: the site's policy would rightly refuse it.
  const session = await page.context().newCDPSession(page);
  const options = JSON.stringify({
    resultTypes: ["violations"],
    runOnly: { type: "tag", values: RULES },
  });
  const expression = `${AXE};axe.run(document, ${options}).then((r) => JSON.stringify(r.violations.map((v) =>
    v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + n.failureSummary).join(" | "))))`;
  const { result } = await session.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(String(result.value)) as string[];
}

export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png`, animations: "disabled" });
}

/** Has a page shown light or dark; it is when this is done. A shop's page follows the browser by itself. */
export async function scheme(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  const shows = () =>
    page.evaluate(
      () =>
        document.documentElement.dataset.theme ??
        (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
    );
  await until(shows).toBe(colorScheme);
}

/** What a page shows in the place of a name that is not there, a line each. */
export function holes(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const named = "a, button, h1, h2, h3, th, dt, dd, legend, label, option, bdi, .tag, nav li";
    for (const e of document.querySelectorAll<HTMLElement>(named)) {
      if (e.closest("datalist") || (!e.checkVisibility() && e.tagName !== "OPTION")) continue;
      const words = e.textContent?.trim() || e.getAttribute("aria-label") || e.title;
      if (!words && !e.querySelector("svg, img, input, canvas, [aria-label]"))
        found.push(`nothing in ${e.outerHTML.slice(0, 200)}`);
    }
    const text = document.body.innerText.replace(/\s+/g, " ");
    const wrong = /.{0,40}(\bundefined\b|\bnull\b|\bNaN\b|\[object|· ·|, ,|\( ?\)|“”).{0,40}/g;
    for (const m of text.matchAll(wrong)) found.push(m[0]);
    // An id stands as such only where it is one to be copied.
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) {
      const { textContent, parentElement } = nodes.currentNode;
      const id = /.{0,40}usr_\w+/.exec(textContent ?? "");
      if (id && !parentElement?.closest("code, script")) found.push(id[0]);
    }
    return found;
  });
}

/** Waits until something is as it should be; what says of which thing, where one line waits for several. */
export function until<T>(get: () => T | Promise<T>, what?: string) {
  return expect.poll(get, { timeout: PATIENCE, interval: 50, message: what });
}

/** What axe finds, light and dark, wide and narrow. */
export async function looks(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [width, colorScheme] of [
    [1280, "light"],
    [1280, "dark"],
    [400, "light"],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await scheme(page, colorScheme);
    await shot(page, `${name}-${width}-${colorScheme}`);
    await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded(); // from under the line that saves
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (wide) found.push(`${name} is wider than ${width}`);
    found.push(...(await axe(page)).map((v) => `${name} ${width} ${colorScheme}: ${v}`));
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await scheme(page, "light");
  return found;
}
