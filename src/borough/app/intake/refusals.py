"""Why a row about a thing cannot be taken in, by code, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from borough.core.observations import Index, Mask

REASONS: Mapping[str, tuple[str, str]] = {
    "key-missing": ("没有编号", "the key is missing"),
    "key-form": (
        "编号须为 1 至 64 个字母、数字、_ 或 -，不能是 {value}",
        "a key is 1 to 64 of A-Z a-z 0-9 _ -, not {value}",
    ),
    "key-twice": ("编号 {value} 在第 {other} 行已出现", "{value} is in row {other} already"),
    "kind-missing": ("新对象须写明类别", "a new thing needs a kind"),
    "kind-unknown": ("没有类别 {value}；相近：{near}", "no such kind as {value}; near: {near}"),
    "kind-fixed": (
        "类别不能由 {old} 改为 {value}；请停用旧对象，另立编号",
        "a kind cannot change, here from {old} to {value}; retire the thing and enter another",
    ),
    "number": ("{value} 不是数字", "{value} is not a number"),
    "degrees": (
        "{value} 不在 ±{most} 度之内；经纬度是否颠倒？",
        "{value} is not within ±{most} degrees; are lon and lat swapped?",
    ),
    "half-place": ("经度和纬度须同时填写或同时留空", "lon and lat go together, or neither"),
    "grid-unknown": ("没有网格 {value}", "there is no grid {value}"),
    "via-unknown": ("没有网关 {value}", "there is no gateway {value}"),
    "via-role": ("{value} 不是网关", "{value} is no gateway"),
    "via-retired": ("网关 {value} 已停用", "gateway {value} is retired"),
    "via-refused": ("网关 {value} 所在的行未被接受", "the row of gateway {value} is refused"),
    "via-circle": ("网关成环，或超过 {most} 层", "gateways in a circle, or over {most} deep"),
    "time": ("{value} 不是 ISO 8601 日期或时间", "{value} is no ISO 8601 date or time"),
    "future": ("停用时间 {value} 还没有到", "{value} has not come yet; retire it when it has"),
    "order": ("停用早于启用", "it ends before it begins"),
    "retired": (
        "{value} 已停用；要恢复，请加 valid_to 一列并留空",
        "{value} is retired; to take it back into use, add an empty valid_to",
    ),
    "attribute": ("{zh}", "{en}"),
    "relation": ("没有对象 {value}", "there is no thing {value}"),
    "relation-sign": ("{value} 须为 编号 或 编号:-1", "{value} is neither KEY nor KEY:-1"),
    "relation-retired": ("{value} 已停用", "{value} is retired"),
    "relation-refused": ("{value} 所在的行未被接受", "the row of {value} is refused"),
    "changed-since": ("导入之后又有改动", "it was changed since the import"),
}  # fmt: skip
"""By code: the sentence, with gaps for the facts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one row: the row's place, the column, the code, the facts."""

    place: int
    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def said(self, language: str) -> str:
        """Say it in ``zh`` or ``en``."""
        zh, en = REASONS[self.code]
        return (zh if language == "zh" else en).format(**self.facts)


class Faults(list[Fault]):
    """What is wrong with the rows of a file so far; ``bad`` marks those rows."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.bad: Mask = np.zeros(rows, bool)

    def add(self, place: int, column: str, code: str, **facts: Any) -> None:
        """Note one fault."""
        self.bad[place] = True
        self.append(Fault(place, column, code, facts))

    def mark(self, where: Mask | Index, column: str, code: str, cells: Any, **facts: Any) -> None:
        """Note the same fault for many rows; each names its own cell."""
        places = np.flatnonzero(where) if where.dtype == bool else where
        for place in places.tolist():
            self.add(place, column, code, value=cells[place], **facts)
