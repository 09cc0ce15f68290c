// Appraisals: how well cases were handled in a period; every number opens to its cases.

import { find, h, toast } from "./dom.js";
import { exporting } from "./export.js";
import { placed, posted, scened, sourced } from "./naming.js";
import { get, takeToken } from "./server.js";
import { called, current, moment, said, settle, turn, word } from "./words.js";

const WORDS = {
  zh: {
    title: "综合评价", from: "从", to: "到", by: "按", level: "区域层级", area: "区域", agency: "部门",
    scene: "场景", post: "岗位", source: "来源", whole: "全区", street: "街镇", community: "社区",
    grid: "网格", show: "计算", cases: "件案卷", behind: "计入的案卷", none: "没有案卷",
    running: "正在从案卷日志计算…", all_of: "按全区案卷统计，供各区域、部门相互比较。", records: "场景成效", precision: "准确率", open: "立案用时（分）",
    arrive: "到场用时（分）", close: "结案用时（分）", median: "中位", p90: "九成", due: "应于",
    reported: "上报", disposed: "处置完毕", closed: "结案", scores: "得分", points: "分",
    collector: "监督员", acceptor: "受理员", shift_leader: "值班长", dispatcher: "派遣员",
  },
  en: {
    title: "Appraisal", from: "from", to: "to", by: "by", level: "areas are", area: "area",
    agency: "agency", scene: "scene", post: "post", source: "source", whole: "whole district",
    street: "streets", community: "communities", grid: "grids", show: "Count", cases: "cases",
    behind: "Cases counted", none: "no cases", running: "Counting from the logs of cases…", all_of: "Counted over all cases of the district, so that areas and agencies can be compared.",
    records: "How scenes did", precision: "precision", open: "minutes to open",
    arrive: "minutes to arrive", close: "minutes to close", median: "median", p90: "9 in 10",
    due: "due", reported: "reported", disposed: "put right", closed: "closed", scores: "Scores",
    points: "points", collector: "Collectors", acceptor: "Acceptors", shift_leader: "Shift leaders",
    dispatcher: "Dispatchers",
  },
};
const say = (key) => WORDS[current()][key] ?? key;
const figure = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(4))));
/** 件 is a unit of Chinese; in English a number of cases needs none. */
const unit = (text) => (current() === "en" && text === "件" ? "" : text);
/** What a row of numbers is of. */
const titled = (row) => {
  const name = said(row.name);
  return (name === row.group ? "" : name) || { agency: called, post: posted, scene: scened, area: placed, source: sourced }[span.by]?.(row.group) || row.group || say("whole");
};
const DAY_MS = 86_400_000;
let answer = null;
let records = [];
let scored = null;
let span = {};
let asked = 0; // how often was asked; an answer is drawn unless the next question is under way

async function attempt(work) {
  try {
    await work();
  } catch (problem) {
    toast(problem.message, true);
  }
}

const query = (more = {}) => new URLSearchParams({ ...span, ...more }).toString();

function ask() {
  const option = (name, value = name) => h("option", { value }, say(name));
  const field = (name, value) =>
    h("label", {}, say(name), h("input", { name, type: "datetime-local", required: true, value }));
  const chosen = (name, options) => h("label", {}, say(name), h("select", { name }, ...options));
  find("asked").replaceChildren(
    field("from", span.from),
    field("to", span.to),
    chosen("by", [option("whole", ""), ...["area", "agency", "scene", "post", "source"].map((each) => option(each))]),
    chosen("level", ["street", "community", "grid"].map((each) => option(each))),
    h("button", { type: "submit", class: "do" }, say("show")),
  );
  const fields = find("asked").elements;
  fields.by.value = span.by;
  fields.level.value = span.level;
}

async function load() {
  const mine = ++asked;
  const fields = find("asked").elements;
  for (const name of ["from", "to", "by", "level"]) span[name] = fields[name].value;
  const wanted = { ...span };
  find("told").replaceChildren(h("p", {}, say("running")), h("progress", {}));
  find("behind").hidden = true;
  const counted = await get(`appraisals?${query(wanted)}`);
  wanted.as_of = String(counted.as_of_ms);
  const told = await get(`appraisals/records?${query(wanted)}`);
  const points = await get(`appraisals/scores?${query({ ...wanted, score: "agency" })}`);
  if (mine !== asked) return;
  [answer, records, scored] = [counted, told.records, points];
  span.as_of = wanted.as_of;
  draw();
}

