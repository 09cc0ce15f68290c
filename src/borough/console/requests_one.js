// One request: what it says, what triage suggests, and what may be done now.

import { h, toast } from "./dom.js";
import { erasing } from "./erase.js";
import { actor, channelled, placed } from "./naming.js";
import { say } from "./requests_words.js";
import { post } from "./server.js";
import { sure } from "./sure.js";
import { moment, said } from "./words.js";

const HEAD = 32; // characters that stand for a title
const shortened = (text) => (text.length > HEAD ? `${text.slice(0, HEAD)}…` : text);
const percent = (share) => `${Math.round(100 * share)}%`;
const button = (text, onclick, main = false) => h("button", { type: "button", class: main ? "tool main" : "tool", onclick }, text);

/** Draw a request into a box; `tools` holds `attempt`, `again` (read it anew) and `open`. */
export function drawRequest(box, one, rules, tools) {
  const act = (verb, body) => tools.attempt(async () => {
    const buttons = [...box.querySelectorAll("button")];
    for (const each of buttons) each.disabled = true; // nobody sends it twice
    try {
      await post(`requests/${one.id}/${verb}`, body);
      toast(say("done"));
      await tools.again();
    } finally {
      for (const each of buttons) each.disabled = false;
    }
  });
  const named = (code) => said(rules.agencies[code], code || say("unknown"));
  const person = Object.values(one.person ?? {}).join(" · ");
  const facts = [
    ["agency", named(one.agency)], ["first", one.first_agency && one.first_agency !== one.agency ? named(one.first_agency) : ""],
    ["category", said(rules.categories[one.category]?.name, say("unknown"))], ["kind", said(rules.kinds[one.kind]?.name, say("unknown"))],
    ["place", [...new Set([one.place, placed(one.community || one.street)])].filter(Boolean).join(" · ")], ["caller", person],
    ["channel", channelled(one.channel)], ["received", moment(one.received_ms)], ["contact_due", moment(one.contact_due_ms)],
    ["answer_due", moment(one.answer_due_ms)], ["reopened", one.reopened || ""], ["answer", one.answer],
  ];
  box.replaceChildren(
    h("h2", {}, one.title || shortened(one.text), " ", one.urgent ? h("span", { class: "urgent" }, say("urgent")) : "", one.secret ? h("span", { class: "note" }, ` ${say("secret")}`) : ""),
    h("p", { class: "note" }, `${one.code} · ${say(one.state)} · ${say("case")} ${one.case_id}`),
    h("p", { class: "says" }, one.text),
    h("dl", {}, ...facts.filter(([, text]) => text).flatMap(([name, text]) => [h("dt", {}, say(name)), h("dd", {}, String(text))])),
    ...(one.state === "waiting" ? suggested(one, rules, act) : []),
    ...(["waiting", "accepted"].includes(one.state) ? [sorting(one, rules, act)] : []),
    ...proposals(one, tools, act), ...acts(one, rules, act), ...log(one), erasing(one, tools) ?? "");
}

function suggested(one, rules, act) {
  const told = one.suggestion;
  const chips = [
    chip("category", said(rules.categories[told.category.says]?.name, say("unknown")), told.category, told.doubts.includes("category"),
      said(rules.categories[told.category.second]?.name, told.category.second)),
    chip("kind", said(rules.kinds[told.kind.says]?.name, say("unknown")), told.kind, false, said(rules.kinds[told.kind.second]?.name, "")),
    chip("urgency", told.urgent.says === "yes" ? say("urgent") : "–", told.urgent, told.doubts.includes("urgent"), ""),
    h("div", { class: "suggestion", data: { doubt: String(told.doubts.includes("place")) } }, `${say("place")} ${told.place.why || told.place.precision || say("unknown")}`),
    h("div", { class: "suggestion" }, `${say("agency")} ${said(rules.agencies[told.agency], say("unknown"))}`),
  ];
  return [
    h("h3", {}, say("suggestion")), h("div", { class: "suggestions" }, ...chips),
    told.agency ? button(say("accept"), () => act("triage", { agency: told.agency, category: told.category.says }), true) : h("p", { class: "note" }, say("doubts")),
  ];
}

function chip(name, text, said_, doubt, second) {
  const by = { sender: say("by_sender"), word: say("by_word"), "": say("no_model") }[said_.by];
  const sure = by ?? `${say("sure")} ${percent(said_.sure)} / ${say("threshold")} ${said_.threshold > 1 ? "–" : percent(said_.threshold)}`;
  const why = said_.why?.map((each) => each.word).join("、");
  return h("div", { class: "suggestion", data: { doubt: String(doubt) } }, h("b", {}, `${say(name)} ${text}`),
    h("div", { class: "note" }, sure, second && doubt ? ` · ${say("second")} ${second} ${percent(said_.second_sure)}` : ""),
    why ? h("div", { class: "note" }, `${say("because")} ${why}`) : null);
}

