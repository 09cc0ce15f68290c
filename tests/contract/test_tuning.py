"""What a change of parameters promises: one place in the journal, and the memory stays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.contract.test_runner import SCENE, Warm

from borough.core.observations import REPORT_BITS, Batch, Now, Record
from borough.core.registry import Kind, Property, Registry
from borough.core.tunings import EVERY_THING, Change, Tuned
from borough.engine.catalog import Found
from borough.engine.pipeline import Pipeline

TEMP = Property("temp", {}, "Cel", 0, 100, (0, 100))
PROBE = Kind("probe", {}, "device", (TEMP,), 60, 60, 0)
THINGS = 4
FOUND = Found(SCENE, Warm, {}, [], Path())


def registry(ids: tuple[int, ...] = (1, 2, 3, 4), own: float = np.nan) -> Registry:
    """Make some probes; the second may have a limit of its own."""
    many = len(ids)
    return Registry(
        (PROBE,), np.array(ids), tuple(f"p{i}" for i in ids), np.zeros(many, np.int16),
        np.arange(many, dtype=np.int32), np.zeros(many), np.zeros(many), np.zeros(many, np.int64),
        np.full(many, -1),
        parameters={("warm", "limit"): np.where(np.array(ids) == 2, own, np.nan)},
    )  # fmt: skip


def fresh(*settled: Change, **told: Any) -> Pipeline:
    """Set the scene to work."""
    return Pipeline([FOUND], registry(), "UTC", settled, **told)


Said = list[tuple[str, int, int, str]]


def heard(pipeline: Pipeline, records: list[Record]) -> Said:
    """Let it read, and give each change of level: name, position, level, version."""
    return [
        (each["id"], each["position"], each["level"], each["version"])
        for record in records
        for edges in pipeline.read(record).edges
        for each in edges.spelled()
    ]


row = st.tuples(st.integers(0, THINGS - 1), st.sampled_from([5.0, 25.0, 35.0, 45.0, 95.0]))
value = st.sampled_from([None, 1.0, 20.0, 40.0, 90.0])
step = (
    st.lists(row, min_size=1, max_size=5)
    | st.none()
    | st.tuples(st.integers(0, THINGS), st.dictionaries(st.just("limit"), value))
    | st.tuples(st.just(0), st.dictionaries(st.sampled_from(["step_c", "limit"]), value))
)


def journal(steps: list[Any]) -> list[Record]:
    """Write steps down: rows, the time alone, or a change for one thing or for all."""
    records: list[Record] = []
    for place, each in enumerate(steps):
        position, now = place << REPORT_BITS, 1000 * place
        if each is None:
            records.append(Now(position, now))
        elif isinstance(each, tuple):
            records.append(Tuned(position, Change(place, "warm", *each)))
        else:
            rows = [(position + n, now, thing, now, temp) for n, (thing, temp) in enumerate(each)]
            records.append(Batch.of(rows))
    return records


@settings(max_examples=80, deadline=None)
@given(st.lists(step, max_size=20), st.data())
def test_killed_and_restored_anywhere_around_a_change_it_says_the_same(
    steps: list[Any], data: st.DataObject
) -> None:
    """The checkpoint holds the values in force; what follows it in the journal changes them."""
    records = journal(steps)
    whole = heard(fresh(), records)
    kept = data.draw(st.integers(0, len(records)))
    killed = data.draw(st.integers(kept, len(records)))

    first = fresh()
    said = heard(first, records[:kept])
    saved = first.save()
    heard(first, records[kept:killed])
    again = fresh().load(saved)
    said += heard(again, records[data.draw(st.integers(0, kept)) :])

    assert said == whole


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=20), st.integers(0, 20))
def test_what_was_settled_before_counts_as_if_it_had_been_read(steps: list[Any], cut: int) -> None:
    """A journal whose beginning is gone gives the same versions, where the memory is the same."""
    records = journal([each for each in steps if isinstance(each, tuple)])
    changes = [each.change for each in records[:cut] if isinstance(each, Tuned)]
    read, told = fresh(), fresh(*changes)
    heard(read, records)
    heard(told, records[cut:])

    assert read.runners[0].version == told.runners[0].version
    assert read.tuned == told.tuned or not records


def test_a_change_keeps_the_memory_and_names_another_version() -> None:
    """A probe at 35 is in alarm at a limit of 30, still at 20, and no more at its next word at 40.

    Taking everything back gives the version that there was at first.
    """
    pipeline = fresh()
    steps: list[Any] = [
        [(0, 35.0)], (0, {"limit": 20.0}), [(0, 35.0)], (0, {"limit": 40.0}), [(0, 35.0)],
        (0, {"limit": None}), [(0, 35.0)],
    ]  # fmt: skip
    said = heard(pipeline, journal(steps))

    assert [(level, place >> REPORT_BITS) for _, place, level, _ in said] == [
        (1, 0),
        (2, 2),
        (0, 4),
        (1, 6),
    ]
    versions = [version for *_, version in said]
    assert len(set(versions)) == 3
    assert versions[0] == versions[3]
    assert len({name for name, *_ in said[:3]}) == 1


def test_a_single_thing_goes_by_its_own_value() -> None:
    """The others go by the one for all; what is not watched, or not allowed, changes nothing."""
    pipeline = fresh()
    changes: list[Any] = [
        (2, {"limit": 90.0}), (0, {"limit": 20.0}), (99, {"limit": 1.0}), (0, {"limit": 5000.0}),
        (0, {"nothing": 1.0}), (3, {"step_c": 5.0}),
    ]  # fmt: skip
    said = heard(pipeline, journal([*changes, [(n, 25.0) for n in range(THINGS)]]))

    assert [name.split("-")[1] for name, *_ in said] == ["1", "3", "4"]


def test_a_held_pipeline_passes_changes_over() -> None:
    """Who tries values keeps them over the whole stretch."""
    steps: list[Any] = [(0, {"limit": 90.0}), [(0, 35.0)]]

    assert heard(fresh(), journal(steps)) == []
    assert len(heard(fresh(held=True), journal(steps))) == 1


@pytest.mark.parametrize("ids", [(1, 2, 3, 4), (2, 4), (0, 1, 2, 3, 9)])
def test_a_checkpoint_gives_values_back_by_thing(ids: tuple[int, ...]) -> None:
    """Also when things came or went meanwhile; one that is not in it has the registry's value."""
    before = fresh(
        Change(1, "warm", 2, {"limit": 70.0}), Change(2, "warm", EVERY_THING, {"step_c": 3.0})
    )
    after = Pipeline([FOUND], registry(ids, own=50.0), "UTC").load(before.save())
    detector = after.runners[0].detector.parameters()

    assert detector["step_c"] == 3.0
    assert detector["limit"][ids.index(2)] == 70.0
    assert after.tuned == 2


