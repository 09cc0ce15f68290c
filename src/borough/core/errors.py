"""Every error the product can raise on purpose.

BoroughError
├── BacklogFull       as much of what came in waits as may wait (a BusDown)
├── BadArchive        a backup is damaged, cut short, or not one that this release reads
├── BadBatch          columns of a batch do not line up
├── BadDistrict       a table of a district folder breaks its own rules
├── BadFact           a reported statistic does not say what it must
├── BadFile           a file on a case is not what it says, too large, or unreadable
├── BadFrame          bytes that claim to be a journal record are not
├── BadModel          a text model's file is damaged, foreign or of another format
├── BadParameter      a parameter was tuned to what its scene does not allow
├── BadReading        a device's message cannot be taken in
├── BadRequest        a request names something that is missing or malformed
├── BadRules          a rule set of a formula scene breaks its own rules
├── BadScene          a scene folder does not say what it must
├── BadSetting        a setting has a value that cannot work
├── BadSheet          a file of rows cannot be read as a table
├── Busy              as much of it is under way already as there may be
├── BusDown           the message bus does not answer
├── CalendarHole      no roster is laid out for the day that was asked for
├── DiskFull          there is no room to keep what comes in (a BusDown)
├── Forbidden         the caller may not do this
├── HistoryDamaged    a file of the history is missing or not what its name says
├── HistoryFull       the history cannot be written
├── IllegalMove       a case was asked to take a step its plan does not allow
├── LeaseLost         another process has taken over; this one must stop
├── NotFound          what was asked for does not exist
├── OffShift          a post was given something outside its shift
├── OutsideDistrict   a place is not on the ground of the district
├── OverLimit         a command is beyond the limits of its plan
├── Stale             somebody else changed it first
├── StoreDown         the database does not answer
└── UnknownCode       no part or event has such a code here

Each class carries a stable ``code``: the API puts it in the problem document, dead
letters are counted by it, and ``TITLES`` says it in Chinese and English.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class BoroughError(Exception):
    """Something went wrong that the caller can understand and act on."""

    code: ClassVar[str] = "borough"


class BadArchive(BoroughError):
    """A backup is damaged, cut short, or not one that this release reads; it names the part."""

    code = "bad-archive"


class BadBatch(BoroughError):
    """The columns of a batch do not line up."""

    code = "bad-batch"


class BadDistrict(BoroughError):
    """A table of a district folder breaks its own rules."""

    code = "bad-district"


class BadFact(BoroughError):
    """A reported statistic does not say what it must; the message begins with its field."""

    code = "bad-fact"


class BadFile(BoroughError):
    """A file for a case is not what it says, too large, or cannot be read; it names the field."""

    code = "bad-file"


class BadFrame(BoroughError):
    """Bytes that claim to be a journal record are not."""

    code = "bad-frame"


class BadModel(BoroughError):
    """A text model's file is damaged, foreign or of another format."""

    code = "bad-model"


class BadParameter(BoroughError):
    """A parameter was tuned to what its scene does not allow."""

    code = "bad-parameter"


class BadReading(BoroughError):
    """A device's message cannot be taken in."""

    code = "bad-reading"


class BadRequest(BoroughError):
    """A request names something that is missing or malformed."""

    code = "bad-request"


class BadRules(BoroughError):
    """A rule set breaks its own rules, or does not hold for the period that was asked for."""

    code = "bad-rules"


class BadScene(BoroughError):
    """A scene folder does not say what it must; ``key`` is where in its file, if that is known."""

    code = "bad-scene"

    def __init__(self, says: str = "", *, key: Sequence[str | int] = ()) -> None:
        super().__init__(says)
        self.key = tuple(key)


class BadSetting(BoroughError):
    """A setting has a value that cannot work."""

    code = "bad-setting"


class BadSheet(BoroughError):
    """A file of rows cannot be read as a table; ``said`` tells why in both languages."""

    code = "bad-sheet"

    def __init__(
        self,
        said: Mapping[str, str] | str,
        *,
        file: str = "",
        sheet: str = "",
        row: int = 0,
        field: str = "",
    ) -> None:
        said = {"zh": said, "en": said} if isinstance(said, str) else said
        self.file, self.sheet, self.row, self.field = file, sheet, row, field
        zh = [file, sheet and f"工作表 {sheet}", f"第 {row} 行" if row else "", field]
        en = [file, sheet and f"sheet {sheet}", f"row {row}" if row else "", field]
        self.said = {
            "zh": "：".join(filter(None, ["，".join(filter(None, zh)), said["zh"]])),
            "en": ": ".join(filter(None, [", ".join(filter(None, en)), said["en"]])),
        }
        super().__init__(self.said["en"])


class Busy(BoroughError):
    """As much of it is under way already as there may be at one time; try again later."""

    code = "busy"


