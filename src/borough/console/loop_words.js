// What the routine loop says on a case, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    loop: "时限与审批", standard: "立案条件", choose: "选定", close_when: "结案条件", confirm: "已达到结案条件",
    row_limit: "时限", extend: "申请延期", suspend: "申请挂账", suspend_to: "挂账至", resume: "提前恢复", cancel: "作废",
    appeal: "超时申诉", waits: "待审批", for_role: "由", grant: "同意", refuse: "不同意", agency: "派遣单位",
    asked: "已提出", decided: "已审批", done: "已记录", barred: "还不能", suspended: "挂账中，自动恢复于",
    extension: "延期", suspension: "挂账", appeal_what: "超时申诉", due_whole: "全案时限", urgent: "紧急",
    take_back: "撤回指派", take_up: "接单", taken_up: "已接单", reported: "上报内容", asked_for: "群众诉求", where: "位置", go: "导航前往",
    rework: "返工", extended: "延期", times: "次", exempt: "超时不计考核", why: "作废、延期等请在备注写明理由",
  },
  en: {
    loop: "Time and approvals", standard: "Standard row", choose: "Choose", close_when: "Closed when", confirm: "The condition for closing is met",
    row_limit: "Limit", extend: "Ask for more time", suspend: "Ask to suspend", suspend_to: "Suspend until", resume: "Resume now", cancel: "Cancel the case",
    appeal: "Appeal the lateness", waits: "Waits for a decision", for_role: "by", grant: "Approve", refuse: "Refuse", agency: "Dispatched to",
    asked: "Asked", decided: "Decided", done: "Noted", barred: "Not yet", suspended: "Suspended; goes on by itself at",
    extension: "Extension", suspension: "Suspension", appeal_what: "Appeal of lateness", due_whole: "Whole matter due", urgent: "Urgent",
    take_back: "Take back from", take_up: "Take it up", taken_up: "Taken up", reported: "Reported", asked_for: "Request", where: "Where", go: "Go there",
    rework: "Rework", extended: "Extended", times: "times", exempt: "Lateness left out of statistics", why: "Say why in the note: cancelling, more time and the like",
  },
};

/** Give a word of the loop in the language of the page. */
export const say = (key) => WORDS[current()][key] ?? key;
