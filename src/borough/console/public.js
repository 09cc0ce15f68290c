// What the public is told about a case: the bulletins so far, letting one out, taking it back.

import { h, toast } from "./dom.js";
import { dropToken, get, me, post } from "./server.js";
import { sure } from "./sure.js";
import { current, levelled, moment, said } from "./words.js";

const WORDS = {
  zh: {
    public: "公众预警", none: "还没有向公众发布", document: "CAP 文件", Alert: "发布", Update: "更新", Cancel: "解除",
    level: "发布级别", read: "按监测级别", out: "确认发布", out_now: "已向公众发布", why: "撤回原因", back: "撤回预警", back_now: "已撤回预警",
  },
  en: {
    public: "Told to the public", none: "Nothing has been told to the public", document: "CAP document", Alert: "Alert", Update: "Update", Cancel: "Cancelled",
    level: "Level", read: "as the readings say", out: "Warn the public", out_now: "The public is warned", why: "Why it is taken back", back: "Take it back", back_now: "The warning is taken back",
  },
};
const say = (key) => WORDS[current()][key] ?? key;
const CANCEL = "Cancel";

/** Draw the bulletins of a case, and the buttons; nothing where its scene never warns. */
export function bulletins(told, scene, done, again) {
  if (!told.warns?.length) return null;
  const list = h("ul", { class: "links" });
  const section = h("section", { class: "public", "aria-label": say("public") }, h("h3", {}, say("public")), list);
  get(`warnings?case=${told.id}&limit=20`)
    .then(({ warnings }) => {
      list.replaceChildren(...(warnings.length ? warnings.map((each) => row(each, scene)) : [h("li", { class: "quiet" }, say("none"))]));
      if (me.rights.includes("warnings.issue")) section.append(acts(told, scene, warnings[0], done, again));
    })
    .catch(() => section.remove());
  return section;
}

function row(each, scene) {
  const link = h("a", { href: each.href, target: "_blank", rel: "noopener" }, say("document"));
  const level = each.kind === CANCEL ? "" : ` · ${levelled(scene, each.level_name, each.level)}`;
  return h("li", { data: { bulletin: each.kind } }, h("b", {}, say(each.kind)), `${level} · ${moment(each.sent_ms)} · `, link);
}

function acts(told, scene, last, done, again) {
  const act = async (path, body, says) => {
    try {
      await post(`cases/${told.id}/warning${path}`, { version: told.version, ...body });
      await done(say(says));
    } catch (problem) {
      toast(problem.message, true);
      if (problem.status === 401) dropToken();
      if (problem.code === "stale" || problem.status === 401) await again();
    }
  };
  const button = (kind, text, onclick) => h("button", { type: "button", class: kind, onclick }, say(text));
  const asking = (kind, go) => async () => (await sure(kind, say(kind), told.code)) && go();
  const names = told.warns.map((name) => h("option", { value: name }, levelled(scene, name, 0)));
  const level = h("select", { "aria-label": say("level") }, h("option", { value: "" }, say("read")), ...names);
  const why = h("input", { "aria-label": say("why"), placeholder: say("why"), autocomplete: "off" });
  const box = h("div", { class: "buttons" });
  if (!told.closed_ms) box.append(level, button("do first", "out", asking("out", () => act("", { level: level.value }, "out_now"))));
  if (last && last.kind !== CANCEL) box.append(why, button("do", "back", asking("back", () => act("/withdraw", { note: why.value }, "back_now"))));
  return box;
}
