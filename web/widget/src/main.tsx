import { render } from "preact";
import css from "./view/widget.css?inline";
const host = document.createElement("div");
const root = host.attachShadow({ mode: "open" });
const s = new CSSStyleSheet(); s.replaceSync(css); root.adoptedStyleSheets=[s];
render(<button onClick={() => console.log("x")}>a</button>, root);
