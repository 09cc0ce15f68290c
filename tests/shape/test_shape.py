"""The size and the vocabulary of the code are part of its design."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "borough"
FILES = sorted(p for place in ("src", "tests", "bench") for p in (ROOT / place).rglob("*.py"))
MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 50
MOST_LINES_IN_A_DETECTOR_FILE = 120
REASON = re.compile(r"[A-Z0-9, \]a-z-]+ (-|#) \w")
EMPTY_WORDS = {
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "base", "handler",
    "service", "processor", "new", "v2",
}  # fmt: skip


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Walk the functions of a file, methods included."""
    tree = ast.parse(path.read_text("utf-8"))
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_is_small_and_well_named(path: Path) -> None:
    """A file fits in the head, and its name says what is in it."""
    rule = path.name in {"detector.py", "formula.py"}
    most = MOST_LINES_IN_A_DETECTOR_FILE if rule else MOST_LINES_IN_A_FILE

    assert path.read_text("utf-8").count("\n") <= most
    assert not EMPTY_WORDS & set(path.stem.split("_"))
    for function in functions(path):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < MOST_LINES_IN_A_FUNCTION, function.name


@pytest.mark.parametrize("package", ["districts", "console"])
def test_data_is_not_code(package: str) -> None:
    """A district is tables and the console is built files: one docstring says so, no more."""
    (only,) = (SOURCE / package).rglob("*.py")

    assert [type(node) for node in ast.parse(only.read_text("utf-8")).body] == [ast.Expr]


def test_every_exemption_has_a_reason() -> None:
    """Whoever silences a check says why on the same line."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for mark in ("noqa:", "type: ignore[")
        if f"# {mark}" in line and not REASON.search(line.split(f"# {mark}")[1])
    ]

    assert bare == []


def test_every_error_is_told_in_both_languages() -> None:
    """Each error class has a code of its own and a title in Chinese and English."""
    from borough.core import errors  # noqa: PLC0415 - only this test looks inside

    kinds = [errors.BoroughError, *errors.BoroughError.__subclasses__()]
    codes = [kind.code for kind in kinds]

    assert len(set(codes)) == len(codes)
    assert set(codes) <= errors.TITLES.keys()
    assert all({"zh", "en"} <= title.keys() for title in errors.TITLES.values())
