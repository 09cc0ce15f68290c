// Save what a list shows as a file, CSV or Excel; a button says so while the file is made.

import { h, toast } from "./dom.js";
import { save } from "./server.js";
import { current } from "./words.js";

const WORDS = {
  zh: { csv: "导出 CSV", xlsx: "导出 Excel", wait: "正在导出…", done: "已保存" },
  en: { csv: "Save as CSV", xlsx: "Save as Excel", wait: "Saving…", done: "Saved" },
};
const say = (key) => WORDS[current()][key];

/** The two buttons for a list of a name; `query` gives what its filter says when one is pressed. */
export const exporting = (name, query) => ["csv", "xlsx"].map((form) => h("button", {
  type: "button", class: "tool", data: { export: form },
  onclick: async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    pressed.textContent = say("wait");
    try {
      const wanted = new URLSearchParams(query());
      wanted.set("format", form);
      await save(`${name}?${wanted}`, `${name}.${form}`);
      toast(`${say("done")} ${name}.${form}`);
    } catch (problem) {
      toast(problem.message, true);
    }
    pressed.disabled = false;
    pressed.textContent = say(form);
  },
}, say(form)));
