// What the page of posts and alarms says, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    title: "岗位与告警", synthetic: "合成数据", kind: "岗位类别", all: "全部", on_duty: "仅看在班", post: "岗位",
    shift: "班次", state: "状态", has: "在办", skills: "技能", until: "在班至", off: "不在班", away: "请假至",
    covers: "代", leave: "批假", leave_hours: "请假几小时？", leave_why: "请假事由", stand_in: "顶班岗位（可不填）", given: "已批假。", posts: "个岗位", cancel: "取消",
    leave_note: "批假后，该岗位在办案卷即时转派。", no_area: "不限区域",
    per_day: "每天 {n} 次", per_week: "每周 {n} 次", per_month: "每月 {n} 次", rhythm_call: "按通知",
    import: "导入排班表", import_leave: "导入请假表", imported: "已导入，改动行数", handed: "已转派案卷", leaves: "请假", back: "销假", nobody: "无",
    patrols: "巡查", begin: "立即发起", open: "待巡", done: "已巡", missed: "漏巡",
    shelves: "告警搁置", scene: "场景", thing: "对象", area: "镇街", hours: "小时", why: "理由", shelve: "搁置",
    unshelve: "取消搁置", quiet: "条已静默", alarms: "近十分钟告警", flood: "告警洪峰", calm: "正常", waiting: "待派",
    outages: "成片失联", first: "首发", gathered: "研判中", by: "由", every: "全部场景",
  },
  en: {
    title: "Posts and alarms", synthetic: "Synthetic data", kind: "Kind of post", all: "All", on_duty: "On duty only", post: "Post",
    shift: "Shift", state: "State", has: "Has", skills: "Skills", until: "on duty until", off: "off duty", away: "on leave until",
    covers: "for", leave: "Give leave", leave_hours: "Leave for how many hours?", leave_why: "Why?", stand_in: "Who stands in (may be empty)", given: "Leave is given.", posts: "posts", cancel: "Cancel",
    leave_note: "What the post has in hand goes to others at once.", no_area: "Everywhere",
    per_day: "{n} a day", per_week: "{n} a week", per_month: "{n} a month", rhythm_call: "on call",
    import: "Import a roster", import_leave: "Import leave", imported: "Imported, rows changed", handed: "Cases handed on", leaves: "Leave", back: "Take back", nobody: "None",
    patrols: "Patrols", begin: "Begin now", open: "open", done: "done", missed: "missed",
    shelves: "Shelved alarms", scene: "Scene", thing: "Thing", area: "Street", hours: "Hours", why: "Reason", shelve: "Shelve",
    unshelve: "Take off the shelf", quiet: "kept quiet", alarms: "Alarms in ten minutes", flood: "Flood of alarms", calm: "calm", waiting: "Waiting for a post",
    outages: "Area outages", first: "first out", gathered: "being gathered", by: "by", every: "All scenes",
  },
};

/** Say it in the language of the page. */
export const own = (name) => WORDS[current()][name] ?? name;
