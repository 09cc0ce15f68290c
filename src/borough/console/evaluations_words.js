// What the page of evaluations says, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "评价", home: "回到首页", none: "还没有评价。导入企业填报，即生成草案。",
    returns: "导入填报", returns_scene: "评价", returns_period: "评价期（如 2023）", returns_file: "工作簿（CSV 或 Excel）",
    returns_note: "每家企业一行，按统一社会信用代码。先试读，不写入；有一行不对就整份不收。",
    returns_try: "试读", returns_do: "写入并生成草案", returns_fits: "可以写入", returns_firms: "企业", returns_values: "数据",
    returns_unlikely: "这些数值不大可能，确认无误才写入", returns_wrong: "没有写入，请改正后再导入", returns_mend: "知道了",
    returns_drafted: "已写入，草案已按新数据计算", returns_only: "已写入；该期评价已公示或定稿，结果未变",
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
    none: "No evaluation yet. Bring the returns of firms in, and a draft is worked out.",
    returns: "Bring returns in", returns_scene: "Evaluation", returns_period: "Period (such as 2023)", returns_file: "Workbook (CSV or Excel)",
    returns_note: "One row for each firm, by its credit code. It is tried first and nothing is written; one wrong row, and none is taken.",
    returns_try: "Try it", returns_do: "Write and work out a draft", returns_fits: "It can be written", returns_firms: "Firms", returns_values: "Values",
    returns_unlikely: "These values are unlikely; write them only if they are right", returns_wrong: "Nothing was written; mend these and bring it in again", returns_mend: "I see",
    returns_drafted: "Written; the draft is worked out from it", returns_only: "Written; the evaluation of that period is public or frozen and stays as it is",
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
