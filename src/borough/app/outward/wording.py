"""The rules of notices, as data: those that ship, and those of the district in their place."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from borough.app.outward.limits import LIMITS
from borough.core.errors import BadSetting
from borough.core.notices import NoticeRule

FILE = "notices.toml"
DIGEST = {
    "zh": ("汇总 {count} 条", "另有 {more} 条。"),
    "en": ("{count} notices", "and {more} more."),
}
"""The heading of a digest, and what is said of lines that it has no room for."""


def rules(district: Path) -> list[NoticeRule]:
    """Read the rules that hold in a district; `BadSetting` names the rule and the key."""
    found: dict[str, Mapping[str, Any]] = {}
    texts = [(files("borough.app.outward") / FILE).read_text("utf-8")]
    if (district / FILE).is_file():
        texts.append((district / FILE).read_text("utf-8"))
    for text in texts:
        try:
            read = tomllib.loads(text).get("rule", [])
        except tomllib.TOMLDecodeError as error:
            msg = f"{FILE}: {error}"
            raise BadSetting(msg) from error
        found |= {str(each.get("id", "?")): each for each in read}
    return [NoticeRule.declared(each) for each in found.values() if not each.get("off")]


def digest(rows: Sequence[Mapping[str, Any]], language: str) -> tuple[str, str]:
    """Put notices that waited into one: a heading, and a line for each, the oldest first."""
    heading, more = DIGEST[language]
    shown = rows[: LIMITS.digest_lines]
    lines = [f"{each['title']} · {each['text']}" for each in shown]
    if len(rows) > len(shown):
        lines.append(more.format(more=len(rows) - len(shown)))
    return heading.format(count=len(rows)), "\n".join(lines)
