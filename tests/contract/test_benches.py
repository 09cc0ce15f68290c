"""Benches that run benches: goals name what is there, and pages say what was measured."""

import csv
import importlib
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from borough.adapters.limits import Limits

ROOT = Path(__file__).parents[2]
BENCH, WHY = ROOT / "bench", ROOT / "docs" / "why"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Give a bench by its name."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module


@pytest.fixture
def scale(bench: Callable[[str], Any]) -> Any:
    """Give the bench of scale."""
    return bench("scale")


@pytest.fixture
def every(bench: Callable[[str], Any]) -> Any:
    """Give the bench of all benches."""
    return bench("all")


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
        assert each["goals"], each["name"]
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


def test_what_could_not_be_measured_is_neither_met_nor_missed(every: Any) -> None:
    """Where nothing can be had to stand beside, the page says so and no more."""
    found = every.judged({"figures": {"beside": None}}, [["beside", "<=", 1]])
    row = {"name": "history", "goals": found}

    assert found[0]["met"] is None
    assert every.goals_of(row) == ["| history | beside | <= 1 | not measured | not measured |"]


def test_a_page_names_the_commit_of_each_run_and_says_where_they_differ(every: Any) -> None:
    """Figures of several commits in one table are no state that anybody could have."""
    said = {"command": "borough bench x", "at": "2026-11-22T21:00Z", "seconds": 1, "goals": []}
    old, new = (
        {**said, "name": name, "commit": name * 10, "load": load}
        for name, load in (("a", 0.5), ("b", 3.0))
    )
    told = {"form": "full", "machine": every.machine(), "runs": [old]}
    one, both = every.page(told), every.page({**told, "runs": [old, new]})

    assert "commit aaaaaaaaaa." in one
    assert "different commits**: aaaaaaaaaa, bbbbbbbbbb." in both
    assert "| b | `borough bench x` | bbbbbbbbbb | 3.0 | 2026-11-22T21:00Z | 1 |" in both
    assert every.page({**told, "runs": [{**said, "name": "c"}]}).count("not noted") == 3
    assert re.fullmatch(r"\w+ \d+\.\d+", told["machine"]["kernel"])
    assert re.fullmatch(r"([0-9a-f]{10}\+?)?", every.commit())


def test_a_run_that_takes_long_runs_only_when_it_is_named(every: Any) -> None:
    """Neither all benches nor all runs of its bench bring it along."""
    long = {"name": "ingest, ten minutes", "bench": "ingest", "only": True}
    short = {"name": "ingest, a minute", "bench": "ingest"}

    for only, runs in (
        ([], [short]),
        (["ingest"], [short]),
        (["memory"], []),
        (["ingest, ten minutes"], [long]),
    ):
        assert [each for each in (short, long) if every.wanted(each, only)] == runs


def test_a_reading_told_twice_hides_none_that_was_lost(bench: Callable[[str], Any]) -> None:
    """What is counted is readings by series and time, in any order, not rows."""
    held = bench("_held")
    series, time_ms = np.array([3, 1, 1, 1, 3]), np.array([50, 50, 51, 52, 50]) + 10**12

    names = held.named(series, time_ms, 10**12 + 51)

    assert held.again([names[:2], names[2:]]) == 1
    assert held.again([names[:4]]) == 0
    assert held.again([]) == 0


def test_lost_is_what_is_neither_stored_nor_rejected(bench: Callable[[str], Any]) -> None:
    """A message that does not come counts, a reading that vanishes counts, a rejected one not."""
    lost = bench("ingest").lost
    come = {"messages": 100, "received": 300, "rejected": 7}

    assert lost(100, come, stored=293) == 0
    assert lost(101, come, stored=293) == 1
    assert lost(100, come, stored=290) == 3


def test_the_real_mix_says_what_each_pace_costs_beside_its_runs(
    bench: Callable[[str], Any],
) -> None:
    """Goals reach no list: what has one stands outside, all processes of ours together."""
    cost = {"bus": 0.02, "stream": 0.02, "desk": 0.01, "api": 0.005}
    runs = [
        {"times": times, "lost": times, "rejected": 0, "not_archived": 0, "p99_ms": 100 * times,
         "cores": cost, "pss_mb": {"bus": 50.0, "api": 100.0 * times}}
        for times in (1, 10.0)
    ]  # fmt: skip

    assert bench("ingest").together(runs) == {
        "lost": 11, "rejected": 0, "not_archived": 0, "p99_ms": 1000,
        "core_pct_1x": 5.5, "pss_mb_1x": 150.0, "core_pct_10x": 5.5, "pss_mb_10x": 1050.0,
    }  # fmt: skip


def test_classes_of_the_history_are_as_large_as_the_district_says(
    bench: Callable[[str], Any],
) -> None:
    """Of all its devices the classes have their own sizes, of fewer their share."""
    history = bench("history")
    with (history.YUBEI / "classes.csv").open(encoding="utf-8", newline="") as file:
        counts = [int(each["count"]) for each in csv.DictReader(file) if each["role"] == "device"]

    assert sum(counts) == history.FLEET
    mean = round(sum(counts) / len(counts))
    assert history.classes(history.YUBEI, history.FLEET) == (mean, max(counts))
    assert history.classes(history.YUBEI, 1) == (1, 1)


def test_what_stands_beside_victoria_metrics_is_told_flat_or_as_nothing(
    bench: Callable[[str], Any],
) -> None:
    """Each clause has a figure of its own, less being better."""
    ratios = bench("history").ratios
    figures = {"bytes_per_row": 2.0, "latest_p95_ms": 1.0, "aggregate_p95_ms": 20.0}
    ours = {**figures, "series_day_p95_ms": 3.0}
    theirs = {name: 2 * each for name, each in ours.items()}
    told = ratios({"borough": ours, "victoria_metrics": theirs})

    assert told == {
        "beside_bytes_ratio": 0.5, "beside_latest_ratio": 0.5, "beside_aggregate_ratio": 0.5,
        "beside_series_day_p95_ms": 3.0,
    }  # fmt: skip
    for found in ({}, {"borough": ours, "victoria_metrics": "not to be had here"}):
        assert ratios(found) == dict.fromkeys(told)


def test_the_limit_of_the_bus_is_told_as_it_holds_where_there_is_little_memory(
    bench: Callable[[str], Any],
) -> None:
    """It is the least of a number and of a share of what there is."""
    limits, stated = Limits.load(), bench("memory").stated
    small, large = 1 << 30, 1 << 45

    assert stated(limits, large)["bus_heap_mb"] == limits.bus_heap_bytes >> 20
    assert stated(limits, small)["bus_heap_mb"] == round(1024 * limits.bus_heap_pct / 100)


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