function draw() {
  document.title = `${say("title")} · Borough`;
  find("title").textContent = say("title");
  find("language").textContent = word("other");
  ask();
  if (!answer) return;
  find("told").replaceChildren(
    h("p", { class: "note" }, `${answer.cases} ${say("cases")} · ${moment(answer.as_of_ms)} `, ...exporting("appraisals", () => span)),
    h("p", { class: "note" }, say("all_of")),
    h("div", { class: "wide" }, numbers()),
    h("h2", {}, say("records")),
    h("div", { class: "wide" }, scenes()),
    h("h2", {}, `${say("scores")}: ${said(scored.name)}`),
    h("p", { class: "note" }, scored.source),
    h("div", { class: "wide" }, scores()),
  );
}

function numbers() {
  if (!answer.rows.length) return h("p", { class: "note" }, say("none"));
  return h(
    "table",
    { id: "numbers" },
    h("tr", {}, h("th", {}, ""), ...answer.indicators.map((each) =>
      h("th", { title: each.source }, said(each.name), h("div", { class: "note" }, said(each.means))))),
    ...answer.rows.map((row) =>
      h("tr", {}, h("th", { title: row.group }, titled(row)), ...answer.indicators.map((each) => {
        const number = row.numbers[each.id];
        const share = number.by === null ? "" : `${figure(number.of)} / ${figure(number.by)}`;
        const value = `${figure(number.value)} ${number.value === null ? "" : unit(each.unit)}`;
        const open = () => h("button", { type: "button", title: share, onclick: () => attempt(() => behind(each, row)) }, value);
        return h("td", { class: "number", title: share }, number.of ? open() : value);
      })),
    ),
  );
}

async function behind(indicator, row) {
  const found = (await get(`appraisals/cases?${query({ count: indicator.of, group: row.group })}`)).cases;
  const box = find("behind");
  const when = (ms) => (ms === null ? "–" : moment(ms));
  box.hidden = false;
  box.replaceChildren(
    h("h2", {}, `${say("behind")}: ${said(indicator.name)} · ${titled(row)} (${found.length})`),
    h("table", {},
      h("tr", {}, ...["", "scene", "reported", "due", "disposed", "closed"].map((each) => h("th", {}, each && say(each)))),
      ...found.map((each) => h("tr", {}, h("td", {}, each.code), h("td", {}, scened(each.scene)),
        ...["reported_ms", "due_ms", "disposed_ms", "closed_ms"].map((name) => h("td", {}, when(each[name])))))),
  );
  box.scrollIntoView({ behavior: "smooth" });
}

function scenes() {
  const spread = (each) => (each ? `${figure(each.median)} / ${figure(each.p90)} (${each.of})` : "–");
  return h("table", {},
    h("tr", {}, ...[say("scene"), say("cases"), say("precision"),
      ...["open", "arrive", "close"].map((each) => `${say(each)}: ${say("median")} / ${say("p90")}`)].map((each) => h("th", {}, each))),
    ...records.map((each) => h("tr", {}, h("td", {}, scened(each.scene)), h("td", { class: "number" }, String(each.cases)),
      h("td", { class: "number" }, each.precision === null ? "–" : `${(100 * each.precision).toFixed(1)} % (${each.true} / ${each.true + each.false})`),
      ...["open_min", "arrive_min", "close_min"].map((name) => h("td", { class: "number" }, spread(each[name]))))));
}

function scores() {
  const names = new Map(answer.indicators.map((each) => [each.id, said(each.name)]));
  const terms = scored.rows[0]?.terms ?? [];
  return h("table", { id: "scores" },
    h("tr", {}, h("th", {}, ""), h("th", {}, say("points")), ...terms.map(({ indicator }) => h("th", {}, names.get(indicator) ?? indicator))),
    ...scored.rows.map((row) => h("tr", {}, h("th", { title: row.group }, called(row.group)), h("td", { class: "number" }, `${figure(row.points)} ${row.grade}`),
      ...row.terms.map((term) => h("td", { class: "number" }, `${figure(term.points)} × ${term.weight}`)))));
}

async function begin() {
  takeToken();
  find("language").onclick = () => {
    turn();
    draw();
  };
  find("asked").onchange = ({ target }) => {
    span[target.name] = target.value; // an answer that is on its way does not take it back
  };
  find("asked").onsubmit = (event) => {
    event.preventDefault();
    attempt(load);
  };
  const district = await get("district");
  settle(district);
  const made = said(district.synthetic);
  find("synthetic").hidden = !made;
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
  const now = district.clock.now;
  const local = (ms) => new Date(ms).toLocaleString("sv-SE", { timeZone: district.zone }).slice(0, 16).replace(" ", "T");
  span = { from: local(now - DAY_MS), to: local(now + 60_000), by: "agency", level: "street" };
  draw();
  await load();
  document.documentElement.dataset.ready = "yes";
}

attempt(begin);
