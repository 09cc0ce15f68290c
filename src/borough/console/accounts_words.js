// What the pages about people say, in Chinese and English.

import { current } from "./words.js";

const WORDS = {
  zh: {
    sign_in: "登录", sign_out: "退出", account: "账号", password: "密码", again: "再输一次密码",
    title_of: "姓名", enter: "登录", outside: "用统一身份认证登录", set: "设置密码并登录",
    first: "首次登录：为本区县建立第一个管理员。", reset: "为账号设置密码：",
    differ: "两次输入的密码不一致。", used: "链接已失效，请向管理员另要一个。",
    accounts: "账号", roles: "角色", state: "状态", disabled: "已停用", no_password: "未设密码",
    disable: "停用", enable: "启用", link: "一次性链接", add: "新建账号", role: "角色",
    agencies: "部门（可多选，不选为全部）", areas: "镇街（可多选，不选为全区）",
    give: "授予", take: "收回", made_link: "把此链接交给本人，一次有效：", tokens: "程序令牌",
    rights: "权限", days: "有效天数", make: "签发", revoke: "吊销", revoked: "已吊销",
    made_token: "令牌只显示这一次：", name: "名称", until: "有效至", sessions: "我的登录",
    address: "地址", agent: "浏览器", here: "本次", end: "注销", since: "登录时间",
    audit: "审计日志", who: "何人", what: "做了什么", whom: "对象", when: "时间", more: "更多",
    change: "修改密码", old: "现密码", fresh: "新密码", changed: "已修改。", page: "账号与审计",
    post: "岗位", docs: "接口文档", seat: "定岗",
    may_not: "请先登录。", where: "范围", everywhere: "全部",
  },
  en: {
    sign_in: "Sign in", sign_out: "Sign out", account: "account", password: "password",
    again: "the same password again", title_of: "name", enter: "Sign in",
    outside: "Sign in through the organisation", set: "Set the password and sign in",
    first: "First sign-in: make the first administrator of this district.",
    reset: "Set a password for the account ", differ: "The two passwords differ.",
    used: "The link holds no longer; ask an administrator for another one.",
    accounts: "Accounts", roles: "roles", state: "state", disabled: "disabled",
    no_password: "no password yet", disable: "Disable", enable: "Enable", link: "One-time link",
    add: "Add an account", role: "role", agencies: "agencies (several; none: all)",
    areas: "streets (several; none: all)", give: "Give", take: "Take back",
    made_link: "Hand this link to its holder; it works once:", tokens: "Tokens of programs",
    rights: "rights", days: "days", make: "Make", revoke: "Revoke", revoked: "revoked",
    made_token: "The token is shown this once:", name: "name", until: "until",
    sessions: "My sessions", address: "address", agent: "browser", here: "this one", end: "End",
    since: "since", audit: "Audit log", who: "who", what: "did what", whom: "to what",
    when: "when", more: "More", change: "Change my password", old: "present password",
    fresh: "new password", changed: "Changed.", page: "Accounts and audit",
    post: "post", docs: "how programs ask", seat: "Set the post",
    may_not: "Sign in first.", where: "where", everywhere: "everywhere",
  },
};

export const say = (key) => WORDS[current()][key] ?? key;
