"""What every database must keep to about citizens' requests."""

import json
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.api.covering import patterns
from borough.app.desk.sheltering import sheltered
from borough.app.requests.addressing import forms
from borough.app.requests.door import RequestDoor
from borough.core.errors import BadRequest, IllegalMove, OutsideDistrict
from borough.core.forgetting import GONE
from borough.core.people import Bounds
from borough.core.requests import Filing
from borough.storage.sql import SqlAudit
from borough.storage.sql.requests_erasure import Search, forgotten
from borough.storage.sql.requests_table import requests
from borough.storage.sql.tables import metadata
from borough.testing.requesting import HOUR, MORNING, YUBEI, Desk, desk, yubei


@pytest.fixture(name="made")
def a_desk(engine: Engine, tmp_path: Path) -> Desk:
    """Set an office up on an empty database."""
    return desk(engine, tmp_path)


def test_a_request_that_nobody_doubts_goes_straight_to_its_agency(made: Desk) -> None:
    """Category and place decide the agency, the case tells it, and limits are set by the rules."""
    got = made.filed()
    case = made.cases.one(got.case_id)

    assert (got.state, got.agency, got.first_agency) == ("accepted",) + ("urban_management",) * 2
    assert (case.source, case.agency, case.plan) == (
        "citizen",
        "urban_management",
        "citizen_request",
    )
    assert got.answer_due_ms > got.contact_due_ms > got.received_ms
    assert case.step == "dispose"
    assert made.cases.verify(case.id) == []


def test_what_is_doubted_waits_for_the_acceptor_with_the_reasons(made: Desk) -> None:
    """Without a category nothing is decided; the acceptor sorts it, and may be asked why."""
    got = made.filed(category="")
    assert (got.state, got.agency) == ("waiting", "")
    assert got.suggestion["doubts"] == ["category"]

    done = made.office.triage(got.id, {"category": "drainage"}, at_ms=MORNING + HOUR, by="ann")
    assert (done.state, done.agency, done.sorted_by) == ("accepted", "housing", "ann")
    assert made.cases.one(got.case_id).agency == "housing"
    with pytest.raises(BadRequest, match="note: say why"):
        made.office.triage(got.id, {"agency": "ecology"}, at_ms=MORNING + HOUR, by="ann")
    moved = made.office.triage(
        got.id, {"agency": "ecology"}, at_ms=MORNING + HOUR, by="ann", note="河道问题"
    )
    assert (moved.agency, moved.first_agency) == ("ecology", "housing")


def test_a_request_sent_twice_is_taken_once(made: Desk) -> None:
    """The sender's key decides, whatever else the second sending says."""
    first = made.filed("停水了", key="k-1", category="water_supply")
    again = made.filed("停水了，快来", key="k-1", category="roads")

    assert again == first
    assert len(made.store.find()) == 1
    assert len(made.cases.find()) == 1


def test_the_caller_stands_with_persons_and_nowhere_else(made: Desk) -> None:
    """Name and telephone are in no log and no row of a request."""
    contact = {"name": "张三丰", "phone": "13900001234"}
    got = made.filed(contact=contact)
    log = repr(made.cases.events(got.case_id)) + repr(made.store.acts(got.id)) + repr(got)

    assert made.persons.read(got.person, by="ann", why="回访") == contact
    assert "13900001234" not in log
    assert "张三丰" not in log


