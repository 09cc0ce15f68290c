// What the page says, in Chinese and English.

const WORDS = {
  zh: {
    queue: "待办", urgent: "紧急", ordinary: "一般",
    scenes: "场景",
    unit_work_hour: "工作时",
    unit_work_day: "工作日",
    unit_natural_day: "自然日",
    facts: "统计数据",
    export: "导出 Excel",
    indicator: "指标",
    subject: "主体",
    status: "状态",
    period: "期间",
    figure: "数值",
    in_unit: "折算",
    source: "来源",
    region: "地区",
    as_of: "截至当时所知",
    marked: "仅看有疑问的",
    marks: "核对意见",
    all: "全部",
    more: "更多",
    no_facts: "没有符合条件的数据。",
    definition: "定义（口径）",
    meaning: "含义",
    formula: "公式",
    broken_series: "同名指标有多个定义，数列在此中断，不可直接比较。",
    title: "题名",
    published: "发布",
    line: "原文行",
    statement: "编号",
    remark: "备注",
    ref: "版本",
    revisions: "修订",
    withdrawn: "已撤回",
    row: "行",
    growth_pct: "增速 %",
    growth_basis: "增速口径",
    rank: "排名",
    rank_scope: "排名范围",
    share_pct: "占比 %",
    share_of: "占比分母",
    kind_point: "时点",
    kind_month: "当月",
    kind_quarter: "当季",
    kind_half: "半年",
    kind_annual: "全年",
    kind_cumulative: "累计",
    kind_range: "区间",
    kind_undated: "无日期",
    status_actual: "实际",
    status_preliminary: "初步",
    status_estimate: "估计",
    status_forecast: "预计",
    status_target: "目标",
    status_plan: "计划",
    status_capacity: "产能",
    status_design: "设计",
    status_policy: "政策",
    skip: "跳到案卷",
    map: "地图",
    keys: "方向键移动，加减键缩放，0 键回到全区。",
    zoom_in: "放大",
    zoom_out: "缩小",
    whole: "全区",
    cases: "案卷",
    appraisals: "综合评价",
    requests: "诉求",
    evaluations: "评价",
    alarms: "预警",
    things: "对象",
    received: "观测",
    detections_open: "进行中预警",
    cases_open: "未结案卷",
    backlog: "积压",
    live: "实时",
    reconnecting: "连接中断，正在重连…",
    connecting: "正在连接…",
    ways: "页面", map_page: "一张图", filters: "筛选",
    disk_full: "磁盘已满，读数暂不接收；腾出空间后自动恢复",
    loading: "正在载入…",
    no_cases: "没有未结案卷。场景发现情况后会自动立案。",
    no_alarms: "一切正常，没有预警。",
    failed: "载入失败",
    retry: "重试",
    unheard: "未上报",
    fresh: "正常",
    silent: "失联",
    alarm: "预警",
    outage: "成片失联",
    posts: "岗位",
    light: "浅色",
    dark: "深色",
    other: "EN",
    to_language: "Switch to English",
    theme: "切换深浅色",
    close_drawer: "关闭",
    step: "环节",
    holder: "承办",
    post: "岗位",
    due: "期限",
    left: "剩余",
    over: "超时",
    opened: "立案",
    grid: "网格",
    thing: "对象",
    scene: "场景",
    evidence: "依据",
    log: "办理记录",
    next: "下一步",
    finish: "结案",
    outcome: "结论",
    outcome_true: "属实",
    outcome_false: "误报",
    outcome_duplicate: "重复",
    outcome_declined: "不予受理或立案", outcome_cancelled: "作废",
    note: "说明（可不填）",
    moved: "已流转",
    closed_now: "已结案",
    closed: "已结案",
    began: "开始",
    ended: "已解除",
    level: "级别",
    version: "参数版本",
    property: "项目",
    value: "数值",
    before: "之前",
    after: "之后",
    reported: "上报值",
    time: "时间",
    latest: "最新值",
    never: "从未上报",
    attributes: "属性",
    via: "经由",
    show: "在地图上看",
    no_token: "仅可查看，办理案卷须先登录。",
    merged: "合并",
    final: "此案卷已结，不再流转。",
    kind: "类别",
    speed: "倍速",
    docs: "接口",
    community: "社区",
    street: "镇街",
    commands: "指令",
    command_proposed: "待确认", command_confirmed: "已确认，待下发", command_sent: "已下发",
    command_acknowledged: "设备已收到", command_proved: "已证实", command_failed: "未证实",
    command_refused: "不予执行", command_withdrawn: "已撤回", command_offer: "可提出",
    command_confirm: "确认执行", command_refuse: "不执行", command_why: "不执行的原因",
    command_undo: "撤回", command_propose: "提出", command_until: "证实期限",
    command_go: "当作没有执行，请派人去现场。", command_rate: "每小时最多 {n} 次",
    command_pause: "间隔", command_within: "须证实于",
    "says_no proof in time": "期限内没有证实", "says_it could not be sent in time": "期限内没能下发",
    "says_the device cannot do it": "设备无法执行", "says_the thing is not in the registry any more": "对象已不在登记库中",
    verb_proposed: "指令待确认", verb_confirmed: "指令已确认", verb_sent: "指令已下发", verb_acknowledged: "设备已收到",
    verb_proved: "指令已证实", verb_failed: "指令未证实", verb_refused: "指令不予执行", verb_withdrawn: "指令已撤回",
    verb_warning_confirmed: "确认发布预警", verb_warning_sent: "已向公众发布", verb_warning_withdrawn: "撤回预警",
    verb_opened: "立案", verb_joined: "合并预警", verb_level: "级别变化", verb_assigned: "指派",
    verb_returned: "回退", verb_reworked: "返工", verb_standardised: "选定立案条件", verb_warned: "预警", verb_approved: "初审通过",
    verb_extension_asked: "申请延期", verb_extended: "延期", verb_extension_refused: "不予延期",
    verb_suspension_asked: "申请挂账", verb_suspended: "挂账", verb_suspension_refused: "不予挂账", verb_resumed: "恢复",
    verb_cancelled: "作废", verb_appealed: "超时申诉", verb_appeal_granted: "申诉通过", verb_appeal_refused: "申诉驳回",
    verb_task_started: "任务开始", verb_task_acknowledged: "任务叫应", verb_task_done: "任务完成", verb_task_skipped: "任务免办",
    verb_task_handed: "任务转交", verb_task_shifted: "任务顺延", verb_task_widened: "扩大范围", verb_task_late: "任务超时", verb_request_warned: "诉求时限预警", verb_request_late: "诉求超时", verb_milestone: "里程碑", verb_reviewed: "复盘",
    verb_moved: "流转", verb_attached: "上传附件", verb_detached: "撤下附件", verb_noted: "备注", verb_late: "超时", verb_closed: "结案", verb_reopened: "重开",
  },
  en: {
    queue: "Queue", urgent: "Urgent", ordinary: "Ordinary",
    unit_work_hour: "working hours",
    unit_work_day: "working days",
    unit_natural_day: "days",
    scenes: "Scenes",
    facts: "Figures",
    export: "Export to Excel",
    indicator: "Indicator",
    subject: "About",
    status: "Status",
    period: "Period",
    figure: "Figure",
    in_unit: "In its unit",
    source: "Source",
    region: "Region",
    as_of: "As known on",
    marked: "Only doubted",
    marks: "What checks say",
    all: "All",
    more: "More",
    no_facts: "No figures fit.",
    definition: "Definition",
    meaning: "Meaning",
    formula: "Formula",
    broken_series: "This name has several definitions: the series breaks, do not compare across.",
    title: "Title",
    published: "Published",
    line: "Line",
    statement: "Number",
    remark: "Remark",
    ref: "Version",
    revisions: "Revisions",
    withdrawn: "withdrawn",
    row: "row",
    growth_pct: "Growth %",
    growth_basis: "Growth basis",
    rank: "Rank",
    rank_scope: "Ranked among",
    share_pct: "Share %",
    share_of: "Share of",
    kind_point: "at its end",
    kind_month: "month",
    kind_quarter: "quarter",
    kind_half: "half-year",
    kind_annual: "year",
    kind_cumulative: "since January",
    kind_range: "range",
    kind_undated: "undated",
    status_actual: "actual",
    status_preliminary: "preliminary",
    status_estimate: "estimate",
    status_forecast: "forecast",
    status_target: "target",
    status_plan: "plan",
    status_capacity: "capacity",
    status_design: "design",
    status_policy: "policy",
    skip: "Skip to cases",
    map: "Map",
    keys: "Arrow keys move, plus and minus zoom, 0 shows the whole district.",
    zoom_in: "Zoom in",
    zoom_out: "Zoom out",
    whole: "Whole district",
    cases: "Cases",
    appraisals: "Appraisal",
    requests: "Requests",
    evaluations: "Evaluations",
    alarms: "Detections",
    things: "Things",
    received: "Readings",
    detections_open: "Open detections",
    cases_open: "Open cases",
    backlog: "Backlog",
    live: "Live",
    reconnecting: "Connection lost, reconnecting…",
    connecting: "Connecting…",
    ways: "Pages", map_page: "Map", filters: "Filters",
    disk_full: "Disk full: readings are not taken until there is room",
    loading: "Loading…",
    no_cases: "No open case. Scenes open one when they see something.",
    no_alarms: "All quiet: nothing detected.",
    failed: "Could not load",
    retry: "Try again",
    unheard: "Not heard",
    fresh: "Healthy",
    silent: "Silent",
    alarm: "Detection",
    outage: "Area outage",
    posts: "Posts",
    light: "Light",
    dark: "Dark",
    other: "中文",
    to_language: "切换到中文",
    theme: "Light or dark",
    close_drawer: "Close",
    step: "Step",
    holder: "Holder",
    post: "Post",
    due: "Due",
    left: "left",
    over: "late",
    opened: "Opened",
    grid: "Grid",
    thing: "Thing",
    scene: "Scene",
    evidence: "Evidence",
    log: "Log",
    next: "Next step",
    finish: "Close case",
    outcome: "Outcome",
    outcome_true: "True",
    outcome_false: "False alarm",
    outcome_duplicate: "Duplicate",
    outcome_declined: "Not accepted", outcome_cancelled: "Cancelled",
    note: "Note (optional)",
    moved: "Moved",
    closed_now: "Closed",
    closed: "Closed",
    began: "Began",
    ended: "Ended",
    level: "Level",
    version: "Parameters",
    property: "Property",
    value: "Value",
    before: "Before",
    after: "After",
    reported: "Reported",
    time: "Time",
    latest: "Latest values",
    never: "Never reported",
    attributes: "Attributes",
    via: "Via",
    show: "Show on map",
    no_token: "Read only: sign in to act on cases.",
    merged: "joined",
    final: "This case is closed and goes no further.",
    kind: "Class",
    speed: "× speed",
    docs: "API",
    community: "Community",
    street: "Street",
    commands: "Commands",
    command_proposed: "Waits for you", command_confirmed: "Confirmed", command_sent: "Sent",
    command_acknowledged: "Heard by the device", command_proved: "Proved", command_failed: "Not proved",
    command_refused: "Refused", command_withdrawn: "Withdrawn", command_offer: "May be proposed",
    command_confirm: "Confirm: do it", command_refuse: "Do not", command_why: "Why not",
    command_undo: "Take back", command_propose: "Propose", command_until: "to be proved by",
    command_go: "Take it as not done, and send somebody.", command_rate: "at most {n} an hour",
    command_pause: "pause", command_within: "to be proved within",
    "says_no proof in time": "No proof in time", "says_it could not be sent in time": "It could not be sent in time",
    "says_the device cannot do it": "The device cannot do it", "says_the thing is not in the registry any more": "The thing is not in the registry any more",
    verb_proposed: "Command proposed", verb_confirmed: "Command confirmed", verb_sent: "Command sent", verb_acknowledged: "Device has heard",
    verb_proved: "Command proved", verb_failed: "Command not proved", verb_refused: "Command refused", verb_withdrawn: "Command withdrawn",
    verb_warning_confirmed: "Warning let out", verb_warning_sent: "Told to the public", verb_warning_withdrawn: "Warning taken back",
    verb_opened: "Opened", verb_joined: "Joined", verb_level: "Level", verb_assigned: "Assigned",
    verb_returned: "Returned", verb_reworked: "Rework", verb_standardised: "Standard chosen", verb_warned: "Warned", verb_approved: "Approved once",
    verb_extension_asked: "Extension asked for", verb_extended: "Extended", verb_extension_refused: "Extension refused",
    verb_suspension_asked: "Suspension asked for", verb_suspended: "Suspended", verb_suspension_refused: "Suspension refused", verb_resumed: "Resumed",
    verb_cancelled: "Cancelled", verb_appealed: "Lateness appealed", verb_appeal_granted: "Appeal granted", verb_appeal_refused: "Appeal refused",
    verb_task_started: "Task begun", verb_task_acknowledged: "Task acknowledged", verb_task_done: "Task done", verb_task_skipped: "Task skipped",
    verb_task_handed: "Task handed over", verb_task_shifted: "Task put off", verb_task_widened: "Circle widened", verb_task_late: "Task late", verb_request_warned: "Request: limit running out", verb_request_late: "Request late", verb_milestone: "Milestone", verb_reviewed: "Looked back",
    verb_moved: "Moved", verb_attached: "File added", verb_detached: "File taken down", verb_noted: "Note", verb_late: "Overdue", verb_closed: "Closed", verb_reopened: "Reopened",
  },
};

