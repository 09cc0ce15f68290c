"""The `borough` command: one file per verb."""

import sys

from cyclopts import App

from borough.api.details import in_chinese
from borough.core.errors import TITLES, BoroughError

app = App(
    name="borough",
    help="Borough, an open operating system for a city district. 区县操作系统。",
    version_flags=["--version"],
)
HELP = {
    "demo": "演示一个区县。Show a whole district live, with a simulated fleet.",
    "up": "启动一个区县。Start a district and keep it running.",
    "backup": "备份。Keep a whole district in one file, while it runs; verify such a file.",
    "restore": "恢复。Lay a backed-up district down on this machine.",
    "upgrade": "升级数据。Bring the data of an earlier release to this one, after a backup.",
    "config": "配置。Show each setting with its source; check a file of settings.",
    "doctor": "自检。Look for the usual faults and say what to do.",
    "bench": "性能测试。Measure; without a name, list the benches.",
    "scene": "场景。List scenes, check them, replay the journal through them.",
    "facts": "统计数据。Bring reported figures in, look at them, send them out.",
    "appraise": "综合评价。How well cases were handled in a period, from their logs.",
    "evaluate": "评价。Judge a period by a rule set: returns, draft, notice, appeals, freeze.",
    "things": "对象。Bring files of things in and out; enter and retire single ones.",
    "credential": "设备凭证。Issue and revoke the tokens of devices and gateways.",
    "account": "账号。Who may sign in, with which roles; one-time links.",
    "token": "程序令牌。Make, list and revoke the tokens of programs.",
    "hook": "事件推送。Programs elsewhere that are told of cases; what became of each message.",
    "recipient": "通知接收人。Who is told by notices, and through which channels.",
    "share": "数据共享。What partners may read of ours, and what they have read.",
    "audit": "审计日志。See whether the audit log is whole.",
    "requests": "民呼我为。Bring citizens' requests in; what people sorted; the rates.",
    "triage": "诉求分类。Learn to sort citizens' messages, score that, and say why.",
    "district": "区县。Look at a district's tables.",
}
for _verb in ("demo", "up", "restore", "upgrade", "doctor", "appraise"):
    app.command(f"borough.cli.{_verb}:{_verb}", name=_verb, help=HELP[_verb])
app.command("borough.cli.bench:bench", name="bench", help=HELP["bench"], help_flags=[])
for _noun in (
    "backup",
    "config",
    "scene",
    "district",
    "facts",
    "evaluate",
    "things",
    "credential",
    "account",
    "token",
    "hook",
    "recipient",
    "share",
    "audit",
    "requests",
    "triage",
):
    app.command(f"borough.cli.{_noun}:app", name=_noun, help=HELP[_noun])


def main() -> None:
    """Run one verb; what went wrong on purpose is told in a sentence, without a traceback."""
    try:
        app()
    except BoroughError as error:
        title = TITLES[error.code]
        told = dict.fromkeys(filter(None, (in_chinese(str(error)), str(error))))
        sys.stderr.write("\n".join([f"{title['zh']} · {title['en']} [{error.code}]", *told, ""]))
        raise SystemExit(1) from error
