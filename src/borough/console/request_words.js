// What the public form and the status page say, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "民呼我为", lead: "说一说您遇到的问题，我们会转给负责的单位，并告诉您办到了哪一步。",
    kind: "类型", category: "类别", unknown: "不清楚，请工作人员判断", subject: "标题（可不填）",
    text: "诉求内容", place: "地点", place_hint: "如：双龙湖街道五星路社区，3 栋楼下", map: "在图上点一下位置（可不点）",
    here: "用我现在的位置", no_position: "取不到当前位置", unpoint: "去掉图上的点",
    name: "姓名（可不填）", phone: "电话（便于联系您，可不填）", private: "姓名和电话只有经办人员可以看到，查看会留下记录。",
    secret: "为我保密，不与别人的诉求合并", send: "提交", sending: "正在提交…", again: "再提一件",
    danger: "遇到火灾、燃气泄漏、有人受伤，请先拨打 119、110、120。",
    sent: "已收到", receipt: "查询码（请记下或截图）", ask: "查询进度", track: "输入查询码", look: "查询",
    code: "编号", state: "状态", agency: "承办单位", received: "提交时间", due: "答复时限", answer: "答复",
    waiting: "待受理", accepted: "办理中", answered: "已答复", closed: "已办结", refused: "不予受理",
    filed: "已提交", triaged: "已受理分派", contacted: "已联系", revisited: "已回访", urgent: "紧急",
    other: "EN", photos: "照片（可不选）", photos_note: "JPEG、PNG 或 WebP；照片里的位置信息不会给人看", pending: "还没有确定",
  },
  en: {
    title: "Ask the district", lead: "Say what is wrong. We pass it to whoever is responsible and tell you how far it has got.",
    kind: "Kind", category: "Category", unknown: "I do not know; let somebody decide", subject: "Subject (optional)",
    text: "What is it about", place: "Where", place_hint: "street, community, building", map: "Point at the place (optional)",
    here: "Where I am now", no_position: "Your position is not known", unpoint: "Take the point away",
    name: "Name (optional)", phone: "Telephone (so that we can call you; optional)",
    private: "Only those who deal with it see your name and number, and each look is recorded.",
    secret: "Keep it secret; do not merge it with others", send: "Send", sending: "Sending…", again: "Another one",
    danger: "Fire, a gas leak, somebody hurt: call 119, 110 or 120 first.",
    sent: "We have it", receipt: "Receipt (write it down)", ask: "See how far it is", track: "Your receipt", look: "Look",
    code: "Number", state: "State", agency: "With", received: "Sent", due: "Answer by", answer: "Answer",
    waiting: "waiting to be taken up", accepted: "under way", answered: "answered", closed: "closed", refused: "not taken up",
    filed: "sent", triaged: "given to an agency", contacted: "you were contacted", revisited: "you were asked about it", urgent: "urgent",
    other: "中文", photos: "Photos (optional)", photos_note: "JPEG, PNG or WebP; nobody is shown where it was taken", pending: "not decided yet",
  },
};

export const say = (key) => WORDS[current()][key] ?? key;
