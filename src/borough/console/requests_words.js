// What the page of requests says, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "民呼我为 · 诉求办理", home: "回到首页", inbox: "诉求", rates: "三率", hot: "热点诉求", other: "EN",
    waiting: "待受理", accepted: "办理中", answered: "待回访", closed: "已办结", refused: "不予受理",
    late: "超过答复时限", none: "没有诉求。", more: "再显示一些", form: "填报页面",
    suggestion: "系统建议", sure: "把握", threshold: "阈值", accept: "按建议受理", sort: "改派或改类", doubts: "请人工判断",
    category: "类别", kind: "类型", urgent: "紧急", agency: "承办单位", place: "地点", urgency: "紧急程度",
    because: "依据", second: "其次", by_sender: "诉求人选择", by_word: "关键词", no_model: "没有分类模型",
    like: "可能是同一件事", similar: "附近同类案卷", join: "并入", split: "拆成单独案卷", with: "同案诉求", case: "案卷",
    contact: "已联系诉求人", answer: "答复", revisit: "回访", resolved: "已解决", unresolved: "未解决",
    satisfaction: "满意度", refuse: "不予受理 / 不计考核", note: "说明", save: "提交", done: "好了",
    caller: "诉求人", secret: "保密", channel: "渠道", received: "提交", contact_due: "联系时限", answer_due: "答复时限",
    first: "首接单位", acts: "办理过程", reopened: "重办次数", why: "请写明理由",
    filed: "提交", triaged: "受理分派", contacted: "联系", revisited: "回访", merged: "并案", updated: "诉求人补充",
    request_warned: "时限预警", request_late: "超过时限", of_contact: "联系", of_answer: "答复",
    response: "响应率", resolution: "解决率", group: "分组", count: "件数", score: "综合", excluded: "不计考核",
    by_agency: "按承办单位", by_first_agency: "按首接单位", by_street: "按镇街", by_month: "按月", by_category: "按类别", by_all: "合计",
    people: "人", requests: "件", since: "从", last: "到", quiet: "没有多人反映的同类问题。",
    sign_in: "登录后可以办理。", close: "关闭", unknown: "未知",
    changed: "此诉求刚有变动；提交前请重新打开核对。",
  },
  en: {
    title: "Citizens' requests", home: "Back to the first page", inbox: "Requests", rates: "The three rates", hot: "Hot topics", other: "中文",
    waiting: "to be taken up", accepted: "under way", answered: "to be asked about", closed: "closed", refused: "not taken up",
    late: "past their time for an answer", none: "No request.", more: "Show more", form: "The form",
    suggestion: "Suggested", sure: "sure", threshold: "needed", accept: "Accept as suggested", sort: "Sort otherwise", doubts: "A person has to decide",
    category: "Category", kind: "Kind", urgent: "urgent", agency: "Agency", place: "Place", urgency: "Urgency",
    because: "because of", second: "or else", by_sender: "as the sender said", by_word: "by a word", no_model: "no model",
    like: "May be one matter with", similar: "Near it and of one kind", join: "Join", split: "Give it a case of its own", with: "In the same case", case: "Case",
    contact: "The caller was contacted", answer: "Answer", revisit: "Ask the caller", resolved: "Resolved", unresolved: "Not resolved",
    satisfaction: "Satisfaction", refuse: "Refuse, or leave out of the rates", note: "Note", save: "Send", done: "Done",
    caller: "Caller", secret: "secret", channel: "Channel", received: "Received", contact_due: "Contact by", answer_due: "Answer by",
    first: "First with", acts: "What was done", reopened: "Opened again", why: "Say why",
    filed: "received", triaged: "sorted", contacted: "contacted", revisited: "asked", merged: "joined", updated: "the caller added something",
    request_warned: "limit running out", request_late: "limit over", of_contact: "contact", of_answer: "answer",
    response: "Response", resolution: "Resolution", group: "Group", count: "Requests", score: "Score", excluded: "Left out",
    by_agency: "By agency", by_first_agency: "By first agency", by_street: "By street", by_month: "By month", by_category: "By category", by_all: "All",
    people: "people", requests: "requests", since: "from", last: "to", quiet: "Nothing that many people raise.",
    sign_in: "Sign in to act on requests.", close: "Close", unknown: "unknown",
    changed: "This request has just changed; open it again before you send.",
  },
};

export const say = (key) => WORDS[current()][key] ?? key;
