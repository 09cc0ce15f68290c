// The page of posts: who is on duty, what they have, leave and patrols; and what alarms are shelved.

import { askFor, find, h, toast } from "./dom.js";
import { exporting } from "./export.js";
import { actor, coded, placed, places, posted, posts as named, shifted, skilled } from "./naming.js";
import { own } from "./posts_words.js";
import { get, post, send, takeToken } from "./server.js";
import { called, label, moment, number, said, settle, turn, word } from "./words.js";

const AGAIN_MS = 10_000;
const HOUR_MS = 3_600_000;
const SHOWN = 500;
const STREET = 9; // digits of the code of a street

let held = { posts: [], at_ms: 0, leaves: [], patrols: [], shelves: [], alarms: {}, waiting: {}, scenes: [], synthetic: {} };
let kinds = [];

const button = (text, act) => h("button", { type: "button", class: "tool", onclick: act }, text);
const cell = (...inside) => h("td", {}, ...inside);
const none = (wide) => h("tr", {}, h("td", { class: "empty", colspan: wide }, own("nobody")));

function fill(id, rows, wide) {
  find(id).replaceChildren(...(rows.length ? rows : [none(wide)]));
}

function state(each) {
  if (each.leave_ms) return `${own("away")} ${moment(each.leave_ms)}`;
  if (!each.until_ms) return own("off");
  const whose = each.covers === each.code ? "" : ` (${own("covers")} ${posted(each.covers)})`;
  return `${own("until")} ${moment(each.until_ms)}${whose}`;
}

async function act(work) {
  try {
    await work();
    await load();
  } catch (problem) {
    toast(problem.message, true);
  }
}

async function giveLeave(code) {
  const said_ = await askFor(`${own("leave")} · ${posted(code)}`, [
    [own("leave_hours"), h("input", { name: "hours", type: "number", min: "0.5", max: "2000", step: "0.5", value: "4", required: true })],
    [own("leave_why"), h("input", { name: "why", maxlength: "500", required: true, autocomplete: "off" })],
    [own("stand_in"), h("input", { name: "stand_in", list: "post-names", autocomplete: "off" })],
  ], { yes: own("leave"), no: own("cancel"), note: own("leave_note") });
  if (!said_) return;
  act(async () => {
    const to = String(Math.round(held.at_ms + Number(said_.hours) * HOUR_MS));
    const done = await post("leaves", { post: code, to, why: said_.why, stand_in: coded(named(), said_.stand_in) });
    toast(done.handed_on.length ? `${own("handed")}: ${done.handed_on.join(", ")}` : own("given"));
  });
}

function drawPosts() {
  fill("rows", held.posts.slice(0, SHOWN).map((each) => h("tr", {},
    cell(h("b", { title: each.code }, posted(each.code))), cell(called(each.kind)), cell(`${shifted(each.pattern)} ${each.shift}`),
    cell(state(each)), h("td", { class: "amount" }, number(each.load)), cell(each.skills.map(skilled).join(" · ")),
    cell(button(own("leave"), () => giveLeave(each.code))))), 7);
  find("many").textContent = `${number(held.posts.length)} ${own("posts")}`;
  if (!find("saving").querySelector(":disabled")) find("saving").replaceChildren(...exporting("posts", chosen));
}

function drawLeaves() {
  fill("leaves", held.leaves.map((each) => h("tr", {},
    cell(h("b", { title: each.post }, posted(each.post))), cell(`${moment(each.from_ms)} – ${moment(each.to_ms)}`), cell(posted(each.stand_in)), cell(each.why),
    cell(button(own("back"), () => act(() => post(`leaves/${each.id}/end`, {})))))), 5);
}

/** How often a patrol walks: "2/week", or on call. */
function rhythm(text) {
  const [many, span] = text.split("/");
  return span ? own(`per_${span}`).replace("{n}", many) : own(`rhythm_${text}`);
}

function drawPatrols() {
  fill("patrols", held.patrols.map((each) => h("tr", {},
    cell(h("b", {}, said(each.name))), cell(rhythm(each.rhythm)), cell(called(each.kind)),
    cell(["open", "done", "missed"].map((name) => `${own(name)} ${number(each[name] ?? 0)}`).join(" · ")),
    cell(button(own("begin"), () => act(() => post(`patrols/${each.code}/begin`, {})))))), 5);
}

function drawShelves() {
  const names = new Map(held.scenes.map((each) => [each.id, said(each.name)]));
  fill("shelves", held.shelves.map((each) => h("tr", {},
    cell([names.get(each.scene) ?? own("every"), each.thing || "", placed(each.area)].filter(Boolean).join(" · ")),
    cell(moment(each.until_ms)), cell(`${each.why} (${own("by")} ${actor(each.by)})`), cell(`${number(each.quiet)} ${own("quiet")}`),
    cell(button(own("unshelve"), () => act(() => post(`shelves/${each.id}/end`, {})))))), 5);
}

