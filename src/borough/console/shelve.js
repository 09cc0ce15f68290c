// Shelving an alarm: not hearing of it for some hours, for a reason, and hearing of it again.

import { h, toast } from "./dom.js";
import { actor } from "./naming.js";
import { dropToken, get, me, post } from "./server.js";
import { current, moment } from "./words.js";

const WORDS = {
  zh: { shelf: "搁置", shelve: "搁置", hours: "几小时", why: "搁置原因", on: "已搁置至", off: "取消搁置", off_now: "已取消搁置" },
  en: { shelf: "Shelving", shelve: "Shelve", hours: "Hours", why: "Why it is shelved", on: "Shelved until", off: "Take off the shelf", off_now: "Taken off the shelf" },
};
const HOUR_MS = 3_600_000;
const USUAL_H = 4;
const say = (key) => WORDS[current()][key] ?? key;

/** Draw what an alarm is shelved by, or the fields to shelve it; nothing without the right. */
export function shelf(told, now, done) {
  if (told.level <= 0 || !told.stands || !me.rights.includes("shelves.put")) return null;
  const section = h("section", { class: "shelf", "aria-label": say("shelf") }, h("h3", {}, say("shelf")));
  const act = async (path, body, says) => {
    try {
      await post(path, body);
      await done(says);
    } catch (problem) {
      toast(problem.message, true);
      if (problem.status === 401) dropToken();
    }
  };
  get("shelves")
    .then(({ shelves }) => {
      const mine = shelves.filter((each) => each.scene === told.scene && each.thing === told.thing);
      section.append(...(mine.length ? mine.map((each) => kept(each, act)) : [fields(told, now, act)]));
    })
    .catch(() => section.remove());
  return section;
}

const button = (kind, text, onclick) => h("button", { type: "button", class: kind, onclick }, say(text));

function kept(row, act) {
  const off = button("do", "off", () => act(`shelves/${row.id}/end`, {}, say("off_now")));
  return h("div", { class: "buttons", data: { shelf: row.id } }, h("p", { class: "quiet" }, `${say("on")} ${moment(row.until_ms)} · ${actor(row.by)} · ${row.why}`), off);
}

function fields(told, now, act) {
  const hours = h("input", { type: "number", min: "1", value: USUAL_H, "aria-label": say("hours"), title: say("hours") });
  const why = h("input", { "aria-label": say("why"), placeholder: say("why"), autocomplete: "off" });
  const shelve = () => {
    const until = Math.round(now() + Number(hours.value) * HOUR_MS);
    act("shelves", { scene: told.scene, thing: told.stands.key, until: String(until), why: why.value }, `${say("on")} ${moment(until)}`);
  };
  return h("div", { class: "buttons" }, hours, why, button("do", "shelve", shelve));
}
