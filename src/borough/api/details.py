"""What went wrong with this very request, in both languages: the table beside is the Chinese."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

HOLE = re.compile(r"\\\{(\w)\\\}")
CHINESE = re.compile("[\u4e00-\u9fff]")
FILE = Path(__file__).with_name("details.toml")


@cache
def table() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Read the rows: how a detail reads in English, and what it says in Chinese."""
    said: Mapping[str, str] = tomllib.loads(FILE.read_text("utf-8"))["says"]
    return tuple((pattern(english), chinese) for english, chinese in said.items())


def pattern(english: str) -> re.Pattern[str]:
    """Make a pattern of a row, with a group for each hole.

    >>> pattern("thing: there is no {a}").fullmatch("thing: there is no 'x'")["a"]
    "'x'"
    """
    return re.compile(HOLE.sub(r"(?P<\1>.+?)", re.escape(english)), re.DOTALL)


def details(detail: str, title: str) -> dict[str, str]:
    """Say a detail in Chinese and in English; *title* is what its code means in Chinese.

    One that says both already stays as it is.

    >>> details("thing: there is no 'x'", "找不到")["zh"]
    "thing：没有这个对象 'x'"
    """
    return {"zh": in_chinese(detail) or f"{title}：{detail}", "en": detail}


def in_chinese(detail: str) -> str:
    """Say a detail in Chinese; empty where the table has no row for it.

    >>> in_chinese("post: there is no 'P1'"), in_chinese("moon: it is full")
    ("post：没有这个岗位 'P1'", '')
    """
    if CHINESE.search(detail):
        return detail
    for english, chinese in table():
        if found := english.fullmatch(detail):
            return chinese.format(**found.groupdict())
    return ""
