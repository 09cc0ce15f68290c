"""Cover what looks like personal data, in a field or in a text, as ``masks.toml`` says."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from borough.core.forgetting import blotted, finders

STAR = "*"
OTHER = "other"


@cache
def rules() -> Mapping[str, Any]:
    """Read the table."""
    return tomllib.loads((files("borough.api") / "masks.toml").read_text("utf-8"))


@cache
def patterns() -> Mapping[str, re.Pattern[str]]:
    """Give what finds personal data in a text, by the field it is."""
    return {name: re.compile(each["pattern"]) for name, each in rules()["text"].items()}


def masked(fields: Mapping[str, str]) -> dict[str, str]:
    """Cover each field of a person.

    >>> masked({"name": "王小五", "phone": "13800001234"})
    {'name': '王**', 'phone': '138****1234'}
    """
    return {name: covered(name, value) for name, value in fields.items()}


def covered(name: str, value: str) -> str:
    """Cover one field; a value too short to keep its ends is covered wholly."""
    rule = rules()["fields"].get(name) or rules()["fields"][OTHER]
    left, right = int(rule["left"]), int(rule["right"])
    hidden = len(value) - left - right
    if hidden < 1:
        return STAR * len(value)
    return value[:left] + STAR * hidden + value[len(value) - right :]


def clean(text: str) -> str:
    """Cover what in a text looks like personal data.

    >>> clean("车主电话13800001234，车牌渝A12345")
    '车主电话138****1234，车牌渝A***45'
    """
    for name, pattern in patterns().items():
        text = pattern.sub(partial(_covered, name), text)
    return text


def hidden(text: str, fields: Mapping[str, str]) -> str:
    """Cover in a text what a person's record has, as their fields are covered, and then the rest.

    >>> hidden("我是王小五，电话13800001234", {"name": "王小五"})
    '我是王**，电话138****1234'
    """
    for name, value in sorted(fields.items(), key=lambda each: -len(each[1])):
        text = blotted(text, finders([value]), covered(name, value))
    return clean(text)


def _covered(name: str, found: re.Match[str]) -> str:
    return covered(name, found.group())


def cleaned(value: Any) -> Any:
    """Cover what looks like personal data in every text of a value, however deep it lies."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: cleaned(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(each) for each in value]
    return value
