// Signing in: by password, by a one-time link, or through the organisation's own provider.

import { say } from "./accounts_words.js";
import { find, h, toast } from "./dom.js";
import { me, post } from "./server.js";
import { turn, word } from "./words.js";

const link = new URLSearchParams(location.hash.slice(1)).get("link");
let needs = null;
let held = "";

const field = (name, type = "text", complete = "off") =>
  h("label", {}, say(name === "title" ? "title_of" : name),
    h("input", { name, type, required: name !== "title", autocomplete: complete, maxlength: "200" }));

/** Ask the server, and go home signed in. */
async function enter(path, body) {
  const buttons = [...find("form").querySelectorAll("button")];
  for (const each of buttons) each.disabled = true;
  try {
    const answer = await post(path, body);
    if (answer.needs) {
      ({ needs, account: held } = answer);
      draw();
    } else location.replace("/");
  } catch (problem) {
    toast(problem.message, true);
    for (const each of buttons) each.disabled = false;
    if (path === "sessions/link" && problem.status === 401) draw(say("used"));
  }
}

function byPassword() {
  const submit = (event) => {
    event.preventDefault();
    const { account, password } = event.target.elements;
    enter("sessions", { account: account.value, password: password.value });
  };
  return h("form", { onsubmit: submit }, field("account", "text", "username"),
    field("password", "password", "current-password"),
    h("div", { class: "buttons" }, h("button", { class: "do first" }, say("enter"))));
}

function bySetting() {
  const submit = (event) => {
    event.preventDefault();
    const { account, title, password, again } = event.target.elements;
    if (password.value !== again.value) {
      toast(say("differ"), true);
      return;
    }
    enter("sessions/link", { link, password: password.value, account: account?.value ?? "", title: title?.value ?? "" });
  };
  const first = needs.includes("account");
  return h("form", { onsubmit: submit },
    h("p", {}, first ? say("first") : `${say("reset")}${held}`),
    first ? field("account", "text", "username") : null, first ? field("title", "text", "name") : null,
    field("password", "password", "new-password"), field("again", "password", "new-password"),
    h("div", { class: "buttons" }, h("button", { class: "do first" }, say("set"))));
}

function draw(says = "") {
  document.title = `${say("sign_in")} · Borough`;
  find("title").textContent = say("sign_in");
  find("language").textContent = word("other");
  const outside = me.outside && !needs;
  find("form").replaceChildren(
    ...(says ? [h("p", { class: "bad" }, says)] : []),
    needs ? bySetting() : byPassword(),
    ...(outside ? [h("a", { class: "tool", href: "/api/v1/sessions/outside" }, say("outside"))] : []),
  );
  find("form").querySelector("input")?.focus();
}

find("language").onclick = () => {
  turn();
  draw();
};
history.replaceState(null, "", location.pathname);
draw();
if (link) await enter("sessions/link", { link });
document.documentElement.dataset.ready = "yes";
