// Requests: the acceptor's inbox, the three rates, and hot topics.

import { find, h, steadily, toast } from "./dom.js";
import { drawRates, drawTopics } from "./requests_figures.js";
import { drawRequest } from "./requests_one.js";
import { say } from "./requests_words.js";
import { bringIn, takeCall } from "./requests_filing.js";
import { follow, get, hasToken, me, save } from "./server.js";
import { drawWho, wayIn } from "./who.js";
import { current, moment, said, settle, turn, word } from "./words.js";

const STATES = ["waiting", "accepted", "answered", "closed", "refused"];
const VIEWS = ["inbox", "rates", "hot"];
const PAGE = 50;
const MOST = 1000; // rows of a file that is saved
const SETTLE_MS = 400;
const EVERY_MS = 30_000; // what is late becomes so by the clock alone
let rules = null;
let view = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "inbox";
let state = "waiting";
let late = false;
let rows = [];
let next = null;
let counts = {};
let chosen = Number(new URLSearchParams(location.search).get("request")) || null;
let caseOf = null;
let settling = 0;
let latest = 0;

async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    toast(problem.message, true);
    return null;
  }
}

/** What the list shows, as the server is asked for it. */
function filter(more) {
  return new URLSearchParams({ ...more, ...(late ? { late } : { state }) });
}

/** A request was written down: show it where it stands now. */
async function opened(made) {
  [state, late] = [made.state, false];
  await show("inbox");
  await open(made.id);
}

async function load(before = 0) {
  const mine = before ? 0 : (latest += 1);
  const asked = filter({ limit: PAGE, before });
  const wished = [view, state, late].join();
  const told = await get(`requests?${asked}`);
  if (wished !== [view, state, late].join()) return; // somebody chose something else meanwhile
  if (mine && mine !== latest) return; // asked again since: that answer is the newer one
  rows = before ? [...rows, ...told.requests] : told.requests;
  ({ next, counts } = told);
  drawList();
}

const drawList = () => steadily(paintList);

function paintList() {
  const tab = (name, text, pressed, onclick) =>
    h("button", { type: "button", class: "tool", "aria-pressed": String(pressed), data: { state: name }, onclick }, text);
  const choose = (name, only) => () => {
    [state, late] = [name, only];
    return attempt(load);
  };
  find("list").className = "inbox";
  find("list").replaceChildren(
    h("div", { class: "states" },
      ...STATES.map((each) => tab(each, `${say(each)} ${counts[each] ?? ""}`, !late && each === state, choose(each, false))),
      tab("late", `${say("late")} ${counts.late || ""}`, late, choose(state, true))),
    ...(rows.length ? rows.map(drawRow) : [h("p", { class: "quiet" }, say("none"))]),
    next ? h("button", { type: "button", class: "tool", onclick: () => attempt(() => load(next)) }, say("more")) : "");
}

function drawRow(each) {
  const sure = each.suggestion?.category;
  const other = sure?.says === each.category ? "" : ` · ${said(rules.categories[sure?.says]?.name)}`;
  const guess = each.state === "waiting" && sure?.says ? `${other} ${Math.round(100 * sure.sure)}%` : "";
  return h("button", { type: "button", class: "request", "aria-current": String(each.id === chosen), onclick: () => attempt(() => open(each.id)) },
    each.urgent ? h("span", { class: "urgent" }, `${say("urgent")} `) : null,
    h("span", { class: "says" }, each.title || each.text),
    h("div", { class: "note" }, `${each.code} · ${moment(each.received_ms)} · ${said(rules.categories[each.category]?.name, say("unknown"))}${guess}`));
}

async function open(id) {
  chosen = id;
  const one = await get(`requests/${id}`);
  if (view !== "inbox" || chosen !== id) return;
  caseOf = one.case_id;
  drawList();
  steadily(() => chosen === id && drawRequest(find("one"), one, rules, { again: async () => {
    await load();
    await open(id);
  }, attempt, said: toast, open: (other) => attempt(() => open(other)) }));
}

/** Read the list again once what happens has settled; and the open request, if it was that one. */
function hear(kind, { data }) {
  const mine = kind === "request" ? data.id === chosen : kind === "case" && (data.id ?? data.case) === caseOf;
  if (kind !== "request" && !mine) return;
  if (mine && writing()) toast(say("changed"));
  else if (mine) attempt(() => open(chosen));
  settling ||= setTimeout(again, SETTLE_MS);
}

/** Somebody is in the middle of a form, which is not to be drawn anew under their hands. */
const writing = () =>
  [...find("one").querySelectorAll("input, textarea, select")].some((each) => each === document.activeElement || (each.tagName !== "SELECT" && each.type !== "checkbox" && each.value));

/** Read the first page again; whoever has asked for more goes on reading theirs. */
function again() {
  settling = 0;
  if (view === "inbox" && rows.length <= PAGE && !document.hidden) attempt(load);
}

async function show(name) {
  view = name;
  if (name !== "inbox") find("list").replaceChildren(h("p", { class: "quiet" }, say("counting")));
  history.replaceState(null, "", `#${name}`);
  drawViews();
  if (!chosen) find("one").replaceChildren(h("p", { class: "quiet" }, say("choose")));
  find("one").hidden = name !== "inbox";
  const list = find("list").cloneNode(name !== "inbox"); // what comes late is drawn into the one before
  list.className = name === "inbox" ? "inbox" : "inbox wide";
  find("list").replaceWith(list);
  if (name === "inbox") {
    await load();
    if (chosen) await open(chosen);
  } else if (name === "rates") {
    await drawRates(list, rules, attempt);
  } else {
    drawTopics(list, rules, await get("requests/hot"));
  }
}

function drawViews() {
  find("views").replaceChildren(
    ...VIEWS.map((each) => h("button", { type: "button", class: "tool", "aria-current": String(each === view), data: { view: each }, onclick: () => attempt(() => show(each)) }, say(each))),
    h("a", { class: "tool", href: "/console/request.html" }, say("form")),
    me.rights.includes("requests.file") ? h("button", { type: "button", class: "tool", id: "call", onclick: () => attempt(() => takeCall({ rules, opened })) }, say("call")) : "",
    me.rights.includes("requests.import") ? h("button", { type: "button", class: "tool", id: "import", onclick: () => attempt(() => bringIn(again)) }, say("import")) : "",
    h("button", { type: "button", class: "tool", id: "export", onclick: () => attempt(() => save(`requests?${filter({ limit: MOST, format: "csv" })}`, "requests.csv")) }, say("export")));
}

function labels() {
  document.documentElement.lang = current();
  document.title = `${say("title")} · Borough`;
  find("title").textContent = say("title");
  find("language").textContent = say("other");
  find("home").setAttribute("aria-label", say("home"));
  drawWho(find("me"));
}

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || dark;
  labels();
  const district = await get("district");
  settle(district);
  const made = said(district.synthetic);
  find("synthetic").hidden = !made;
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
  if (!hasToken()) {
    find("list").replaceChildren(wayIn(say("sign_in")));
    return;
  }
  rules = await get("requests/rules");
  if (chosen) ({ state } = await get(`requests/${chosen}`));
  find("language").onclick = () => {
    turn();
    labels();
    attempt(() => show(view));
  };
  await show(view);
  follow({
    event: hear,
    hello: again,
    line: (now) => {
      find("line").textContent = word(now);
      find("line").dataset.line = now;
    },
  });
  document.addEventListener("visibilitychange", again);
  setInterval(again, EVERY_MS);
}

attempt(start);
