import { mount } from "svelte";
import "$ui/tokens.css";
import "$ui/base.css";
import { locale } from "$ui/i18n.svelte";
import App from "./App.svelte";
import { Phone } from "./phone.svelte";

// Which entry point is called stands in the address: /phone/#ent_… or
// /phone/?entry=ent_…, with ?lang=pt for a language of the site's choice.

locale.set(locale.language);
const target = document.getElementById("app");
const query = new URLSearchParams(location.search);
const entry = location.hash.slice(1) || query.get("entry") || "";
// Another entry point is another page.
addEventListener("hashchange", () => location.reload());
if (target) mount(App, { target, props: { phone: new Phone(entry, query.get("lang") ?? undefined) } });
