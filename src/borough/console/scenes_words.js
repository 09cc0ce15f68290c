// What the page of scenes says, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "场景与参数", parameter: "参数", value: "现值", limits: "允许范围", other: "改为",
    single: "单独设定的对象", source: "依据", version: "版本", standing: "成熟度", record: "成效",
    cases: "案卷", precision: "准确率", none: "尚无可判定的结案", aside: "已停用",
    thing: "只对一个对象（编号，可空）", why: "为什么要改（必填）", from: "从（可空）", to: "到（可空）",
    try: "先试算", apply: "生效", undo: "撤销", resume: "恢复工作", history: "修改记录",
    nothing: "先填一个新值。", no_history: "还没有人改过。", gone: "不再报", fresh: "新增",
    earlier: "提前", later: "推迟", same: "不变", live: "当时实际", in_force: "现行参数",
    changed: "试算参数", fired: "预警", recall: "召回率", judged: "真/假/重复", unjudged: "未判定",
    running: "正在回放日志…", kept: "从检查点开始，保留当时的记忆", first: "从日志的起点开始",
    blank: "没有检查点：规则从空白开始，慢速场景的结果不可信", done: "已写入，正在生效。",
    recall_of: "仅相对已知的真实案卷", all: "全部对象",
    no_token: "修改与试算须先登录。", not_tuned: "此场景按规则集评价，参数不在这里调整。",
  },
  en: {
    title: "Scenes and parameters", parameter: "parameter", value: "in force", limits: "limits",
    other: "change to", single: "things with their own", source: "source", version: "version",
    standing: "standing", record: "record", cases: "cases", precision: "precision",
    none: "no closed case to judge by", aside: "set aside", thing: "one thing only (its key, or empty)",
    why: "why (required)", from: "from (or empty)", to: "to (or empty)", try: "Try it first",
    apply: "Apply", undo: "Undo", resume: "Put back to work", history: "Changes",
    nothing: "Give a value first.", no_history: "Nobody has changed anything.", gone: "gone",
    fresh: "fresh", earlier: "earlier", later: "later", same: "same", live: "said at the time",
    in_force: "values in force", changed: "values tried", fired: "fired", recall: "recall",
    judged: "true / false / duplicate", unjudged: "not judged", running: "Replaying the journal…",
    kept: "begun at a checkpoint, with the memory of then", first: "begun where the journal begins",
    blank: "no checkpoint: the rule began blank; do not trust slow scenes",
    done: "Written down; it takes effect now.", recall_of: "against the true cases that we know of",
    all: "all things",
    no_token: "Sign in to try and to change.",
    not_tuned: "This scene evaluates by rule sets; nothing of it is tuned here.",
  },
};

export const say = (key) => WORDS[current()][key] ?? key;
