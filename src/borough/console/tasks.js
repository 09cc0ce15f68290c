// What several agencies do at once on a case: a lane for each, with who, the time left, and the acts.

import { h, toast } from "./dom.js";
import { actor, asked, posted } from "./naming.js";
import { dropToken, get, me, post } from "./server.js";
import { sure } from "./sure.js";
import { say } from "./tasks_words.js";
import { called, moment, reading, said } from "./words.js";

const MOST = 300;
const RUNS = new Set(["started", "acknowledged"]);

/** Read the tasks of a case; none where they are not for whoever looks. */
export async function tasksOf(id) {
  try {
    return (await get(`tasks?case=${encodeURIComponent(id)}&all=true&limit=${MOST}`)).tasks;
  } catch (problem) {
    if (problem.status === 403 || problem.status === 401) return [];
    throw problem;
  }
}

/** Draw the lanes; nothing where the plan has no tasks. */
export function tasks(told, done, again) {
  const all = told.tasks ?? [];
  if (!all.length) return null;
  const lanes = new Map();
  for (const each of all) {
    const name = each.agency || each.holder;
    lanes.set(name, [...(lanes.get(name) ?? []), each]);
  }
  const act = async (task, verb, body, says) => {
    try {
      await post(`tasks/${encodeURIComponent(task.id)}/${verb}`, { version: task.version, ...body });
      await done(say(says));
    } catch (problem) {
      toast(problem.message, true);
      if (problem.status === 401) dropToken();
      if (problem.code === "stale" || problem.status === 401) await again();
    }
  };
  const running = all.filter((each) => RUNS.has(each.state));
  const held = running.filter((each) => each.required).length;
  return h(
    "section",
    { class: "tasks", "aria-label": say("tasks") },
    h("h3", {}, `${say("tasks")} ${all.length - running.length}/${all.length}`),
    held && !told.closed_ms ? h("p", { class: "quiet" }, say("holds").replace("{n}", held)) : null,
    h("div", { class: "lanes" }, ...[...lanes].map(([name, mine]) => lane(name, mine, act))),
  );
}

function lane(name, mine, act) {
  const first = (a, b) => RUNS.has(b.state) - RUNS.has(a.state) || a.due_ms - b.due_ms;
  const running = mine.filter((each) => RUNS.has(each.state)).sort(first);
  const over = mine.filter((each) => !RUNS.has(each.state)).sort((a, b) => b.ended_ms - a.ended_ms);
  return h(
    "div",
    { class: "lane", data: { lane: name } },
    h("h4", {}, titled(mine[0], name)),
    h("ul", {}, ...running.map((each) => card(each, act))),
    over.length
      ? h("details", {}, h("summary", {}, `${say("over")} ${over.length}`), h("ul", {}, ...over.map(ended)))
      : null,
  );
}

/** The name of an agency in our language, or its code where it has none. */
const titled = (task, code) => said(task.names[code], called(code));

function card(task, act) {
  const state = task.late || task.unanswered ? "bad" : task.state === "acknowledged" ? "good" : "";
  const marks = [task.required && say("required"), task.milestone && say("milestone"), task.number > 1 && `×${task.number}`];
  return h(
    "li",
    { data: { task: task.name, state: task.state } },
    h("div", { class: "what" }, h("b", {}, said(task.title, task.name)), h("span", { class: `state ${state}` }, say(task.state))),
    h("p", { class: "quiet" }, [posted(task.post) || called(task.holder), ...marks].filter(Boolean).join(" · ")),
    h("p", {}, `${say("due")} ${moment(task.due_ms)} · `, h("b", { class: "due", data: { due: task.due_ms } })),
    task.state === "started" && task.answer_ms
      ? h("p", { class: task.unanswered ? "bad" : "" }, `${say("answer")} `, h("b", { class: "due", data: { due: task.answer_ms } }))
      : null,
    task.circle.length ? h("p", { class: "bad" }, `${say("widened")}: ${task.circle.map((each) => titled(task, each)).join(" · ")}`) : null,
    acts(task, act),
    task.basis ? h("details", {}, h("summary", {}, say("basis")), h("p", { class: "quiet" }, task.basis)) : null,
  );
}

/** The buttons, for those who have the right; an answer is asked for beside them. */
function acts(task, act) {
  const may = new Set(task.may);
  if (!me.signed_in || !may.size) return null;
  const fields = task.asks.map((name) => h("input", { name, "aria-label": asked(name), placeholder: asked(name), autocomplete: "off" }));
  const answers = () => Object.fromEntries(fields.map((each) => [each.name, each.value]));
  const why = h("input", { "aria-label": say("why"), placeholder: say("why"), autocomplete: "off" });
  const skip = async () => (await sure("skip", say("skip"), said(task.title, task.name))) && act(task, "skip", { note: why.value }, "skipped");
  return h(
    "div",
    { class: "buttons" },
    may.has("acknowledge") ? button("do first", say("acknowledge"), () => act(task, "acknowledge", {}, "acknowledged")) : null,
    ...fields,
    may.has("finish") ? button("do", say("finish"), () => act(task, "finish", { answers: answers() }, "done")) : null,
    may.has("skip") ? h("details", {}, h("summary", {}, say("skip")), why, button("do", say("skip"), skip)) : null,
  );
}

function button(kind, text, act) {
  const press = async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    await act();
    pressed.disabled = false;
  };
  return h("button", { type: "button", class: kind, onclick: press }, text);
}

function ended(task) {
  const answers = Object.entries(task.answers).map(([name, value]) => `${asked(name)}: ${reading(value)}`);
  const parts = [say(task.state), moment(task.ended_ms), actor(task.by), task.late && say("late"), say(task.says), ...answers];
  return h("li", {}, h("b", {}, said(task.title, task.name)), h("p", { class: "quiet" }, parts.filter(Boolean).join(" · ")));
}
