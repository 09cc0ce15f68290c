// Erasing somebody: what would go is shown first, then it goes for good.

import { askFor, h } from "./dom.js";
import { say } from "./requests_words.js";
import { get, me, remove } from "./server.js";

/** The way to erase a caller; nothing for who may not, or where nobody is known. */
export function erasing(one, tools) {
  if (!one.person_id || !me.rights.includes("persons.erase")) return null;
  const start = async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    pressed.textContent = say("erase_looking");
    await tools.attempt(() => ask(one, tools));
    pressed.disabled = false;
    pressed.textContent = say("erase");
  };
  return h("p", {}, h("button", { type: "button", class: "tool", id: "erase", onclick: start }, say("erase")));
}

async function ask(one, tools) {
  const told = await get(`persons/${one.person_id}/traces`);
  const sure = h("ul", {}, ...told.sure.map((each) => h("li", {}, spoken(each))));
  const doubtful = h("ul", {}, ...told.doubtful.map((each) =>
    h("li", {}, h("label", {}, h("input", { type: "checkbox", value: each.request }), " ", spoken(each)))));
  const parts = [
    [`${say("erase_own")} ${told.own.length}`, h("p", { class: "quiet" }, told.own.join(" "))],
    [`${say("erase_sure")} ${told.sure.length}`, sure],
    ...(told.doubtful.length ? [[`${say("erase_doubtful")} ${told.doubtful.length + told.more}`, doubtful]] : []),
  ];
  const agreed = await askFor(say("erase"), parts, { yes: say("erase_yes"), no: say("close"), note: `${Object.values(told.fields).join(" · ")} — ${say("erase_note")}` });
  if (!agreed) return;
  const also = [...doubtful.querySelectorAll("input:checked")].map((each) => `also=${each.value}`).join("&");
  const done = await remove(`persons/${one.person_id}${also && "?"}${also}`);
  await tools.again();
  tools.said(`${say("erased")} ${done.requests.length + done.others.length}`);
}

/** A request that speaks of them: its code, why it is thought so, and the words around. */
const spoken = (each) =>
  h("span", {}, `${each.code} · ${each.why.map((name) => say(`field_${name}`)).join(" + ")}`,
    ...each.says.slice(0, 3).map((one) => h("div", { class: "note" }, `${say(`in_${one.in}`)}: ${one.says}`)));
