// What machines may be told to do on a case: who decides, what came of it, and how to take it back.

import { h, toast } from "./dom.js";
import { actor } from "./naming.js";
import { dropToken, hasToken, post } from "./server.js";
import { lasting, moment, reading, said, word } from "./words.js";

const GOOD = new Set(["proved"]);
const BAD = new Set(["failed"]);
const WAITS = new Set(["confirmed", "sent", "acknowledged"]);

/** Draw the commands of a case; nothing where its plan has none. */
export function commands(told, done, again) {
  const given = told.commands ?? [];
  const offers = told.offers ?? [];
  if (!given.length && !offers.length) return null;
  const act = async (path, body, says) => {
    try {
      await post(`cases/${told.id}/commands${path}`, { version: told.version, ...body });
      await done(word(says));
    } catch (problem) {
      toast(problem.message, true);
      if (problem.status === 401) dropToken();
      if (problem.code === "stale" || problem.status === 401) await again();
    }
  };
  return h(
    "section",
    { class: "commands", "aria-label": word("commands") },
    h("h3", {}, word("commands")),
    h("ul", {}, ...given.map((each) => one(each, act)), ...offers.map((each) => offer(each, act))),
  );
}

function one(each, act) {
  const state = BAD.has(each.state) ? "bad" : GOOD.has(each.state) ? "good" : WAITS.has(each.state) ? "waits" : "";
  return h(
    "li",
    { data: { errand: each.id, state: each.state } },
    h("div", { class: "what" }, h("b", {}, said(each.title, each.command)), h("span", { class: `state ${state}` }, word(`command_${each.state}`))),
    h("p", { class: "quiet" }, `${each.key} · ${each.property} = ${reading(each.value)}${unit(each.unit)}`),
    each.state === "proposed" ? h("p", { class: "quiet" }, limits(each)) : null,
    when(each),
    each.says ? h("p", { class: BAD.has(each.state) ? "bad" : "quiet" }, word(`says_${each.says}`) === `says_${each.says}` ? each.says : word(`says_${each.says}`)) : null,
    each.state === "failed" ? h("p", { class: "bad" }, word("command_go")) : null,
    buttons(each, act),
  );
}

/** When it was decided and by whom, and how it ended. */
function when(each) {
  const parts = [
    each.confirmed_ms && `${actor(each.by)} · ${moment(each.confirmed_ms)}`,
    WAITS.has(each.state) && each.until_ms && `${word("command_until")} ${moment(each.until_ms)}`,
    each.ended_ms && each.confirmed_ms && `${word(`command_${each.state}`)} ${moment(each.ended_ms)}`,
  ];
  const text = parts.filter(Boolean).join(" · ");
  return text ? h("p", { class: "quiet" }, text) : null;
}

function buttons(each, act) {
  const may = new Set(hasToken() ? each.may : []);
  const made = [];
  if (may.has("confirm")) {
    made.push(button("do first", word("command_confirm"), each.objection, () => act(`/${each.id}/confirm`, {}, "command_confirmed")));
  }
  if (may.has("refuse")) {
    const why = h("input", { "aria-label": word("command_why"), placeholder: word("command_why"), autocomplete: "off" });
    const refuse = button("do", word("command_refuse"), "", () => act(`/${each.id}/refuse`, { note: why.value }, "command_refused"));
    made.push(h("span", { class: "why" }, why, refuse));
  }
  if (may.has("undo")) {
    made.push(button("do", `↩ ${said(each.undo.title, word("command_undo"))}`, each.objection, () => act(`/${each.id}/undo`, {}, "command_confirmed")));
  }
  return made.length ? h("div", { class: "buttons" }, ...made) : null;
}

function offer(each, act) {
  const propose = () => act("", { command: each.command }, "command_proposed");
  return h(
    "li",
    {},
    h("div", { class: "what" }, h("span", {}, said(each.title, each.command)), h("span", { class: "state" }, word("command_offer"))),
    h("p", { class: "quiet" }, limits(each)),
    hasToken() && !each.objection ? h("div", { class: "buttons" }, button("do", word("command_propose"), "", propose)) : null,
  );
}

/** A button that says why it cannot be pressed, where a limit forbids it. */
function button(kind, text, objection, act) {
  const press = async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    await act();
    pressed.disabled = false;
  };
  return h("button", { type: "button", class: kind, disabled: Boolean(objection), title: objection || null, onclick: press }, text);
}

function limits(each) {
  const parts = [
    `${word("level")} ≥ ${each.level_from}`,
    each.level_to !== null && each.level_to !== undefined ? `≤ ${each.level_to}` : "",
    word("command_rate").replace("{n}", each.most_per_h),
    each.cool_down_ms ? `${word("command_pause")} ${lasting(each.cool_down_ms)}` : "",
    `${word("command_within")} ${lasting(each.within_ms)}`,
  ];
  return parts.filter(Boolean).join(" · ");
}

const unit = (ucum) => (!ucum || ucum === "{bool}" ? "" : ` ${ucum.replace(/[{}[\]]/g, " ").trim()}`);
