"""A replay of history says what one of the journal says of the same rows, however it is cut."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from borough.api.details import in_chinese
from borough.app.tuning.histories import Retold, Wish, retold, underived
from borough.cli.replay import replay as replay_command
from borough.core.errors import BadParameter, BadRequest, BoroughError, NotFound
from borough.core.frames import NOW, ROWS, Frame
from borough.core.registry import Registry
from borough.engine.catalog import BUILT_IN, find_all
from borough.engine.pipeline import Pipeline
from borough.engine.replay import Past, recount, replay
from borough.storage.lake import Points
from borough.testing.living import Living

START = 1_720_540_800_000
"""2024-07-10 00:00 in Shanghai, in ms."""
MINUTE, DAY = 60_000, 86_400_000
LONG = 45 * MINUTE
ZONE = "Asia/Shanghai"
Changes = list[dict[str, Any]]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Living:
    """Lay a small district out, and archive a stretch of synthetic readings, in two appends."""
    made = Living.made(tmp_path_factory.mktemp("history") / "data")
    rows = said(made.held.registry)
    half = len(rows) // 2
    with closing(made.lake()) as lake:
        for number, part in enumerate((slice(half), slice(half, None))):
            some = rows.pick(part)
            lake.append(some.series, some.time, some.value, 0, number)
    return made


def said(registry: Registry) -> Points:
    """Let every thing report each few minutes, in order of time: now usual values, now extreme."""
    chance = np.random.default_rng(5)
    columns: list[tuple[Any, Any, Any]] = []
    for row, kind in enumerate(registry.kinds[each] for each in registry.kind.tolist()):
        every = int(chance.integers(1, 8)) * MINUTE
        time = START + np.arange(chance.integers(0, every), LONG, every) // 1000 * 1000
        for place, each in enumerate(kind.properties):
            ends = np.clip([each.low, each.high, *each.normal], -1e3, 1e3)
            value = chance.choice(ends, len(time))
            columns.append((np.full(len(time), registry.first[row] + place), time, value))
    series, time, value = (np.concatenate(each) for each in zip(*columns, strict=True))
    order = np.lexsort((series, time))
    return Points.of(series[order], time[order], value[order])


def frames(rows: Points, registry: Registry) -> Iterator[tuple[int, Frame]]:
    """Write the rows as a journal into which each comes when it is measured, with the ticks."""
    sequence = 0
    for now in range(START, START + LONG + 1, 1000):
        if now % MINUTE == 0 and now > START:
            sequence += 1
            yield sequence, Frame(NOW, now, now)
        mine = slice(*rows.time.searchsorted([now, now + 1]).tolist())
        some = rows.pick(mine)
        if len(some):
            sequence += 1
            report = np.cumsum(np.diff(registry.row_of_series[some.series], prepend=-1) != 0)
            yield (
                sequence,
                Frame(
                    ROWS, now, now, report=report.astype(np.uint32),
                    series=some.series, time=some.time, value=some.value,
                ),
            )  # fmt: skip


def told(changes: Changes) -> Changes:
    """Give all of each change but its place and name, in an order that both replays have."""
    plain = [{k: v for k, v in each.items() if k not in ("id", "position")} for each in changes]
    return sorted(plain, key=lambda each: (each["now"], each["scene"], each["thing"]))


def at_work(registry: Registry) -> Pipeline:
    """Set all scenes to work, without what they derive."""
    return Pipeline([underived(each) for each in find_all(BUILT_IN) if each.senses], registry, ZONE)


def recounted(registry: Registry, rows: Points, cuts: list[int]) -> Changes:
    """Replay rows of history, read in slices that are cut at some moments."""
    past, pipeline = Past(registry.row_of_series, START, START + LONG, MINUTE), at_work(registry)
    heard: Changes = []
    for start, end in pairwise([START, *sorted(set(cuts)), START + LONG]):
        some = rows.pick(slice(*rows.time.searchsorted([start, end]).tolist()))
        records = past.records(some.series, some.time, some.value, (start, end))
        heard += recount(pipeline, records)
    return heard


def test_history_says_what_the_journal_says_of_rows_that_came_in_order(district: Living) -> None:
    """Every change of every scene: thing, level, moment, evidence and memory."""
    registry = district.held.registry
    rows = said(registry)

    journal = list(replay(at_work(registry), frames(rows, registry)))
    history = recounted(registry, rows, [])

    assert len({each["scene"] for each in journal}) > 3
    assert any(not each["values"] for each in journal), "one that only time brought about"
    assert told(history) == told(journal)


@given(st.lists(st.integers(START + 1, START + LONG - 1), max_size=30))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_where_history_is_sliced_does_not_matter(district: Living, cuts: list[int]) -> None:
    """At whatever moments: the same changes, in the same order, at the same places."""
    registry = district.held.registry
    rows = said(registry)

    assert recounted(registry, rows, cuts) == recounted(registry, rows, [])


def by(district: Living, processes: int = 1, **wish: Any) -> tuple[Changes, Retold]:
    """Replay what the district's history holds."""
    with retold(district.settings, Wish(**wish), processes=processes) as past:
        return list(past.changes()), past


