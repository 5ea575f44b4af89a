import { api, take } from "../api/client";
import type { Appearance, BrandShown, Palette } from "../api/types";

const place = "nubitalk.brand";
const colour = /^#[0-9a-f]{6}$/;

/** A theme's own properties; a dark logo on dark pages stands on a light plate, and the other way round. */
export function propertiesOf(look: Appearance, theme: "light" | "dark"): Record<string, string> {
  const { accent, ink, soft }: Palette = look[theme];
  const plate = look.plate === theme ? (theme === "dark" ? "#ffffff" : "#1d1c1b") : "transparent";
  return {
    "--accent": accent,
    "--focus": accent,
    "--accent-ink": ink,
    "--accent-soft": soft,
    "--plate": plate,
  };
}

// What pages look like: of the organisation that one is signed in to, else of the
// one that this browser knows, by its link. Colours come by a sheet that script
// makes, which the pages' policy allows.
class Brand {
  look = $state.raw<Appearance>();
  #link = "";
  #stamp = "";
  #sheet = new CSSStyleSheet();

  constructor() {
    document.adoptedStyleSheets.push(this.#sheet);
    try {
      this.wear(JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<BrandShown>);
    } catch {
      // Not kept, or not by us.
    }
    const at = /^\/app\/at\/([\w-]{1,64})\/?$/.exec(location.pathname);
    if (at) {
      this.#link = at[1]!;
      history.replaceState(history.state, "", "/app/");
    }
  }

  get product(): string {
    return this.look?.product ?? "Nubitalk";
  }

  /** Takes what the server says; one that has not changed comes without its look. */
  wear(shown: Partial<BrandShown>): void {
    const { look, stamp = "", link = "" } = shown;
    if (!look || ![look.light, look.dark].every((p) => Object.values(p).every((c) => colour.test(c)))) return;
    this.look = look;
    this.#link = link;
    this.#stamp = stamp;
    const of = (theme: "light" | "dark") =>
      Object.entries(propertiesOf(look, theme))
        .map(([name, value]) => `${name}:${value}`)
        .join(";");
    this.#sheet.replaceSync(`:root,[data-theme="light"]{${of("light")}}[data-theme="dark"]{${of("dark")}}`);
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon) icon.href = iconOf(look);
    try {
      localStorage.setItem(place, JSON.stringify(shown));
    } catch {
      // It is asked for again, then.
    }
  }

  async load(signedIn: boolean): Promise<void> {
    const known = this.#stamp;
    try {
      this.wear(
        await take(
          signedIn
            ? api.GET("/api/v1/brand/shown", { params: { query: { known } } })
            : api.GET("/api/v1/brand/public", {
                params: { query: { link: this.#link || undefined, known } },
              }),
        ),
      );
    } catch {
      // As it was, then: pages work in every colour.
    }
  }
}

/** A logo that is about as wide as high, else the mark. */
function iconOf({ logo, light }: Appearance): string {
  if (logo) {
    const head = atob(logo.slice(0, 32)); // the sizes are in the octets 16 to 23 of a PNG
    const size = (i: number) => head.charCodeAt(i + 2) * 256 + head.charCodeAt(i + 3);
    if (Math.max(size(16), size(20)) <= 1.5 * Math.min(size(16), size(20)))
      return `data:image/png;base64,${logo}`;
  }
  return `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="${light.accent}" d="M10 0h12a10 10 0 0 1 10 10v12a10 10 0 0 1-10 10H4a4 4 0 0 1-4-4V10A10 10 0 0 1 10 0"/></svg>`,
  )}`;
}

export const brand = new Brand();