def test_who_is_forgotten_stands_in_no_word_of_their_request_and_the_chain_holds(
    made: Desk, engine: Engine
) -> None:
    """Name, telephone, address, plate and identity number go from text, title, answer and notes."""
    known = {
        "name": "张三丰", "phone": "13900001234", "address": "五星路88号2栋",
        "plate": "渝AD12345", "id": "500112199001011234", "email": "san@example.com",
    }  # fmt: skip
    words = "我是张 三丰，都叫我老张，住五星路88号2栋，车渝AD12345，电话139-0000-1234"
    words += "，SAN@example.com"
    got = made.filed(words, title="张三丰反映路灯", contact=known, key="forget")
    other = made.filed("张三丰是谁不重要，井盖响", key="other")
    made.acts.contact(
        got.id, at_ms=MORNING, by="bob", note="已电话联系张先生（张三丰） 500112199001011234"
    )
    made.acts.answer(got.id, "张三丰您好，已修好，另一电话13711112222", at_ms=MORNING, by="bob")
    log = made.cases.events(got.case_id)
    also = partial(forgotten, patterns=patterns().values(), forms=forms())
    for _ in range(2):
        made.persons.erase(got.person, by="ann", also=also)

    left = repr(made.store.one(got.id)) + repr(made.store.acts(got.id))
    for each in (*known.values(), "三丰", "139-0000", "SAN@", "13711112222", "老张", "张先生"):
        assert each not in left
    assert "路灯" in made.store.one(got.id).title
    assert made.store.one(other.id) == other
    assert made.cases.events(got.case_id) == log
    assert made.cases.verify(got.case_id) == []
    assert not list(SqlAudit(engine).faults())


def test_a_note_on_the_case_of_a_request_names_the_caller_by_number(
    made: Desk, engine: Engine
) -> None:
    """Name, form of address and telephone never enter the log; others' words stay as they are."""
    contact = {"name": "张三丰", "phone": "13900001234"}
    got = made.filed("路灯三天不亮了", contact=contact, key="note")
    note = "张先生（张三丰，139 0000 1234）说已修好，李先生不同意"
    with sheltered(engine, {"case": got.case_id, "note": note, "answers": {"who": "老张"}}) as ask:
        mark = f"〔个人信息 {got.person}〕"
        assert ask["note"] == f"{mark}（{mark}，{mark}）说已修好，李先生不同意"
        assert ask["answers"] == {"who": mark}
    made.persons.erase(got.person, by="ann")
    with sheltered(engine, {"case": got.case_id, "note": note}) as ask:
        assert ask["note"].startswith("张先生（张三丰")


def test_a_request_goes_its_way_and_every_act_is_in_the_log_of_its_case(made: Desk) -> None:
    """Contact, answer, revisit; not resolved opens it again, and the log holds facts, no words."""
    got = made.filed("路灯三天不亮了")
    made.acts.contact(got.id, at_ms=MORNING + HOUR, by="bob")
    made.acts.answer(got.id, "已更换灯泡", at_ms=MORNING + 2 * HOUR, by="bob")
    back = made.office.revisit(
        got.id, resolved=False, satisfaction=2, at_ms=MORNING + 3 * HOUR, by="cat"
    )
    assert (back.state, back.reopened, back.satisfaction) == ("accepted", 1, 2)
    assert back.answer_due_ms > got.answer_due_ms

    made.acts.answer(got.id, "已重新布线", at_ms=MORNING + 4 * HOUR, by="bob")
    done = made.office.revisit(
        got.id, resolved=True, satisfaction=5, at_ms=MORNING + 5 * HOUR, by="cat"
    )
    events = made.cases.events(got.case_id)
    assert (done.state, done.resolved, done.contacted_ms) == ("closed", True, MORNING + HOUR)
    assert [each.verb for each in events] == [
        "opened", "moved", "moved", "contacted", "answered", "revisited", "answered", "revisited",
    ]  # fmt: skip
    assert "灯泡" not in repr(events)
    assert [each["note"] for each in made.store.acts(got.id)][2] == "已更换灯泡"
    assert made.cases.verify(got.case_id) == []


