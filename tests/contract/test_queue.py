"""What the page of open cases promises: what a slow look at every case would give."""

import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, select

from borough.core.cases import Case, Plan
from borough.core.errors import BadRequest
from borough.core.queue import SORTS, Wanted
from borough.storage.sql import SqlCases, SqlQueue
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.open_counts import alike
from borough.storage.sql.queue_table import FACETS, open_counts
from borough.testing.desks import CLOCKS, MORNING, ZONE, ring
from borough.testing.queue import paged, placed

PLANS = [
    Plan.declared(
        name,
        {
            "step": [
                {"name": "check", "holder": "worker", "within_s": 600 * rank, "then": ["mend"]},
                {"name": "mend", "holder": f"crew{rank}", "within_s": 90, "then": ["closed"]},
            ]
        },
    )
    for rank, name in enumerate(("lane", "leak", "slope"), start=1)
]
ASKS: list[dict[str, Any]] = [
    {},
    {"facets": {"agency": ["A1", "A2"]}},
    {"facets": {"agency": ["A1"], "urgent": [True]}},
    {"facets": {"band": ["orange", "red"], "source": ["citizen", "sensor"]}},
    {"facets": {"holder": ["worker"], "scene": ["lane"]}, "steps": frozenset({("lane", "check")})},
    {"steps": frozenset({("leak", "mend"), ("lane", "mend")})},
    {"grids": [1, 2]},
    {"grids": [2], "facets": {"agency": ["A0"], "source": ["citizen"]}},
    {"post": "P1"},
    {"text": "00001"},
    {"text": "%"},
    {"facets": {"agency": ["nobody"]}},
    {"grids": []},
    {"within": ((frozenset({"A1"}), ()),), "facets": {"urgent": [False]}},
]


def filled(engine: Engine) -> SqlCases:
    """Open eighty cases and let some go on, some be late, and some be over."""
    dice = random.Random(4)  # noqa: S311 - nothing secret
    cases = SqlCases(engine, zone=ZONE, follow=[CLOCKS.follow])
    for thing in range(1, 81):
        plan, at = dice.choice(PLANS), MORNING + dice.randrange(20) * 60_000
        with writing(engine) as connection:
            case = cases.opened(
                connection, plan, thing=thing, title={"zh": "甲", "en": "a"}, at_ms=at,
                grid=dice.randrange(4), level=dice.randrange(3), agency=f"A{dice.randrange(4)}",
                source=dice.choice(["sensor", "citizen", "hotline"]), urgent=dice.random() < 0.3,
                scene=plan.id,
            )  # fmt: skip
        told: dict[str, Any] = {"plan": plan, "by": "ann", "at_ms": at + 1}
        if dice.random() < 0.5:
            case = cases.move(case.id, "mend", expected_version=case.version, **told)
            if dice.random() < 0.4:
                cases.close(case.id, "true", expected_version=case.version, **told)
            elif dice.random() < 0.4:
                post = f"P{dice.randrange(2)}"
                cases.assign(case.id, post, by="ann", at_ms=at + 2, expected_version=case.version)
    ring(engine, cases, MORNING + 900_000)
    return cases


def everything(cases: SqlCases) -> list[Case]:
    """Give the open cases, one look at each."""
    return [each for each in cases.find(limit=1000) if each.closed_ms is None]


@pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
def test_a_page_is_what_a_look_at_every_case_gives(engine: Engine) -> None:
    """Whatever is asked for, however it is sorted, and page by page: the same cases and counts."""
    cases, queue = filled(engine), SqlQueue(engine)
    there = everything(cases)
    assert {each.band for each in there} >= {"orange", "red"}
    assert queue.open() == len(there)
    for ask in ASKS:
        wanted = Wanted(**ask)
        mine = [each for each in there if not wanted.within or each.agency == "A1"]
        mine = [each for each in mine if placed(each, wanted)]
        for sort in SORTS:
            slow = paged(mine, wanted, sort, "", 1000)
            walked: list[Case] = []
            after = ""
            while True:
                page = queue.page(wanted, sort=sort, after=after, limit=7)
                walked += page.cases
                assert (page.total, page.counts) == (slow.total, slow.counts), ask
                after = page.next
                if not after:
                    break
            assert walked == slow.cases


@pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
def test_a_kind_that_was_not_there_at_the_last_look_is_counted(engine: Engine) -> None:
    """Of a place as of the whole; grids that do not lie side by side are asked for as they are."""
    cases, queue = SqlCases(engine, zone=ZONE), SqlQueue(engine)
    told: dict[str, Any] = {"title": {"zh": "甲"}, "at_ms": MORNING, "level": 1, "scene": "leak"}
    for number, grid in enumerate((1, 3, 2, 1), start=1):
        cases.report(PLANS[1], grid=grid, agency=f"A{number}", **told)
        for grids, many in (([1], (1, 1, 1, 2)), ([1, 3], (1, 2, 2, 3)), (None, (1, 2, 3, 4))):
            page = queue.page(Wanted(grids=grids))
            assert (page.total, len(page.cases)) == (many[number - 1], many[number - 1])
            assert sum(page.counts["agency"].values()) == page.total


def test_counts_are_kept_in_the_transaction_of_the_entry(engine: Engine) -> None:
    """After everything that cases went through, what is kept is what counting gives."""
    cases = filled(engine)
    columns = [open_counts.c[name] for name in FACETS]
    with reading(engine) as connection:
        kept = connection.execute(select(*columns, open_counts.c.open))
        told = {tuple(row[:-1]): row[-1] for row in kept if row[-1]}

    assert told == dict(Counter(alike(each) for each in everything(cases)))


def test_a_page_that_cannot_be_is_refused(engine: Engine) -> None:
    """The field is named."""
    queue = SqlQueue(engine)
    for told, says in (
        ({"sort": "colour"}, "sort: "), ({"after": "x.y"}, "after: "), ({"limit": 0}, "limit: "),
    ):  # fmt: skip
        with pytest.raises(BadRequest, match=f"^{says}"):
            queue.page(Wanted(), **told)
    with pytest.raises(BadRequest, match="title: "):
        Wanted(facets={"title": ["x"]})
