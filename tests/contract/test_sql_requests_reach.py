"""Whose requests somebody sees, and in whose words somebody who is forgotten stood."""

import json
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.api.covering import patterns
from borough.app.requests.addressing import forms
from borough.app.requests.door import RequestDoor
from borough.core.forgetting import GONE
from borough.core.people import Bounds
from borough.storage.sql import SqlAudit
from borough.storage.sql.requests_erasure import Search, forgotten
from borough.storage.sql.requests_table import requests
from borough.storage.sql.tables import metadata
from borough.testing.requesting import MORNING, YUBEI, Desk, desk, yubei


@pytest.fixture(name="made")
def a_desk(engine: Engine, tmp_path: Path) -> Desk:
    """Set an office up on an empty database."""
    return desk(engine, tmp_path)


def test_lists_and_counts_are_of_what_somebody_reaches(made: Desk, engine: Engine) -> None:
    """By agency now and at first, by area of the grid, or of the street where no grid is known.

    Rates and hot topics are of the same.
    """
    codes, streets = yubei().grids.code, yubei().streets.code
    spots = [(0, codes[0][:9]), (len(codes) - 1, codes[-1][:9]), (-1, streets[0]), (-1, "")]
    agencies = [("water", "water"), ("water", "fire_rescue"), ("housing", "water"), ("", "")]
    states = ("waiting", "accepted", "closed")
    kept = []
    for number, ((grid, street), its, state) in enumerate(product(spots, agencies, states)):
        got = made.filed(key=f"reach {number}", place="", category="")
        row = {"grid": grid, "street": street, "agency": its[0], "first_agency": its[1]}
        row |= {"state": state, "answer_due_ms": MORNING - 1 if number % 2 else MORNING + 1}
        with engine.begin() as connection:
            connection.execute(requests.update().where(requests.c.id == got.id).values(**row))
        kept.append((got.id, number % 2, codes[grid] if grid >= 0 else street, its, state))
    door = RequestDoor(engine, made.cases, yubei(), YUBEI)

    def of(*mine: str, areas: tuple[str, ...] = ()) -> Bounds:
        return Bounds(frozenset(mine), frozenset(areas))

    area = (codes[0][:9], streets[0])
    door.rules = replace(door.rules, hot_people=1)
    for reach in (
        (Bounds(),), (of("water"),), (of("water", "housing"),), (of(areas=area),), (of("gas"),),
        (of("water", areas=area),), (of("water"), of("housing", areas=(codes[-1],))),
        (of(areas=("999",)),), (of("water"), Bounds()),
    ):  # fmt: skip
        mine = [each for each in kept if any(bounds.covers(each[3], each[2]) for bounds in reach)]
        got = door.find(reach=reach, limit=100)
        assert sorted(each.id for each in got) == [each[0] for each in mine]
        assert len(door.find(reach=reach, state=["closed"], limit=5)) == min(
            5, sum(each[4] == "closed" for each in mine)
        )
        counts = door.counts(MORNING, reach)
        assert [counts[each] for each in states] == [
            sum(each[4] == state for each in mine) for state in states
        ]
        rates = door.rates(0, MORNING * 2, "all", MORNING, reach)["groups"]
        assert sum(each["requests"] for each in rates) == len(mine)
        hot = {one for each in door.hot(MORNING * 2, 10**6, reach) for one in each["ids"]}
        assert hot <= {each[0] for each in mine}
        assert len(hot) == min(20, len(mine))
        assert counts["late"] == sum(each[1] and each[4] != "closed" for each in mine)


KNOWN = {"name": "张三丰", "phone": "13900001234", "address": "五星路88号2栋"}
SAID = {
    "phone": "邻居张三丰（139 0000-1234）天天放歌，张先生不听劝，我的电话13711112222",
    "both": "张三丰家住五星路88号2栋，楼下漏水",
    "matter": "张三丰反映的路灯我也看到了",
    "note": "井盖响",
    "namesake": "张三丰影视城门口堵车",
    "neighbour": "五星路88号2栋垃圾没人清",
    "form": "张先生把车停在路中间",
    "longer": "门牌五星路88号21栋",
}


def every_word(engine: Engine) -> str:
    """Write down every cell of every table."""
    with engine.connect() as connection:
        return "".join(
            json.dumps([str(each) for each in row], ensure_ascii=False)
            for table in metadata.sorted_tables
            for row in connection.execute(table.select())
        )


def test_who_is_forgotten_goes_from_requests_of_others_too_and_namesakes_stay(
    made: Desk, engine: Engine
) -> None:
    """What one person alone has goes; a short name or an address only where more shows it."""
    known, said = KNOWN, SAID
    mine = made.filed("路灯不亮", contact=known, key="mine")
    got = {name: made.filed(text, key=name) for name, text in said.items()}
    made.acts.merge(got["matter"].id, mine.case_id, at_ms=MORNING, by="ann")
    made.acts.contact(
        got["note"].id, at_ms=MORNING, by="bob", note="１３９００００１２３４也来过电话"
    )
    door = RequestDoor(engine, made.cases, yubei(), YUBEI)

    seen = door.traces(mine.person, known)
    by_code = {each["code"]: each for each in seen["found"]}
    named = {name: by_code.get(one.code) for name, one in got.items()}
    assert seen["own"] == [mine.code]
    sure = {name for name, each in named.items() if each and each["sure"]}
    assert sure == {"phone", "both", "matter", "note"}
    assert {name for name, each in named.items() if each} - sure == {"namesake", "neighbour"}
    assert named["phone"]["why"] == ["phone", "name"]
    assert {each["in"] for each in named["note"]["says"]} == {"note"}
    assert made.store.one(got["phone"].id).text == said["phone"]  # a dry run changes nothing

    late = made.filed("张三丰，电话13900001234，又在放歌", key="late")
    search = Search([each["request"] for each in by_code.values() if each["sure"]], seen["after"],
                    frozenset({got["neighbour"].id}))  # fmt: skip
    search = replace(search, among=[*search.among, got["neighbour"].id])
    also = partial(forgotten, patterns=patterns().values(), forms=forms(), search=search)
    done = made.persons.erase(mine.person, by="ann", also=also)
    gone = {got[name].id for name in (*sure, "neighbour")} | {late.id}
    assert set(done["others"]) == gone
    assert made.store.one(got["phone"].id).text == (
        f"邻居{GONE}（{GONE}）天天放歌，{GONE}不听劝，我的电话13711112222"
    )
    for name in ("namesake", "form", "longer"):
        assert made.store.one(got[name].id).text == said[name]
    whole = every_word(engine)
    assert whole.count("张三丰") == whole.count("张三丰影视城")
    for each in ("13900001234", "139 0000", "１３９", "88号2栋"):
        assert each not in whole
    assert made.cases.verify(mine.case_id) == made.cases.verify(got["note"].case_id) == []
    audit = SqlAudit(engine)
    assert not list(audit.faults())
    assert set(audit.find(verb="person_erased")[0]["data"]["others"]) == gone
