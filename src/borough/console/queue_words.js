// What the page of open cases says, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "待办案卷", text: "案卷号", street: "镇街", post: "岗位", all: "全部", clear: "清除筛选",
    band: "时限", urgent: "紧急", urgent_true: "紧急", urgent_false: "一般", holder: "承办",
    agency: "责任单位", scene: "场景", stage: "环节", step: "步骤", source: "来源",
    report: "上报", accept: "受理", verify: "核实", open: "立案",
    dispatch: "派遣", dispose: "处置", check: "核查", close: "结案", deadline: "按期限", opened: "按立案时间",
    level: "按级别", left: "剩余", over: "超时", case: "案卷", where: "环节 · 承办", whose: "单位 · 岗位",
    total: "件", more: "下一页", first: "回到首页", none: "没有符合条件的未结案卷。", loading: "正在载入…",
    unsure: "期限所在年份的节假日尚未公布", paused: "挂账至", nobody: "未定",
    keys: "↑↓ 选择，Enter 打开，Esc 关闭，/ 搜索，N 下一页。", choose: "筛选", sort: "排序",
  },
  en: {
    title: "Open cases", text: "code", street: "street", post: "post", all: "all", clear: "Clear filters",
    band: "time used", urgent: "urgency", urgent_true: "urgent", urgent_false: "ordinary", holder: "held by",
    agency: "agency", scene: "scene", stage: "stage", step: "step", source: "source",
    report: "report", accept: "accept", verify: "verify", open: "open",
    dispatch: "dispatch", dispose: "dispose", check: "check", close: "close", deadline: "By deadline", opened: "Newest first",
    level: "Gravest first", left: "left", over: "over", case: "case", where: "step · held by", whose: "agency · post",
    total: "cases", more: "Next page", first: "First page", none: "No open case fits.", loading: "Loading…",
    unsure: "the holidays of that year have not been announced", paused: "suspended until", nobody: "nobody yet",
    keys: "↑↓ choose, Enter opens, Esc closes, / searches, N next page.", choose: "Filters", sort: "Sort",
  },
};

export const say = (key) => WORDS[current()][key] ?? String(key);
