"""One word for each idea: the words of the core are explained in both languages."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import borough.core
from borough.core.errors import BoroughError

GLOSSARY = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.read_text("utf-8").splitlines()
    if line.startswith("| ")
][2:]
WORDS = {row[0] for row in ROWS}
SPELLED = {"now": "now record"}
"""Where a class is called by half of its word."""


def nouns() -> Iterator[str]:
    """Walk the data classes of the core: `DistrictClock` is a district clock, `Grids` are grid."""
    for each in pkgutil.iter_modules(borough.core.__path__):
        module = importlib.import_module(f"borough.core.{each.name}")
        for name, kind in inspect.getmembers(module, inspect.isclass):
            ours = kind.__module__ == module.__name__ and not name.startswith("_")
            if ours and not issubclass(kind, BoroughError) and not getattr(kind, "_is_protocol", 0):
                yield singular(" ".join(re.findall("[A-Z][a-z]*", name)).lower())


def singular(word: str) -> str:
    """Take the plural off a word.

    >>> singular("agencies"), singular("grids"), singular("series")
    ('agency', 'grid', 'series')
    """
    if word == "series":
        return word
    return re.sub("ies$", "y", word) if word.endswith("ies") else re.sub("s$", "", word)


def test_every_noun_of_the_core_is_explained() -> None:
    """Whoever names a class finds or adds its word in the glossary."""
    used = {SPELLED.get(word, word) for word in nouns()}

    assert used
    assert used - WORDS == set()


def test_every_word_is_told_once_in_both_languages() -> None:
    """Words stand in order, each with its Chinese and its meaning, and no Chinese means two."""
    assert [row[0] for row in ROWS] == sorted(WORDS)
    assert all(len(row) == 3 and all(row) for row in ROWS)
    chinese = [row[1] for row in ROWS]
    assert len(set(chinese)) == len(chinese)
    assert all(re.search("[\u4e00-\u9fff]", each) for each in chinese)
