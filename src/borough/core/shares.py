"""Shares: what a partner at another level may read of our cases and things, and what is blurred.

A share names a data set, the fields of it, how each is masked, the areas, on what basis, for what
purpose and until when.  Nothing is shared that no share names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from borough.core.errors import BadRequest, Forbidden

LEVELS = ("city", "district", "street", "agency")
"""Where a partner stands: 市级, 区级, 镇街, 部门."""
ASKED, GRANTED, REFUSED, ENDED = SHARE_STATES = ("asked", "granted", "refused", "ended")
DATASETS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "cases": {
        "id": {"zh": "案卷序号", "en": "the case's number"},
        "code": {"zh": "案卷编号", "en": "the case's code"},
        "scene": {"zh": "场景", "en": "scene"},
        "event": {"zh": "事件代码", "en": "event code with its scheme"},
        "source": {"zh": "来源", "en": "where it came from"},
        "title": {"zh": "标题", "en": "title in both languages"},
        "grid": {"zh": "单元网格", "en": "grid"},
        "lon": {"zh": "经度", "en": "longitude"},
        "lat": {"zh": "纬度", "en": "latitude"},
        "step": {"zh": "环节", "en": "step"},
        "agency": {"zh": "责任部门", "en": "agency responsible"},
        "level": {"zh": "等级", "en": "level now"},
        "worst": {"zh": "最高等级", "en": "highest level"},
        "urgent": {"zh": "是否紧急", "en": "whether it is urgent"},
        "opened_ms": {"zh": "立案时间", "en": "when it was opened, ms"},
        "due_ms": {"zh": "环节时限", "en": "when its step is due, ms"},
        "closed_ms": {"zh": "结案时间", "en": "when it was closed, ms"},
        "outcome": {"zh": "结果", "en": "outcome"},
        "late": {"zh": "超时环节数", "en": "steps that overran"},
        "rework": {"zh": "返工次数", "en": "how often it was done again"},
    },
    "things": {
        "id": {"zh": "对象序号", "en": "the thing's number"},
        "key": {"zh": "对象编码", "en": "the thing's key"},
        "kind": {"zh": "类别", "en": "kind"},
        "name": {"zh": "名称", "en": "name in both languages"},
        "grid": {"zh": "单元网格", "en": "grid"},
        "lon": {"zh": "经度", "en": "longitude"},
        "lat": {"zh": "纬度", "en": "latitude"},
        "valid_from_ms": {"zh": "启用时间", "en": "in use since, ms"},
        "valid_to_ms": {"zh": "停用时间", "en": "out of use since, ms"},
    },
}
"""What there is to share: data sets, their fields, and what each means."""
DAY_MS = 86_400_000
MASKS: Mapping[str, Mapping[str, str]] = {
    "hide": {"zh": "不提供", "en": "always empty"},
    "coarse": {"zh": "模糊到约一公里", "en": "a number with two decimals: about a kilometre"},
    "day": {"zh": "只到日", "en": "a time cut to its day, UTC"},
    "street": {"zh": "只到镇街", "en": "a grid cut to its street: nine digits"},
}
GRID_DIGITS, STREET_DIGITS = 15, 9
"""Digits of a grid's code (community and three more), and of its street's."""
COARSE = 2


@dataclass(frozen=True, slots=True)
class Share:
    """One permission to read, asked for and granted; times in ms of the district.

    ``partner`` is the name of the partner's token, ``level`` where they stand.
    ``areas`` are beginnings of grid codes and ``kinds`` scenes, or kinds of things; an empty
    list lets everything through.  ``masks`` are by field.
    """

    id: str
    partner: str
    level: str
    dataset: str
    fields: tuple[str, ...]
    basis: str
    purpose: str
    from_ms: int
    to_ms: int
    masks: Mapping[str, str]
    areas: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    state: str = ASKED
    asked_ms: int = 0
    asked_by: str = ""
    decided_ms: int | None = None
    decided_by: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        known = DATASETS.get(self.dataset, {})
        masks = ", ".join(MASKS)
        digits = [each for each in self.areas if each.isascii() and each.isdigit()]
        wrong = {
            f"level: must be one of {', '.join(LEVELS)}": self.level not in LEVELS,
            f"dataset: must be one of {', '.join(DATASETS)}": not known,
            f"fields: there are {', '.join(known)}": not self.fields
            or set(self.fields) - known.keys(),
            f"masks: must be by field, each one of {masks}": set(self.masks) - known.keys()
            or set(self.masks.values()) - MASKS.keys(),
            "areas: must be digits, the beginning of a grid's code": len(digits) < len(self.areas)
            or any(len(each) > GRID_DIGITS for each in digits),
            "basis: say on what it rests": not self.basis.strip(),
            "purpose: say what it is for": not self.purpose.strip(),
            "to_ms: must be after from_ms": self.to_ms <= self.from_ms,
        }
        for says, it_is in wrong.items():
            if it_is:
                raise BadRequest(says)

    def open_at(self, at_ms: int) -> None:
        """Raise `Forbidden` where it may not be read at a moment; the message says why."""
        if self.state != GRANTED:
            msg = f"share {self.id} is {self.state}"
            raise Forbidden(msg)
        if not self.from_ms <= at_ms < self.to_ms:
            msg = f"share {self.id} does not hold now"
            raise Forbidden(msg)

    def told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give of a row what the partner may see, and as they may see it."""
        return {
            name: _MASKED[self.masks[name]](row[name]) if name in self.masks else row[name]
            for name in self.fields
        }


_MASKED: Mapping[str, Callable[[Any], Any]] = {
    "hide": lambda _value: None,
    "coarse": lambda value: None if value is None else round(float(value), COARSE),
    "day": lambda value: None if value is None else int(value) // DAY_MS * DAY_MS,
    "street": lambda value: str(value)[:STREET_DIGITS] if value else value,
}


def rows_of(area: str, codes: Sequence[str]) -> list[tuple[int, int]]:
    """Give the ranges of grid rows, from and to, whose codes begin with some digits.

    >>> rows_of("500112002", ["500112001001001", "500112002001001", "500112002001002"])
    [(1, 2)]
    """
    ranges: list[tuple[int, int]] = []
    for row, code in enumerate(codes):
        if code.startswith(area):
            if ranges and ranges[-1][1] == row - 1:
                ranges[-1] = (ranges[-1][0], row)
            else:
                ranges.append((row, row))
    return ranges
