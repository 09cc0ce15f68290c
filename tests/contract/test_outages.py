"""A power cut silences thousands of devices: people hear of it a few times, and nothing is lost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy import Engine, select

import borough
from borough.app.desk.desk import Desk
from borough.app.desk.layout import Layout
from borough.app.district import Ground, area_rows
from borough.core.cases import Case
from borough.core.district import District
from borough.core.errors import BadRequest, NotFound
from borough.core.observations import REPORT_BITS, Batch, Index, Now
from borough.core.plans import Plan
from borough.core.registry import Kind, Property, Registry
from borough.engine.alarms import DISTRICT, FEEDER, Calm, flood, grouped
from borough.engine.catalog import Found
from borough.engine.district import read
from borough.engine.pipeline import Pipeline
from borough.storage.sql import SqlCases, SqlDesk, SqlDetections, SqlGathering, SqlPosts
from borough.storage.sql.engines import reading
from borough.storage.sql.gathering import standing
from borough.storage.sql.shelf_tables import outages
from borough.testing import find

PACKAGE = Path(borough.__file__).parent
LOST = find(PACKAGE / "scenes" / "lost_device")
START = 1_720_569_600_000
MINUTE = 60_000
SILENCE_S = 180.0
SAID = Property("rssi", {"zh": "信号", "en": "signal"}, "dB{mW}", -140, 0, (-115, -60))
KINDS = (
    Kind("gateway", {}, "gateway", (SAID,), 60, 60, 60),
    Kind("meter", {}, "device", (SAID,), 60, 60, 60),
)
CALM = Calm.shipped()


@cache
def yubei() -> District:
    """The district as it ships."""
    return read(PACKAGE / "districts" / "yubei")


def ground(grids: Index, via: Index | None = None, feeders: int = 0) -> Ground:
    """Stand a thing in each of *grids*; those with a gateway's row in *via* speak through it.

    The first *feeders* things feed all others in turn.
    """
    count = len(grids)
    via = np.full(count, -1) if via is None else via
    gates = np.zeros(count, bool)
    gates[via[via >= 0]] = True
    lon, lat = yubei().grids.lon[grids], yubei().grids.lat[grids]
    ties = {}
    if feeders:
        fed = np.arange(feeders, count)
        ties = {"powers": (fed % feeders, fed, np.ones(len(fed), int))}
    registry = Registry(
        kinds=KINDS, id=np.arange(1, count + 1), key=tuple(f"m-{n}" for n in range(count)),
        kind=np.where(gates, 0, 1).astype(np.int32), first=np.arange(count, dtype=np.int32),
        lon=lon, lat=lat, grid=grids, via=via.astype(np.int32), relations=ties,
        parameters={("lost_device", "silence_s"): np.full(count, SILENCE_S)},
    )  # fmt: skip
    return Ground(yubei(), registry)


@dataclass
class Day:
    """The real engine before the real desk: rows in, cases out, the clock in our hand."""

    engine: Engine
    ground: Ground
    found: Found = LOST
    now_ms: int = START
    record: int = 0
    heard: list[Mapping[str, Any]] = field(default_factory=list)
    opened: list[tuple[int, Case]] = field(default_factory=list)

    def __post_init__(self) -> None:
        scene, plan = self.found.scene, Plan.declared(self.found.scene.id, self.found.plan)
        self.pipeline = Pipeline([self.found], self.ground.registry, "Asia/Shanghai")
        self.gathering = SqlGathering(
            self.engine, lay=lambda: Layout(self.ground), now=lambda: self.now_ms
        )
        self.cases = SqlCases(self.engine, zone="Asia/Shanghai")
        self.desk = SqlDesk(self.engine, cases=self.cases, sift=self.gathering.sift)
        asked = SimpleNamespace(
            scenes={scene.id: scene}, plans={scene.id: plan.by(None)}, ground=self.ground
        )
        self.wish = lambda edge: Desk.wish(cast("Desk", asked), edge)
        SqlPosts(self.engine).save_areas(self.areas())

    def areas(self) -> Iterator[dict[str, Any]]:
        """Give the areas in which things stand, with the grids that they stand in."""
        here = {*self.ground.registry.grid.tolist()}
        for row in area_rows(yubei()):
            if held := sorted(here.intersection(row["grids"])):
                yield {**row, "grids": held}

    def speak(self, rows: Index) -> None:
        """Let things say something now."""
        place, count = self.record << REPORT_BITS, len(rows)
        now = np.full(count, self.now_ms)
        batch = Batch(
            position=place + np.arange(count), series=rows.astype(np.int32), time=now,
            value=np.zeros(count), arrived=now,
        )  # fmt: skip
        self._read(batch)

    def wait(self, minutes: float, speaking: Index | None = None, every_s: int = 30) -> None:
        """Let time pass; those who still speak do so in every step."""
        for _ in range(round(minutes * 60 / every_s)):
            self.now_ms += every_s * 1000
            if speaking is not None and len(speaking):
                self.speak(speaking)
            self._read(Now(self.record << REPORT_BITS, self.now_ms))
            self.turn()

    def turn(self) -> None:
        """Let the desk decide on what it gathered."""
        cases, edges = self.gathering.turn(self.desk, self.wish, self.now_ms)
        self.heard += edges
        self._note(cases)

    def _read(self, record: Batch | Now) -> None:
        self.record += 1
        said = self.pipeline.read(record)
        edges = [edge for each in said.edges for edge in each.spelled()]
        for start in range(0, len(edges), 500):
            some = edges[start : start + 500]
            taken = self.desk.take(some, self.record, self.wish)
            self.heard += [e for n, e in enumerate(taken.edges) if n not in taken.quiet]
            self._note(taken.cases)

    def _note(self, cases: list[Case]) -> None:
        known = {case.id for _, case in self.opened}
        self.opened += [(self.now_ms, case) for case in cases if case.id not in known]

    def out(self) -> list[dict[str, Any]]:
        """Give every outage there was."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(outages).order_by(outages.c.began_ms)).mappings()
            return [dict(row) for row in rows]

    def most_alarms(self) -> int:
        """Give the most alarms that people heard within any ten minutes."""
        at = np.array(
            [now for now, _ in self.opened] + [e["now"] for e in self.heard if e["level"]]
        )
        return max((int(((at >= t) & (at < t + 10 * MINUTE)).sum()) for t in at), default=0)


