"""Point at the line of an author's file where something is wrong."""

import re
import traceback
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from borough.core.shapes import Key

QUOTED = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*')
HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*$")
SETTING = re.compile(r"\s*([\w\-.\"' ]+?)\s*=")
PART = re.compile(r"\"[^\"]*\"|'[^']*'|[\w-]+")
AT_LINE = re.compile(r"at line (\d+)")


def line_of(text: str, key: Key) -> int:
    r"""Say in which line of a TOML text, from 1, a key stands, or the nearest one above it.

    Keys within an inline table are where that table is; lists of values are one place.

    >>> line_of("[parameters.grace_s]\nvalue = 3\n", ("parameters", "grace_s", "value"))
    2
    """
    best, found = 0, 1
    for number, place in places(text):
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(place, key)))  # noqa: B905 - one may be longer
        if shared == len(place) and shared > best:
            best, found = shared, number
    return found


def places(text: str) -> Iterator[tuple[int, Key]]:
    """Walk the tables and keys of a TOML text with the number of their lines."""
    here: Key = ()
    counts: dict[Key, int] = {}
    depth, inside = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line
        if inside:
            _, end, bare = line.partition(inside)
            inside = "" if end else inside
            if inside:
                continue
        elif not depth and (header := HEADER.match(QUOTED.sub(kept, line))):
            here = table(header[2], counts, many=header[1] == "[[")
            yield number, here
            continue
        elif not depth and (setting := SETTING.match(line)):
            yield number, (*here, *parts(setting[1]))
        quotes = [each for each in QUOTED.findall(bare) if each in {'"""', "'''"}]
        inside = quotes[0] if len(quotes) % 2 else ""
        rest = QUOTED.sub("", bare)
        depth += sum(rest.count(each) for each in "[{") - sum(rest.count(each) for each in "]}")


def kept(quoted: re.Match[str]) -> str:
    """Leave quoted names standing and drop remarks."""
    return "" if quoted[0].startswith("#") else quoted[0]


def parts(dotted: str) -> tuple[str, ...]:
    """Split a dotted key."""
    return tuple(each.strip("\"'") for each in PART.findall(dotted))


def table(dotted: str, counts: dict[Key, int], *, many: bool) -> Key:
    """Name a table by its header; of a list of tables the one that it is, or is inside."""
    names = parts(dotted)
    here: Key = ()
    for number, name in enumerate(names, 1):
        here = (*here, name)
        if many and number == len(names):
            counts[here] = counts.get(here, -1) + 1
        if here in counts:
            here = (*here, counts[here])
    return here


def line_within(error: BaseException, path: Path) -> int:
    """Say in which line of a Python file an error arose; 0 where it did not go through it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    calls = traceback.extract_tb(error.__traceback__)
    return next((call.lineno or 0 for call in reversed(calls) if call.filename == str(path)), 0)


def field_line(text: str, name: str) -> int:
    r"""Say in which line of a Python text, from 1, a field is declared; 1 where none is.

    >>> field_line("class A:\n    limit: float\n", "limit")
    2
    """
    declared = re.search(rf"^\s+{re.escape(name)}\s*:", text, re.MULTILINE)
    return 1 + text.count("\n", 0, declared.end()) if declared else 1


def line_told(error: Exception) -> int:
    """Read the line out of what the TOML parser says; 0 where it says none."""
    said = AT_LINE.search(str(error))
    return int(said[1]) if said else 0


def dotted(key: Key) -> str:
    """Write a key as people do: ``step 2: within_s`` is ``step[2].within_s``.

    >>> dotted(("step", 1, "within_s"))
    'step[2].within_s'
    """
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text
