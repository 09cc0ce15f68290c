// The page of figures: filter them, open one to its definition, source and revisions.

import { find, h, toast } from "./dom.js";
import { get, takeToken } from "./server.js";
import { current, label, moment, number, said, settle, turn, word } from "./words.js";

const PAGE = 100;
const STATUSES = [
  "actual", "preliminary", "estimate", "forecast", "target", "plan", "capacity", "design", "policy",
];

const known = { indicators: new Map(), regions: new Map(), documents: new Map(), subjects: new Map() };
let listed = [];
let next = null;
let total = 0;
let told = null;
let asking = 0;

const named = (row) => said(known.indicators.get(`${row.indicator}@${row.definition}`)?.name, row.indicator);
const about = (row) =>
  row.subject
    ? said(known.subjects.get(row.subject)?.name, row.subject)
    : said(known.regions.get(row.region)?.name, row.region);
const figure = (row) => `${row.comparator === "=" ? "" : row.comparator}${row.stated}${row.stated_unit}`;
const source = (row) => known.documents.get(row.document)?.title ?? row.document;

function chosen() {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(find("filters"))) if (value) wanted.set(name, value);
  return wanted;
}

function drawRows() {
  find("rows").replaceChildren(
    ...listed.map((row) =>
      h(
        "tr",
        { data: { fact: row.id } },
        h("td", {}, h("button", { type: "button", class: "link", onclick: () => open(row.id) }, named(row)),
          ...row.marks.map((mark) => h("div", { class: "mark" }, said(mark.said)))),
        h("td", {}, about(row)),
        h("td", {}, `${row.period} `, h("span", { class: "quiet" }, word(`kind_${row.period_kind}`))),
        h("td", { class: "amount" }, figure(row)),
        h("td", {}, word(`status_${row.status}`)),
        h("td", {}, source(row)),
      ),
    ),
  );
  if (!listed.length) find("rows").replaceChildren(h("tr", {}, h("td", { class: "empty", colspan: 6 }, word("no_facts"))));
  find("many").textContent = number(total);
  find("more").hidden = next === null;
}

async function load(fresh) {
  const turnOf = ++asking;
  const wanted = chosen();
  find("export").href = `/api/v1/facts/export?${new URLSearchParams([...wanted, ["format", "xlsx"]])}`;
  if (!fresh) wanted.set("after", next);
  wanted.set("limit", PAGE);
  try {
    const answer = await get(`facts?${wanted}`);
    if (turnOf !== asking) return;
    listed = fresh ? answer.facts : [...listed, ...answer.facts];
    ({ next, total } = answer);
    drawRows();
  } catch (problem) {
    toast(problem.message, true);
  }
}

async function open(id) {
  try {
    told = await get(`facts/${id}`);
    drawDrawer();
    find("drawer").querySelector(".shut").focus();
  } catch (problem) {
    toast(problem.message, true);
  }
}

function close() {
  const id = told?.id;
  told = null;
  find("drawer").hidden = true;
  document.querySelector(`[data-fact="${id}"] button`)?.focus();
}

function pairs(rows) {
  return h("dl", { class: "facts" },
    ...rows.filter(([, value]) => value !== "" && value !== null && value !== undefined)
      .map(([name, value]) => h("div", {}, h("dt", {}, word(name)), h("dd", {}, value))));
}

function drawDrawer() {
  const box = find("drawer");
  box.hidden = told === null;
  if (!told) return;
  const meant = told.definitions.find((each) => each.version === told.definition);
  const region = told.region_told;
  box.replaceChildren(...[
    h("header", {}, h("h2", {}, named(told)),
      h("button", { type: "button", class: "tool shut", onclick: close, "aria-label": word("close_drawer") }, "×")),
    pairs([
      ["figure", figure(told)],
      ["in_unit", `${told.value} ${told.unit}`],
      ["subject", about(told)],
      ["period", `${told.period} · ${word(`kind_${told.period_kind}`)}`],
      ["status", word(`status_${told.status}`)],
      ["region", region && `${region.code} ${said(region.name)}${region.valid_to ? ` (→ ${region.valid_to}; ${region.successors.join(", ")})` : ""}`],
      ["remark", told.note],
      ...Object.entries(told.attributes),
    ]),
    told.marks.length ? h("h3", {}, word("marks")) : null,
    h("ul", { class: "marks" }, ...told.marks.map((mark) => h("li", {}, said(mark.said), h("div", { class: "quiet" }, mark.rule)))),
    h("h3", {}, word("definition")),
    pairs([["ref", meant?.ref], ["meaning", said(meant?.text)], ["formula", meant?.formula], ["source", meant?.source]]),
    told.definitions.length > 1 ? h("p", { class: "bad" }, word("broken_series")) : null,
    h("h3", {}, word("source")),
    pairs([["title", told.source?.title], ["published", told.source?.published], ["line", told.line || ""], ["statement", told.statement]]),
    h("h3", {}, word("revisions")),
    h("ol", { class: "log" }, ...[...told.revisions].reverse().map((each) =>
      h("li", {},
        h("span", { class: each.superseded_ms || each.withdrawn ? "old" : "" }, each.withdrawn ? word("withdrawn") : figure(each)),
        h("span", { class: "quiet" }, `${each.import_name} · ${word("row")} ${each.row} · ${each.by}`),
        h("time", {}, moment(each.recorded_ms))))),
  ].filter(Boolean));
}

function options() {
  const form = find("filters").elements;
  const fill = (name, rows) => {
    const before = form[name].value;
    form[name].replaceChildren(h("option", { value: "" }, word("all")),
      ...rows.map(([value, text]) => h("option", { value }, text)));
    form[name].value = before;
  };
  const sorted = (rows) => rows.sort((a, b) => a[1].localeCompare(b[1], current()));
  fill("indicator", sorted([...known.indicators.values()].map((each) => [each.ref, `${said(each.name)} ${each.ref}`])));
  fill("subject", sorted([...known.subjects.values()].map((each) => [each.key, said(each.name)])));
  fill("status", STATUSES.map((each) => [each, word(`status_${each}`)]));
}

function drawAll() {
  label();
  const dark = document.documentElement.dataset.theme === "dark";
  find("language").textContent = word("other");
  find("language").setAttribute("aria-label", word("to_language"));
  find("theme").textContent = dark ? word("light") : word("dark");
  find("theme").setAttribute("aria-label", word("theme"));
  document.title = `${word("facts")} · Borough`;
  options();
  drawRows();
  drawDrawer();
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("borough.theme", name);
  drawAll();
}

async function start() {
  takeToken();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || dark;
  find("language").onclick = () => (turn(), drawAll());
  find("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  find("filters").onchange = () => load(true);
  find("filters").onsubmit = (event) => event.preventDefault();
  find("more").onclick = () => load(false);
  addEventListener("keydown", (event) => event.key === "Escape" && close());
  label();
  try {
    const [district, defined, areas, words] = await Promise.all(
      ["district", "indicators", "regions", "facts/sources"].map(get),
    );
    settle(district);
    for (const each of defined.indicators) known.indicators.set(each.ref, each);
    for (const each of areas.regions) known.regions.set(each.code, each);
    for (const each of words.documents) known.documents.set(each.code, each);
    for (const each of words.subjects) known.subjects.set(each.key, each);
  } catch (problem) {
    toast(problem.message, true);
  }
  drawAll();
  await load(true);
}

start();
