"""What simulated devices say: at their intervals, within their limits, the same for every asker."""

import json
from pathlib import Path

import numpy as np
import pytest

import borough.districts
from borough.core.registry import Registry
from borough.edge.fleet.devices import Devices
from borough.edge.fleet.history import pasts, planned, prepare
from borough.edge.fleet.reports import Desk, batches
from borough.edge.fleet.schedule import SPEAKS, Schedule
from borough.edge.fleet.values import DAY_MS, decimals
from borough.edge.placement.fleet import place
from borough.edge.twin import load
from borough.engine.district import read

START = 1_720_569_600_000
"""2024-07-10T08:00:00+08:00."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A hundredth of the built-in district, with every class in it."""
    folder = Path(borough.districts.__file__).parent / "yubei"
    return place(read(folder), 1, 0.02)


@pytest.fixture(scope="module")
def devices(registry: Registry) -> Devices:
    """Its devices."""
    return Devices.of(registry, 1)


def test_each_class_reports_at_its_declared_interval(registry: Registry) -> None:
    """Over a simulated day every device reports as often as its class says, give or take one."""
    schedule = Schedule.of(registry, 1, START)
    quiet = np.zeros(len(registry.id), bool)
    counts = np.zeros(len(registry.id))
    for hour in range(24):
        rows, when = schedule.take(START + (hour + 1) * DAY_MS // 24, quiet)
        np.add.at(counts, rows, 1)
        assert (np.diff(when) >= 0).all()
        assert (when < START + (hour + 1) * DAY_MS // 24).all()
    for number, kind in enumerate(registry.kinds):
        mine = counts[registry.kind == number]
        often = 86_400 / kind.interval_s if kind.role in SPEAKS and kind.interval_s else 0
        assert (np.abs(mine - often) <= 1).all(), kind.code


def test_the_reports_of_a_class_are_spread_over_its_interval(registry: Registry) -> None:
    """No second of the minute is crowded: cameras do not speak all at once."""
    schedule = Schedule.of(registry, 1, START)
    minute = schedule.due[schedule.interval == 60_000] - START

    assert np.histogram(minute, 6, (0, 60_000))[0].min() > len(minute) / 12


def test_every_value_is_one_that_the_door_takes(registry: Registry, devices: Devices) -> None:
    """All classes at all hours: finite, within the limits of the property, readable as JSON."""
    desk = Desk.of(registry)
    for number, kind in enumerate(registry.kinds):
        rows = np.flatnonzero(registry.kind == number)[:40]
        if kind.role not in SPEAKS:
            continue
        for hour in range(0, 30, 5):
            when = START + hour * DAY_MS // 24 + np.arange(len(rows)) * 1000
            columns = devices.say(number, rows, when)
            for body, row, time in zip(
                desk.bodies(number, when, columns), range(len(rows)), when.tolist(), strict=True
            ):
                said = json.loads(body)
                assert said.pop("t") == time
                assert list(said) == [each.code for each in kind.properties]
                for each in kind.properties:
                    assert each.low <= said[each.code] <= each.high, (kind.code, each.code)
                    assert said[each.code] == pytest.approx(
                        columns[each.code][row], abs=10.0 ** -decimals(each)
                    )


def test_a_value_is_the_same_however_it_is_asked_for(registry: Registry, devices: Devices) -> None:
    """One device alone, among others, or from a second fleet of the same seed: one answer."""
    again, other = Devices.of(registry, 1), Devices.of(registry, 2)
    for number in range(len(registry.kinds)):
        rows = np.flatnonzero(registry.kind == number)[:8]
        when = START + np.arange(len(rows)) * 977_000
        together = devices.say(number, rows, when)
        for place_, row in enumerate(rows):
            alone = again.say(number, np.array([row]), when[place_ : place_ + 1])
            assert all(alone[code][0] == column[place_] for code, column in together.items())
    kind = next(n for n, each in enumerate(registry.kinds) if each.code == "air")
    rows = np.flatnonzero(registry.kind == kind)
    one, two = (each.say(kind, rows, np.full(len(rows), START)) for each in (devices, other))
    assert (one["pm25"] != two["pm25"]).any()


def test_counters_never_run_back(registry: Registry, devices: Devices) -> None:
    """A meter's total rises from reading to reading."""
    kind = next(n for n, each in enumerate(registry.kinds) if each.code == "water_meter")
    row = np.repeat(np.flatnonzero(registry.kind == kind)[:5], 24)
    when = np.tile(START + np.arange(24) * DAY_MS // 24, 5)
    total = devices.say(kind, row, when)["total"].reshape(5, 24)

    assert (np.diff(total, axis=1) > 0).all()


def test_a_days_readings_travel_as_one_list() -> None:
    """Bodies are joined in order, each list as long as was asked for."""
    joined = batches([b"1", b"2", b"3", b"4"], 2)

    assert [json.loads(each) for each in joined] == [[1, 2], [3, 4]]


def test_the_meters_of_a_recorded_zone_add_up_to_the_recording(devices: Devices) -> None:
    """Whatever the meters, inflow minus outflow is the balance that the twin recorded."""
    recording, water = load("demo"), devices.water
    zones = range(min(recording.zones, len(water.zone_row)))
    assert zones
    for zone in zones:
        meters = np.flatnonzero(water.zone_of == zone)
        for window in (0, 700, 2015):
            at = np.full(len(meters), recording.start_ms + window * recording.step_ms + 333_000)
            said = (water.sign_of[meters] * water.flow(meters, at)).sum()
            whole = water.sign_of[meters] < 0
            if not whole.any():
                continue
            assert said == pytest.approx(recording.net_flow()[zone, window], abs=1e-6)


def test_the_past_is_in_order_and_is_what_was_sent(registry: Registry) -> None:
    """Chunks follow each other; each row is what the device would have said then."""
    devices = planned(registry, 1, START)
    last = 0
    seen: dict[str, int] = {}
    for now, series, time, value in prepare(registry, START, 2):
        assert last < now <= START
        assert ((time >= last - DAY_MS) & (time < now)).all()
        assert (np.diff(time) >= 0).all()
        row = registry.row_of_series[series]
        for number in np.unique(registry.kind[row]):
            kind, mine = registry.kinds[number], registry.kind[row] == number
            columns = devices.say(int(number), row[mine], time[mine])
            for place_ in np.unique(registry.column[series[mine]]):
                each = kind.properties[place_]
                here = registry.column[series[mine]] == place_
                wanted = np.round(columns[each.code][here], decimals(each))
                assert value[mine][here] == pytest.approx(wanted)
                seen[each.code] = seen.get(each.code, 0) + int(here.sum())
        last = now
    assert last == START
    assert seen.keys() == {each.property for each in pasts()}


def test_the_live_run_goes_on_where_the_past_ends(registry: Registry) -> None:
    """Between the last told reading of a meter and its first live one lies one interval."""
    kind = next(n for n, each in enumerate(registry.kinds) if each.code == "water_flow")
    newest: dict[int, int] = {}
    for _, series, time, _ in prepare(registry, START, 1):
        newest.update(zip(registry.row_of_series[series].tolist(), time.tolist(), strict=True))
    schedule = Schedule.of(registry, 1, START)
    rows = np.flatnonzero(registry.kind == kind)
    step = round(registry.kinds[kind].interval_s * 1000)

    assert len(rows)
    assert all(schedule.due[row] == newest[row] + step for row in rows.tolist())