def in_streets(streets: list[int], count: int) -> Index:
    """Spread things evenly over the grids of some streets."""
    grids = np.flatnonzero(np.isin(yubei().grids.street, streets))
    return grids[np.arange(count) % len(grids)]


@pytest.fixture
def sqlite(engine: Engine) -> Engine:
    """Give the quicker database for what is large."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the same code; large days are played on SQLite")
    return engine


def cut(day: Day, dark: Index, minutes: float = 12) -> None:
    """Let everybody speak, and then only those that are not dark."""
    rows = np.arange(len(day.ground.registry.id))
    day.speak(rows)
    day.wait(1, speaking=rows)
    day.wait(minutes, speaking=np.setdiff1d(rows, dark))


def test_thirty_thousand_devices_of_three_streets_are_one_matter(sqlite: Engine) -> None:
    """All lose power at once: at most ten alarms in ten minutes, and every loss is on record."""
    dark = np.arange(30_000)
    grids = np.concatenate([in_streets([3, 4, 5], 30_000), in_streets([6], 500)])
    day = Day(sqlite, ground(grids))
    cut(day, dark)

    assert 1 <= day.most_alarms() <= 10
    assert SqlDetections(sqlite).open_count() == 30_000 + len(day.out())
    assert sum(each["members"] for each in day.out()) == 30_000
    (case,) = [case for _, case in day.opened]
    assert (case.thing, case.holder) == (0, "maintenance")
    assert "30000 台设备" in case.title["zh"]
    assert SqlDetections(sqlite).find(thing=0)[0]["case_id"] == case.id


def test_a_cut_that_spreads_for_minutes_is_still_a_handful(sqlite: Engine) -> None:
    """Street after street goes dark, all over the district; beyond a few it is the district."""
    grids = np.arange(2500).repeat(4)
    day = Day(sqlite, ground(grids))
    rows = np.arange(len(grids))
    street = yubei().grids.street[grids]
    day.speak(rows)
    for minute in range(14):
        day.wait(1, speaking=rows[street > 2 * minute])
    day.wait(8)

    assert day.most_alarms() <= 10
    assert sum(each["members"] for each in day.out()) == len(rows)
    assert "district" in {each["level"] for each in day.out()}


def test_losses_scattered_over_the_whole_district_are_a_handful_too(sqlite: Engine) -> None:
    """One device in each of 900 communities' grids: no area is out, and yet it is one matter."""
    day = Day(sqlite, ground(np.arange(0, 2500, 100)))
    cut(day, np.arange(25))
    assert day.most_alarms() <= 10
    assert sum(each["members"] for each in day.out()) == 25


