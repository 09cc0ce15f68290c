// The first page: map, lists, drawer; kept current by the live stream.

import { Clock } from "./clock.js";
import { find, h, reconcile, steadily, toast } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Map2D } from "./map.js";
import { bytes, follow, get, me, takeToken } from "./server.js";
import { drawWho } from "./who.js";
import { current, label, lasting, levelled, moment, number, said, settle, turn, word } from "./words.js";

const STATES_MS = 5000;
const COUNTS_MS = 5000;
const SETTLE_MS = 400;
const LISTED = 100;
const GONE_MS = 8000;

const alarms = new Map();
const scenes = new Map();
const clock = new Clock();
let cases = null;
let district = null;
let counts = {};
let line = "connecting";
let refetching = 0;

const map = new Map2D(find("map"), { pick: pickPoint, mark: (each) => drawer.alarm(each.id) });
const drawer = new Drawer(find("drawer"), {
  goto: (lon, lat) => map.goto(lon, lat),
  closed: () => map.unselect(),
  changed: () => loadCases(),
  now: () => clock.now(),
  scene: (id) => scenes.get(id),
});

/** How grave a level is: 0 for the gravest of its scene, rising as it gets milder. */
export function rank(scene, level) {
  const levels = scenes.get(scene)?.levels;
  return levels ? Math.max(0, levels.length - 1 - level) : Math.max(0, 3 - level);
}

async function pickPoint(row) {
  try {
    const { key } = await get(`map/points/${row}`);
    drawer.thing(key);
  } catch (problem) {
    toast(problem.message, true);
  }
}

function drawHeader() {
  find("name").textContent = said(district.name);
  document.title = `${said(district.name)} · Borough`;
  const made = said(district.synthetic);
  find("synthetic").hidden = !made;
  // The badge says the first words; all of it is there to be pointed at, or read out.
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
  const { rate } = district.clock;
  find("rate").textContent =
    rate === 1 ? "" : current() === "zh" ? `${number(rate)} ${word("speed")}` : `${number(rate)}${word("speed")}`;
}

const casesMany = () => (cases ? `${number(cases.length)}${cases.length === LISTED ? "+" : ""}` : "–");

function drawCounts() {
  const shown = [
    ["things", number(counts.things ?? district?.things ?? 0)],
    ["received", number(counts.received ?? 0)],
    ["detections_open", number([...alarms.values()].filter((each) => each.level > 0).length)],
    ["cases_open", counts.cases_open === undefined ? casesMany() : number(counts.cases_open)],
    ["backlog", `${(counts.backlog_s ?? 0).toFixed(1)} s`],
  ];
  find("counts").replaceChildren(
    ...shown.map(([name, value]) =>
      h("div", { data: { count: name } }, h("dt", {}, word(name)), h("dd", {}, value)),
    ),
  );
}

function drawLine() {
  const box = find("line");
  const shown = line === "live" && counts.has_room === false ? "disk_full" : line;
  box.textContent = word(shown);
  box.dataset.line = shown;
}

function drawLegend() {
  find("legend").replaceChildren(
    ...["fresh", "silent", "unheard", "alarm"].map((name) =>
      h("span", {}, h("i", { class: `dot ${name}`, "aria-hidden": "true" }), word(name)),
    ),
  );
}

function drawTools() {
  find("language").textContent = word("other");
  find("language").setAttribute("aria-label", word("to_language"));
  const dark = document.documentElement.dataset.theme === "dark";
  find("theme").textContent = dark ? word("light") : word("dark");
  find("theme").setAttribute("aria-label", word("theme"));
}

function empty(list, key) {
  list.replaceChildren(h("li", { class: "empty" }, word(key)));
}

function chip(scene, level, name) {
  const grave = rank(scene, level);
  const known = scenes.get(scene); // what people brought in has no scene, and is urgent or not
  const text = level <= 0 ? word("ended") : known ? levelled(known, name, level) : word(level > 1 ? "urgent" : "ordinary");
  return h("span", { class: `chip ${level > 0 ? `rank${Math.min(grave, 3)}` : "over"}` }, text);
}

/** Whoever is not signed in is told by the server what they may not read. */
const may = (right) => !me.signed_in || me.rights.includes(right);
const sceneName = (id) => said(scenes.get(id)?.name, id);

function alarmRow(each) {
  return h(
    "button",
    { type: "button", class: `row${each.level > 0 ? "" : " over"}`, onclick: () => drawer.alarm(each.id) },
    h("span", { class: "top" }, chip(each.scene, each.level, each.level_name), h("b", {}, sceneName(each.scene))),
    h("span", { class: "below" }, each.stands?.key ?? (each.thing || word("outage")), h("time", {}, moment(each.began_ms))),
  );
}

const drawAlarms = () => steadily(paintAlarms);

function paintAlarms() {
  const list = find("alarms");
  const shown = [...alarms.values()].sort((a, b) => b.began_ms - a.began_ms);
  find("alarms-many").textContent = shown.length ? number(shown.length) : "";
  if (shown.length) {
    list.querySelector(".empty")?.remove();
    reconcile(list, shown.slice(0, LISTED), {
      key: (each) => each.id,
      mark: (each) => `${each.level} ${current()} ${scenes.size}`,
      draw: alarmRow,
    });
  } else empty(list, "no_alarms");
  map.setAlarms(
    shown
      .filter((each) => each.level > 0)
      .map((each) => ({
        id: each.id,
        lon: each.stands?.lon,
        lat: each.stands?.lat,
        rank: rank(each.scene, each.level),
      })),
  );
  drawCounts();
}

