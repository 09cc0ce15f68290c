"""Benches that run benches: goals name what is there, and pages say what was measured."""

import importlib
import json
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
BENCH, WHY = ROOT / "bench", ROOT / "docs" / "why"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the bench of scale."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("scale")


@pytest.fixture
def every(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the bench of all benches."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("all")


def test_the_page_of_scale_says_what_was_measured(scale: Any) -> None:
    """No figure of the page or of its plots was typed by hand: both follow from the JSON."""
    kept = json.loads((WHY / "scale.json").read_text("utf-8"))
    text = (WHY / "scale.md").read_text("utf-8")

    assert scale.written(kept, text) == text
    for name, drawn in scale.plots(kept).items():
        assert (WHY / f"scale-{name}.svg").read_text("utf-8") == drawn
        assert ET.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - written just now


def test_sizing_is_the_arithmetic_that_the_page_tells(scale: Any) -> None:
    """Two readings a second at 3 bytes are 518 GB a day for a million devices.

    Cores lie between those measured, and beyond them grow in proportion.
    """
    of = {"series": 5.0, "reports": 0.1, "readings": 2.0, "kb": 0.5, "mb": 512.0, "row": 3.0,
          "stream": 6.0}  # fmt: skip
    kept = {
        "sizes": [
            {"devices": 1_000, "each_cores": 0.1, "usual": [[100.0, 0.1]]},
            {"devices": 100_000, "each_cores": 1.0, "usual": [[1e4, 0.5], [1e6, 4.5]]},
        ]
    }
    devices, series, reports, usual, memory, history, busy, workers = scale.sized(
        of, kept, 1_000_000
    )

    assert (devices, series, reports) == (1_000_000, 5e6, 1e5)
    assert usual == pytest.approx(1.5)
    assert memory == pytest.approx((512 + 5e6 * 0.5 / 1024) / 1024)
    assert history == pytest.approx(518.4)
    assert (busy, workers) == (pytest.approx(10.0), 9)


def test_every_run_of_all_is_a_bench_with_options_that_it_knows() -> None:
    """A renamed bench or option would only be noticed after an hour."""
    for each in tomllib.loads((BENCH / "all.toml").read_text("utf-8"))["run"]:
        text = (BENCH / f"{each['bench']}.py").read_text("utf-8")
        words = {word for word in (*each["quick"], *each["full"]) if word.startswith("--")}
        assert [word for word in words if f'add_argument("{word}"' not in text] == []
        assert all(len(goal) == 3 and goal[1] in {"<=", ">="} for goal in each["goals"])


def test_goals_are_held_against_figures_and_none_is_met_by_silence(every: Any) -> None:
    """A bench that failed, or a figure that is gone, meets no goal; others are not touched."""
    goals = [["lost", "<=", 0], ["deep.rate", ">=", 5], ["gone", "<=", 1]]
    row = {"figures": {"lost": 0, "deep": {"rate": 4.0}}}

    assert [each["met"] for each in every.judged(row, goals)] == [True, False, False]
    assert [each["met"] for each in every.judged({"failed": "no"}, goals)] == [False] * 3


def test_a_bench_that_fails_is_a_row_that_says_so(every: Any) -> None:
    """The table is written all the same."""
    run = {"name": "broken", "bench": "detect", "quick": ["--no-such-option"], "goals": []}
    row = {**every.told(run, "quick"), "goals": []}

    assert "--no-such-option" in row["failed"]
    page = every.page({"form": "quick", "machine": every.machine(), "runs": [row]})
    assert "| broken | failed |" in page


def test_a_bench_run_again_leaves_the_others_figures_of_the_same_form_and_machine(
    every: Any, tmp_path: Path
) -> None:
    """Figures of another form, or of another machine, do not stand in one table."""
    found = {"form": "full", "machine": every.machine(), "runs": [{"name": "memory", "goals": []}]}
    (tmp_path / "bench.json").write_text(json.dumps(found), "utf-8")
    other = {**found, "machine": {**found["machine"], "cores": 4096}}

    assert every.kept(tmp_path, found) == {"memory": {"name": "memory", "goals": []}}
    assert every.kept(tmp_path, {**found, "form": "quick"}) == {}
    assert every.kept(tmp_path, other) == {}
    assert every.kept(tmp_path / "empty", found) == {}
