// What tasks of a case say, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    tasks: "并行任务", over: "已结束", required: "结案必办", milestone: "里程碑", due: "应完成", answer: "待叫应：",
    started: "待叫应", acknowledged: "已叫应", done: "已完成", skipped: "已免办", late: "超时",
    acknowledge: "叫应", finish: "完成", skip: "免办", why: "免办原因", widened: "已扩大到", basis: "时限依据",
    holds: "还有 {n} 项必办任务，办完或说明免办原因后才能结案。",
    "what it was for is past": "情形已过去", "the case is over": "案卷已结", "the case is open again": "案卷重开",
  },
  en: {
    tasks: "Tasks side by side", over: "Over", required: "required", milestone: "milestone", due: "Due", answer: "To be acknowledged:",
    started: "Not acknowledged", acknowledged: "Acknowledged", done: "Done", skipped: "Skipped", late: "late",
    acknowledge: "Acknowledge", finish: "Done", skip: "Skip", why: "Why it is skipped", widened: "Called as well", basis: "Where the limit comes from",
    holds: "{n} required tasks are open; do them, or skip them with a reason, before the case is closed.",
  },
};

/** Give a word of tasks in the language of the page; what has none is shown as it is. */
export const say = (key) => WORDS[current()][key] ?? key;
