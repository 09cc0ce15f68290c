// Returns of firms: a workbook is tried first, what is wrong with it told row by row, then it is brought in.

import { askFor, h, toast } from "./dom.js";
import { say } from "./evaluations_words.js";
import { get, post, send } from "./server.js";
import { said } from "./words.js";

const SHOWN = 20;
const yes = () => ({ yes: say("returns_do"), no: say("close") });
const rowsOf = (told) => h("ul", {},
  ...told.refused.slice(0, SHOWN).map((each) => h("li", {}, `${say("row")} ${each.row} · ${each.field}: ${each.detail}`)),
  told.refusals > SHOWN ? h("li", {}, `… ${told.refusals - SHOWN}`) : "");

/** Ask for a workbook and its period, try it, bring it in, and have the draft of its period worked out. */
export async function bringReturns(schemes, list, again) {
  const scene = h("select", { name: "scene" }, ...schemes.map((each) => h("option", { value: each.scene }, said(each.name, each.scene))));
  const period = h("input", { name: "period", required: true, maxlength: "64", placeholder: "2023" });
  const file = h("input", { name: "file", type: "file", accept: ".csv,.xlsx", required: true });
  const fields = [[say("returns_scene"), scene], [say("returns_period"), period], [say("returns_file"), file]];
  const given = await askFor(say("returns"), fields, { yes: say("returns_try"), no: say("close"), note: say("returns_note") });
  if (!given) return;
  const [sheet] = file.files;
  const asked = { scene: given.scene, period: given.period, name: sheet.name };
  const confirmed = await agreed(asked, sheet);
  if (confirmed === null) return;
  await taken({ ...asked, confirmed }, sheet);
  await drafted(asked, list.find((each) => each.scene === asked.scene && each.period === asked.period));
  await again();
}

/** Try a workbook: null where it cannot be or is not to be taken, else whether unlikely values are confirmed. */
async function agreed(asked, sheet) {
  const strict = await taken({ ...asked, dry_run: true }, sheet);
  if (!strict.refused.length) {
    const many = h("p", {}, `${say("returns_firms")} ${strict.firms} · ${say("returns_values")} ${strict.facts}`);
    return (await askFor(say("returns"), [[say("returns_fits"), many]], yes())) ? false : null;
  }
  const lenient = await taken({ ...asked, dry_run: true, confirmed: true }, sheet);
  if (!lenient.refused.length) {
    const given = await askFor(say("returns"), [[say("returns_unlikely"), rowsOf(strict)]], { ...yes(), careful: true });
    return given ? true : null;
  }
  await askFor(say("returns"), [[say("returns_wrong"), rowsOf(strict)]], { yes: say("returns_mend"), no: say("close") });
  return null;
}

/** Send a workbook; rows that are refused are an answer as well. */
async function taken(asked, sheet) {
  try {
    return await send(`evaluations/returns?${new URLSearchParams(asked)}`, sheet);
  } catch (problem) {
    if (!problem.document?.refused) throw problem;
    return problem.document;
  }
}

async function drafted(asked, there) {
  if (!there) await post("evaluations", { scene: asked.scene, period: asked.period });
  else if (there.state === "draft") {
    const { version } = await get(`evaluations/${there.id}`);
    await post(`evaluations/${there.id}/redraft`, { version, why: asked.name });
  }
  toast(there && there.state !== "draft" ? say("returns_only") : say("returns_drafted"));
}
