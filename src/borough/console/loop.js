// The routine loop on a case: its standard row, and what may be asked for and decided now.

import { h } from "./dom.js";
import { say } from "./loop_words.js";
import { actor, posted, roled } from "./naming.js";
import { mayAct } from "./server.js";
import { sure } from "./sure.js";
import { limit, moment, said, word } from "./words.js";

const LIMIT = /^([\d.]+) (\w+)$/;
const WHAT = { extension: "extend", suspension: "suspend", appeal: "appeal" };

/** What stands: row, whole time, suspension, and what waits for whom. */
export function standing(told) {
  const lines = [
    told.row && `${say("standard")} ${told.row.event} · ${said(told.row.opens, told.row.id)} · ${say("row_limit")} ${written(told.row.limit)}`,
    told.row && `${say("close_when")} ${said(told.row.closes, "")}`,
    told.limit_due_ms && `${say("due_whole")} ${moment(told.limit_due_ms)}`,
    told.suspended_to_ms && `${say("suspended")} ${moment(told.suspended_to_ms)}`,
    told.extended && `${say("extended")} ${told.extended} ${say("times")}`,
    told.rework && `${say("rework")} ${told.rework} ${say("times")}`,
    told.exempt && say("exempt"),
    ...new Set(Object.entries(told.beyond ?? {}).filter(([verb]) => mayAct(verb)).map(([, why]) => said(why))),
    ...Object.values(told.barred_says ?? {}).map((why) => `${say("barred")}: ${named(said(why), told.post)}`),
  ].filter(Boolean);
  return lines.length ? h("div", { class: "loop" }, ...lines.map((each) => h("p", { class: "quiet" }, each))) : null;
}

/** Words with the name of a post in place of its code. */
const named = (text, post) => (post ? text.replaceAll(post, posted(post)) : text);

/** The buttons of what may be done; `act` takes a path, a body and what to say afterwards. */
export function loop(told, act) {
  const may = new Set((told.may ?? []).filter(mayAct));
  const parts = [...(may.has("standard") ? choice(told, act) : []), ...(may.has("decide") ? decision(told, act) : [])];
  const plain = ["extend", "appeal", "resume"].filter((verb) => may.has(verb));
  const buttons = plain.map((verb) => button(`do ${verb}`, say(verb), () => act(verb, {}, say("asked"))));
  const cancel = async () => (await sure("cancel", say("cancel"), told.code)) && act("cancel", {}, word("outcome_cancelled"));
  if (may.has("cancel")) buttons.push(button("do cancel", say("cancel"), cancel));
  if (told.post && may.has("assign")) buttons.push(button("do", `${say("take_back")} ${posted(told.post)}`, () => act("assign", { post: "" }, say("done"))));
  if (may.has("suspend")) buttons.push(pause(act));
  if (buttons.length) parts.push(h("div", { class: "buttons" }, ...buttons), h("p", { class: "quiet" }, say("why")));
  return parts.length ? [h("h3", {}, say("loop")), ...parts] : [];
}

/** A box to confirm the row's condition for closing; null where there is none. */
export function confirmation(told) {
  const closes = told.row && (told.outcomes ?? []).includes("true");
  return closes ? h("label", { class: "confirm" }, h("input", { type: "checkbox", name: "confirm" }), ` ${say("confirm")}: ${said(told.row.closes, "")}`) : null;
}

function choice(told, act) {
  if (!told.rows?.length) return [];
  const rows = told.rows.map((row) => h("option", { value: row.id }, `${said(row.opens, row.id)} · ${written(row.limit)}`));
  const chosen = h("select", { name: "standard", "aria-label": say("standard") }, ...rows);
  return [h("div", { class: "buttons" }, chosen, button("do first", say("choose"), () => act("standard", { standard: chosen.value }, say("done"))))];
}

function decision(told, act) {
  const { what } = told.asked;
  const path = `${WHAT[what]}/decide`;
  const name = what === "appeal" ? say("appeal_what") : say(what);
  const until = told.asked.to_ms ? ` → ${moment(told.asked.to_ms)}` : "";
  return [
    h("p", {}, `${say("waits")}: ${name}${until} · ${actor(told.asked.by)} · ${told.asked.note} (${say("for_role")} ${roled(told.decides)})`),
    h(
      "div",
      { class: "buttons" },
      button("do first", say("grant"), () => act(path, { granted: true }, say("decided"))),
      button("do", say("refuse"), () => act(path, { granted: false }, say("decided"))),
    ),
  ];
}

function pause(act) {
  const to = h("input", { type: "date", "aria-label": say("suspend_to"), title: say("suspend_to") });
  return h("span", { class: "why" }, to, button("do suspend", say("suspend"), () => act("suspend", { to: to.value }, say("asked"))));
}

const button = (kind, text, onclick) => h("button", { type: "button", class: kind, onclick }, text);

function written(text) {
  const [, amount, unit] = LIMIT.exec(text) ?? [];
  return unit ? limit({ amount: Number(amount), unit }) : text;
}
