// The three rates with what they were counted from, and topics that many people raise.

import { h } from "./dom.js";
import { placed } from "./naming.js";
import { say } from "./requests_words.js";
import { get } from "./server.js";
import { moment, said } from "./words.js";

const BY = ["agency", "first_agency", "street", "month", "category", "all"];
const RATES = ["response", "resolution", "satisfaction"];
let by = "agency";

/** Draw the rates of the last month. */
export async function drawRates(box, rules, attempt) {
  const told = await get(`requests/rates?by=${by}`);
  const choose = h("select", { "aria-label": say("group"), onchange: (event) => {
    by = event.target.value;
    attempt(() => drawRates(box, rules, attempt));
  } }, ...BY.map((each) => h("option", { value: each, selected: each === by }, say(`by_${each}`))));
  const head = h("tr", {}, h("th", {}, say("group")), h("th", { class: "n" }, say("count")),
    ...RATES.map((each) => h("th", { class: "n" }, say(each))), h("th", { class: "n" }, say("score")), h("th", { class: "n" }, say("excluded")));
  box.replaceChildren(choose, h("table", { class: "table" }, h("thead", {}, head),
    h("tbody", {}, ...told.groups.map((each) => drawGroup(each, rules)))),
    ...Object.values(told.formulas ?? {}).map((each) => h("p", { class: "note" }, said(each))), h("p", { class: "note" }, say("of_mine")));
}

function drawGroup(group, rules) {
  const name = said(rules.agencies[group.group] ?? rules.categories[group.group]?.name, placed(group.group) || say("unknown"));
  const share = (rate) => (rate.value === null ? "–" : `${(100 * rate.value).toFixed(1)}%`);
  return h("tr", {}, h("td", {}, name), h("td", { class: "n" }, String(group.requests)),
    ...RATES.map((each) => h("td", { class: "n", title: group[each].below_ids.join(" ") }, share(group[each]),
      h("div", { class: "note" }, `${group[each].above} / ${group[each].below}`))),
    h("td", { class: "n" }, group.score === null ? "–" : group.score.toFixed(3)),
    h("td", { class: "n" }, String(Object.values(group.excluded).flat().length)));
}

/** Draw what many people raise, the greatest first. */
export function drawTopics(box, rules, told) {
  const topics = told.topics.map((each) => h("article", { class: "topic" },
    h("div", {}, h("b", {}, String(each.people)), ` ${say("people")} · ${each.requests} ${say("requests")} · `,
      said(rules.categories[each.category]?.name, say("unknown"))),
    h("p", {}, each.says),
    h("p", { class: "note" }, `${say("since")} ${moment(each.first_ms)} ${say("last")} ${moment(each.last_ms)} · ${say("case")} ${each.cases.join(" ")}`)));
  box.replaceChildren(...(topics.length ? topics : [h("p", { class: "quiet" }, say("quiet"))]), h("p", { class: "note" }, say("of_mine")));
}
