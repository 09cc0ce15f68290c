// My post: that of my account, or one chosen here and kept in this browser; its duties, its leave, and its cases alone.

import { h } from "./dom.js";
import { posted } from "./naming.js";
import { get, me } from "./server.js";
import { current, moment } from "./words.js";

const kept = () => `borough.post.${me.name}`;
const WORDS = {
  zh: { mine: "我的岗位", none: "（未选）", duties: "我的排班", leaves: "我的请假", covers: "代", stand_in: "顶班", only: "只看我的案卷", empty: "近日没有排班", no_leave: "没有请假" },
  en: { mine: "My post", none: "(none chosen)", duties: "My duties", leaves: "My leave", covers: "for", stand_in: "stands in", only: "Only my cases", empty: "No duty is laid out", no_leave: "No leave" },
};
const say = (key) => WORDS[current()][key];
const span = (each) => `${moment(each.from_ms)} – ${moment(each.to_ms)}`;

/** The post with whose cases one begins who answers for no other. */
export const begins = () =>
  me.rights.includes("posts.own") && !me.rights.includes("posts.read") ? (localStorage.getItem(kept()) ?? me.post) : "";

/** Draw it into a box; nothing for who has no post. `only` shows whether the list is of one post, and is told which. */
export async function drawMine(box, only) {
  if (!me.rights.includes("posts.own")) return;
  const mine = localStorage.getItem(kept()) ?? me.post;
  let told = await get("duties");
  const post = told.posts.includes(mine) ? mine : "";
  if (post) told = await get(`duties?post=${encodeURIComponent(post)}`);
  box.hidden = !told.posts.length;
  const choose = h("select", { "aria-label": say("mine"), onchange: () => {
    localStorage.setItem(kept(), choose.value);
    only.set("");
    drawMine(box, only);
  } }, h("option", { value: "" }, `${say("mine")} ${say("none")}`),
    ...told.posts.map((code) => h("option", { value: code, selected: code === post }, posted(code))));
  const tick = h("input", { type: "checkbox", checked: only.now() === post, onchange: () => only.set(tick.checked ? post : "") });
  const rows = told.duties.map((each) => h("li", { class: each.from_ms <= told.now_ms ? "on" : "" }, span(each),
    each.covers === post ? "" : ` · ${say("covers")} ${posted(each.covers)}`));
  const away = told.leaves.map((each) => h("li", {}, span(each), each.stand_in ? ` · ${say("stand_in")} ${posted(each.stand_in)}` : ""));
  box.replaceChildren(choose, ...(post ? [
    h("label", {}, tick, ` ${say("only")}`),
    h("details", { open: box.querySelector("details")?.open ?? false }, h("summary", {}, say("duties")),
      h("ul", {}, ...(rows.length ? rows : [h("li", { class: "quiet" }, say("empty"))])),
      h("h3", {}, say("leaves")), h("ul", {}, ...(away.length ? away : [h("li", { class: "quiet" }, say("no_leave"))]))),
  ] : []));
}
