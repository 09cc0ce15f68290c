"""What every database must keep to about citizens' requests."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from borough.api.covering import patterns
from borough.app.desk.sheltering import sheltered
from borough.app.requests.addressing import forms
from borough.core.errors import BadRequest, IllegalMove, OutsideDistrict
from borough.core.requests import Filing
from borough.storage.sql import SqlAudit
from borough.storage.sql.requests_erasure import forgotten
from borough.testing.requesting import HOUR, MORNING, Desk, desk


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
