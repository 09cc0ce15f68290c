// The drawer: everything about one case, detection or thing, and what may be done.

import { actions } from "./actions.js";
import { commands } from "./commands.js";
import { h, steadily, toast } from "./dom.js";
import { files, notices } from "./files.js";
import { say } from "./loop_words.js";
import { actor, posted, scened } from "./naming.js";
import { bulletins } from "./public.js";
import { get, me } from "./server.js";
import { shelf } from "./shelve.js";
import { similar } from "./similar.js";
import { tasks, tasksOf } from "./tasks.js";
import { called, current, levelled, moment, reading, said, word } from "./words.js";

const SETTLE_MS = 300;
const SEPARATED = { zh: "、", en: ", " };
const ROUND_NOW = [1e9, 4e9];
const ASKED = "citizen_request";
const HIDDEN = new Set(["born", "known", "level"]);

export class Drawer {
  constructor(box, { goto, closed, changed, now, scene }) {
    Object.assign(this, { box, goto, onclosed: closed, onchanged: changed, now, scene });
    this.showing = null;
    this.asked = this.drawn = 0;
  }

  case(id) {
    return this.open("case", id);
  }

  alarm(id) {
    return this.open("alarm", id);
  }

  thing(key) {
    return this.open("thing", key);
  }

  async open(kind, id) {
    if (!this.showing) this.returnTo = document.activeElement;
    this.showing = { kind, id };
    this.box.hidden = false;
    document.body.classList.add("open");
    this.box.replaceChildren(this.head(word("loading")));
    await this.load(true);
    this.box.querySelector(".shut")?.focus();
  }

  async load(fresh, news = false) {
    const { kind, id } = this.showing;
    const mine = (this.asked += 1);
    const wanted = () => this.showing?.id === id && mine > this.drawn && !(news && this.written());
    try {
      const path = { case: "cases", alarm: "detections", thing: "things" }[kind];
      const told = await get(`${path}/${encodeURIComponent(id)}`);
      if (kind === "case" && told.detections[0]) {
        told.first = await get(`detections/${encodeURIComponent(told.detections[0].id)}`);
      }
      if (kind === "case") told.tasks = await tasksOf(told.id);
      if (told.scene === ASKED && me.rights.includes("requests.read")) {
        told.requests = (await get(`requests?case=${told.id}`)).requests;
      }
      if (!wanted()) return;
      this.told = told;
      steadily(() => {
        if (this.told !== told || !wanted()) return;
        this.drawn = mine; // an answer to an earlier question may still be on its way
        this.draw();
      });
      const stands = kind === "thing" ? told : (told.stands ?? told);
      if (fresh && stands && Number.isFinite(stands.lon)) this.goto(stands.lon, stands.lat);
    } catch (problem) {
      if (!wanted()) return;
      this.box.replaceChildren(this.head(word("failed")), h("p", { class: "bad" }, problem.message));
    }
  }