const choice = (name, options, now) =>
  h("select", { name, "aria-label": say(name) }, h("option", { value: "" }, `${say(name)} –`),
    ...Object.entries(options).map(([code, each]) => h("option", { value: code, selected: code === now }, said(each.name ?? each))));

function sending(act, verb, body, ...fields) {
  return h("form", { onsubmit: (event) => {
    event.preventDefault();
    act(verb, body(Object.fromEntries(new FormData(event.target))));
  } }, ...fields, h("button", { class: "tool" }, say("save")));
}

function sorting(one, rules, act) {
  const body = ({ urgent, ...rest }) => ({ ...rest, urgent: urgent === "on" });
  return h("details", {}, h("summary", {}, say("sort")), sending(act, "triage", body,
    choice("category", rules.categories, one.category), choice("kind", rules.kinds, one.kind), choice("agency", rules.agencies, ""),
    h("input", { name: "place", placeholder: say("place"), "aria-label": say("place") }),
    h("label", {}, h("input", { type: "checkbox", name: "urgent", checked: one.urgent }), say("urgent")),
    h("input", { name: "note", placeholder: say("note"), "aria-label": say("note"), required: Boolean(one.agency) })));
}

function proposals(one, tools, act) {
  const like = (one.suggestion.like ?? []).filter((each) => each.case !== one.case_id);
  const some = [];
  if (like.length && ["waiting", "accepted"].includes(one.state)) {
    some.push(h("h3", {}, say("like")), h("div", { class: "suggestions" }, ...like.map((each) =>
      button(`${say("join")} ${say("case")} ${each.case} · ${each.requests} ${say("requests")} · ${percent(each.alike)}`, () => act("merge", { into: each.case })))));
  }
  const near = (one.similar ?? []).filter((each) => !like.some((other) => other.case === each.id));
  if (near.length && ["waiting", "accepted"].includes(one.state)) {
    some.push(h("h3", {}, say("similar")), h("div", { class: "suggestions" }, ...near.map((each) =>
      button(`${say("join")} ${each.code} · ${said(each.title, "")} · ${each.metres} m`, () => act("merge", { into: each.id })))));
  }
  if (one.with.length) {
    some.push(h("h3", {}, say("with")), ...one.with.map((each) => button(`${each.code} ${each.title || each.text.slice(0, 30)}`, () => tools.open(each.id))),
      sending(act, "split", (given) => given, h("input", { name: "note", required: true, placeholder: say("why"), "aria-label": say("why") }), h("span", { class: "note" }, say("split"))));
  }
  return some;
}

function acts(one, rules, act) {
  const some = [];
  if (["waiting", "accepted", "answered"].includes(one.state) && one.contacted_ms === null) {
    some.push(h("h3", {}, say("contact")), sending(act, "contact", (given) => given, h("input", { name: "note", placeholder: say("note"), "aria-label": say("note") })));
  }
  if (one.state === "accepted") {
    some.push(h("h3", {}, say("answer")), sending(act, "answer", (given) => given, h("textarea", { name: "text", required: true, "aria-label": say("answer") })));
  }
  if (["answered", "closed"].includes(one.state)) {
    const levels = rules.satisfaction.map((each, at) => [at + 1, { name: each }]);
    const body = ({ resolved, satisfaction, note }) => ({ resolved: resolved === "yes", satisfaction: Number(satisfaction) || 0, note });
    some.push(h("h3", {}, say("revisit")), sending(act, "revisit", body,
      h("select", { name: "resolved", "aria-label": say("resolved") }, h("option", { value: "yes" }, say("resolved")), h("option", { value: "no" }, say("unresolved"))),
      choice("satisfaction", Object.fromEntries(levels), ""), h("input", { name: "note", placeholder: say("note"), "aria-label": say("note") })));
  }
  const refuse = async (verb, body) => (await sure("refuse", say("refuse"), one.code)) && act(verb, body);
  const reasons = Object.fromEntries(Object.entries(rules.exclusions).map(([code, name]) => [code, { name }]));
  if (!one.excluded) {
    some.push(h("details", {}, h("summary", {}, say("refuse")), sending(refuse, "refuse", (given) => given,
      choice("reason", reasons, ""), h("input", { name: "note", required: true, placeholder: say("why"), "aria-label": say("why") }))));
  }
  return some;
}

function log(one) {
  return [h("h3", {}, say("acts")), h("ol", { class: "log" }, ...one.acts.map((each) =>
    h("li", {}, `${moment(each.at_ms)} ${say(each.verb)}${each.data?.limit ? ` ${say(`of_${each.data.limit}`)}` : ""} · ${actor(each.by)}`, each.note ? h("div", { class: "note" }, each.note) : null)))];
}
