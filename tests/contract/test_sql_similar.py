"""What every database must keep to about cases that may be one matter."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.core.cases import Case
from borough.core.errors import IllegalMove, Stale
from borough.storage.sql.similar import Similar, SqlSimilar
from borough.testing.requesting import HOUR, MORNING, Desk, desk, yubei

LON, LAT = 106.63, 29.72
STEP = 30 / 111_320
"""Thirty metres, in degrees of latitude."""
SPILLS, COVER = "E0501", "P0102"


@pytest.fixture(name="made")
def a_desk(engine: Engine, tmp_path: Path) -> Desk:
    """Set an office up on an empty database."""
    return desk(engine, tmp_path)


def reported(made: Desk, event: str = SPILLS, *, north: int = 0, hours: int = 0) -> Case:
    """Report a case so many steps further north, each in a grid of its own."""
    return made.cases.report(
        made.office.plans["routine"], title={"zh": "漏水", "en": "a leak"}, event=event,
        at_ms=MORNING + hours * HOUR, by="ann", grid=100 + north, lon=LON,
        lat=LAT + north * STEP, source="collector",
    )  # fmt: skip


def near(engine: Engine, case: Case) -> list[Similar]:
    """Give what is like a case by the numbers of the district."""
    return SqlSimilar(engine).near(case, metres=50, hours=24)


def test_cases_of_one_code_near_in_place_and_time_are_offered_across_grids(
    made: Desk, engine: Engine
) -> None:
    """Thirty metres and another grid will do; ninety, another code or two days will not."""
    one = reported(made)
    beside = reported(made, north=1, hours=5)
    reported(made, north=3)
    reported(made, COVER)
    reported(made, hours=48)
    over = reported(made)
    made.office.acts.merge_case(over.id, one.id, version=over.version, at_ms=MORNING, by="ann")

    (found,) = near(engine, one)
    assert (found.case.id, round(found.metres), found.case.grid) == (beside.id, 30, one.grid + 1)
    assert [each.case.id for each in near(engine, beside)] == [one.id]


def test_requests_of_one_category_are_offered_and_secret_ones_are_not(
    made: Desk, engine: Engine
) -> None:
    """A request at the same corner is offered though its words differ; a secret one never is."""
    at = {"lon": LON, "place": "", "category": "drainage"}
    first = made.filed("红旗路积水很深", lat=LAT, **at)
    second = made.filed("下水道返味熏人", lat=LAT + STEP, **at)
    made.filed("井里冒污水", lat=LAT, secret=True, **at)
    assert first.case_id != second.case_id

    (found,) = near(engine, made.cases.one(first.case_id))
    assert (found.case.id, found.requests) == (second.case_id, 1)


def test_a_case_joins_another_with_its_requests_once(made: Desk, engine: Engine) -> None:
    """The one closes as a duplicate and the other has all requests; again, it is refused."""
    at = {"lon": LON, "place": "", "category": "drainage"}
    first = made.filed("红旗路积水很深", lat=LAT, **at)
    second = made.filed("下水道返味熏人", lat=LAT + STEP, **at)
    one, other = made.cases.one(first.case_id), made.cases.one(second.case_id)
    merge = made.office.acts.merge_case
    with pytest.raises(Stale, match="read it again"):
        merge(other.id, one.id, version=other.version - 1, at_ms=MORNING, by="ann")
    with pytest.raises(IllegalMove, match=r"^into: "):
        merge(one.id, one.id, version=one.version, at_ms=MORNING, by="ann")

    done = merge(other.id, one.id, version=other.version, at_ms=MORNING, by="ann")
    assert (done.outcome, made.store.one(second.id).case_id) == ("duplicate", one.id)
    for case, into in ((other, one), (one, other)):
        now = made.cases.one(case.id)
        with pytest.raises(IllegalMove, match="is closed"):
            merge(case.id, into.id, version=now.version, at_ms=MORNING, by="bob")
    assert near(engine, made.cases.one(one.id)) == []
    assert made.cases.verify(one.id) == made.cases.verify(other.id) == []


def test_requests_join_by_distance_across_the_border_of_two_grids(made: Desk) -> None:
    """The same words on both sides of a border are one matter; far off they are not."""
    grids = yubei().grids
    words = "小区门口污水井盖破损，路过的老人差点摔倒，请尽快更换"
    at = {"place": "", "category": "roads", "lon": LON}
    spots = [LAT + number * STEP for number in range(-60, 60)]
    rows = [made.office.gazetteer.at(LON, lat).grid for lat in spots]
    border = next(i for i in range(1, len(rows)) if rows[i] != rows[i - 1] and rows[i] >= 0)
    one = made.filed(words, key="south", lat=spots[border - 1], **at)
    other = made.filed(words, key="north", lat=spots[border], at_ms=MORNING + HOUR, **at)
    far = made.filed(words, key="far", lat=spots[border] + 40 * STEP, **at)

    assert one.grid != other.grid
    assert len(grids.code) > max(one.grid, other.grid)
    assert other.case_id == one.case_id
    assert far.case_id != one.case_id
