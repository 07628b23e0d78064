// Shows what /openapi.json describes, and sends requests to it. All of it is the application's text: never HTML.
"use strict";
const METHODS = ["get", "post", "put", "patch", "delete"];
let described = {};

function made(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function resolved(schema, depth = 0) {
  const name = schema && typeof schema.$ref === "string" ? schema.$ref.split("/").pop() : "";
  if (!name || depth > 5) return schema || {};
  return resolved(((described.components || {}).schemas || {})[name], depth + 1);
}

function example(given, depth = 0) {
  const schema = resolved(given);
  if (depth > 5) return null;
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const choice = (schema.anyOf || schema.oneOf || schema.allOf || [])[0];
  if (choice) return example(choice, depth + 1);
  if (schema.type === "object" || schema.properties) {
    const fields = Object.entries(schema.properties || {});
    return Object.fromEntries(fields.map(([name, value]) => [name, example(value, depth + 1)]));
  }
  if (schema.type === "array") return [example(schema.items, depth + 1)];
  const dates = { date: "2026-01-31", "date-time": "2026-01-31T12:00:00Z" };
  return { integer: 1, number: 1, boolean: true, string: dates[schema.format] || "text" }[schema.type] ?? null;
}

async function send(form, method, path, result) {
  const query = new URLSearchParams();
  let target = path;
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path") target = target.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.append(input.name, input.value);
  }
  const body = form.querySelector("textarea");
  const options = { method: method.toUpperCase() };
  if (body) Object.assign(options, { body: body.value, headers: { "Content-Type": "application/json" } });
  const asked = query.size ? `${target}?${query}` : target;
  result.textContent = "…";
  try {
    const answer = await fetch(asked, options);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it is */ }
    result.textContent = `${options.method} ${asked} → ${answer.status}\n\n${shown.slice(0, 100000)}`;
  } catch (error) {
    result.textContent = `No answer: ${error.message}`;
  }
}

function operation(path, method, told, shared) {
  const details = made("details");
  const summary = made("summary");
  summary.append(made("span", method.toUpperCase(), { class: "method" }), made("code", path), ` ${told.summary || ""}`);
  const form = made("form");
  if (told.description) form.append(made("p", told.description));
  for (const one of [...shared, ...(told.parameters || [])].filter((p) => p.in === "path" || p.in === "query")) {
    const label = made("label", `${one.name}${one.required ? "" : " (optional)"}`);
    const value = one.in === "path" ? String(example(one.schema) ?? "") : "";
    const input = made("input", "", { name: one.name, value, "data-in": one.in });
    input.required = one.in === "path";
    label.append(input);
    form.append(label);
  }
  const json = ((told.requestBody || {}).content || {})["application/json"];
  if (json) {
    const label = made("label", "Body");
    label.append(made("textarea", JSON.stringify(example(json.schema), null, 2)));
    form.append(label);
  }
  const result = made("pre", "", { role: "status" });
  form.append(made("button", "Send"), result);
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form, method, path, result); });
  details.append(summary, form);
  return details;
}

async function show() {
  const list = document.getElementById("operations");
  try {
    described = await (await fetch("/openapi.json")).json();
    const info = described.info || {};
    document.title = document.getElementById("title").textContent = `${info.title || "API"} ${info.version || ""}`.trim();
    document.getElementById("about").textContent = info.description || "";
    const rows = Object.entries(described.paths || {}).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => operation(path, method, item[method], item.parameters || [])));
    list.replaceChildren(...(rows.length ? rows : [made("p", "It describes no routes.")]));
  } catch (error) {
    list.replaceChildren(made("p", `The description could not be read: ${error.message}`));
  }
}
show();