const KEPT = "borough.language";
let language = localStorage.getItem(KEPT) || (navigator.language.startsWith("zh") ? "zh" : "en");
let zone = "UTC";
let holders = {};

export const current = () => language;
export const word = (key) => WORDS[language][key] ?? key;

/** The name of a level, as its scene calls it. */
export const levelled = (scene, name, level) => said(scene?.level_names?.[name], name ?? String(level));

/** Choose what a text in several languages says in ours. */
export function said(texts, otherwise = "") {
  if (!texts) return otherwise;
  return texts[language] || texts.en || texts.zh || otherwise;
}

/** Take the district's time zone, and the names of its agencies and kinds of posts. */
export function settle(district) {
  zone = district.zone;
  holders = district.holders ?? {};
}

/** The name of an agency or a kind of posts; its code where nobody named it. */
export const called = (code) => said(holders[code], code);

/** Codes and names of all agencies. */
export const agencies = () => Object.entries(holders).filter(([, each]) => each.agency).map(([code, each]) => [code, said(each)]);

export function turn() {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem(KEPT, language);
  label();
  document.dispatchEvent(new Event("turned"));
}

/** Put words where the page itself asks for them. */
export function label() {
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll("[data-word]")) {
    each.textContent = word(each.dataset.word);
  }
  for (const each of document.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", word(each.dataset.label));
    if (each.tagName === "BUTTON") each.title = word(each.dataset.label);
  }
}

