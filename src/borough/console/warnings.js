// Warnings to the public that are in force: a strip above the map for as long as they hold.

import { find, h } from "./dom.js";
import { get } from "./server.js";
import { current, said } from "./words.js";

const EVERY_MS = 15_000;
const TEXTS = {
  zh: { told: "已向公众发布预警", document: "CAP 文件" },
  en: { told: "Told to the public", document: "CAP document" },
};

let shown = [];

function draw() {
  const texts = TEXTS[current()];
  find("warnings").hidden = !shown.length;
  find("warnings").replaceChildren(
    h("b", {}, `${texts.told} (${shown.length})`),
    ...shown.map((each) => h("span", { data: { level: each.level_name } },
      said(each.headline),
      " ",
      h("a", { href: each.href, target: "_blank", rel: "noopener" }, texts.document))),
  );
}

async function look() {
  try {
    shown = (await get("warnings?current=true")).warnings;
    draw();
  } catch {
    // The line beside the clock says when the server is away.
  }
}

new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["lang"] });
setInterval(look, EVERY_MS);
look();
