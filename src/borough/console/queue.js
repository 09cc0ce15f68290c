// Open cases: what is due next, chosen by whom, where and how late; Enter opens one.

import { Clock } from "./clock.js";
import { find, h, steadily, toast } from "./dom.js";
import { Drawer } from "./drawer.js";
import { exporting } from "./export.js";
import { begins, drawMine } from "./mine.js";
import { banded, posted, scened, sourced } from "./naming.js";
import { say } from "./queue_words.js";
import { follow, get, takeToken } from "./server.js";
import { called, current, lasting, moment, number, said, settle, turn, word } from "./words.js";

const SETTLE_MS = 800;
const BANDS = ["red", "orange", "yellow", "blue", "green"];
const STAGES = ["report", "accept", "verify", "open", "dispatch", "dispose", "check", "close"];
const FACETS = ["band", "urgent", "agency", "holder", "stage", "step", "scene", "source"];
const SORTS = ["deadline", "opened", "level"];

const asked = new URLSearchParams(location.search);
const clock = new Clock();
const scenes = new Map();
let streets = [];
let page = null;
let chosen = 0;
let settling = 0;
let latest = 0;

const drawer = new Drawer(find("drawer"), {
  goto: () => {},
  closed: () => {},
  changed: () => load(),
  now: () => clock.now(),
  scene: (id) => scenes.get(id),
});

async function load(keep = true) {
  const mine = (latest += 1);
  try {
    const told = await get(`queue?${asked}`);
    steadily(() => {
      if (mine !== latest) return;
      page = told;
      if (!keep) chosen = 0;
      draw();
    });
  } catch (problem) {
    toast(problem.message, true);
  }
}

/** Ask for something else: from its first page on, and so that the address says it. */
function ask(change) {
  asked.delete("after");
  change();
  const query = String(asked);
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  return load(false);
}

function toggle(name, value, on) {
  const rest = asked.getAll(name).filter((each) => each !== value && name !== "urgent");
  asked.delete(name);
  for (const each of on ? [...rest, value] : rest) asked.append(name, each);
}

function title(name, each) {
  if (name === "scene") return said(scenes.get(each.value)?.name, scened(each.value));
  if (name === "step") return said(each.title, each.value);
  if (name === "urgent") return say(`urgent_${each.value}`);
  if (each.value === "") return say("nobody");
  return ({ agency: called, holder: called, band: banded, source: sourced }[name] ?? say)(each.value);
}

function ordered(name, listed) {
  const order = { band: BANDS, stage: STAGES }[name];
  return order ? [...listed].sort((a, b) => order.indexOf(a.value) - order.indexOf(b.value)) : listed;
}

function facet(name) {
  const listed = ordered(name, page.counts[name] ?? []);
  const set = new Set(asked.getAll(name));
  const shown = [...listed, ...[...set].filter((each) => !listed.some(({ value }) => String(value) === each)).map((value) => ({ value, count: 0 }))];
  if (!shown.length || (shown.length === 1 && !set.size && name !== "band")) return null;
  const rows = shown.map((each) => {
    const value = String(each.value);
    const box = h("input", {
      type: "checkbox", checked: set.has(value), data: { facet: `${name}=${value}` },
      onchange: (event) => ask(() => toggle(name, value, event.target.checked)),
    });
    return h("label", { data: name === "band" ? { band: value } : {} }, box,
      name === "band" ? h("b", { class: "mark", "aria-hidden": "true" }) : null,
      h("span", {}, title(name, each)), h("i", {}, number(each.count)));
  });
  return h("fieldset", {}, h("legend", {}, say(name)), ...rows);
}

function drawFilters() {
  const held = document.activeElement?.dataset?.facet ?? document.activeElement?.id;
  const text = h("input", { id: "text", type: "search", value: asked.get("text") ?? "", "aria-label": say("text"), placeholder: say("text") });
  text.onchange = () => ask(() => (text.value.trim() ? asked.set("text", text.value.trim()) : asked.delete("text")));
  const where = h("select", { id: "street", "aria-label": say("street") },
    h("option", { value: "" }, `${say("street")}: ${say("all")}`),
    ...streets.map(({ id, properties }) => h("option", { value: id, selected: asked.get("street") === id }, said(properties.name, id))));
  where.onchange = () => ask(() => (where.value ? asked.set("street", where.value) : asked.delete("street")));
  const clear = h("button", { type: "button", class: "tool", onclick: () => ask(() => [...asked.keys()].forEach((name) => asked.delete(name))) }, say("clear"));
  find("filters").setAttribute("aria-label", say("choose"));
  const open = find("filters").querySelector("details")?.open ?? !matchMedia("(max-width: 60rem)").matches;
  find("filters").replaceChildren(h("fieldset", {}, text, where, clear),
    h("details", { open }, h("summary", {}, word("filters")), ...FACETS.map(facet).filter(Boolean)));
  const fields = [...find("filters").querySelectorAll("input, select")];
  if (held) fields.find((each) => each.dataset.facet === held || each.id === held)?.focus();
}

/** Whether the list is of one post alone. */
const only = {
  now: () => asked.get("post") ?? "",
  set: (post) => ask(() => (post ? asked.set("post", post) : asked.delete("post"))),
};