def test_what_is_out_of_turn_is_refused_and_changes_nothing(made: Desk) -> None:
    """Nobody answers what was not accepted, nor revisits what was not answered."""
    got = made.filed(category="")
    with pytest.raises(IllegalMove, match="waiting"):
        made.acts.answer(got.id, "好了", at_ms=MORNING, by="bob")
    with pytest.raises(IllegalMove):
        made.office.revisit(got.id, resolved=True, satisfaction=5, at_ms=MORNING, by="bob")
    with pytest.raises(BadRequest, match="reason"):
        made.acts.refuse(got.id, "because", at_ms=MORNING, by="bob", note="x")

    assert made.store.one(got.id) == got
    assert len(made.cases.events(got.case_id)) == 1
    assert made.cases.one(got.case_id).step == "accept"


def test_a_request_that_is_refused_takes_its_case_with_it(made: Desk) -> None:
    """Declined before it was sent on, void after; another request in it keeps it open."""
    waiting = made.filed("没有内容", key="w", category="")
    made.acts.refuse(waiting.id, "malicious", at_ms=MORNING, by="ann", note="多次骚扰")
    assert made.cases.one(waiting.case_id).outcome == "declined"

    text = "五星路社区门口的下水道堵了，污水流了一地，臭得很"
    first = made.filed(text, key="a", category="drainage")
    second = made.filed(f"{text}，快来人", key="b", category="drainage")
    made.acts.refuse(second.id, "unreasonable", at_ms=MORNING, by="ann", note="重复")
    assert made.cases.one(first.case_id).closed_ms is None
    made.acts.refuse(first.id, "settled", at_ms=MORNING, by="ann", note="已判决")
    assert made.cases.one(first.case_id).outcome == "cancelled"
    assert made.cases.verify(first.case_id) == []


def test_a_case_is_not_closed_as_done_while_a_request_has_no_answer(made: Desk) -> None:
    """Whoever closes it is told which request is waiting; answered, it closes."""
    got = made.filed()
    plan = made.office.plan
    case = made.cases.one(got.case_id)
    told = {"plan": plan, "by": "ann", "at_ms": MORNING}
    case = made.cases.move(case.id, "check", expected_version=case.version, **told)
    with pytest.raises(IllegalMove, match=got.code):
        made.cases.close(case.id, "true", expected_version=case.version, **told)
    made.acts.answer(got.id, "修好了", at_ms=MORNING, by="ann")
    case = made.cases.one(case.id)
    closed = made.cases.close(case.id, "true", expected_version=case.version, **told)
    assert closed.outcome == "true"

    made.office.revisit(got.id, resolved=False, satisfaction=1, at_ms=MORNING + HOUR, by="cat")
    assert made.cases.one(case.id).closed_ms is None


def test_two_merges_of_the_same_pair_name_the_field_and_change_nothing(made: Desk) -> None:
    """The second one, and one back into the case that was emptied, are refused with the code."""
    one = made.filed("红旗路积水很深", category="drainage")
    other = made.filed("下穿道里全是水", category="drainage", place="宝圣湖街道")
    made.acts.merge(other.id, one.case_id, at_ms=MORNING, by="ann")
    now, log = made.store.one(other.id), made.cases.events(one.case_id)

    with pytest.raises(IllegalMove, match=r"into: .* belongs to YB-.* already"):
        made.acts.merge(other.id, one.case_id, at_ms=MORNING, by="bob")
    with pytest.raises(IllegalMove, match=r"into: .* is closed"):
        made.acts.merge(one.id, other.case_id, at_ms=MORNING, by="bob")
    assert made.store.one(other.id) == now
    assert made.cases.events(one.case_id) == log
    assert made.cases.one(other.case_id).outcome == "duplicate"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"category": "nothing"}, "category"), ({"kind": "什么"}, "kind"),
     ({"lon": 116.4, "lat": 39.9}, "lon, lat")],
)  # fmt: skip
def test_what_the_district_does_not_know_is_refused_by_its_field(
    made: Desk, changes: dict[str, object], field: str
) -> None:
    """An unknown category or kind, a point elsewhere: named, and nothing is written."""
    with pytest.raises((BadRequest, OutsideDistrict), match=f"^{field}: "):
        made.filed(**changes)
    assert made.store.find() == []
    assert made.cases.find() == []
    named = made.filed(category="市政道路设施", kind="投诉")
    assert (named.category, named.kind) == ("roads", "complaint")