def test_many_gateways_that_go_dark_are_one_outage_and_their_devices_are_counted(
    sqlite: Engine,
) -> None:
    """600 gateways with 50 devices each: what is behind them raises nothing of its own."""
    gates, each = 600, 50
    via = np.concatenate([np.full(gates, -1), np.arange(gates).repeat(each)])
    grids = in_streets([3, 4], gates)
    day = Day(sqlite, ground(np.concatenate([grids, grids.repeat(each)]), via))
    cut(day, np.arange(gates * (each + 1)))

    assert day.most_alarms() <= 10
    assert SqlDetections(sqlite).open_count() == gates + len(day.out())
    told = [e for e in day.heard if e["id"].startswith("outage")]
    assert sum(e["values"]["devices"] for e in told) == gates * (each + 1)


def test_a_feeder_is_known_by_its_devices_wherever_they_stand(engine: Engine) -> None:
    """Devices of one feeder lie in different streets; the feeder is out, and no area."""
    grids = np.arange(0, 2000, 50)
    day = Day(engine, ground(grids, feeders=2))
    cut(day, np.arange(2, 40, 2))
    (out,) = day.out()
    assert (out["level"], out["members"], out["name"]["en"]) == ("feeder", 19, "Feeder m-0")


def test_what_came_first_is_named_and_few_losses_are_told_one_by_one(engine: Engine) -> None:
    """Two lost devices are two cases; six in a grid, the first a minute before, are one."""
    day = Day(engine, ground(np.concatenate([np.full(6, 40), np.array([900, 1800])])))
    rows = np.arange(8)
    day.speak(rows)
    day.wait(1, speaking=np.setdiff1d(rows, [4]))
    day.wait(10)

    (out,) = day.out()
    assert (out["level"], out["members"], out["first"].split("-")[1]) == ("grid", 6, "5")
    titles = [case.title["en"] for _, case in day.opened]
    assert len(titles) == 3
    assert [title for title in titles if "first out m-4" in title]


def test_one_who_comes_back_in_time_was_never_told(engine: Engine) -> None:
    """A loss that ends while it is looked at opens no case; it stays on record."""
    day = Day(engine, ground(np.array([10, 900])))
    day.speak(np.array([0, 1]))
    day.wait(3.5, speaking=np.array([1]))
    day.speak(np.array([0, 1]))
    day.wait(10, speaking=np.array([0, 1]))
    assert (day.opened, day.heard) == ([], [])
    assert len(SqlDetections(engine).find(scene="lost_device")) == 1


def test_when_power_returns_the_outage_ends_and_who_is_still_out_is_told(engine: Engine) -> None:
    """Of forty devices one stays dark: the case hears that it is quiet, the one gets its own."""
    day = Day(engine, ground(np.full(40, 40)))
    rows = np.arange(40)
    day.speak(rows)
    day.wait(6)
    assert len(day.opened) == 1
    day.wait(6, speaking=rows[1:])

    (out,) = day.out()
    assert (out["ended_ms"] is not None, out["still"]) == (True, 1)
    assert day.cases.one(day.opened[0][1].id).level == 0
    assert [case.thing for _, case in day.opened] == [0, 1]
    assert SqlDetections(engine).find(thing=1)[0]["suppressed_by"] is None
    assert [day.cases.verify(case.id) for _, case in day.opened] == [[], []]


def shelve(day: Day, minutes: float = 60, **what: Any) -> int:
    """Shelve something for a while."""
    told = {"why": "works", "by": "ann", "at_ms": day.now_ms}
    until = round(day.now_ms + minutes * MINUTE)
    return int(day.gathering.shelves.put(until_ms=until, **what, **told)["id"])


