"""Cover personal data for those who may not see it, as ``masks.toml`` says."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from starlette.requests import Request

from borough.api.access import MACHINE
from borough.api.ports import Ports
from borough.api.rights import rights
from borough.core.people import Who

STAR = "*"
OTHER = "other"
RIGHT = "persons.read"


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


def sees_all(who: Who) -> bool:
    """Say whether somebody may see personal data as it is."""
    return who == MACHINE or bool(who.reach(rights().roles, RIGHT))


async def shown(
    request: Request, ports: Ports, persons: Iterable[int], why: str
) -> dict[int, Mapping[str, str]]:
    """Give persons' data as whoever asks may see it: as it is, which is told, or masked."""
    wanted = sorted(set(persons))
    who: Who = request.state.who
    if not wanted:
        return {}
    if not sees_all(who):
        found = ports.people.unread(wanted)
        return {number: masked(fields) for number, fields in found.items()}
    ask = {"persons": wanted, "why": why, "by": who.name}
    read = await ports.desk.ask("read_persons", ask)
    return {int(number): fields for number, fields in read["persons"].items()}