function drawSorts() {
  const now = asked.get("sort") ?? "deadline";
  find("sorts").setAttribute("aria-label", say("sort"));
  find("sorts").replaceChildren(
    h("b", { id: "total" }, `${number(page.total)} ${say("total")}`),
    ...SORTS.map((name) => h("button", {
      type: "button", class: "tool", "aria-pressed": String(name === now), onclick: () => ask(() => asked.set("sort", name)),
    }, say(name))),
    ...exporting("queue", () => [...asked].filter(([name]) => name !== "after")),
  );
}

function row(each, at) {
  const pause = each.suspended_to_ms ? `${say("paused")} ${moment(each.suspended_to_ms)}` : null;
  return h("tr", {
    data: { at, band: each.band, case: each.id }, "aria-selected": String(at === chosen),
    tabindex: at === chosen ? "0" : "-1", onclick: () => open(at),
  },
    h("td", { class: "left" }, h("b", { class: "time", data: { due: each.due_ms } }), h("div", { class: "quiet" }, pause ?? moment(each.due_ms)),
      each.sure ? null : h("div", { class: "bad" }, say("unsure"))),
    h("td", {}, h("b", {}, said(each.title, each.code)), each.urgent ? h("span", { class: "urgent" }, ` ${say("urgent_true")}`) : null,
      h("div", { class: "quiet" }, `${each.code} · ${sourced(each.source)}`)),
    h("td", {}, said(each.step_title, each.step), h("div", { class: "quiet" }, said(each.holder_name, called(each.holder)))),
    h("td", {}, called(each.agency) || "–", h("div", { class: "quiet" }, posted(each.post) || say("nobody"))));
}

function draw() {
  document.title = `${say("title")} · Borough`;
  find("title").textContent = say("title");
  find("language").textContent = word("other");
  find("keys").textContent = say("keys");
  drawFilters();
  drawSorts();
  chosen = Math.min(chosen, Math.max(page.cases.length - 1, 0));
  const held = find("rows").contains(document.activeElement);
  find("head").replaceChildren(h("tr", {}, ...["left", "case", "where", "whose"].map((name) => h("th", { scope: "col" }, say(name)))));
  find("rows").replaceChildren(...page.cases.map(row));
  if (!page.cases.length) find("rows").append(h("tr", {}, h("td", { colspan: "4" }, say("none"))));
  if (held) focus();
  find("onward").replaceChildren(
    ...(asked.get("after") ? [h("button", { type: "button", class: "tool", onclick: () => ask(() => {}) }, say("first"))] : []),
    ...(page.next ? [h("button", { type: "button", class: "tool", id: "more", onclick: onward }, say("more"))] : []),
  );
  tick();
}

function onward() {
  if (!page?.next) return;
  asked.set("after", page.next);
  load(false).then(focus);
}

/** Deadlines run by the district's clock. */
function tick() {
  const now = clock.now();
  for (const each of document.querySelectorAll("[data-due]")) {
    const left = Number(each.dataset.due) - now;
    each.textContent = `${say(left < 0 ? "over" : "left")} ${lasting(left)}`;
  }
}

function focus() {
  for (const each of find("rows").children) {
    const on = Number(each.dataset.at) === chosen;
    each.setAttribute("aria-selected", String(on));
    each.tabIndex = on ? 0 : -1;
    if (on) each.focus();
  }
}

function open(at) {
  chosen = at;
  focus();
  drawer.case(page.cases[at].id);
}

const KEYS = {
  ArrowDown: () => { chosen = Math.min(chosen + 1, page.cases.length - 1); focus(); },
  ArrowUp: () => { chosen = Math.max(chosen - 1, 0); focus(); },
  Enter: () => page.cases[chosen] && open(chosen),
  "/": () => find("text").focus(),
  n: onward,
};

function pressed(event) {
  if (event.key === "Escape") return drawer.close();
  if (!page || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const elsewhere = document.activeElement?.matches("input, select, textarea, button, a") || find("drawer").contains(document.activeElement);
  if (elsewhere || !(event.key in KEYS)) return undefined;
  event.preventDefault();
  return KEYS[event.key]();
}

function hear(kind, { time, data }) {
  clock.hear(time);
  if (kind !== "case") return;
  drawer.heard("case", data.id ?? data.case);
  clearTimeout(settling);
  settling = setTimeout(load, SETTLE_MS);
}

async function begin() {
  takeToken();
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  find("language").onclick = () => {
    turn();
    if (page) draw();
    drawMine(find("mine"), only);
    drawer.redraw();
  };
  document.addEventListener("keydown", pressed);
  const district = await get("district");
  settle(district);
  const made = said(district.synthetic);
  find("synthetic").hidden = !made;
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
  for (const each of (await get("scenes")).scenes) scenes.set(each.id, each);
  streets = (await get("places/streets")).features ?? [];
  clock.start(district.clock, find("clock"), tick);
  await (location.search || !begins() ? load() : only.set(begins()));
  focus();
  drawMine(find("mine"), only).catch((problem) => toast(problem.message, true));
  follow({
    event: hear,
    hello: ({ time }) => clock.hear(time),
    line: (now) => {
      find("line").textContent = word(now);
      find("line").dataset.line = now;
    },
  });
  document.documentElement.dataset.ready = "yes";
  document.documentElement.lang = current();
}

begin().catch((problem) => toast(problem.message, true));
