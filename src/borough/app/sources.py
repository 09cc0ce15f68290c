"""Where settings come from: a file that people write, the environment, the command line."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from borough.core.errors import BadSetting

PREFIX = "BOROUGH_"
CONFIG = "borough.toml"
COMMAND_LINE = f"{PREFIX}COMMAND_LINE"
"""Names the settings that the command line gave, so that roles and `config show` know it."""
OTHERS = {"CONFIG", "COMMAND_LINE", "VENV"}
"""Variables with our prefix that are no settings."""
TEXT, WHOLE, NUMBER, LIST = "text", "a whole number", "a number", "a list of texts"
KINDS = {"text": TEXT, "whole": WHOLE, "number": NUMBER, "list": LIST}
PLAIN = {str: TEXT, int: WHOLE, float: NUMBER, list: LIST, tuple: LIST}


@dataclass(frozen=True, slots=True)
class Value:
    """One setting: its value, and who said so (``default``, a file with its line, a variable)."""

    name: str
    value: Any
    source: str


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Give what is known of each setting: meaning, unit, limits; see ``settings.toml``."""
    return tomllib.loads((files("borough.app") / "settings.toml").read_text("utf-8"))


def check(name: str, value: Any, where: str = "") -> None:
    """Hold a value to the limits of its setting; `BadSetting` names them, and where it stood."""
    row, at = table()[name], f"{where}: " if where else ""
    if "least" in row and not row["least"] <= value <= row["most"]:
        msg = f"{at}{name} must be from {row['least']} to {row['most']} {row['unit']}, not {value}"
        raise BadSetting(msg)
    if "among" in row and value not in row["among"]:
        msg = f"{at}{name} must be one of {', '.join(row['among'])}, not {value!r}"
        raise BadSetting(msg)


def config_of(data: Path | None, config: Path | None = None) -> Path | None:
    """Say which file people have written: the one named, else ``borough.toml`` of the folder.

    Nothing where there is none; `BadSetting` where one is named that is not there.
    """
    named = config or (Path(text) if (text := os.environ.get(f"{PREFIX}CONFIG")) else None)
    if named is not None and not named.is_file():
        msg = f"{named}: there is no such file of settings"
        raise BadSetting(msg)
    own = data / CONFIG if data is not None else None
    return named or (own if own is not None and own.is_file() else None)


def from_file(path: Path | None) -> Iterable[Value]:
    """Read a file of settings: ``http_port = 9000``; `BadSetting` names file, line and key."""
    if path is None:
        return
    try:
        text = path.read_text("utf-8")
        given = tomllib.loads(text)
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}"
        raise BadSetting(msg) from error
    for name, value in given.items():
        where = f"{path}:{line_of(text, name)}"
        known(name, where)
        yield Value(name, fitting(name, value, where), where)


def line_of(text: str, name: str) -> int:
    """Find the line of a file on which a setting stands."""
    found = re.search(rf"^\s*[\"']?{re.escape(name)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def known(name: str, where: str) -> None:
    """Refuse a name that is no setting, or one that nobody sets by hand."""
    if name not in table():
        near = get_close_matches(name, table(), 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        msg = f"{where}: there is no setting {name!r}{hint}"
        raise BadSetting(msg)
    if table()[name].get("generated") and not where.startswith(PREFIX):
        msg = f"{where}: {name} is made by the first start and is not set by hand"
        raise BadSetting(msg)


def fitting(name: str, value: Any, where: str) -> Any:
    """Give a value in the type of its setting; `BadSetting` where it has another."""
    wanted = KINDS[table()[name]["kind"]]
    own = PLAIN.get(type(value), type(value).__name__)
    if wanted == NUMBER and own == WHOLE:
        value, own = float(value), NUMBER
    if own != wanted or (own == LIST and not all(isinstance(each, str) for each in value)):
        msg = f"{where}: {name} must be {wanted}, not {value!r}"
        raise BadSetting(msg)
    value = tuple(value) if own == LIST else value
    check(name, value, where)
    return value


def from_environment() -> Iterable[Value]:
    """Read ``BOROUGH_HTTP_PORT=9000`` and its like; lists are cut at commas."""
    by_hand = os.environ.get(COMMAND_LINE, "").split(",")
    for variable, text in sorted(os.environ.items()):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in OTHERS or name.lower() == "data":
            continue
        known(name.lower(), variable)
        source = "command line" if name.lower() in by_hand else variable
        yield Value(name.lower(), parsed(name.lower(), text, source), source)


def parsed(name: str, text: str, where: str) -> Any:
    """Read a value that came as text; `BadSetting` where it cannot be one."""
    wanted = KINDS[table()[name]["kind"]]
    turn: Any = {TEXT: str, WHOLE: int, NUMBER: float, LIST: listed}[wanted]
    try:
        return fitting(name, turn(text), where)
    except ValueError as error:
        msg = f"{where}: {name} must be {wanted}, not {text!r}"
        raise BadSetting(msg) from error


def listed(text: str) -> list[str]:
    """Cut a list at its commas."""
    return [each.strip() for each in text.split(",") if each.strip()]


def by_hand(given: Iterable[str], config: Path | None = None) -> None:
    """Take ``name=value`` of the command line, for this process and those that it starts.

    Raises `BadSetting`, before anything is changed, where a name or a value cannot be.
    """
    found: dict[str, str] = {}
    for each in given:
        name, sign, text = each.partition("=")
        if not sign:
            msg = f"command line: write name=value, not {each!r}"
            raise BadSetting(msg)
        known(name, "command line")
        parsed(name, text, "command line")
        found[name] = text
    os.environ.update({PREFIX + name.upper(): text for name, text in found.items()})
    if found:
        os.environ[COMMAND_LINE] = ",".join(found)
    if config is not None:
        os.environ[f"{PREFIX}CONFIG"] = str(config.resolve())
