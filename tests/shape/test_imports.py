"""The inner rings import from a short list; import-linter checks directions, this checks guests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "borough"
PLAIN = {"__future__", "abc", "collections", "dataclasses", "enum", "math", "typing", "numpy"}
ARITHMETIC = {
    "datetime", "decimal", "fractions", "functools", "hashlib", "itertools", "json",
    "operator", "re",
    "struct", "unicodedata", "zlib", "zoneinfo",
}  # fmt: skip
RINGS = {
    "core": PLAIN | ARITHMETIC | {"borough.core"},
    "scenes": PLAIN | {"borough.core"},
    "districts": set(),
    "console": set(),
}
FILES = [(ring, path) for ring in RINGS for path in sorted((SOURCE / ring).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    """Name every module a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize(
    ("ring", "path"), FILES, ids=[str(path.relative_to(SOURCE)) for _, path in FILES]
)
def test_ring_admits_only_its_guests(ring: str, path: Path) -> None:
    """Core and scenes run on NumPy, the core and a few plain modules; data runs on nothing."""
    guests = RINGS[ring]
    if path.parent.name == "tests":
        return
    strangers = [
        name
        for name in imported(path)
        if not any(name == guest or name.startswith(f"{guest}.") for guest in guests)
    ]

    assert strangers == []