function drawLoad() {
  const { alarms, flood, gathered, out } = held.alarms;
  const waits = Object.values(held.waiting).reduce((sum, each) => sum + each, 0);
  const areas = (out ?? []).map((each) => `${said(each.name)}: ${number(each.members)}`).join("; ");
  find("load").textContent = [
    `${own("alarms")} ${number(alarms ?? 0)} · ${own(flood ? "flood" : "calm")}`,
    `${own("gathered")} ${number(gathered ?? 0)}`,
    areas && `${own("outages")} ${areas}`,
    `${own("waiting")} ${number(waits)}`,
  ].filter(Boolean).join(" · ");
  find("load").classList.toggle("bad", Boolean(flood));
}

function options() {
  find("post-names").replaceChildren(...named().map(([code, text]) => h("option", { value: text, "aria-label": code })));
  const choose = (select, rows, first) => {
    const before = select.value;
    select.replaceChildren(h("option", { value: "" }, first), ...rows.map(([value, text]) => h("option", { value }, text)));
    select.value = before;
  };
  choose(find("filters").elements.kind, kinds.map((each) => [each, called(each)]), own("all"));
  choose(find("shelve").elements.scene, held.scenes.map((each) => [each.id, said(each.name)]), own("every"));
  choose(find("shelve").elements.area, places(STREET), own("no_area"));
}

function draw() {
  label();
  for (const each of document.querySelectorAll("[data-own]")) each.textContent = own(each.dataset.own);
  const dark = document.documentElement.dataset.theme === "dark";
  find("language").textContent = word("other");
  find("language").setAttribute("aria-label", word("to_language"));
  find("theme").textContent = dark ? word("light") : word("dark");
  find("theme").setAttribute("aria-label", word("theme"));
  find("title").textContent = own("title");
  find("synthetic").textContent = own("synthetic");
  find("synthetic").title = said(held.synthetic);
  find("synthetic").hidden = !said(held.synthetic);
  document.title = `${own("title")} · Borough`;
  options();
  drawPosts();
  drawLeaves();
  drawPatrols();
  drawShelves();
  drawLoad();
}

/** What the filters say. */
const chosen = () => [...new FormData(find("filters"))].filter(([, value]) => typeof value === "string" && value);

async function load() {
  const wanted = new URLSearchParams(chosen());
  const [posts, leaves, patrols, shelves, alarms, dispatch] = await Promise.all(
    [`posts?${wanted}`, "leaves", "patrols", "shelves", "alarms", "dispatch"].map(get),
  );
  held = { ...held, ...posts, ...leaves, ...patrols, ...shelves, ...dispatch, alarms };
  kinds = [...new Set([...kinds, ...held.posts.map((each) => each.kind)])].sort();
  draw();
}

function shelve(event) {
  event.preventDefault();
  const { scene, thing, area, hours, why } = Object.fromEntries(new FormData(event.target));
  const until = String(Math.round(held.at_ms + Number(hours) * HOUR_MS));
  act(async () => {
    await post("shelves", { scene, thing, area, until, why });
    event.target.elements.why.value = "";
  });
}

/** Take a file of a roster or of leave in; a bad row is told and nothing kept. */
function importFile(what, event) {
  const [file] = event.target.files;
  if (!file) return;
  act(async () => {
    const done = await send(`${what}/imports?name=${encodeURIComponent(file.name)}`, file);
    toast(`${own("imported")}: ${done.changed ?? done.added}`);
  });
  event.target.value = "";
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("borough.theme", name);
  draw();
}

async function start() {
  takeToken();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || dark;
  find("language").onclick = () => (turn(), draw());
  find("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  find("filters").onchange = (event) => event.target.type !== "file" && act(async () => {});
  find("filters").onsubmit = (event) => event.preventDefault();
  find("shelve").onsubmit = shelve;
  find("send").onclick = () => find("file").click();
  find("file").onchange = (event) => importFile("rosters", event);
  find("send_leave").onclick = () => find("leave_file").click();
  find("leave_file").onchange = (event) => importFile("leaves", event);
  try {
    const [district, { scenes }] = await Promise.all(["district", "scenes"].map(get));
    settle(district);
    held = { ...held, scenes, synthetic: district.synthetic };
    await load();
  } catch (problem) {
    toast(problem.message, true);
    draw();
  }
  setInterval(() => load().catch((problem) => toast(problem.message, true)), AGAIN_MS);
}

start();
