// Shows the OpenAPI document. Everything is set as text, never as markup.
"use strict";

const make = (name, text, kind) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
};

const last = (ref) => ref.slice(ref.lastIndexOf("/") + 1);

// shape writes a schema as a short sketch in the manner of JSON.
function shape(doc, s, depth = 0, seen = []) {
  if (!s) return "any";
  if (s.$ref) {
    const name = last(s.$ref);
    if (seen.includes(name) || depth > 3) return name;
    return shape(doc, doc.components.schemas[name], depth, [...seen, name]);
  }
  if (s.enum) return s.enum.map((v) => JSON.stringify(v)).join(" | ");
  const type = Array.isArray(s.type) ? s.type.filter((t) => t !== "null")[0] : s.type;
  if (type === "array") return "[" + shape(doc, s.items, depth, seen) + "]";
  if (type === "object" && s.properties) {
    const pad = "  ".repeat(depth + 1);
    const lines = Object.entries(s.properties).map(([name, p]) => {
      const optional = (s.required || []).includes(name) ? "" : "?";
      const note = p.description ? "  // " + p.description : "";
      return `${pad}${name}${optional}: ${shape(doc, p, depth + 1, seen)}${note}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (type === "object") return `{ [key]: ${shape(doc, s.additionalProperties, depth + 1, seen)} }`;
  return s.format ? `${type} (${s.format})` : type || "any";
}

function content(doc, title, body, into) {
  for (const [kind, media] of Object.entries((body && body.content) || {})) {
    into.append(make("h3", `${title} · ${kind}`), make("pre", shape(doc, media.schema)));
  }
}

function route(doc, path, method, op) {
  const d = make("details");
  d.id = op.operationId;
  const s = make("summary");
  s.append(make("span", method.toUpperCase(), "method"), make("span", path, "path"), make("span", op.summary || "", "what"));
  d.append(s);
  d.dataset.words = [method, path, op.summary, op.description, op.operationId].join(" ").toLowerCase();
  d.addEventListener("toggle", () => d.open && d.childElementCount === 1 && fill(doc, d, op));
  return d;
}

function fill(doc, d, op) {
  for (const text of (op.description || "").split("\n\n")) if (text) d.append(make("p", text.replaceAll("`", "")));
  if (op.parameters && op.parameters.length) {
    const t = make("table");
    const head = make("tr");
    for (const h of ["Parameter", "In", "Type", "Meaning"]) head.append(make("th", h));
    t.append(head);
    for (const p of op.parameters) {
      const r = make("tr");
      for (const v of [p.name + (p.required ? "" : "?"), p.in, shape(doc, p.schema), p.description || ""]) r.append(make("td", v));
      t.append(r);
    }
    d.append(t);
  }
  content(doc, "Sends", op.requestBody, d);
  for (const [status, res] of Object.entries(op.responses || {})) content(doc, `Answers ${status}`, res, d);
}

async function show() {
  const doc = await (await fetch("/api/v1/openapi.json")).json();
  const areas = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) {
      if (!op.operationId) continue;
      const tag = (op.tags || ["Other"])[0];
      if (!areas.has(tag)) areas.set(tag, []);
      areas.get(tag).push(route(doc, path, method, op));
    }
  }
  const main = document.getElementById("routes");
  const nav = document.getElementById("tags");
  main.replaceChildren();
  for (const [tag, list] of areas) {
    const section = make("section");
    section.id = "area-" + tag.toLowerCase().replaceAll(" ", "-");
    section.append(make("h2", tag), ...list);
    main.append(section);
    const a = make("a", tag);
    a.href = "#" + section.id;
    nav.append(a);
  }
  const find = document.getElementById("find");
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const section of main.children) {
      let here = 0;
      for (const d of section.querySelectorAll("details")) {
        d.hidden = !words.every((w) => d.dataset.words.includes(w));
        if (!d.hidden) here++;
      }
      section.hidden = here === 0;
      n += here;
    }
    document.getElementById("count").textContent = `${n} routes`;
  };
  find.addEventListener("input", filter);
  filter();
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted instanceof HTMLDetailsElement) wanted.open = true;
}

show().catch(() => {
  document.getElementById("routes").textContent = "The document could not be loaded.";
});
