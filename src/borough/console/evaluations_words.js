// What the page of evaluations says, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "评价", home: "回到首页", none: "还没有评价。用 borough evaluate import 导入填报，再生成草案。",
    draft: "草案", public: "公示中", frozen: "已定稿", rules: "办法", until: "公示至",
    publicise: "公示", withdraw: "撤回公示", freeze: "定稿", again: "复算", export: "导出 Excel",
    rank: "名次", name: "企业", class: "等级", score: "总分", group: "分组", more: "再显示一些",
    trial_note: "工作值说明", appeals: "申诉", open: "待办", accepted: "已采纳", rejected: "已驳回",
    accept: "采纳", reject: "驳回", why: "请写明理由", answer: "答复", claim: "主张的数值",
    reason: "理由", input: "对哪一项", appeal: "提出申诉", measure: "指标", points: "得分", of: "满分",
    facts: "数据来源", row: "行", absent: "未填报，按默认值", not_reported: "未填报", close: "关闭",
    same: "复算一致", not_same: "复算不一致！", cases: "立案", done: "已办理", revised: "之后修订的数据",
    with: "合并评价", capped: "封顶", floored: "取下限", unknown: "无法计算", negative: "为负", log: "过程",
    other: "EN", find: "企业名称或信用代码", faults: "过程记录有问题",
  },
  en: {
    title: "Evaluations", home: "Back to the first page",
    none: "No evaluation yet. Bring returns in with borough evaluate import, then work out a draft.",
    draft: "draft", public: "public", frozen: "frozen", rules: "Rules", until: "public until",
    publicise: "Make public", withdraw: "Withdraw", freeze: "Freeze", again: "Run again", export: "Export to Excel",
    rank: "Rank", name: "Firm", class: "Class", score: "Score", group: "Group", more: "Show more",
    trial_note: "Working values", appeals: "Appeals", open: "open", accepted: "accepted", rejected: "rejected",
    accept: "Accept", reject: "Reject", why: "Say why", answer: "Answer", claim: "What it should be",
    reason: "Why", input: "Which value", appeal: "Appeal", measure: "Measure", points: "Points", of: "of",
    facts: "Where the numbers come from", row: "row", absent: "not reported; by default", not_reported: "not reported", close: "Close",
    same: "It comes out the same", not_same: "It does not come out the same!", cases: "Cases opened", done: "Done", revised: "facts revised since",
    with: "Evaluated with", capped: "capped", floored: "at the floor", unknown: "not known", negative: "below zero", log: "What happened",
    other: "中文", find: "Name or credit code", faults: "The log has faults",
  },
};

export const say = (key) => WORDS[current()][key] ?? key;
