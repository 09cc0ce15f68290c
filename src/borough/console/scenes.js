// Scenes: see what parameters are set to, try other values on the journal, apply, undo.

import { find, h, toast } from "./dom.js";
import { say } from "./scenes_words.js";
import { get, hasToken, post, takeToken } from "./server.js";
import { wayIn } from "./who.js";
import { moment, said, settle, turn, word } from "./words.js";

const ASK_MS = 500;
const SHOWN = 50;
let list = [];
let scene = null;
let tried = null;

const figure = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(6))));
const share = (value) => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)} %`);
const button = (text, onclick, kind = "tool") => h("button", { type: "button", class: kind, onclick }, text);
const cells = (tag, ...texts) => h("tr", {}, ...texts.map((each) => h(tag, {}, each)));

async function attempt(work) {
  try {
    await work();
  } catch (problem) {
    toast(problem.message, true);
  }
}

async function load(id) {
  list = (await get("scenes")).scenes;
  const chosen = id ?? scene?.id ?? location.hash.slice(1);
  scene = await get(`scenes/${list.some((each) => each.id === chosen) ? chosen : list[0].id}`);
  draw();
}

function choose(id) {
  tried = null;
  history.replaceState(null, "", `#${id}`);
  return load(id);
}

function draw() {
  document.title = `${say("title")} · Borough`;
  find("title").textContent = say("title");
  find("language").textContent = word("other");
  find("list").replaceChildren(
    ...list.map((each) =>
      h(
        "button",
        { type: "button", "aria-current": String(each.id === scene.id), onclick: () => attempt(() => choose(each.id)) },
        h("b", {}, said(each.name, each.id)),
        h("div", { class: "note" }, [each.standing, each.set_aside && say("aside")].filter(Boolean).join(" · ")),
      ),
    ),
  );
  const told = scene.record;
  const judged = told.precision === undefined || told.precision === null
    ? say("none")
    : `${say("precision")} ${share(told.precision)} (${told.true} / ${told.true + told.false})`;
  find("scene").replaceChildren(
    h("h2", {}, said(scene.name, scene.id)),
    h("p", { class: "note" }, `${say("version")} ${scene.version || "–"} · ${say("cases")} ${told.cases ?? 0} · ${judged}`),
    ...(scene.set_aside ? [aside()] : []),
    ...(scene.version ? [form(), ...(tried ? [result()] : []), changes()] : [h("p", {}, say("not_tuned"))]),
  );
}

function aside() {
  const again = button(say("resume"), () => attempt(() => decide("POST", "resume", {})));
  return h("p", { class: "bad" }, `${say("aside")}: ${scene.set_aside} `, hasToken() ? again : null);
}

function form() {
  const rows = Object.entries(scene.parameters).map(([name, each]) =>
    h(
      "tr",
      {},
      h("td", {}, h("b", {}, name), h("div", { class: "note" }, said(each.means)), h("div", { class: "note" }, each.source)),
      h("td", { class: "number" }, `${figure(each.value)} ${each.unit}`),
      h("td", { class: "number" }, each.limits.map(figure).join(" – ")),
      h("td", { class: "number" }, each.single.count ? `${each.single.count}: ${figure(each.single.least)} – ${figure(each.single.most)}` : "–"),
      h("td", {}, h("input", { name, type: "number", step: "any", min: each.limits[0], max: each.limits[1], "aria-label": `${name}: ${say("other")}` })),
    ),
  );
  const field = (name, type = "text") =>
    h("label", {}, `${say(name)} `, h("input", { name, type, autocomplete: "off" }));
  const made = h(
    "form",
    { id: "form", onsubmit: (event) => event.preventDefault() },
    h("table", {}, cells("th", say("parameter"), say("value"), say("limits"), say("single"), say("other")), ...rows),
  );
  if (!hasToken()) {
    made.append(wayIn(say("no_token")));
    return made;
  }
  made.append(
    h("div", { class: "buttons" }, field("thing"), field("from", "datetime-local"), field("to", "datetime-local")),
    h("div", { class: "buttons" }, button(say("try"), () => attempt(trial), "do")),
    h("div", { class: "buttons" }, field("why"), button(say("apply"), () => attempt(apply), "do")),
    h("div", { id: "progress" }),
  );
  return made;
}

