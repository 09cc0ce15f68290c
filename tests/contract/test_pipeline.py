"""One journal, one answer: derived things, crashes and cuts included."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.contract.test_runner import SCENE, Warm

from borough.core.derives import Derivation
from borough.core.errors import BadScene
from borough.core.observations import REPORT_BITS, Batch, Now, Record
from borough.core.registry import Kind, Property, Registry
from borough.core.scenes import Scene
from borough.engine.catalog import Found
from borough.engine.pipeline import Pipeline

FLOW = Property("temp", {}, "Cel", 0, 100, (0, 100))
PROBE = Kind("probe", {}, "device", (FLOW,), 60, 60, 0)
HALL = Kind("hall", {}, "derived", (Property("temp", {}, "Cel", 0, 100, (0, 100)),), 60, 60, 0)
ROOM = Kind("room", {}, "derived", (Property("temp", {}, "Cel", 0, 100, (0, 100)),), 60, 60, 0)
HOUR = 3_600_000


def registry() -> Registry:
    """Four probes in two rooms of one hall; the fourth counts backwards."""
    return Registry(
        kinds=(PROBE, ROOM, HALL),
        id=np.arange(1, 8),
        key=("p1", "p2", "p3", "p4", "r1", "r2", "h1"),
        kind=np.array([0, 0, 0, 0, 1, 1, 2]),
        first=np.arange(7, dtype=np.int32),
        lon=np.zeros(7),
        lat=np.zeros(7),
        grid=np.zeros(7, np.int64),
        via=np.full(7, -1),
        relations={
            "in": (np.arange(4), np.array([4, 4, 5, 5]), np.array([1, 1, 1, -1])),
            "under": (np.arange(4), np.full(4, 6), np.ones(4, int)),
            "rooms": (np.array([4, 5]), np.array([6, 6]), np.ones(2, int)),
        },
    )


def scene(*, with_hall: bool = False, **derivation: Any) -> Found:
    """Watch rooms, which are derived from probes."""
    told = {"kind": "room", "property": "temp", "from": "probe", "of": "temp", "over": "in"}
    told |= {"how": "mean", "window_s": 3600}
    hall = {**told, "kind": "hall", "over": "under", "how": "max", "needs_all": False}
    derives = [Derivation.declared(told | derivation)]
    derives += [Derivation.declared(hall)] if with_hall else []
    watched = Scene(
        **{name: getattr(SCENE, name) for name in Scene.__dataclass_fields__}
        | {"sources": ("room", "hall"), "derives": tuple(derives)}
    )
    return Found(watched, Warm, {}, [], Path())


class Journal:
    """What a stream process does, without wires: journal, read, and journal what was derived."""

    def __init__(self, pipeline: Pipeline, held: list[tuple[Record, int]] | None = None) -> None:
        self.pipeline = pipeline
        self.held = held if held is not None else []
        self.said: list[tuple[str, float, int]] = []

    def write(self, rows: list[tuple[int, int, float]], now: int, cause: int = -1) -> None:
        """Journal some rows ``(series, ms, value)``, each a report, or the time alone."""
        place = len(self.held) << REPORT_BITS
        record: Record = Now(place, now)
        if rows:
            record = Batch.of([(place + n, now, *row) for n, row in enumerate(rows)])
        self.held.append((record, cause))
        self.read(record, cause)
        self.settle(now)

    def read(self, record: Record, cause: int) -> None:
        """Let the scenes hear a record."""
        for edges in self.pipeline.read(record, cause).edges:
            levels = edges.after["level"].tolist()
            self.said += zip(edges.ids(), edges.time.tolist(), levels, strict=True)

    def settle(self, now: int) -> None:
        """Journal results that are due."""
        for each in list(self.pipeline.due()):
            rows = zip(each.series.tolist(), each.time.tolist(), each.value.tolist(), strict=True)
            self.write(list(rows), now, each.cause)


def fresh(**derivation: Any) -> Pipeline:
    """Set the pipeline to work in Chongqing's time zone."""
    return Pipeline([scene(**derivation)], registry(), "Asia/Shanghai")


