// Signing in: by password, by a one-time link, or through the organisation's own provider.

import { say } from "./accounts_words.js";
import { find, h, toast } from "./dom.js";
import { me, post } from "./server.js";
import { turn, word } from "./words.js";

const link = new URLSearchParams(location.hash.slice(1)).get("link");
let needs = null;
let held = "";
let opening = Boolean(link);

const field = (name, type = "text", complete = "off") =>
  h("label", {}, say(name === "title" ? "title_of" : name),
    h("input", { name, type, required: name !== "title", autocomplete: complete, maxlength: "200" }));

/** Ask the server, and go home signed in; the link leaves the address once it was answered. */
async function told(path, body) {
  const answer = await post(path, body);
  forget();
  if (answer.needs) {
    ({ needs, account: held } = answer);
    draw();
  } else location.replace("/");
}

async function enter(path, body) {
  const buttons = [...find("form").querySelectorAll("button")];
  for (const each of buttons) each.disabled = true;
  try {
    await told(path, body);
  } catch (problem) {
    toast(problem.message, true);
    for (const each of buttons) each.disabled = false;
    if (path === "sessions/link" && problem.status === 401) draw(say("used"));
  }
}

/** Ask what our link is for. Meanwhile there is no form: what is typed into it would be lost. */
async function open() {
  try {
    await told("sessions/link", { link });
  } catch (problem) {
    if (problem.status === 401) forget();
    draw(problem.status === 401 ? say("used") : problem.message);
  }
}

function forget() {
  opening = false;
  history.replaceState(null, "", location.pathname);
}

const waits = (says) =>
  says ? h("button", { type: "button", class: "tool", onclick: () => location.reload() }, word("retry"))
    : h("p", { class: "quiet" }, word("loading"));

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
  const outside = me.outside && !needs && !opening;
  find("form").replaceChildren(
    ...(says ? [h("p", { class: "bad" }, says)] : []),
    opening ? waits(says) : needs ? bySetting() : byPassword(),
    ...(outside ? [h("a", { class: "tool", href: "/api/v1/sessions/outside" }, say("outside"))] : []),
  );
  find("form").querySelector("input")?.focus();
}

find("language").onclick = () => {
  turn();
  draw();
};
draw();
if (link) await open();
document.documentElement.dataset.ready = "yes";