class BusDown(BoroughError):
    """The message bus does not answer."""

    code = "bus-down"


class BacklogFull(BusDown):
    """As much of what came in waits to be looked at as may wait: send it again later."""

    code = "backlog-full"


class DiskFull(BusDown):
    """The disk of the message bus is full: nothing is taken in until there is room again."""

    code = "disk-full"


class CalendarHole(BoroughError):
    """No roster is laid out for the day that was asked for; the message names it."""

    code = "calendar-hole"


class Forbidden(BoroughError):
    """The caller may not do this."""

    code = "forbidden"


class HistoryDamaged(BoroughError):
    """A file of the history table is missing or is not what its name says."""

    code = "history-damaged"


class HistoryFull(BoroughError):
    """History cannot be written: the disk is full, or the folder may not be written to."""

    code = "history-full"


class IllegalMove(BoroughError):
    """A case was asked to take a step its plan does not allow."""

    code = "illegal-move"


class LeaseLost(BoroughError):
    """Another process has taken over what this one held; nothing was changed, and it must stop."""

    code = "lease-lost"


class NotFound(BoroughError):
    """What was asked for does not exist."""

    code = "not-found"


class OffShift(BoroughError):
    """A post was given something outside its shift; the message names post and shift."""

    code = "off-shift"


class OutsideDistrict(BoroughError):
    """A place is not on the ground of the district; the message names the field."""

    code = "outside-district"


class OverLimit(BoroughError):
    """A command is beyond the limits of its plan: its level, its rate, or its pause."""

    code = "over-limit"


class Stale(BoroughError):
    """Somebody else changed it first; read it again and decide anew."""

    code = "stale"


class StoreDown(BoroughError):
    """The database does not answer, or has no room left; nothing was changed."""

    code = "store-down"


class UnknownCode(BoroughError):
    """No part or event has such a code here; the message names the field."""

    code = "unknown-code"


TITLES: dict[str, dict[str, str]] = {
    "borough": {"zh": "出错了", "en": "Something went wrong"},
    "backlog-full": {"zh": "积压已满", "en": "As much waits as may wait"},
    "bad-archive": {"zh": "备份文件不可用", "en": "A backup cannot be used"},
    "bad-batch": {"zh": "数据批次的列对不齐", "en": "The columns of a batch do not line up"},
    "bad-district": {"zh": "区县数据表有误", "en": "A district table breaks its rules"},
    "bad-fact": {"zh": "统计数据有误", "en": "A reported figure is wrong"},
    "bad-file": {"zh": "附件无法使用", "en": "A file cannot be attached"},
    "bad-frame": {"zh": "日志记录无法读取", "en": "A journal record cannot be read"},
    "bad-model": {"zh": "文本模型文件无法使用", "en": "A text model cannot be used"},
    "bad-parameter": {"zh": "参数超出允许范围", "en": "A parameter is out of its limits"},
    "bad-reading": {"zh": "设备消息无法接收", "en": "A device message cannot be taken in"},
    "bad-request": {"zh": "请求内容有误", "en": "The request is malformed"},
    "bad-rules": {"zh": "评价办法有误", "en": "A rule set cannot be used"},
    "bad-scene": {"zh": "场景文件夹不完整", "en": "A scene folder is incomplete"},
    "bad-setting": {"zh": "配置项有误", "en": "A setting cannot work"},
    "bad-sheet": {"zh": "表格文件有误", "en": "A file of rows cannot be read as a table"},
    "busy": {"zh": "正忙，请稍后再试", "en": "Busy; try again later"},
    "bus-down": {"zh": "消息总线无响应", "en": "The message bus does not answer"},
    "calendar-hole": {"zh": "该日未排班", "en": "No roster is laid out for that day"},
    "disk-full": {"zh": "磁盘已满", "en": "The disk is full"},
    "forbidden": {"zh": "没有权限", "en": "Not allowed"},
    "history-damaged": {"zh": "历史数据已损坏", "en": "History is damaged"},
    "history-full": {"zh": "历史数据写不进去", "en": "History cannot be written"},
    "illegal-move": {"zh": "流程不允许这一步", "en": "The plan does not allow this step"},
    "lease-lost": {"zh": "租约已由他方接管", "en": "Another process has taken over"},
    "not-found": {"zh": "找不到", "en": "Not found"},
    "off-shift": {"zh": "该岗位不在班", "en": "The post is off shift"},
    "outside-district": {"zh": "位置不在本区县", "en": "The place is outside the district"},
    "over-limit": {"zh": "超出指令的限制", "en": "A command is beyond its limits"},
    "stale": {"zh": "他人已先行修改", "en": "Somebody else changed it first"},
    "store-down": {"zh": "数据库无响应", "en": "The database does not answer"},
    "unknown-code": {"zh": "没有这个部件或事件编码", "en": "No part or event has this code"},
}
"""What each code means, for people, in both languages."""