  /** Something happened to what is shown, perhaps. */
  heard(kind, id) {
    if (this.showing?.kind !== kind || this.showing.id !== id) return;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      if (this.showing && !this.written()) this.load(false, true);
    }, SETTLE_MS);
  }

  /** Whether somebody writes in it just now: nobody's half-written note is thrown away by news. */
  written() {
    const at = document.activeElement;
    return Boolean(at?.matches("input, textarea")) && this.box.contains(at);
  }

  redraw() {
    if (this.told) this.draw();
  }

  close() {
    if (!this.showing) return;
    this.showing = this.told = null;
    this.box.hidden = true;
    this.box.replaceChildren();
    document.body.classList.remove("open");
    this.onclosed();
    this.returnTo?.focus?.();
  }

  head(title, ...more) {
    const shut = h(
      "button",
      { type: "button", class: "tool shut", onclick: () => this.close(), "aria-label": word("close_drawer") },
      "✕",
    );
    return h("header", {}, h("div", {}, h("h2", {}, title), ...more), shut);
  }

  draw() {
    const { kind } = this.showing;
    const parts = { case: () => this.ofCase(), alarm: () => this.ofAlarm(), thing: () => this.ofThing() };
    this.box.replaceChildren(...parts[kind]());
  }

  ofCase() {
    const told = this.told;
    const where = h("p", { class: "quiet" }, told.code);
    const due = told.closed_ms
      ? [word("outcome"), `${word(`outcome_${told.outcome}`)} · ${moment(told.closed_ms)}`]
      : [word("due"), h("span", {}, `${moment(told.due_ms)} · `, h("b", { class: "due", data: { due: told.due_ms } }))];
    const acted = (done) => this.acted(done);
    return [
      this.head(said(told.title, told.code), where),
      facts([
        [word("step"), told.closed_ms ? word("closed") : said(told.step_title, told.step)],
        [word("holder"), [said(told.holder_name, called(told.holder)), posted(told.post)].filter(Boolean).join(" · ") || "–"],
        due,
        [word("opened"), moment(told.opened_ms)],
        told.stands ? [word("thing"), this.link(told.stands)] : null,
        place(told) ? [say("where"), place(told)] : null,
        told.events[0]?.data.text ? [say("reported"), told.events[0].data.text] : null,
        ...(told.requests ?? []).map((each) => [say("asked_for"), h("a", { class: "link", href: `/console/requests.html?request=${each.id}` }, each.text)]),
        [word("scene"), said(this.scene(told.scene)?.name, scened(told.scene))],
      ]),
      bulletins(told, this.scene(told.scene), acted, () => this.load(false)),
      tasks(told, acted, () => this.load(false)),
      commands(told, acted, () => this.load(false)),
      notices(told, acted),
      actions(told, acted, () => this.load(false)),
      files(told, acted),
      similar(told, acted),
      told.first ? evidence(told.first, this.scene(told.scene)) : null,
      log(told, this.scene(told.scene)),
    ].filter(Boolean);
  }

  ofAlarm() {
    const told = this.told;
    return [
      this.head(said(this.scene(told.scene)?.name, told.scene), h("p", { class: "quiet" }, told.id)),
      facts([
        [word("level"), told.level > 0 ? levelled(this.scene(told.scene), told.level_name, told.level) : word("ended")],
        [word("began"), moment(told.began_ms)],
        told.ended_ms ? [word("ended"), moment(told.ended_ms)] : null,
        [word("thing"), this.link(told.stands)],
        told.case_id
          ? [word("cases"), h("button", { type: "button", class: "link", onclick: () => this.case(told.case_id) }, `#${told.case_id}`)]
          : null,
      ]),
      shelf(told, this.now, (done) => this.acted(done)),
      evidence(told, this.scene(told.scene)),
    ].filter(Boolean);
  }

  async acted(done) {
    toast(done);
    this.onchanged();
    await this.load(false);
  }

  ofThing() {
    const told = this.told;
    const attributes = Object.entries(told.attributes ?? {});
    return [
      this.head(said(told.name, told.key), h("p", { class: "quiet" }, `${told.key} · ${said(told.kind_name, told.kind)}`)),
      facts([
        told.ground ? [word("street"), said(told.ground.street)] : null,
        told.ground ? [word("community"), said(told.ground.community)] : null,
        told.ground ? [word("grid"), told.ground.grid] : null,
        told.via ? [word("via"), told.via] : null,
        ...attributes.map(([name, value]) => [name, reading(value)]),
      ]),
      h("h3", {}, word("latest")),
      table(
        [word("property"), word("value"), word("time")],
        told.latest.map((each) => [
          said(each.name, each.property),
          each.time ? `${reading(each.value)} ${unit(each.unit)}` : "–",
          each.time ? moment(each.time) : word("never"),
        ]),
      ),
      ...this.links(word("alarms"), told.detections, (each) => [
        () => this.alarm(each.id),
        `${said(this.scene(each.scene)?.name, each.scene)} · ${levelled(this.scene(each.scene), each.level_name, each.level)}`,
      ]),
      ...this.links(word("cases"), told.cases, (each) => [
        () => this.case(each.id),
        `${each.code} · ${said(each.title)}`,
      ]),
    ];
  }

  links(title, rows, draw) {
    if (!rows?.length) return [];
    const made = rows.map((each) => {
      const [act, text] = draw(each);
      return h("li", {}, h("button", { type: "button", class: "link", onclick: act }, text));
    });
    return [h("h3", {}, title), h("ul", { class: "links" }, ...made)];
  }

  link(stands) {
    if (!stands) return "–";
    return h("button", { type: "button", class: "link", onclick: () => this.thing(stands.key) }, stands.key);
  }
}

