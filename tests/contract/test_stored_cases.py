"""The press that writes a million cases says what opening and folding each of them would."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import inspect

from borough.core.cases import Plan, canonical, fold
from borough.core.deadlines import WorkCalendar, Worktime
from borough.storage.sql import SqlCases, SqlQueue, connect, upgrade
from borough.storage.sql.engines import writing
from borough.storage.sql.tables import cases as table, posts

BENCH = Path(__file__).parents[2] / "bench"
NOW_MS = 1_720_569_600_000
OFFICE = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
WORK = WorkCalendar(
    zone="Asia/Shanghai", week=(OFFICE,) * 5 + ((),) * 2, days={},
    years=frozenset({2023, 2024, 2025}), work_day_h=8,
)  # fmt: skip
LIMITS = ("30 urgent_hour", "0.5 urgent_hour", "2 work_day", "1 natural_day")


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the module that stores cases."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("_stored")


def plans() -> dict[str, Plan]:
    """Give plans with limits of all sorts."""
    clock = Worktime.of(WORK)
    step = {"name": "mend 100%", "holder": "crew", "then": ["closed"]}
    return {
        f"plan-{n}": Plan.declared(f"plan-{n}", {"step": [{**step, "within": within}]}).by(clock)
        for n, within in enumerate(LIMITS)
    }


def test_a_pressed_case_is_what_its_log_folds_to(stored: Any) -> None:
    """Rows, texts and seals are those of the slow way, for every kind of case."""
    numbers = np.arange(1, 1201)
    places = {"grid": range(5), "agency": ["water", "gas"], "post": ["P-1", "P-2"]}
    lot = stored.drawn(numbers, NOW_MS - numbers[::-1] * 1_000_000, list(plans().values()), places)
    press = stored.Press()
    for one in lot:
        log = stored.log_of(one)
        case, row = fold(one["number"], log), press.case(one)
        asked = {name: getattr(case, name) for name in row}
        assert row == asked | {name: canonical(asked[name]) for name in stored.JSON}
        before = ""
        for event, told in zip(log, press.log(one), strict=True):
            seal = event.seal(case.id, before)
            said = (event.seq, event.at_ms, event.actor, event.verb, canonical(event.data))
            assert told == (case.id, *said, before, seal)
            before = seal
    assert len({(one["plan"].id, one["band"]) for one in lot}) == len(LIMITS) * 5


def test_stored_cases_hold_and_are_counted(stored: Any, tmp_path: Path) -> None:
    """Each log verifies, the open ones are on the page, and indexes are there again."""
    engine = connect(tmp_path / "cases.db")
    upgrade(engine)
    with writing(engine) as connection:
        post = {"kind": "crew", "shift": "", "agency": "water", "name": {}}
        connection.execute(posts.insert(), [post | {"code": each} for each in ("P-1", "P-2")])
    stored.store(engine, plans(), 5, 200, until_ms=NOW_MS)
    cases = SqlCases(engine)
    assert [cases.verify(each) for each in range(1, 201)] == [[]] * 200
    assert SqlQueue(engine).open() == 20
    with engine.connect() as connection:
        there = {each["name"] for each in inspect(connection).get_indexes("cases")}
    assert there == {each.name for each in table.indexes}
    engine.dispose()
