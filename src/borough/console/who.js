// Who is signed in: a name that leads to their account, and the way in or out.

import { say } from "./accounts_words.js";
import { h, toast } from "./dom.js";
import { me, remove } from "./server.js";

const SIGN_IN = "/console/sign_in.html";

async function leave() {
  try {
    await remove("sessions/current");
    location.replace(SIGN_IN);
  } catch (problem) {
    toast(problem.message, true);
  }
}

/** Draw it into a box of the header. */
export function drawWho(box) {
  const account = h("a", { class: "tool", href: "/console/accounts.html", id: "my-account" }, me.title || me.name || say("account"));
  const out = h("button", { type: "button", class: "tool", id: "sign-out", onclick: leave }, say("sign_out"));
  const into = h("a", { class: "tool", href: SIGN_IN, id: "sign-in" }, say("sign_in"));
  box.replaceChildren(...(me.kind === "person" ? [account, out] : [into]));
}

/** In place of what only somebody signed in may do. */
export const wayIn = (says) =>
  h("p", { class: "quiet" }, `${says} `, h("a", { class: "tool", href: SIGN_IN }, say("sign_in")));
