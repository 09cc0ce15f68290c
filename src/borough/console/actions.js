// What may be done with a case: the moves its plan allows, closing it, and who may do so.

import { h, toast } from "./dom.js";
import { confirmation, loop, standing } from "./loop.js";
import { say } from "./loop_words.js";
import { asked as asked_ } from "./naming.js";
import { dropToken, hasToken, mayAct, post } from "./server.js";
import { sure } from "./sure.js";
import { wayIn } from "./who.js";
import { agencies, called, limit, said, word } from "./words.js";

/** Draw the moves of a case; `done` is told what was done, `again` reads the case anew. */
export function actions(told, done, again) {
  const over = told.closed_ms && h("div", {}, h("p", { class: "quiet final" }, word("final")), standing(told));
  if (over && !(told.may ?? []).length) return over;
  if (!hasToken()) return over || wayIn(word("no_token"));
  const form = h("form", { class: "acts", onsubmit: (event) => event.preventDefault() });
  const note = h("textarea", { name: "note", rows: "2", placeholder: word("note"), "aria-label": word("note") });
  const asked = told.asks.map((name) =>
    h("label", {}, asked_(name), h("input", { name: `answer.${name}`, autocomplete: "off" })),
  );
  const met = confirmation(told);
  const agency = told.moves.some((move) => move.agency)
    ? h("label", {}, say("agency"), h("select", { name: "agency" }, h("option", { value: "" }, "–"),
      ...agencies().map(([code, name]) => h("option", { value: code, selected: code === told.agency }, name))))
    : null;
  const answers = () => ({
    ...Object.fromEntries(told.asks.map((name) => [name, form.elements[`answer.${name}`].value])),
    ...(met ? { close_condition: form.elements.confirm.checked } : {}),
  });
  const act = async (verb, body, says) => {
    const buttons = [...form.querySelectorAll("button")];
    for (const each of buttons) each.disabled = true;
    try {
      const seen = verb === "take-up" ? {} : { version: told.version };
      await post(`cases/${told.id}/${verb}`, { ...seen, note: note.value, ...body });
      await done(says);
    } catch (problem) {
      toast(problem.message, true);
      if (problem.status === 401) dropToken();
      if (problem.code === "stale" || problem.status === 401) await again();
      for (const each of buttons) each.disabled = false;
    }
  };
  const moves = (mayAct("move") ? told.moves : []).map((move, at) =>
    h(
      "button",
      {
        type: "button",
        class: at === 0 ? "do first" : "do",
        title: `${called(move.holder)} · ${limit(move.within)}`,
        onclick: () => act("move", { to: move.to, answers: answers(), agency: agency ? form.elements.agency.value : "" }, word("moved")),
      },
      `${move.back ? "↩ " : ""}${said(move.title, move.to)}`,
    ),
  );
  const ends = (mayAct("close") ? told.outcomes : []).map((outcome) =>
    h(
      "button",
      {
        type: "button",
        class: `do end ${outcome}`,
        onclick: async () => {
          const yes = `${word("finish")} · ${word(`outcome_${outcome}`)}`;
          if (await sure("close", yes, told.code)) act("close", { outcome, answers: answers() }, word("closed_now"));
        },
      },
      word(`outcome_${outcome}`),
    ),
  );
  if (told.post && mayAct("take_up") && !takenUp(told)) {
    const take = () => act("take-up", { post: told.post }, say("taken_up"));
    form.append(h("button", { type: "button", class: "do first", onclick: take }, say("take_up")));
  }
  form.append(...[told.closed_ms ? h("p", { class: "quiet final" }, word("final")) : null, standing(told), ...asked, agency, met, note].filter(Boolean));
  if (moves.length) form.append(h("h3", {}, word("next")), h("div", { class: "buttons" }, ...moves));
  if (ends.length) form.append(h("h3", {}, word("finish")), h("div", { class: "buttons" }, ...ends));
  form.append(...loop(told, act));
  return form;
}

/** Whether a person did anything since the case came to its post, which says that it is in hand. */
function takenUp({ closed_ms: closed, events }) {
  const last = events.findLastIndex((each) => each.verb === "assigned");
  return closed || last < 0 || events.slice(last).some((each) => each.actor !== "desk");
}
