// Evaluations: choose a period, read the ranking, take one score apart, and take the next step.

import { askFor, find, h, toast } from "./dom.js";
import { say } from "./evaluations_words.js";
import { bringReturns } from "./returns.js";
import { bytes, get, hasToken, me, post, takeToken } from "./server.js";
import { sure } from "./sure.js";
import { current, moment, said, settle, turn } from "./words.js";

const PAGE = 100;
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
let list = [];
let schemes = [];
let now = null;
let view = { sort: "rank", down: false, name: "", rows: [], next: null };

const digits = (value, places = 3) =>
  value === null || value === undefined ? "–" : value.toLocaleString("en", { maximumFractionDigits: places });
/** A unit, or nothing for a plain number. */
const unit = (name) => (name === "1" ? "" : name);
const badge = (name) => h("span", { class: "class", data: { class: name } }, name || "–");
const button = (text, onclick) => h("button", { type: "button", class: "tool", onclick }, text);
const scheme = () => schemes.find((each) => each.scene === now?.scene);

/** Ask for a few words without which nothing is done; empty where it was left. */
async function words(title, name, yes) {
  const field = h("textarea", { name, rows: "3", maxlength: "2000", required: true });
  const given = await askFor(title, [[say(name), field]], { yes: say(yes), no: say("close") });
  return given?.[name].trim() ?? "";
}

async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    toast(problem.message, true);
    return null;
  }
}

async function load() {
  list = (await get("evaluations")).evaluations;
  drawList();
  if (list.length) await choose(now?.id ?? list[0].id);
  else find("result").replaceChildren(h("p", { class: "quiet" }, say("none")));
}

function drawList() {
  find("list").replaceChildren(
    ...list.map((each) =>
      h(
        "button",
        { type: "button", "aria-current": String(each.id === now?.id), onclick: () => attempt(() => choose(each.id)) },
        h("b", {}, `${said(schemes.find((one) => one.scene === each.scene)?.name, each.scene)} ${each.period}`),
        h("div", { class: "note" }, `${say(each.state)} · ${each.rules}`),
      ),
    ),
  );
}

async function choose(number) {
  now = await get(`evaluations/${number}`);
  view = { ...view, rows: [], next: 0 };
  find("trace").hidden = true;
  drawList();
  await page();
}

async function page() {
  const { sort, down, name, next } = view;
  const query = new URLSearchParams({ sort, down, name, start: next, limit: PAGE });
  const answer = await get(`evaluations/${now.id}/rows?${query}`);
  view.rows.push(...answer.rows);
  view.next = answer.next;
  drawResult();
}

async function again(change) {
  Object.assign(view, change, { rows: [], next: 0 });
  await attempt(page);
}

function heading(key, sort, numeric) {
  const arrow = view.sort === sort ? (view.down ? " ↓" : " ↑") : "";
  const flip = () => again({ sort, down: view.sort === sort && !view.down });
  return h("th", numeric ? { class: "n" } : {}, h("button", { type: "button", onclick: flip }, say(key) + arrow));
}

function drawResult() {
  const tally = Object.entries(now.tally).map(([group, counts]) =>
    h("span", {}, `${said(now.groups[group], group)} `, ...Object.entries(counts).sort().flatMap(([name, many]) =>
      [badge(name === "none" ? "" : name), ` ${many} `])),
  );
  const made = now.rule_set.synthetic;
  find("result").replaceChildren(
    h("h2", {}, `${said(scheme()?.name, now.scene)} ${now.period} · ${say(now.state)}`),
    h("p", { class: "note" }, `${say("rules")}: ${said(now.rule_set.name)} (${now.rule_set.id}, ${now.rules_version})`,
      now.until_ms && now.state === "public" ? ` · ${say("until")} ${moment(now.until_ms)}` : ""),
    made ? h("p", { class: "note made" }, `${say("trial_note")}: ${made}`) : "",
    now.faults.length ? h("p", { class: "bad" }, `${say("faults")}: ${now.faults.join("; ")}`) : "",
    h("p", {}, ...tally),
    h("div", { class: "acts" }, ...acts()),
    ...drawAppeals(),
    h("input", { class: "tool", type: "search", placeholder: say("find"), "aria-label": say("find"), value: view.name,
      onchange: (event) => again({ name: event.target.value }) }),
    h("table", { class: "table" },
      h("thead", {}, h("tr", {}, heading("rank", "rank", true), heading("class", "class"), heading("name", "name"),
        h("th", {}, say("group")), heading("score", "score", true))),
      h("tbody", {}, ...view.rows.map(drawRow))),
    view.next === null ? "" : button(say("more"), () => attempt(page)),
    h("details", {}, h("summary", {}, say("log")),
      h("ol", {}, ...now.log.map((each) => h("li", { class: "note" },
        `${moment(each.at_ms)} ${each.actor} ${each.verb} ${each.data.why ?? each.data.answer ?? ""}`)))),
  );
}

function drawRow(row) {
  const open = () => attempt(() => trace(row.subject));
  return h("tr", { tabindex: "0", onclick: open, onkeydown: (event) => event.key === "Enter" && open() },
    h("td", { class: "n" }, row.rank ? String(row.rank) : "–"),
    h("td", {}, badge(row.class)),
    h("td", {}, row.name, h("div", { class: "note" }, row.subject)),
    h("td", {}, said(now.groups[row.group], row.group)),
    h("td", { class: "n" }, digits(row.score)));
}

