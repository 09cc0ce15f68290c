// Requests that somebody of the centre brings in: one for a caller, or a file of them.

import { askFor, h, toast } from "./dom.js";
import { channelled } from "./naming.js";
import { say } from "./requests_words.js";
import { post, send } from "./server.js";
import { said } from "./words.js";

const CHANNELS = ["hotline", "visit", "letter", "app", "grid"];
const SHOWN = 20;

/** Write a call down, and show it; its key is one, however often it is sent. */
export async function takeCall({ rules, opened }) {
  const choice = (name, rows) => h("select", { name }, ...rows.map(([code, text]) => h("option", { value: code }, text)));
  const named = (table) => [["", "–"], ...Object.entries(table).map(([code, each]) => [code, said(each.name ?? each, code)])];
  const given = await askFor(say("call"), [
    [say("call_channel"), choice("channel", CHANNELS.map((each) => [each, channelled(each)]))],
    [say("call_text"), h("textarea", { name: "text", required: true, rows: "4", maxlength: "4000" })],
    [say("place"), h("input", { name: "place", maxlength: "200", autocomplete: "off" })],
    [say("call_name"), h("input", { name: "name", maxlength: "100", autocomplete: "off" })],
    [say("call_phone"), h("input", { name: "phone", maxlength: "40", inputmode: "tel", autocomplete: "off" })],
    [say("kind"), choice("kind", named(rules.kinds))],
    [say("category"), choice("category", named(rules.categories))],
  ], { yes: say("save"), no: say("close") });
  if (!given) return;
  const { name, phone, ...rest } = given;
  const contact = name || phone ? { contact: { name, phone } } : {};
  const made = await post("requests/calls", { ...rest, ...contact, key: crypto.randomUUID() });
  toast(`${say("done")} · ${made.code}`);
  await opened(made);
}

/** Bring a file in: tried first, then, if whoever asked agrees, for good. */
export async function bringIn(again) {
  const file = h("input", { name: "file", type: "file", accept: ".csv,.xlsx", required: true });
  if (!(await askFor(say("import"), [[say("import_file"), file]], { yes: say("import_try"), no: say("close"), note: say("import_note") }))) return;
  const [sheet] = file.files;
  const path = `requests/imports?name=${encodeURIComponent(sheet.name)}`;
  toast(say("import_wait"));
  const tried = await send(`${path}&dry_run=true`, sheet);
  const wrong = tried.results.filter((each) => each.outcome === "refused");
  const rows = h("ul", {}, ...wrong.slice(0, SHOWN).map((each) => h("li", {}, `${say("row").replace("{n}", each.row)}: ${each.detail}`)));
  const many = `${say("fits")} ${tried.fits} · ${say("same")} ${tried.same} · ${say("refused_rows")} ${tried.refused}`;
  if (!(await askFor(say("import"), [[many, rows]], { yes: say("import_do"), no: say("close") }))) return;
  const done = await send(path, sheet);
  toast(`${say("added")} ${done.added} · ${say("same")} ${done.same} · ${say("refused_rows")} ${done.refused}`, done.refused > 0);
  again();
}