const locale = () => (language === "zh" ? "zh-CN" : "en-GB");
const formats = new Map();

function format(name, options) {
  const key = `${locale()} ${zone} ${name}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options }));
  }
  return formats.get(key);
}

export const day = (ms) =>
  format("day", { month: "short", day: "numeric", weekday: "short" }).format(ms);
export const clock = (ms) =>
  format("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(ms);
export const moment = (ms) =>
  format("moment", {
    month: language === "zh" ? "2-digit" : "short", day: "2-digit", hour: "2-digit",
    minute: "2-digit", second: "2-digit", hour12: false,
  }).format(ms);

export const number = (value) => new Intl.NumberFormat(locale()).format(value);

/** A reading with as many digits as help. */
export function reading(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return Array.isArray(value) ? value.map(reading).join(", ") : String(value);
  return new Intl.NumberFormat(locale(), { maximumSignificantDigits: 5 }).format(value);
}

/** A length of time, short. */
/** A limit of a step: hours and days that run on, or those of work. */
export function limit({ amount, unit }) {
  if (unit === "urgent_hour") return lasting(amount * 3600000);
  return `${amount} ${word(`unit_${unit}`)}`;
}

export function lasting(ms) {
  const seconds = Math.max(0, Math.round(Math.abs(ms) / 1000));
  const units = language === "zh" ? ["天", "小时", "分", "秒"] : ["d", "h", "min", "s"];
  const parts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const first = parts.findIndex((each) => each > 0);
  if (first < 0) return `0 ${units[3]}`;
  return [first, first + 1]
    .filter((at) => at < 4 && parts[at] > 0)
    .map((at) => `${parts[at]} ${units[at]}`)
    .join(" ");
}