function acts() {
  const steps = [];
  const step = (verb, body = {}) => attempt(async () => {
    now = { ...now, ...(await post(`evaluations/${now.id}/${verb}`, { version: now.version, ...body })) };
    toast(say("done"));
    await load();
  });
  const freeze = async () => (await sure("freeze", say("freeze"), `${said(scheme()?.name, now.scene)} ${now.period}`)) && step("freeze");
  const reasoned = async (verb) => {
    const why = await words(say(verb), "why", verb);
    if (why) step(verb, { why });
  };
  if (hasToken()) {
    if (now.state === "draft") steps.push(button(say("publicise"), () => step("publicise")));
    if (now.state === "public") {
      steps.push(button(say("freeze"), freeze), button(say("withdraw"), () => reasoned("withdraw")));
    }
    steps.push(button(say("again"), () => attempt(runAgain)));
  }
  steps.push(button(say("export"), () => attempt(download)));
  return steps;
}

async function runAgain() {
  const done = await post(`evaluations/${now.id}/run-again`, {});
  toast(`${done.same ? say("same") : say("not_same")} · ${say("revised")} ${done.revised}`, !done.same);
}

async function download() {
  const body = await bytes(`evaluations/${now.id}/export?format=xlsx`);
  const address = URL.createObjectURL(new Blob([body], { type: XLSX }));
  h("a", { href: address, download: `${now.scene}-${now.period}.xlsx` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function drawAppeals() {
  if (!now.appeals.length) return [];
  const decide = async (each, accepted) => {
    const verb = accepted ? "accept" : "reject";
    const answer = await words(`${say(verb)} · ${each.subject}`, "answer", verb);
    if (!answer) return;
    attempt(async () => {
      await post(`evaluations/${now.id}/appeals/${each.id}/decide`, { version: now.version, accepted, answer });
      await load();
    });
  };
  return [
    h("h3", {}, say("appeals")),
    h("ul", {}, ...now.appeals.map((each) =>
      h("li", { class: "note" },
        `${each.subject} ${said(scheme()?.inputs[each.input]?.name, each.input)}: ${each.stated || "–"} → ${each.claimed}. `,
        `${each.reason} · ${say(each.state)} ${each.answer} `,
        ...(each.state === "open" && hasToken()
          ? [button(say("accept"), () => decide(each, true)), button(say("reject"), () => decide(each, false))]
          : [])))),
  ];
}

async function trace(subject) {
  const row = await get(`evaluations/${now.id}/rows/${encodeURIComponent(subject)}`);
  const box = find("trace");
  box.hidden = false;
  box.replaceChildren(
    button(say("close"), () => (box.hidden = true)),
    h("h2", {}, badge(row.class), ` ${row.name}`),
    h("p", { class: "note" }, `${row.subject} · ${say("score")} ${digits(row.score)} · ${say("rank")} ${row.rank || "–"}/${row.of || "–"}`),
    ...row.remarks.map((each) => h("p", { class: "made" }, said(each))),
    row.members.length > 1 ? h("p", { class: "note" }, `${say("with")}: ${row.members.join(", ")}`) : "",
    h("ol", {}, ...row.terms.map((each) => drawTerm(row, each))),
    h("h3", {}, say("facts")),
    h("ul", {}, ...Object.values(row.inputs).flatMap((each) => each.facts.map((fact) => drawFact(each, fact)))),
    now.state === "public" && hasToken() ? appealForm(row) : "",
  );
  box.querySelector("button").focus();
}

function drawTerm(row, term) {
  const measure = row.measures[term.measure];
  const against = term.benchmark === undefined
    ? `${digits(term.least)} … ${digits(term.most)}` : digits(term.benchmark);
  return h("li", {}, h("b", {}, said(measure.name)), ` ${digits(term.points)} ${say("of")} ${digits(term.weight)} `,
    ...term.marks.map((each) => h("span", { class: "made" }, `${say(each)} `)),
    h("div", { class: "source" }, `${digits(term.value, 4)} ${unit(measure.unit)} / ${against}`));
}

function drawFact(input, fact) {
  const value = fact.value ?? input.absent;
  const where = fact.fact
    ? `${fact.file}, ${say("row")} ${fact.row} · ${fact.stated}${unit(fact.stated_unit)} · ${fact.note}`
    : say(input.absent === null ? "not_reported" : "absent");
  return h("li", {}, `${said(input.name)}: ${digits(value, 4)} ${unit(input.unit)}`, h("div", { class: "source" }, where));
}

function appealForm(row) {
  const which = h("select", { name: "input", "aria-label": say("input") }, ...Object.entries(row.inputs).map(([name, each]) =>
    h("option", { value: name }, said(each.name))));
  const claimed = h("input", { required: true, placeholder: say("claim"), "aria-label": say("claim") });
  const reason = h("input", { required: true, placeholder: say("reason"), "aria-label": say("reason") });
  const send = (event) => {
    event.preventDefault();
    attempt(async () => {
      const body = { subject: row.subject, input: which.value, claimed: claimed.value, reason: reason.value };
      await post(`evaluations/${now.id}/appeals`, body);
      toast(say("done"));
      await choose(now.id);
    });
  };
  return h("form", { onsubmit: send }, which, claimed, reason, h("button", { class: "tool" }, say("appeal")));
}

function labels() {
  document.documentElement.lang = current();
  find("title").textContent = say("title");
  find("language").textContent = say("other");
  find("home").setAttribute("aria-label", say("home"));
  find("returns").textContent = say("returns");
}

async function start() {
  takeToken();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || dark;
  labels();
  find("language").onclick = () => {
    turn();
    labels();
    if (now) {
      drawList();
      drawResult();
    }
  };
  const district = await get("district");
  settle(district);
  const made = said(district.synthetic);
  find("synthetic").hidden = !made;
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
  schemes = (await get("evaluations/schemes")).schemes;
  find("returns").hidden = !me.rights.includes("evaluations.judge");
  find("returns").onclick = () => attempt(() => bringReturns(schemes, list, load));
  await load();
}

attempt(start);
