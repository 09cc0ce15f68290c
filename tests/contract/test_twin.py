"""What a recording of the hydraulic twin promises to whoever plays it or scores with it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from borough.core.errors import BadSetting, NotFound
from borough.edge.twin import Recording, load, names, read, truth
from borough.edge.twin.hydraulics import engine
from borough.edge.twin.recording import FOLDER, QUANTA, write
from borough.edge.twin.settings import orders

A_DAY = 96
HOUR_MS = 3_600_000
MOST_BYTES = 3_000_000
BIG = 0.2


@pytest.fixture(params=names())
def name(request: pytest.FixtureRequest) -> str:
    """Each recording that ships."""
    return str(request.param)


def test_what_is_ordered_ships() -> None:
    """The table of recordings and the folder hold the same names, in less than 3 MB."""
    assert names() == sorted(orders())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES


def test_a_recording_is_what_its_order_says(name: str) -> None:
    """Network, zones and days are those of the table, and every number is a number."""
    order, recording = orders()[name], load(name)

    assert (recording.network, recording.zones) == (order.network, order.zones)
    assert recording.steps == order.days * A_DAY
    assert recording.flow.shape == (len(recording.source), recording.steps)
    assert np.isfinite(recording.flow).all()
    assert np.isfinite(recording.pressure).all()


def test_no_water_is_made_at_a_boundary(name: str) -> None:
    """A meter between two zones counts once for each side, so that inner meters cancel out."""
    recording = load(name)
    entering = recording.flow[recording.source < 0].sum(axis=0)
    leaving = recording.flow[recording.target < 0].sum(axis=0)

    assert np.allclose(recording.net_flow().sum(axis=0), entering - leaving)


def test_every_zone_uses_water(name: str) -> None:
    """A zone takes more than it gives, day by day, whatever flows through it."""
    days = load(name).net_flow().reshape(load(name).zones, -1, A_DAY).mean(axis=2)

    assert (days > 0).all()


def test_columns_add_up_to_the_balance(name: str) -> None:
    """Who plays the columns and adds them with their signs gets each zone's balance."""
    recording = load(name)
    columns = recording.columns(0, A_DAY)
    step = columns["time"] // recording.step_ms
    net = np.zeros((recording.zones, A_DAY))
    np.add.at(net, (columns["zone"], step), columns["sign"] * columns["flow"])

    assert np.allclose(net, recording.net_flow()[:, :A_DAY])
    assert (np.diff(columns["time"]) >= 0).all()


@pytest.mark.parametrize(("inlets", "outlets"), [(1, 1), (2, 1), (3, 2)])
def test_bundling_keeps_the_balance(inlets: int, outlets: int) -> None:
    """However many meters a zone is given, their balance is the one that was recorded."""
    recording = load("demo")
    bundled = recording.bundled(inlets, outlets)
    net = bundled[:, :inlets].sum(axis=1) - bundled[:, inlets:].sum(axis=1)

    assert bundled.shape == (recording.zones, inlets + outlets, recording.steps)
    assert np.allclose(net, recording.net_flow())


def test_a_planted_leak_is_in_the_water(name: str) -> None:
    """The zone of each full-grown leak takes more than before it, by about its size."""
    recording = load(name)
    nights = recording.net_flow().reshape(recording.zones, -1, A_DAY)[:, :, 8:16].mean(axis=2)
    for leak in truth(name):
        first, last = (
            (moment - recording.start_ms) // (24 * HOUR_MS)
            for moment in (leak.start_ms, leak.end_ms)
        )
        if leak.kind == "abrupt" and leak.share >= BIG:
            gained = nights[leak.zone, first + 1 : last].mean() - nights[leak.zone, :first].mean()
            assert leak.size / 2 < gained < leak.size * 2, leak


def test_the_demo_has_a_past_and_a_future() -> None:
    """Three weeks lie before its clock begins, and a leak begins 70 minutes before it."""
    clock = round(datetime(2024, 7, 10, tzinfo=UTC).timestamp() * 1000)
    demo, leaks = load("demo"), [each for each in truth("demo") if each.kind != "flushing"]

    assert clock - demo.start_ms >= 21 * 24 * HOUR_MS
    assert demo.start_ms + demo.steps * demo.step_ms - clock >= 2 * 24 * HOUR_MS
    assert leaks[0].start_ms - clock == -HOUR_MS * 7 // 6
    assert all(each.start_ms > clock for each in leaks[1:])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(-3000, 3000), min_size=7, max_size=7), min_size=1, max_size=5))
def test_saving_keeps_every_quantum(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]
) -> None:
    """What is saved and opened again differs by half a quantum at most, however it jumps."""
    flow, many = np.array(rows), len(rows)
    path = tmp_path_factory.mktemp("twin") / "r.npz"
    where = np.zeros((many, 2))
    ends = np.arange(many) - 1, np.arange(many)
    Recording("n", "m", 0, 900_000, *ends, flow, flow / 5000, where, where).save(path)
    again = Recording.open(path)

    assert np.abs(again.flow - flow).max() <= QUANTA["flow"] / 2 + 1e-9
    assert np.abs(again.pressure - flow / 5000).max() <= QUANTA["pressure"] / 2 + 1e-9
    assert again.source.tolist() == ends[0].tolist()


def test_truth_survives_its_file(tmp_path: Path) -> None:
    """What was planted reads back as it was written."""
    write(tmp_path / "t.csv", truth("demo"))

    assert read(tmp_path / "t.csv") == truth("demo")


def test_what_is_no_recording_says_so(tmp_path: Path) -> None:
    """A wrong name lists the right ones; a wrong file is named."""
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"not a recording")

    with pytest.raises(NotFound, match="there are: demo"):
        load("atlantis")
    for start in (b"", b"PK\x03\x04", b"\x93NUMPY"):
        broken.write_bytes(start + b"not a recording" * bool(start))
        with pytest.raises(BadSetting, match=r"broken\.npz is no recording"):
            Recording.open(broken)
    with pytest.raises(BadSetting, match=r"broken\.npz is no truth"):
        read(broken)


def test_without_wntr_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot make recordings is told what to install."""
    monkeypatch.setitem(sys.modules, "wntr", None)

    with pytest.raises(BadSetting, match=r"borough\[twin\]"):
        engine()
