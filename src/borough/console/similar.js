// Cases that may be the same matter as the one that is shown, and joining it with one of them.

import { h, toast } from "./dom.js";
import { get, me, post } from "./server.js";
import { current, said } from "./words.js";

const WORDS = {
  zh: { similar: "附近同类案卷", join: "并入", joined: "已并案" },
  en: { similar: "Near it and of one kind", join: "Join", joined: "Joined" },
};
const say = (key) => WORDS[current()][key];

/** Offer what is like an open case; what is needed for it comes a moment later. */
export function similar(told, done) {
  if (told.closed_ms !== null || !me.rights.includes("cases.close")) return null;
  const section = h("section", { "aria-label": say("similar"), hidden: true });
  const join = (each) => async () => {
    try {
      await post(`cases/${told.id}/merge`, { version: told.version, into: each.id });
      await done(say("joined"));
    } catch (problem) {
      toast(problem.message, true);
    }
  };
  get(`cases/${told.id}/similar`)
    .then((found) => {
      section.hidden = !found.similar.length;
      section.replaceChildren(h("h3", {}, say("similar")), ...found.similar.map((each) =>
        h("button", { type: "button", class: "tool", onclick: join(each) }, `${say("join")} ${each.code} · ${said(each.title)} · ${each.metres} m`)));
    })
    .catch(() => {});
  return section;
}
