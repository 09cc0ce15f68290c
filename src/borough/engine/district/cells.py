"""Read one cell of a table: each rule turns text into a value, or says what is wrong with it."""

import math
import re
from collections.abc import Callable
from typing import Any

from borough.engine.district.findings import Flaw

Fit = Callable[[str], Any]
"""A rule: text to a value, or a `Flaw`."""

CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEY = re.compile(r"[A-Za-z0-9_-]*#{1,9}[A-Za-z0-9_-]*")
NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
DATE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EMPTY = Flaw("不能为空", "it must not be empty")
LONGEST = 40
"""How much of a bad value is repeated to the reader."""


def shown(cell: str) -> str:
    """Quote a value so that it fits on a line."""
    return repr(cell if len(cell) <= LONGEST else cell[:LONGEST] + "...")


def text(cell: str) -> str | Flaw:
    """Any words."""
    return cell.strip() or EMPTY


def code(cell: str) -> str | Flaw:
    """A code: 1 to 64 of ``A-Z a-z 0-9 _ -``."""
    if not cell:
        return EMPTY
    zh, en = "不是合法代码（字母、数字、_、-）", "is not a code (letters, digits, _ and -)"
    return cell if CODE.fullmatch(cell) else Flaw(f"{shown(cell)}{zh}", f"{shown(cell)} {en}")


def code_or_all(cell: str) -> str | Flaw:
    """A code, or nothing at all for ``*``, which means every one of them."""
    return "" if cell == "*" else code(cell)


def codes(cell: str) -> tuple[str, ...] | Flaw:
    """Any number of codes with spaces between them."""
    read = [code(word) for word in cell.split()]
    flaws = [each for each in read if isinstance(each, Flaw)]
    return flaws[0] if flaws else tuple(str(each) for each in read)


def key(cell: str) -> str | Flaw:
    """A pattern of keys, such as ``a-gnss-####``."""
    if not cell:
        return EMPTY
    zh, en = "不是编号样式（如 a-gnss-####）", "is not a pattern of keys, such as a-gnss-####"
    return cell if KEY.fullmatch(cell) else Flaw(f"{shown(cell)}{zh}", f"{shown(cell)} {en}")


def number(low: float = -math.inf, high: float = math.inf) -> Fit:
    """A finite number in a range."""

    def read(cell: str) -> float | Flaw:
        if not cell:
            return EMPTY
        value = float(cell) if NUMBER.fullmatch(cell) else math.nan
        if not math.isfinite(value):
            return Flaw(f"{shown(cell)}不是数", f"{shown(cell)} is not a number")
        if not low <= value <= high:
            span = f"{low:g} .. {high:g}"
            return Flaw(f"{cell} 超出范围 {span}", f"{cell} is outside {span}")
        return value

    return read


def whole(low: int, high: int) -> Fit:
    """A whole number in a range."""
    inner = number(low, high)

    def read(cell: str) -> int | Flaw:
        value = inner(cell)
        if isinstance(value, Flaw):
            return value
        if value != int(value):
            return Flaw(f"{cell} 不是整数", f"{cell} is not a whole number")
        return int(value)

    return read


def choice(*words: str) -> Fit:
    """One of some words."""

    def read(cell: str) -> str | Flaw:
        one = ", ".join(words)
        if cell in words:
            return cell
        return Flaw(f"{shown(cell)}应为以下之一：{one}", f"{shown(cell)} is none of: {one}")

    return read


def clock(cell: str) -> int | Flaw:
    """A time of day, as minutes since midnight."""
    match = CLOCK.fullmatch(cell)
    if match:
        return 60 * int(match[1]) + int(match[2])
    return Flaw(f"{shown(cell)}不是时刻（如 06:30）", f"{shown(cell)} is not a time such as 06:30")


def date(cell: str) -> str | Flaw:
    """A day, as ``2024-07-10``."""
    if DATE.fullmatch(cell):
        return cell
    zh, en = "不是日期（如 2024-07-10）", "is not a date such as 2024-07-10"
    return Flaw(f"{shown(cell)}{zh}", f"{shown(cell)} {en}")


def days(cell: str) -> tuple[bool, ...] | Flaw:
    """Days of the week, as seven flags from Monday on."""
    said = cell.split()
    if not said:
        return EMPTY
    odd = [word for word in said if word not in WEEK]
    if odd:
        one = " ".join(WEEK)
        return Flaw(f"{shown(odd[0])}不是星期（{one}）", f"{shown(odd[0])} is none of {one}")
    return tuple(day in said for day in WEEK)


def maybe(fit: Fit) -> Fit:
    """Let a cell stay empty."""

    def read(cell: str) -> Any:
        return fit(cell) if cell else ""

    return read