@pytest.mark.parametrize(
    "what", [{"scene": "lost_device"}, {"thing": 1}, {"area": "street"}, {"area": "grid"}]
)
def test_what_is_shelved_is_recorded_and_told_when_the_shelf_runs_out(
    engine: Engine, what: dict[str, Any]
) -> None:
    """Whether a scene, a thing or an area is shelved; others go on."""
    day = Day(engine, ground(np.array([40, 1800])))
    places = {"street": yubei().streets.code[int(yubei().grids.street[40])]}
    places["grid"] = yubei().grids.code[40]
    number = shelve(day, **what | ({"area": places[what["area"]]} if "area" in what else {}))
    cut(day, np.arange(2), minutes=20)

    every = "scene" in what
    assert [case.thing for _, case in day.opened] == ([] if every else [2])
    kept = SqlDetections(engine).find(thing=1)[0]
    assert (kept["suppressed_by"], kept["ended_ms"]) == (f"shelf-{number}", None)
    (row,) = day.gathering.shelves.all(day.now_ms)
    assert (row["quiet"], row["why"]) == (2 if every else 1, "works")
    assert standing(engine, CALM, day.now_ms)["shelves"] == 1

    day.wait(45)
    assert sorted(case.thing for _, case in day.opened) == [1, 2]
    assert day.gathering.shelves.all(day.now_ms) == []


def test_taken_off_the_shelf_by_hand_it_is_told_at_once(engine: Engine) -> None:
    """And a second time there is nothing to take off."""
    day = Day(engine, ground(np.array([40])))
    number = shelve(day, thing=1)
    cut(day, np.arange(1))
    assert day.gathering.unshelve(number, by="bob", at_ms=day.now_ms) == 1
    day.turn()
    assert [case.thing for _, case in day.opened] == [1]
    with pytest.raises(NotFound, match="shelf: there is no"):
        day.gathering.unshelve(number, by="bob", at_ms=day.now_ms)


@pytest.mark.parametrize(
    ("what", "minutes", "says"),
    [
        ({}, 60, "say what is to be shelved"),
        ({"thing": 1}, 0, "until: it must be later"),
        ({"thing": 1}, 60 * 24 * 8, "until: 168 hours at most"),
        ({"area": "nowhere"}, 60, "area: there is no 'nowhere'"),
    ],
)
def test_a_shelf_says_what_is_wrong_with_it(
    engine: Engine, what: dict[str, Any], minutes: float, says: str
) -> None:
    """Nothing is shelved without an end."""
    day = Day(engine, ground(np.array([40])))
    with pytest.raises(BadRequest, match=says):
        shelve(day, minutes, **what)


def test_a_flood_begins_with_ten_in_ten_minutes_and_ends_below_five() -> None:
    """Counted over sliding windows."""
    burst = [START + n * 1000 for n in range(10)]
    assert flood(burst[:9], START + MINUTE, CALM) == (9, None)
    assert flood(burst, START + MINUTE, CALM) == (10, START + 9000)
    after = START + 10 * MINUTE + 5500
    assert flood(burst, after, CALM) == (4, None)
    assert flood([*burst, after - 1000], after, CALM) == (5, START + 9000)


def test_areas_above_are_out_where_enough_below_them_are() -> None:
    """Two grids are two; three of one community are the community; too many are the district."""

    def lie(grids: list[int]) -> Index:
        column = np.repeat(grids, 5)
        return np.stack([np.full(len(column), -1), column, column // 10, column // 100,
                         np.zeros(len(column), int)], axis=1)  # fmt: skip

    def groups(areas: Index, most: int = 4) -> set[tuple[int, int]]:
        level, area = grouped(areas, CALM, most)
        return {*zip(level.tolist(), area.tolist(), strict=True)}

    assert groups(lie([1, 31])) == {(1, 1), (1, 31)}
    assert groups(lie([1, 2, 3, 31])) == {(2, 0), (1, 31)}
    assert groups(lie([1, 151, 201, 301, 401])) == {(DISTRICT, 0)}
    fed = lie([1, 151])
    fed[:, FEEDER] = 7
    assert groups(fed) == {(FEEDER, 7)}
