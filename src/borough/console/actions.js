// What may be done with a case: the moves its plan allows, closing it, and who may do so.

import { h, toast } from "./dom.js";
import { dropToken, hasToken, post } from "./server.js";
import { wayIn } from "./who.js";
import { limit, said, word } from "./words.js";

/** Draw the moves of a case; `done` is told what was done, `again` reads the case anew. */
export function actions(told, done, again) {
  if (told.closed_ms) return h("p", { class: "quiet final" }, word("final"));
  if (!hasToken()) return wayIn(word("no_token"));
  const form = h("form", { class: "acts", onsubmit: (event) => event.preventDefault() });
  const note = h("textarea", { name: "note", rows: "2", placeholder: word("note"), "aria-label": word("note") });
  const asked = told.asks.map((name) =>
    h("label", {}, name, h("input", { name: `answer.${name}`, autocomplete: "off" })),
  );
  const answers = () =>
    Object.fromEntries(told.asks.map((name) => [name, form.elements[`answer.${name}`].value]));
  const act = async (verb, body, says) => {
    const buttons = [...form.querySelectorAll("button")];
    for (const each of buttons) each.disabled = true;
    try {
      await post(`cases/${told.id}/${verb}`, { version: told.version, note: note.value, ...body });
      await done(says);
    } catch (problem) {
      toast(problem.message, true);
      if (problem.status === 401) dropToken();
      if (problem.code === "stale" || problem.status === 401) await again();
      for (const each of buttons) each.disabled = false;
    }
  };
  const moves = told.moves.map((move, at) =>
    h(
      "button",
      {
        type: "button",
        class: at === 0 ? "do first" : "do",
        title: `${move.holder} · ${limit(move.within)}`,
        onclick: () => act("move", { to: move.to, answers: answers() }, word("moved")),
      },
      `${move.back ? "↩ " : ""}${said(move.title, move.to)}`,
    ),
  );
  const ends = told.outcomes.map((outcome) =>
    h(
      "button",
      {
        type: "button",
        class: `do end ${outcome}`,
        onclick: () => act("close", { outcome, answers: answers() }, word("closed_now")),
      },
      word(`outcome_${outcome}`),
    ),
  );
  form.append(...asked, note);
  if (moves.length) form.append(h("h3", {}, word("next")), h("div", { class: "buttons" }, ...moves));
  if (ends.length) form.append(h("h3", {}, word("finish")), h("div", { class: "buttons" }, ...ends));
  return form;
}
