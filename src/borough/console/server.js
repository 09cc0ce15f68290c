// Speak with the server: questions, acts, and the live stream.

import { current, said } from "./words.js";

const KEPT = "borough.token";

const NOBODY = { signed_in: false, name: "", title: "", kind: "nobody", post: "", roles: [], rights: [], outside: false };
/** Who is signed in, as the server said when the page was opened; see `/api/v1/me`. */
export let me = NOBODY;

/** This machine's own token may come in the address, and leaves it at once. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("operator");
  if (!given) return;
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, "", location.pathname + location.search);
}

export const hasToken = () => me.signed_in;

/** What each act on a case needs. */
const RIGHTS = {
  move: "cases.move", close: "cases.close", assign: "cases.assign", standard: "cases.file", extend: "cases.ask",
  suspend: "cases.ask", appeal: "cases.ask", resume: "cases.approve", cancel: "cases.cancel", take_up: "cases.note",
};
/** Whether we have the right to an act on cases; who decides on what was asked is for the server. */
export const mayAct = (verb) => !(verb in RIGHTS) || me.rights.includes(RIGHTS[verb]);

/** The server knows us no longer. */
export function dropToken() {
  sessionStorage.removeItem(KEPT);
  me = NOBODY;
}

/** How a detail begins that names fields and leaves it to them to say why. */
const ONLY_NAMES = "look at ";

/** What the server objected to, in our language. */
export class Problem extends Error {
  constructor(status, document) {
    const fields = (document.fields ?? []).map((each) => `${each.field}: ${said(each.details, each.detail)}`);
    const named = document.details?.en?.startsWith(ONLY_NAMES);
    const why = named && fields.length ? fields.join("; ") : document.detail;
    super([said(document.titles, document.title), why].filter(Boolean).join(" · "));
    this.status = status;
    this.code = document.code;
    this.document = document;
  }
}

const BUSY_MS = 600;
let waiting = 0;

/** Show on the page that something takes a while, for as long as any of it does. */
async function patiently(work) {
  let told = 0;
  const slow = setTimeout(() => {
    waiting += told = 1;
    document.documentElement.dataset.busy = "yes";
  }, BUSY_MS);
  try {
    return await work;
  } finally {
    clearTimeout(slow);
    waiting -= told;
    if (!waiting) delete document.documentElement.dataset.busy;
  }
}

const ask = (path, options = {}) => patiently(asked(path, options));

async function asked(path, options) {
  const headers = { "accept-language": current(), ...options.headers };
  const token = sessionStorage.getItem(KEPT);
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  let document = { title: `${answer.status} ${answer.statusText}` };
  try {
    document = await answer.json();
  } catch {
    // An answer that is no problem document still has its status.
  }
  throw new Problem(answer.status, document);
}

export const get = async (path) => (await ask(`/api/v1/${path}`)).json();
/** Save an answer as a file. */
export async function save(path, name) {
  const blob = await (await ask(`/api/v1/${path}`)).blob();
  const link = document.createElement("a");
  Object.assign(link, { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export const bytes = async (path) => (await ask(`/api/v1/${path}`)).arrayBuffer();

export async function post(path, body, method = "POST") {
  const options = {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  return (await ask(`/api/v1/${path}`, options)).json();
}

/** Send a file as it is. */
export const send = async (path, file) => (await ask(`/api/v1/${path}`, { method: "POST", body: file })).json();

export const remove = async (path) => (await ask(`/api/v1/${path}`, { method: "DELETE" })).json();

const KINDS = ["detection", "alarm", "case", "request", "counts"];
const AGAIN_MS = 2000;

/**
 * Follow the live stream. The browser comes back by itself and says what it saw last;
 * `hello` tells whether anything was missed. A connection that was refused is tried again here.
 */
export function follow({ event, hello, line }) {
  if (sessionStorage.getItem(KEPT)) {
    read({ event, hello, line });
    return;
  }
  const stream = new EventSource("/api/v1/live");
  line("connecting");
  stream.onopen = () => line("live");
  stream.onerror = () => {
    line("reconnecting");
    if (stream.readyState === EventSource.CLOSED) {
      setTimeout(() => follow({ event, hello, line }), AGAIN_MS);
    }
  };
  stream.addEventListener("hello", (each) => hello(JSON.parse(each.data)));
  for (const kind of KINDS) {
    stream.addEventListener(kind, (each) => event(kind, JSON.parse(each.data)));
  }
}

/** Follow it under this machine's own token, which an EventSource cannot show. */
async function read(told, seen = "") {
  let last = seen;
  told.line("connecting");
  try {
    const answer = await asked("/api/v1/live", { headers: last ? { "last-event-id": last } : {} });
    const text = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    told.line("live");
    let rest = "";
    for (let got = await text.read(); !got.done; got = await text.read()) {
      const frames = (rest + got.value).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        const fields = Object.fromEntries(frame.split("\n").map((each) => [each.split(": ", 1)[0], each.slice(each.indexOf(": ") + 2)]));
        last = fields.id ?? last;
        if (fields.event === "hello") told.hello(JSON.parse(fields.data));
        else if (KINDS.includes(fields.event)) told.event(fields.event, JSON.parse(fields.data));
      }
    }
  } catch {
    // The line says that it is being tried again.
  }
  told.line("reconnecting");
  setTimeout(() => read(told, last), AGAIN_MS);
}

const SIGN_IN = "/console/sign_in.html";
if (location.hash.startsWith("#link=") && location.pathname !== SIGN_IN) location.replace(SIGN_IN + location.hash);
takeToken();
try {
  me = await get("me");
} catch {
  // Who is not known reads what is open; the page says by itself that the server is away.
}