def test_what_the_registry_was_given_can_be_taken_back_and_given_again() -> None:
    """A thing that began with a value of its own has it again when the change is undone."""
    given_ = Pipeline([FOUND], registry(own=50.0), "UTC")
    first = given_.runners[0].version
    for number, each in enumerate((None, 60.0, 50.0), 1):
        given_.tune(Change(number, "warm", 2, {"limit": each}))

    assert given_.runners[0].version == first
    assert fresh().runners[0].version != first


def test_a_scene_that_was_set_aside_comes_back_with_a_change() -> None:
    """Whoever gives it another value, or none, puts it back to work with what it remembers."""

    class Frail(Warm):
        def step(self, tick: Any, rows: Any) -> None:
            if np.max(self.limit) == 40:
                raise ZeroDivisionError
            super().step(tick, rows)

    frail = Found(SCENE, Frail, {}, [], Path())
    pipeline = Pipeline([frail], registry(), "UTC")
    steps: list[Any] = [
        [(0, 35.0)], (0, {"limit": 40.0}), [(0, 5.0)], [(0, 5.0)], (0, {}), [(0, 5.0)],
        (0, {"limit": 30.0}), [(0, 5.0)],
    ]  # fmt: skip
    records = journal(steps)

    assert len(heard(pipeline, records[:4])) == 1
    assert set(pipeline.broken) == {"warm"}
    assert heard(pipeline, records[4:6]) == []
    assert set(pipeline.broken) == {"warm"}
    assert [level for _, _, level, _ in heard(pipeline, records[6:])] == [0]
    assert pipeline.broken == {}
