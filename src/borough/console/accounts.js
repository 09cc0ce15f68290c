// Accounts and tokens for the administrator, the audit log for auditors, one's own sessions for all.

import { say } from "./accounts_words.js";
import { find, h, toast } from "./dom.js";
import { actor, coded, done, placed, places, posted, posts, subject } from "./naming.js";
import { get, me, post, remove } from "./server.js";
import { sure } from "./sure.js";
import { agencies as agencyNames, called, moment, said, settle, turn, word } from "./words.js";
import { drawWho, wayIn } from "./who.js";

const may = (right) => me.rights.includes(right);
const cells = (tag, ...each) => h("tr", {}, ...each.map((one) => h(tag, {}, one)));
const button = (text, onclick) => h("button", { type: "button", class: "tool", onclick }, text);
const field = (name, type = "text", more = {}) => h("label", {}, say(name), h("input", { name, type, autocomplete: "off", ...more }));
const table = (heads, rows) => h("div", { class: "wide" }, h("table", {}, cells("th", ...heads.map(say)), ...rows));
const made = (says, text) => h("p", {}, says, h("output", { class: "made" }, text));

const STREET = 9; // digits of the code of a street
let roles = [];
let shown = {};

async function attempt(work) {
  try {
    await work();
  } catch (problem) {
    toast(problem.message, true);
  }
}

const roleName = (code) => said(roles.find((each) => each.role === code)?.name, code);
const bounds = (each) => [...each.agencies.map(called), ...each.areas.map(placed)].join(" ") || say("everywhere");

async function change(account, told) {
  await post(`accounts/${account.name}`, { version: account.version, ...told }, "PATCH");
  await load();
}

function held(account) {
  return account.grants.map((each, at) => h("div", {}, `${roleName(each.role)} · ${bounds(each)} `,
    may("accounts.write")
      ? button(say("take"), () => attempt(() => change(account, { grants: account.grants.filter((_, n) => n !== at) })))
      : null));
}

function giving(act) {
  const submit = (event) => {
    event.preventDefault();
    const { role, agencies, areas, account, title_of } = event.target.elements;
    const grant = { role: role.value, agencies: chosen(agencies), areas: chosen(areas) };
    attempt(() => act(grant, account?.value, title_of?.value));
  };
  return (first, says) => h("form", { class: "line", onsubmit: submit }, ...first,
    h("label", {}, say("role"), h("select", { name: "role" },
      ...roles.filter((each) => !["machine", "onlooker"].includes(each.role))
        .map((each) => h("option", { value: each.role }, said(each.name, each.role))))),
    ...bounded(), h("button", { class: "tool" }, say(says)));
}

const chosen = (select) => [...select.selectedOptions].map((each) => each.value);

/** Agencies and streets to choose by name; none chosen is everywhere. */
const bounded = () => [["agencies", agencyNames()], ["areas", places(STREET)]].map(([name, rows]) =>
  h("label", {}, say(name), h("select", { name, multiple: true, size: "3" }, ...rows.map(([code, text]) => h("option", { value: code }, text)))));

function accountRow(account) {
  const state = account.disabled_ms ? say("disabled") : account.set ? "" : say("no_password");
  const link = async () => {
    const { link: token } = await post(`accounts/${account.name}/link`, {});
    shown.link = `${location.origin}/#link=${token}`;
    draw();
  };
  const acts = may("accounts.write")
    ? [button(say("link"), () => attempt(link)),
       button(say(account.disabled_ms ? "enable" : "disable"), () => attempt(() => change(account, { disabled: !account.disabled_ms }))),
       giving((grant) => change(account, { grants: [...account.grants, grant] }))([], "give"), seat(account)]
    : [];
  return cells("td", h("div", {}, `${account.name} ${account.title}`, account.post ? h("div", { class: "quiet" }, posted(account.post)) : null), h("div", {}, ...held(account)), state, h("div", { class: "buttons" }, ...acts));
}

/** The post that somebody works at, by its name or code; empty takes it away. */
function seat(account) {
  const submit = (event) => {
    event.preventDefault();
    attempt(() => change(account, { post: coded(posts(), event.target.elements.post.value.trim()) }));
  };
  return h("form", { class: "line seat", onsubmit: submit }, field("post", "search", { value: posted(account.post), list: "post-names" }), h("button", { class: "tool" }, say("seat")));
}

