"""Shapes: what a table read from TOML must look like, and by which key one does not."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from borough.core.errors import BadScene

Key = tuple[str | int, ...]
"""Where in a file something stands: names of tables and keys, and places in lists from 0."""
LANGUAGES = {"zh", "en"}
KNOTS = 2
"""A curve is a list of pairs."""


def is_number(value: object) -> bool:
    """Tell a finite number from a truth value, which Python calls a number too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def is_text(value: object) -> bool:
    """Tell a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_list(value: object, fits: Callable[[Any], bool], least: int = 1) -> bool:
    """Tell a list of at least so many things that all fit."""
    return isinstance(value, list) and len(value) >= least and all(map(fits, value))


def is_span(value: object) -> bool:
    """Tell a list of two numbers, the lower first."""
    return isinstance(value, list) and is_list(value, is_number, 2) and value == sorted(value[:2])


def is_words(value: object) -> bool:
    """Tell a text in both languages."""
    known = isinstance(value, dict) and value.keys() >= LANGUAGES
    return known and isinstance(value, dict) and all(map(is_text, value.values()))


def is_levels(value: object) -> bool:
    """Tell at least one level: a list of ids, or a table of names in both languages by id."""
    if isinstance(value, dict):
        return bool(value) and all(map(is_words, value.values()))
    return is_list(value, is_text)


def is_curve(value: object) -> bool:
    """Tell a number, or a list of [share of the time, value] that goes on from 0 to 1."""
    if is_number(value):
        return True
    if not (isinstance(value, list) and is_list(value, lambda knot: is_list(knot, is_number, 2))):
        return False
    shares = [knot[0] for knot in value]
    whole = all(len(knot) == KNOTS for knot in value) and all(0 <= each <= 1 for each in shares)
    return whole and shares == sorted(shares)


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text", is_text),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "number": ("a number", is_number),
    "positive": ("a number above 0", lambda value: is_number(value) and value > 0),
    "count": ("a whole number, 0 or more", lambda value: type(value) is int and value >= 0),
    "share": ("a number from 0 to 1", lambda value: is_number(value) and 0 <= value <= 1),
    "texts": ("a list of texts", lambda value: is_list(value, is_text)),
    "numbers": ("a list of numbers", lambda value: is_list(value, is_number)),
    "span": ("two numbers, the lower first, as [1, 2]", is_span),
    "rows": ("a list", lambda value: isinstance(value, list)),
    "words": ('a text in both languages, as { zh = "…", en = "…" }', is_words),
    "levels": (
        'a table of at least one level, as major = { zh = "…", en = "…" }, rising',
        is_levels,
    ),
    "table": ("a table", lambda value: isinstance(value, dict)),
    "tables": (
        "a list of tables",
        lambda value: is_list(value, lambda each: isinstance(each, dict), 0),
    ),
    "curves": (
        "a table of properties, each a number or a list of [share of the time, value]",
        lambda value: isinstance(value, dict) and any(value) and all(map(is_curve, value.values())),
    ),
}


def fitted(table: object, keys: Mapping[str, str], at: Key = ()) -> Mapping[str, Any]:
    """Give a table back, if every key is there, is known and is of its kind.

    *keys* names the kind of each key; one whose name ends in ``?`` may be left out.  Raises
    `BadScene` with the key, counted from *at*, the place of the table in its file.
    """
    if not isinstance(table, Mapping):
        msg = f"it must be a table, not {table!r}"
        raise BadScene(msg, key=at)
    kinds = {name.removesuffix("?"): kind for name, kind in keys.items()}
    for name in table:
        if name not in kinds:
            msg = f"nobody knows the key {name}; known are {', '.join(kinds)}"
            raise BadScene(msg, key=(*at, name))
    for name, kind in keys.items():
        bare = name.removesuffix("?")
        if bare not in table:
            if bare == name:
                msg = f"{name} is missing; it must be {KINDS[kind][0]}"
                raise BadScene(msg, key=(*at, name))
            continue
        says, fits = KINDS[kind]
        if not fits(table[bare]):
            msg = f"it must be {says}, not {table[bare]!r}"
            raise BadScene(msg, key=(*at, bare))
    return table