/** What a rule remembers: a number, or a moment in seconds, which such large numbers are. */
function remembered(value) {
  if (Array.isArray(value)) return value.map(remembered).join(" · ");
  const [early, late] = ROUND_NOW;
  if (typeof value === "number" && value > early && value < late) return moment(value * 1000);
  return reading(value);
}

/** Where to go, as a link that the telephone's own map opens (RFC 5870). */
function place(told) {
  const { lon, lat } = Number.isFinite(told.lon) ? told : (told.stands ?? {});
  if (!Number.isFinite(lon)) return null;
  const at = `${lat.toFixed(5)},${lon.toFixed(5)}`;
  return h("a", { class: "go", href: `geo:${at}` }, `${say("go")} ${at}`);
}

function facts(rows) {
  return h(
    "dl",
    { class: "facts" },
    ...rows.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

function table(head, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: "0" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...head.map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((each) => h("td", {}, each))))),
    ),
  );
}

const unit = (ucum) => (/[{[]/.test(ucum ?? "") ? ucum.replace(/[{}[\]]/g, " ").trim() : (ucum ?? ""));

/** What was reported, and what the rule remembered before and after, at each change of level. */
function evidence(alarm, scene) {
  const edges = alarm.edges ?? [];
  return h(
    "section",
    { class: "evidence" },
    h("h3", {}, word("evidence")),
    ...edges.map((edge, at) => {
      const names = [...new Set([...Object.keys(edge.values ?? {}), ...Object.keys(edge.after ?? {})])];
      const rows = names
        .filter((name) => !HIDDEN.has(name))
        .map((name) => [
          name,
          name in (edge.values ?? {}) ? reading(edge.values[name]) : "",
          name in (edge.before ?? {}) ? remembered(edge.before[name]) : "",
          name in (edge.after ?? {}) ? remembered(edge.after[name]) : "",
        ]);
      return h(
        "details",
        { open: at === 0 },
        h("summary", {}, `${moment(edge.time_ms ?? edge.time)} · ${edge.level ? levelled(scene, edge.level_name, edge.level) : word("ended")}`),
        rows.length ? table([word("property"), word("reported"), word("before"), word("after")], rows) : null,
        h("p", { class: "quiet" }, `${word("version")} ${edge.version}`),
      );
    }),
  );
}

function log({ events, steps, tasks: all = [] }, scene) {
  const tasked = new Map(all.map((each) => [each.name, said(each.title, each.name)]));
  const level = (at) => (at > 0 ? levelled(scene, scene?.levels?.[at], at) : word("ended"));
  const text = (event) => {
    const { data = {} } = event;
    const parts = [event.verb === "level" && level(data.level), typeof data.to === "string" && data.to && `→ ${said(steps[data.to], data.to)}`, posted(data.post), data.command && `${data.command} ${data.key}`, tasked.get(data.name ?? data.milestone) ?? data.name, (data.to instanceof Array) && data.to.map(called).join(SEPARATED[current()]), data.outcome && word(`outcome_${data.outcome}`), data.note, data.says];
    return parts.filter(Boolean).join(" · ");
  };
  return h(
    "section",
    {},
    h("h3", {}, word("log")),
    h(
      "ol",
      { class: "log" },
      ...[...events].reverse().map((event) =>
        h(
          "li",
          {},
          h("time", {}, moment(event.at_ms)),
          h("span", {}, h("b", {}, word(`verb_${event.verb}`)), ` ${text(event)}`),
          h("span", { class: "quiet" }, actor(event.actor)),
        ),
      ),
    ),
  );
}