def results(journal: Journal) -> list[tuple[int, int, float]]:
    """Give the derived rows that the journal holds: series, hour, value."""
    derived = [record for record, cause in journal.held if cause >= 0]
    return [
        (int(s), int(t) // HOUR, float(v))
        for batch in derived
        if isinstance(batch, Batch)
        for s, t, v in zip(batch.series, batch.time, batch.value, strict=True)
    ]


def test_a_window_closes_on_journal_time_and_gives_one_row_for_each_thing() -> None:
    """Readings of 08:00 to 09:00 make one result at 09:00, a minute after the hour."""
    journal = Journal(fresh())
    journal.write([(0, 10, 20.0), (1, 20, 40.0), (2, 30, 10.0), (3, 40, 30.0)], 100)
    journal.write([], HOUR + 59_999)
    early = results(journal)
    journal.write([], HOUR + 60_000)

    assert early == []
    assert results(journal) == [(4, 1, 30.0), (5, 1, -10.0)]


@pytest.mark.parametrize(
    ("how", "room"),
    [("signed_sum_of_means", [50.0, -22.0]), ("max", [40.0, 30.0]), ("min", [10.0, 8.0])],
)
def test_members_are_folded_as_declared(how: str, room: list[float]) -> None:
    """Two readings of one probe count as their mean, and a sign as a sign."""
    journal = Journal(fresh(how=how))
    rows = [(0, 10, 10.0), (0, 20, 10.0), (1, 20, 40.0), (2, 30, 8.0), (3, 40, 30.0)]
    journal.write(rows, 100)
    journal.write([], 2 * HOUR)

    assert [value for _, _, value in results(journal)] == room


def test_a_window_with_a_silent_member_gives_nothing() -> None:
    """A balance with a meter missing would be a lie."""
    journal = Journal(fresh())
    journal.write([(0, 10, 20.0), (2, 30, 10.0), (3, 30, 10.0)], 100)
    journal.write([], 2 * HOUR)

    assert [series for series, _, _ in results(journal)] == [5]


def test_a_derivation_of_derivations_sees_all_results_however_much_comes_at_one_go() -> None:
    """The least room of two hours: from four hourly means that all close at the same moment."""
    told = {"kind": "hall", "property": "temp", "from": "room", "of": "temp", "over": "rooms"}
    least = Derivation.declared({**told, "how": "min", "window_s": 7200})
    found = scene()
    both = replace(found.scene, derives=(least, *found.scene.derives))
    pipeline = Pipeline([replace(found, scene=both)], registry(), "Asia/Shanghai")
    journal = Journal(pipeline)
    rows = [(n, hour * HOUR + 1, 10.0 * hour + n) for hour in (0, 1, 2, 3) for n in range(4)]
    journal.write(rows[:1], 60_001)
    journal.write(rows[1:], 4 * HOUR)
    journal.write([], 4 * HOUR + 60_000)

    assert [each for each in results(journal) if each[0] == 6] == [(6, 2, -0.5), (6, 4, -0.5)]
    (together,) = [record for record, cause in journal.held if cause >= 0]
    assert isinstance(together, Batch)
    assert (np.diff(together.time) >= 0).all()


def test_a_result_counts_once_in_what_is_derived_from_it() -> None:
    """It is journalled, and heard from the journal again, while the longer window is open."""
    told = {"kind": "hall", "property": "temp", "from": "room", "of": "temp", "over": "rooms"}
    mean = Derivation.declared({**told, "how": "mean", "window_s": 7200, "needs_all": False})
    found = scene()
    both = replace(found.scene, derives=(*found.scene.derives, mean))
    journal = Journal(Pipeline([replace(found, scene=both)], registry(), "Asia/Shanghai"))
    for hour, temp in ((0, 10.0), (1, 40.0)):
        journal.write([(n, hour * HOUR + 1, temp) for n in (0, 1)], hour * HOUR + 2)
        journal.write([], (hour + 1) * HOUR + 60_000)

    assert [each for each in results(journal) if each[0] == 6] == [(6, 2, 25.0)]


def test_a_record_handed_out_again_counts_once() -> None:
    """Neither the scenes nor the windows take the same readings twice."""
    journal = Journal(fresh())
    journal.write([(0, 10, 10.0), (1, 10, 40.0)], 100)
    journal.write([(0, 20, 40.0)], 200)
    said = journal.pipeline.read(journal.held[-1][0])
    journal.write([], 2 * HOUR)

    assert (said.edges, said.derived) == ([], [])
    assert results(journal) == [(4, 1, 32.5)]


def test_readings_of_things_that_are_gone_are_left_out() -> None:
    """A journal may be read again after the registry has lost things; the others are heard."""
    pipeline = fresh()
    pipeline.read(Batch.of([(0, 0, 0, 1000, 20.0), (1, 0, 7, 1000, 30.0)]))

    assert pipeline.latest.value[0] == 20.0
    assert pipeline.latest.time[0] == 1000


def test_a_derivation_that_feeds_on_itself_is_refused() -> None:
    """A circle would never close."""
    told = {"kind": "room", "property": "temp", "from": "room", "of": "temp", "over": "self"}
    round_ = Derivation.declared({**told, "how": "min", "window_s": 7200})
    found = replace(scene(), scene=replace(scene().scene, derives=(round_,)))

    with pytest.raises(BadScene, match="computed from itself"):
        Pipeline([found], registry(), "Asia/Shanghai")


def test_the_hours_of_a_day_are_local_hours() -> None:
    """02:00 to 04:00 in Chongqing is 18:00 to 20:00 of the day before in UTC."""
    journal = Journal(fresh(window_s="day", between=["02:00", "04:00"], how="min"))
    for hour in range(12, 24):
        journal.write([(n, hour * HOUR + 1, 50.0 - hour) for n in range(4)], hour * HOUR + 2)
        journal.write([], hour * HOUR + 90_000)

    assert results(journal) == [(4, 20, 31.0), (5, 20, 31.0)]


def tied(*ties: tuple[int, int]) -> Registry:
    """Give the registry with these probes in these rooms, by row."""
    probes, rooms = np.array(ties).T
    return replace(registry(), relations={"in": (probes, rooms, np.ones(len(ties), int))})


def test_an_open_window_keeps_what_each_member_said_when_members_come_and_go() -> None:
    """One leaves and one joins: there are as many as before, and nobody speaks for another."""
    before = Pipeline([scene()], tied((0, 4), (1, 4), (2, 5)), "Asia/Shanghai")
    Journal(before).write([(0, 10, 20.0), (1, 20, 40.0), (2, 30, 10.0)], 100)
    after = Pipeline([scene()], tied((1, 4), (2, 5), (3, 5)), "Asia/Shanghai")
    journal = Journal(after.load(before.save()))
    journal.held.append((Now(0, 0), -1))  # positions go on
    journal.write([(3, 200, 30.0)], 200)
    journal.write([], 2 * HOUR)

    assert results(journal) == [(4, 1, 40.0), (5, 1, 20.0)]


@pytest.mark.parametrize(("was", "is_now"), [(900, 3600), (3600, 900)])
def test_windows_of_another_length_are_numbered_anew(was: int, is_now: int) -> None:
    """A scene may change it; results go on, and none is of a time long past."""
    begin = 2400 * HOUR
    before, journal = fresh(window_s=was), Journal(fresh(window_s=is_now))
    Journal(before).write([(n, begin + 1, 10.0) for n in range(4)], begin + 1)
    journal.pipeline.load(before.save())
    journal.held.append((Now(0, 0), -1))  # positions go on
    journal.write([(n, begin + 2, 30.0) for n in range(4)], begin + 2)
    journal.write([], begin + HOUR + 60_000)
    (said,) = [record for record, cause in journal.held if cause >= 0]

    assert isinstance(said, Batch)
    assert said.value.tolist() == [30.0, 0.0]
    assert said.time.tolist() == [begin + is_now * 1000] * 2


def test_a_checkpoint_of_an_earlier_release_is_gone_on_from() -> None:
    """It names neither members nor length: as many members are taken for the same."""
    before = fresh()
    Journal(before).write([(n, 10, 10.0 * n) for n in range(4)], 100)
    named = ("derive.room.temp/series", "derive.room.temp/window_s")
    saved = {name: array for name, array in before.save().items() if name not in named}
    assert len(saved) == len(before.save()) - len(named)
    journal = Journal(fresh().load(saved))
    journal.held.append((Now(0, 0), -1))  # positions go on
    journal.write([], 2 * HOUR)

    assert results(journal) == [(4, 1, 5.0), (5, 1, -5.0)]


def test_results_that_are_due_stay_in_their_order() -> None:
    """Journalled in another one, some would be taken for journalled before; there may be many."""
    pipeline = fresh()
    for hour in range(12):
        place, now = 2 * hour << REPORT_BITS, hour * HOUR + 90_000
        pipeline.read(Batch.of([(place + n, now, n, now, 10.0) for n in range(4)]))
        pipeline.read(Now(place + (1 << REPORT_BITS), now + HOUR))
    causes = [each.cause for each in pipeline.due()]

    assert len(causes) == 12
    assert [each.cause for each in fresh().load(pipeline.save()).due()] == causes == sorted(causes)


row = st.tuples(st.integers(0, 3), st.integers(-7200, 600), st.sampled_from([5.0, 35.0, 45.0]))
entry = st.tuples(st.lists(row, max_size=6), st.integers(0, 2400))


@settings(max_examples=60, deadline=None)
@given(st.lists(entry, max_size=25), st.data())
def test_a_crash_anywhere_changes_nothing(
    entries: list[tuple[list[tuple[int, int, float]], int]], data: st.DataObject
) -> None:
    """Killed after any record, with any older checkpoint, it says the same and journals no more."""
    whole, now = Journal(fresh(with_hall=True, needs_all=False)), 0
    saved = [(0, whole.pipeline.save(), 0)]
    for rows, wait in entries:
        now += wait * 1000
        whole.write([(s, max(0, now + 1000 * t), v) for s, t, v in rows], now)
        whole.write([], now)
        saved.append((len(whole.held), whole.pipeline.save(), len(whole.said)))
    length, checkpoint, told = data.draw(st.sampled_from(saved))
    killed = data.draw(st.integers(length, len(whole.held)))

    again = Journal(fresh(with_hall=True, needs_all=False).load(checkpoint), whole.held[:killed])
    again.said = whole.said[:told]
    for record, cause in whole.held[length:killed]:
        again.read(record, cause)
    again.settle(now)
    for record, cause in whole.held[len(again.held) :]:
        if cause < 0:
            rows = [] if isinstance(record, Now) else rows_of(record)
            again.write(rows, record.time if isinstance(record, Now) else int(record.arrived[0]))

    assert again.said == whole.said
    assert results(again) == results(whole)


def rows_of(batch: Batch) -> list[tuple[int, int, float]]:
    """Give a batch back as rows."""
    columns = (batch.series.tolist(), batch.time.tolist(), batch.value.tolist())
    return list(zip(*columns, strict=True))


def test_a_scene_that_raises_is_set_aside_and_the_others_go_on() -> None:
    """One author's mistake is not everyone's outage."""

    class Broken(Warm):
        def step(self, tick: Any, rows: Any) -> None:  # noqa: ARG002 - it never looks
            raise ZeroDivisionError

    other = Scene(
        **{name: getattr(SCENE, name) for name in Scene.__dataclass_fields__} | {"id": "other"}
    )
    pair = [Found(SCENE, Broken, {}, [], Path()), Found(other, Warm, {}, [], Path())]
    pipeline = Pipeline(pair, registry(), "Asia/Shanghai")
    said = pipeline.read(Batch.of([(0, 0, 0, 1000, 99.0)]))

    assert [edges.scene for edges in said.edges] == ["other"]
    assert pipeline.broken == {"warm": "ZeroDivisionError()"}


def test_a_scene_stays_set_aside_only_as_long_as_its_rule_is_the_same() -> None:
    """A restart does not try again what failed, and does try what was mended."""
    pair = [Found(SCENE, Warm, {}, [], Path())]
    pipeline = Pipeline(pair, registry(), "UTC")
    pipeline.set_aside("warm", "it raised")
    saved = pipeline.save()

    assert Pipeline(pair, registry(), "UTC").load(saved).broken == {"warm": "it raised"}
    saved["broken"] = np.array([("warm", "as it was", "it raised")])
    assert Pipeline(pair, registry(), "UTC").load(saved).broken == {}