function accounts() {
  const add = async (grant, account, title) => {
    const answer = await post("accounts", { account, title, grants: [grant] });
    shown.link = `${location.origin}/#link=${answer.link}`;
    await load();
  };
  return h("section", { id: "accounts" }, h("h2", {}, say("accounts")),
    shown.link ? made(say("made_link"), shown.link) : null,
    table(["account", "roles", "state", ""], shown.accounts.map(accountRow)),
    h("datalist", { id: "post-names" }, ...posts().map(([code, text]) => h("option", { value: text, "aria-label": code }))),
    may("accounts.write")
      ? giving(add)([field("account", "text", { required: true }), field("title_of")], "add")
      : null);
}

/** Rights to choose from: nobody hands on what they may not do themselves. */
const mine = () => h("label", {}, say("rights"), h("select", { name: "rights", multiple: true, size: "3", required: true }, ...me.rights.map((each) => h("option", { value: each }, each))));

function tokens() {
  const submit = (event) => {
    event.preventDefault();
    const { name, rights, agencies, areas, days } = event.target.elements;
    const told = { name: name.value, rights: chosen(rights), agencies: chosen(agencies), areas: chosen(areas), days: Number(days.value) };
    attempt(async () => {
      shown.token = (await post("tokens", told)).token;
      await load();
    });
  };
  const revoke = (each) => attempt(async () => {
    if (!(await sure("revoke", say("revoke"), each.name))) return;
    await remove(`tokens/${each.number}`);
    await load();
  });
  return h("section", { id: "tokens" }, h("h2", {}, say("tokens"), " ", h("a", { class: "link", href: "/docs" }, say("docs"))),
    shown.token ? made(say("made_token"), shown.token) : null,
    table(["name", "rights", "where", "until", ""], shown.tokens.map((each) => cells("td", each.name, each.rights.join(" "), bounds(each),
      moment(each.expires_ms), each.revoked_ms ? say("revoked") : button(say("revoke"), () => revoke(each))))),
    h("form", { class: "line", onsubmit: submit }, field("name", "text", { required: true }), mine(),
      ...bounded(), field("days", "number", { value: "90", min: "1" }), h("button", { class: "tool" }, say("make"))));
}

function sessions() {
  const end = (number) => attempt(async () => {
    await remove(`sessions/${number}`);
    await load();
  });
  const submit = (event) => {
    event.preventDefault();
    const { old, fresh } = event.target.elements;
    attempt(async () => {
      await post("me/password", { old: old.value, password: fresh.value });
      toast(say("changed"));
      await load();
    });
  };
  const mine = shown.sessions;
  return h("section", { id: "sessions" }, h("h2", {}, say("sessions")),
    table(["address", "agent", "since", "until", ""], mine.sessions.map((each) => cells("td", each.address, each.agent, moment(each.made_ms), moment(each.expires_ms),
      each.number === mine.current ? say("here") : button(say("end"), () => end(each.number))))),
    h("form", { class: "line", onsubmit: submit }, field("old", "password", { required: true }),
      field("fresh", "password", { required: true }), h("button", { class: "tool" }, say("change"))));
}

function audit() {
  const more = () => attempt(async () => {
    const page = await get(`audit?before=${shown.audit.next}`);
    shown.audit = { ...page, entries: [...shown.audit.entries, ...page.entries] };
    draw();
  });
  return h("section", { id: "audit" }, h("h2", {}, say("audit")),
    table(["when", "who", "what", "whom", ""], shown.audit.entries.map((each) => cells("td", moment(each.at_ms), actor(each.actor), h("span", { title: each.verb }, done(each.verb)), subject(each.subject),
      Object.keys(each.data).length ? JSON.stringify(each.data) : ""))),
    shown.audit.next ? button(say("more"), more) : null);
}

function draw() {
  document.title = `${say("page")} · Borough`;
  find("title").textContent = say("page");
  find("language").textContent = word("other");
  drawWho(find("me"));
  find("people").replaceChildren(...[
    shown.accounts ? accounts() : null, shown.tokens ? tokens() : null, shown.sessions ? sessions() : null,
    shown.audit ? audit() : null, me.signed_in ? null : wayIn(say("may_not")),
  ].filter(Boolean));
}

async function load() {
  const { link, token } = shown;
  shown = { link, token };
  if (may("accounts.read")) {
    ({ roles } = await get("roles"));
    ({ accounts: shown.accounts } = await get("accounts"));
  }
  if (may("tokens.read")) ({ tokens: shown.tokens } = await get("tokens"));
  if (me.kind === "person") shown.sessions = await get("sessions");
  if (may("audit.read")) shown.audit = await get("audit");
  draw();
}

async function begin() {
  find("language").onclick = () => {
    turn();
    draw();
  };
  if (may("district.read")) settle(await get("district"));
  await load();
  document.documentElement.dataset.ready = "yes";
}

attempt(begin);
