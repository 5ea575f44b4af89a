import { mount } from "svelte";
import "$ui/tokens.css";
import "$ui/base.css";
import "./state/brand.svelte"; // before the router reads the address
import { locale } from "$ui/i18n.svelte";
import App from "./App.svelte";

locale.set(locale.language);
const target = document.getElementById("app");
if (target) mount(App, { target });