function caseRow(each) {
  return h(
    "button",
    { type: "button", class: "row", onclick: () => drawer.case(each.id) },
    h(
      "span",
      { class: "top" },
      chip(each.scene, each.level || each.worst, scenes.get(each.scene)?.levels?.[each.level || each.worst]),
      h("b", {}, said(each.title, each.code)),
    ),
    h(
      "span",
      { class: "below" },
      `${each.code} · ${said(each.step_title, each.step)}`,
      h("span", { class: "due", data: { due: each.due_ms } }),
    ),
  );
}

const drawCases = () => steadily(paintCases);

function paintCases() {
  const list = find("cases");
  find("cases-many").textContent = cases.length ? casesMany() : "";
  if (cases.length) {
    list.querySelector(".empty")?.remove();
    reconcile(list, cases, {
      key: (each) => each.id,
      mark: (each) => `${each.version} ${current()} ${scenes.size}`,
      draw: caseRow,
    });
  } else empty(list, "no_cases");
  tickDue();
  drawCounts();
}

/** Deadlines run by the district's clock. */
function tickDue() {
  const now = clock.now();
  for (const each of document.querySelectorAll("[data-due]")) {
    const left = Number(each.dataset.due) - now;
    each.textContent = `${word(left < 0 ? "over" : "left")} ${lasting(left)}`;
    each.classList.toggle("late", left < 0);
  }
}

function drawAll() {
  label();
  drawWho(find("me"));
  drawTools();
  drawLegend();
  drawLine();
  if (district) drawHeader();
  if (cases) drawCases();
  drawAlarms();
  drawer.redraw();
  map.draw();
}

/** Show that a list could not be read, with a way to try again. */
function broken(list, problem, again) {
  list.replaceChildren(
    h(
      "li",
      { class: "empty bad" },
      `${word("failed")}: ${problem.message} `,
      h("button", { type: "button", class: "tool", onclick: again }, word("retry")),
    ),
  );
}

async function loadCases() {
  find("cases").closest("section").hidden = !may("cases.read");
  if (!may("cases.read")) return;
  try {
    ({ cases } = await get(`cases?open=true&limit=${LISTED}`));
    drawCases();
  } catch (problem) {
    if (!cases) broken(find("cases"), problem, loadCases);
  }
}

async function loadAlarms() {
  try {
    const { detections } = await get("detections?open=true&told=true&limit=1000");
    alarms.clear();
    for (const each of detections) alarms.set(each.id, each);
    drawAlarms();
  } catch (problem) {
    if (!alarms.size) broken(find("alarms"), problem, loadAlarms);
  }
}

async function loadGround() {
  map.setOutline(await get("places/outline"));
  map.setStreets(await get("places/streets"));
  map.setPoints(await bytes("map/points"));
  await loadStates();
  map.setGrids(await get("places/grids"));
}

async function loadStates() {
  if (!document.hidden) map.setStates(await bytes("map/states"));
}

async function loadCounts() {
  counts = await get("counts");
  drawCounts();
  drawLine();
}

/** A change of level, as the journal tells it, becomes the row that a list shows. */
function hearDetection(edge) {
  const had = alarms.get(edge.id);
  alarms.set(edge.id, { began_ms: edge.time, ...had, ...edge });
  if (edge.level === 0) {
    setTimeout(() => {
      if (alarms.get(edge.id)?.level === 0) alarms.delete(edge.id);
      drawAlarms();
    }, GONE_MS);
  }
  drawAlarms();
  drawer.heard("alarm", edge.id);
}

function hearCase(each) {
  clearTimeout(refetching);
  refetching = setTimeout(loadCases, SETTLE_MS);
  drawer.heard("case", each.id ?? each.case);
}

function hear(kind, { time, wall, data }) {
  clock.hear(time, wall);
  // What is shelved or being gathered is told as an alarm once people are to hear of it.
  if (kind === "alarm" || (kind === "detection" && !data.quiet)) hearDetection(data);
  if (kind === "case") hearCase(data);
  if (kind === "counts") {
    counts = { ...counts, ...data };
    drawCounts();
    drawLine();
  }
}

let met = false;

function hello({ time, wall, data }) {
  clock.hear(time, wall);
  // Nothing was missed by whoever was here a moment ago; anyone else reads the lists again.
  if (!data.complete || !met) {
    loadCases();
    loadAlarms();
    loadCounts().catch(() => {});
  }
  met = true;
}

function theme(next) {
  document.documentElement.dataset.theme = next;
  localStorage.setItem("borough.theme", next);
  drawTools();
  map.draw();
}

function every(ms, act) {
  setInterval(() => act().catch(() => {}), ms);
}

async function begin() {
  takeToken();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || dark;
  drawAll();
  empty(find("cases"), "loading");
  empty(find("alarms"), "loading");
  find("language").onclick = () => {
    turn();
    drawAll();
  };
  find("theme").onclick = () =>
    theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  find("in").onclick = () => map.zoom(2);
  find("out").onclick = () => map.zoom(0.5);
  find("whole").onclick = () => map.whole();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") drawer.close();
  });
  for (;;) {
    try {
      district = await get("district");
      for (const each of (await get("scenes")).scenes) scenes.set(each.id, each);
      break;
    } catch (problem) {
      line = "reconnecting";
      drawLine();
      toast(problem.message, true);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
  settle(district);
  clock.start(district.clock, find("clock"), tickDue);
  drawAll();
  follow({
    event: hear,
    hello,
    line: (now) => {
      line = now;
      drawLine();
    },
  });
  await loadGround().catch((problem) => toast(problem.message, true));
  document.documentElement.dataset.ready = "yes";
  every(STATES_MS, loadStates);
  every(COUNTS_MS, loadCounts);
}

begin();
