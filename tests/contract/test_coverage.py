"""The table of systems says truly which of them run: it is read from those that carry them."""

import ast
import csv
import tomllib
from pathlib import Path

import pytest

from borough.engine.catalog import BUILT_IN, find_all

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
ROWS = list(csv.DictReader((REFERENCE / "coverage.csv").read_text("utf-8").splitlines()))
CORE = tomllib.loads((REFERENCE / "coverage.toml").read_text("utf-8"))
SYSTEMS = 60


def test_every_system_is_told_once_in_both_languages() -> None:
    """Sixty systems, numbered without a gap, each with its half, its name and what it must do."""
    assert [each["system"] for each in ROWS] == [f"SYS-{n:02}" for n in range(1, SYSTEMS + 1)]
    assert {each["half"] for each in ROWS} == {"city", "economy"}
    assert all(each[f"{what}_{tongue}"] for each in ROWS for what in ("name", "must")
               for tongue in ("zh", "en"))  # fmt: skip


def test_nobody_carries_a_system_that_is_none() -> None:
    """What a scene or the core says it carries is in the table."""
    known = {each["system"] for each in ROWS}
    carried = {name for found in find_all(BUILT_IN) for name in found.scene.carries}

    assert carried | CORE.keys() <= known


def test_the_table_names_those_who_carry() -> None:
    """Who carries a system is in manifests alone; it runs only if nothing is lacking."""
    scenes = [found.scene for found in find_all(BUILT_IN)]
    for each in ROWS:
        names = [CORE[each["system"]]["by"]] if each["system"] in CORE else []
        names += [scene.id for scene in scenes if each["system"] in scene.carries]
        assert each["carried_by"].split() == names, each["system"]
        assert (each["state"] == "not yet") == (not names), each["system"]
        assert each["state"] != "running" or not each["lacks"], each["system"]


@pytest.mark.parametrize("system", CORE)
def test_what_the_core_carries_is_proved(system: str) -> None:
    """Each claim for the core names tests, and those tests exist."""
    assert CORE[system]["tests"]
    for test in CORE[system]["tests"]:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, test