/** What was filled in: values by parameter, the thing, and the stretch. */
function filled() {
  const fields = find("form").elements;
  const values = {};
  for (const name of Object.keys(scene.parameters)) {
    if (fields[name].value !== "") values[name] = Number(fields[name].value);
  }
  if (!Object.keys(values).length) throw new Error(say("nothing"));
  const [thing, from, to, why] = ["thing", "from", "to", "why"].map((name) => fields[name].value.trim());
  return { values, thing, from, to, why };
}

async function trial() {
  const { values, thing, from, to } = filled();
  const id = scene.id;
  let job = await post(`scenes/${id}/replays`, { values, thing, from, to });
  const bar = h("progress", { max: "1" });
  find("progress").replaceChildren(h("p", {}, say("running")), bar);
  while (job.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    job = await get(`scenes/${id}/replays/${job.id}`);
    if (job.total) bar.value = job.done / job.total;
  }
  find("progress")?.replaceChildren();
  if (job.problem) throw new Error(job.problem.detail);
  if (scene.id !== id) return;
  tried = job.result;
  document.querySelector("#result")?.remove();
  find("form").after(result());
}

async function apply() {
  const { values, thing, why } = filled();
  await decide("PUT", "parameters", { values, thing, why });
}

async function decide(method, path, body) {
  const why = body.why ?? find("form")?.elements.why?.value.trim() ?? "";
  const told = await post(`scenes/${scene.id}/${path}`, { ...body, why, last_change: scene.last_change }, method);
  toast(say("done"));
  tried = null;
  await load(told.scene.id);
}

function result() {
  const { counts, scores, changes: found, began } = tried;
  const head = ["gone", "fresh", "earlier", "later", "same"].map((name) => `${say(name)} ${counts[name]}`).join(" · ");
  const ratio = (each) => [
    String(each.fired), share(each.precision), `${share(each.recall)} (${each.true} / ${each.known})`,
    `${each.true} / ${each.false} / ${each.duplicate}`, String(each.unjudged),
  ];
  const rows = found.filter((each) => each.what !== "same").slice(0, SHOWN);
  return h(
    "div",
    { id: "result" },
    h("h3", {}, head),
    h("p", { class: "note" }, `${moment(tried.from)} – ${moment(tried.to)} · ${say(began.memory)}`),
    h(
      "table",
      {},
      cells("th", "", say("fired"), say("precision"), `${say("recall")}: ${say("recall_of")}`, say("judged"), say("unjudged")),
      ...["live", "in_force", "changed"].map((name) => cells("td", say(name), ...ratio(scores[name]))),
    ),
    h(
      "table",
      {},
      ...rows.map((each) => {
        const one = each.changed ?? each.in_force;
        const by = each.moved_ms ? ` ${figure(Math.abs(each.moved_ms) / 1000)} s` : "";
        return cells("td", moment(one.began_ms), each.key, `${say(each.what)}${by}`, each.outcome ?? "");
      }),
    ),
  );
}

function changes() {
  const rows = scene.history.map((each) => {
    const values = Object.entries(each.values).map(([name, { old, value }]) => `${name}: ${figure(old)} → ${figure(value)}`);
    const back = button(say("undo"), () => attempt(() => decide("POST", "parameters/undo", { number: each.number })));
    return cells("td", moment(each.set_ms), each.who, values.join(", ") || say("resume"), each.thing || say("all"),
      each.why, each.version, hasToken() && values.length ? back : "");
  });
  return h("div", {}, h("h3", {}, say("history")), rows.length ? h("table", {}, ...rows) : h("p", { class: "note" }, say("no_history")));
}

async function begin() {
  takeToken();
  find("language").onclick = () => {
    turn();
    if (scene) draw();
  };
  const district = await get("district");
  settle(district);
  const made = said(district.synthetic);
  find("synthetic").hidden = !made;
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
  await load();
  document.documentElement.dataset.ready = "yes";
}

attempt(begin);