def test_requests_about_one_matter_share_its_case_and_can_be_parted(made: Desk) -> None:
    """Alike in place, time and text they join; split, one has a case of its own again."""
    text = "五星路社区门口的下水道堵了，污水流了一地，臭得很"
    first = made.filed(text, key="a", category="drainage")
    second = made.filed(f"{text}，快来人", key="b", category="drainage")
    other = made.filed("楼下的健身器材坏了", key="c", category="education")
    assert second.case_id == first.case_id != other.case_id
    assert made.cases.one(first.case_id).merged == 1

    parted = made.office.split(second.id, at_ms=MORNING, by="ann", note="不是同一处")
    assert parted.case_id not in {first.case_id, other.case_id}
    assert made.cases.one(parted.case_id).agency == "housing"
    with pytest.raises(IllegalMove, match="only one"):
        made.office.split(second.id, at_ms=MORNING, by="ann", note="再分")

    joined = made.acts.merge(second.id, first.case_id, at_ms=MORNING, by="ann")
    assert joined.case_id == first.case_id
    assert made.cases.one(parted.case_id).outcome == "duplicate"
    assert made.cases.verify(first.case_id) == made.cases.verify(parted.case_id) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "  "}, "text"), ({"text": "长" * 4_001}, "text"), ({"key": ""}, "key"),
        ({"lon": 106.5}, "lat"), ({"lon": 500.0, "lat": 29.0}, "lon"),
        ({"channel": "fax"}, "channel"),
    ],
)  # fmt: skip
def test_a_draft_says_which_field_is_wrong(changes: dict[str, object], field: str) -> None:
    """Empty, too long, half a point, an unknown channel: the field is named."""
    with pytest.raises(BadRequest, match=f"^{field}: "):
        Filing(**{"text": "路灯坏了", "key": "k", **changes})  # type: ignore[arg-type] # wrong on purpose


def test_lists_and_counts_are_of_what_somebody_reaches(made: Desk, engine: Engine) -> None:
    """By agency now and at first, by area of the grid, or of the street where no grid is known."""
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
        assert counts["late"] == sum(each[1] and each[4] != "closed" for each in mine)


def test_who_is_forgotten_goes_from_requests_of_others_too_and_namesakes_stay(
    made: Desk, engine: Engine
) -> None:
    """What one person alone has goes; a short name or an address only where more shows it."""
    known = {"name": "张三丰", "phone": "13900001234", "address": "五星路88号2栋"}
    mine = made.filed("路灯不亮", contact=known, key="mine")
    said = {
        "phone": "邻居张三丰（139 0000-1234）天天放歌，张先生不听劝，我的电话13711112222",
        "both": "张三丰家住五星路88号2栋，楼下漏水",
        "matter": "张三丰反映的路灯我也看到了",
        "note": "井盖响",
        "namesake": "张三丰影视城门口堵车",
        "neighbour": "五星路88号2栋垃圾没人清",
        "form": "张先生把车停在路中间",
        "longer": "门牌五星路88号21栋",
    }
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
    with engine.connect() as connection:
        whole = "".join(
            json.dumps([str(each) for each in row], ensure_ascii=False)
            for table in metadata.sorted_tables for row in connection.execute(table.select())
        )  # fmt: skip
    assert whole.count("张三丰") == whole.count("张三丰影视城")
    for each in ("13900001234", "139 0000", "１３９", "88号2栋"):
        assert each not in whole
    assert made.cases.verify(mine.case_id) == made.cases.verify(got["note"].case_id) == []
    audit = SqlAudit(engine)
    assert not list(audit.faults())
    assert set(audit.find(verb="person_erased")[0]["data"]["others"]) == gone