def test_a_whole_history_is_replayed_in_processes_that_share_it_out(district: Living) -> None:
    """Three processes, or two partitions, say what one does, in slices of whatever size.

    Whoever waits is told of days.
    """
    heard: list[tuple[str, int, int]] = []
    with retold(
        district.settings, Wish(slice_rows=5000), lambda *far: heard.append(far), processes=3
    ) as past:
        three = list(past.changes())
    one, alone = by(district)
    parted = replace(district.settings, partitions=2)
    with retold(parted, Wish()) as told_by_parts:
        by_parts = list(told_by_parts.changes())
    heard_all = recounted(district.held.registry, said(district.held.registry), [])
    expected = [each for each in heard_all if each["now"] < alone.to_ms]

    assert [(e["scene"], e["thing"], e["level"], e["time"]) for e in one] == [
        (e["scene"], e["thing"], e["level"], e["time"]) for e in expected
    ]
    assert three == by_parts == one
    assert past.rows == alone.rows
    assert past.began == alone.began
    assert sum(past.began.values()) == sum(not each["before"]["level"] for each in expected)
    assert len([share for share in past.shares if share.rows]) > 1
    assert heard[-1] == ("days", 1, 1)


def test_one_scene_reads_what_it_watches_and_says_what_it_says_among_all(district: Living) -> None:
    """Of the stretch that is asked for, by the values that are tried."""
    every, _ = by(district)
    one, past = by(district, scene="fire_lane")
    half, _ = by(district, scene="fire_lane", to_ms=START + LONG // 2)
    slow, _ = by(district, scene="fire_lane", values={"grace_s": 900.0})

    assert one
    assert one == [each for each in every if each["scene"] == "fire_lane"]
    assert past.rows < len(said(district.held.registry)) / 2
    assert half == [each for each in one if each["now"] < START + LONG // 2]
    assert 0 < len(slow) < len(one)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"scene": "moon"}, NotFound),
        ({"from_ms": START + DAY, "to_ms": START}, BadRequest),
        ({"from_ms": START + DAY, "to_ms": START + 2 * DAY}, NotFound),
        ({"to_ms": START - DAY}, NotFound),
        ({"tick_ms": 0}, BadRequest),
        ({"processes": 0}, BadRequest),
        ({"scene": "fire_lane", "values": {"grace": 1.0}}, BadParameter),
    ],
)
def test_what_cannot_be_replayed_is_told_in_both_languages(
    district: Living, wish: dict[str, Any], error: type[BoroughError]
) -> None:
    """Nothing is made up of nothing, and whoever asked knows why."""
    with pytest.raises(error) as told:
        by(district, **wish)

    assert in_chinese(str(told.value))


def test_the_command_tells_changes_and_what_they_amount_to(
    district: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    """Days are those of the district's own time zone; as JSON it is one object."""
    replay_command(
        "fire_lane", history=True, from_="2024-07-10", to="2024-07-11", as_json=True,
        data=district.settings.folder,
    )  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    replay_command("fire_lane", history=True, data=district.settings.folder)
    printed = capsys.readouterr().out.splitlines()
    changes, past = by(district, scene="fire_lane")

    assert told["changes"] == changes
    assert (told["from"], told["rows"], told["began"]) == (START, past.rows, past.began)
    assert [line.split()[:4] for line in printed[: len(changes)]] == [
        [
            *datetime.fromtimestamp(each["time"] / 1000, ZoneInfo(ZONE)).isoformat(" ").split(),
            "fire_lane",
            each["key"],
        ]
        for each in changes
    ]
    assert f"; {len(changes)} changes" in printed[len(changes)]
