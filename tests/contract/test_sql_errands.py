"""What errands in SQL promise, on SQLite and on PostgreSQL."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from borough.core.cases import Case, Plan
from borough.core.commands import Command
from borough.core.errands import (
    ACKNOWLEDGED,
    CONFIRMED,
    FAILED,
    LATE,
    PROPOSED,
    PROVED,
    REFUSED,
    SENT,
    UNSENT,
    WITHDRAWN,
    Errand,
)
from borough.core.errors import BadRequest, IllegalMove, NotFound, OverLimit, Stale
from borough.storage.sql import SqlCases, SqlDesk, SqlErrands, Wish
from borough.testing.desks import MERGE_MS, MORNING, ZONE, edge

SHUT = {
    "name": "shut", "title": {"zh": "关阀", "en": "Shut"}, "property": "valve", "value": 0,
    "needs": "automatic", "from_level": 2, "most_per_h": 2, "within_s": 120,
    "undo": {"title": {"zh": "开阀", "en": "Open"}, "value": 1, "up_to_level": 0},
}  # fmt: skip
SIREN = {
    "name": "siren", "title": {"zh": "鸣笛", "en": "Siren"}, "to": "near", "property": "on",
    "value": 1, "within_s": 60, "most_per_h": 9,
}  # fmt: skip
PLAN = Plan.declared(
    "fire_lane",
    {
        "step": [
            {"name": "check", "holder": "worker", "within_s": 600, "then": ["move", "closed"],
             "command": [SHUT, SIREN]},
            {"name": "move", "holder": "police", "within_s": 1800, "then": ["check", "closed"]},
        ]
    },
)  # fmt: skip
NOW = MORNING + 100_000


def aims(thing: int, command: Command) -> list[tuple[int, str]]:
    """Send a siren to two things, and anything else to the thing itself."""
    return [(90, "s-90"), (91, "s-91")] if command.name == "siren" else [(thing, f"v-{thing}")]


def wish(_edge: Mapping[str, Any]) -> Wish:
    """Ask for a case for whatever is seen."""
    return Wish(PLAN, MERGE_MS, 1, 3, {"zh": "漏", "en": "leak"})


class Office:
    """A desk with its cases and errands; one more of it on the same database is a restart."""

    def __init__(self, engine: Engine, *automatic: str) -> None:
        self.errands = SqlErrands(engine, plans={"fire_lane": PLAN}, aims=aims, automatic=automatic)
        self.cases = SqlCases(engine, prefix="YB", zone=ZONE, follow=[self.errands.follow])
        self.desk = SqlDesk(engine, cases=self.cases)

    def hear(self, *edges: dict[str, Any]) -> Case:
        """Take edges in, and give the case that they opened or changed."""
        last = max(each["position"] for each in edges)
        return self.desk.take(edges, last, wish).cases[-1]

    def seen(self, case: int) -> dict[str, Any]:
        """Act as ann, a while later, on what the case is now."""
        return {"by": "ann", "at_ms": NOW, "expected_version": self.cases.one(case).version}

    def one(self, case: int, command: str) -> Errand:
        """Give the newest errand of a command."""
        return [each for each in self.errands.of_case(case) if each.command == command][-1]

    def states(self, case: int) -> dict[str, str]:
        """Give the state of each errand, by command and key."""
        return {f"{e.command} {e.key}": e.state for e in self.errands.of_case(case)}


@pytest.fixture
def office(engine: Engine) -> Office:
    """Give a desk on an empty database."""
    return Office(engine)


def test_what_the_level_calls_for_is_proposed_in_the_same_transaction(office: Office) -> None:
    """At the first level the siren, for each thing in reach; at the second the valve, once."""
    case = office.hear(edge(7, 1, 10))
    assert office.states(case.id) == {"siren s-90": PROPOSED, "siren s-91": PROPOSED}

    office.hear(edge(7, 2, 11, born=10))
    office.hear(edge(7, 1, 12, born=10))
    office.hear(edge(7, 2, 13, born=10))
    assert sorted(office.states(case.id)) == ["shut v-7", "siren s-90", "siren s-91"]
    assert [each.verb for each in office.cases.events(case.id)].count("proposed") == 3
    assert office.cases.verify(case.id) == []


def test_leaving_the_step_withdraws_what_nobody_decided(office: Office) -> None:
    """What was confirmed goes on; coming back proposes anew only what is not under way."""
    case = office.hear(edge(7, 2, 10))
    office.errands.confirm(office.one(case.id, "shut").id, **office.seen(case.id))
    office.cases.move(case.id, "move", plan=PLAN, **office.seen(case.id))
    assert office.states(case.id) == {
        "shut v-7": CONFIRMED, "siren s-90": WITHDRAWN, "siren s-91": WITHDRAWN,
    }  # fmt: skip

    office.cases.move(case.id, "check", plan=PLAN, note="again", **office.seen(case.id))
    sirens = [e.state for e in office.errands.of_case(case.id) if e.command == "siren"]
    assert sorted(sirens) == [PROPOSED, PROPOSED, WITHDRAWN, WITHDRAWN]
    assert [e.command for e in office.errands.of_case(case.id)].count("shut") == 1

    office.cases.close(case.id, "true", plan=PLAN, **office.seen(case.id))
    assert PROPOSED not in {e.state for e in office.errands.of_case(case.id)}
    assert office.cases.verify(case.id) == []


@pytest.mark.parametrize("allowed", [True, False])
def test_only_plan_and_district_together_do_without_a_person(
    engine: Engine, *, allowed: bool
) -> None:
    """The plan calls the valve automatic and not the siren; the district may allow both."""
    names = ("fire_lane.shut", "fire_lane.siren") if allowed else ("other.shut",)
    office = Office(engine, *names)
    case = office.hear(edge(7, 2, 10))
    valve = office.one(case.id, "shut")

    assert valve.state == (CONFIRMED if allowed else PROPOSED)
    assert valve.by == "desk"
    assert office.one(case.id, "siren").state == PROPOSED


def test_a_restart_finds_what_was_confirmed_and_not_what_was_sent(engine: Engine) -> None:
    """The table is the outbox: it changes in the transaction that writes the log."""
    office = Office(engine)
    case = office.hear(edge(7, 2, 10))
    valve = office.one(case.id, "shut")
    office.errands.confirm(valve.id, **office.seen(case.id))

    again = Office(engine)
    (waiting,) = again.errands.in_state(CONFIRMED)
    assert (waiting.id, waiting.until_ms) == (valve.id, NOW + 120_000)
    assert again.errands.come_to(valve.id, SENT, at_ms=NOW + 1, by="desk")
    assert again.errands.come_to(valve.id, SENT, at_ms=NOW + 2, by="desk") is None
    assert Office(engine).errands.in_state(CONFIRMED) == []
    assert [e.verb for e in again.cases.events(case.id)].count("sent") == 1


def test_of_two_who_confirm_at_once_one_wins(engine: Engine) -> None:
    """The other is told that the case has moved on, and nothing is sent twice."""
    office = Office(engine)
    case = office.hear(edge(7, 2, 10))
    valve, seen = office.one(case.id, "shut"), office.seen(case.id)

    def attempt(number: int) -> str:
        try:
            office.errands.confirm(valve.id, **{**seen, "by": f"p{number}"})
        except Stale:
            return "stale"
        return "won"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(attempt, range(6))) == ["stale"] * 5 + ["won"]
    assert [e.verb for e in office.cases.events(case.id)].count("confirmed") == 1
    assert office.cases.verify(case.id) == []


def test_what_nobody_proves_in_time_has_failed_and_says_so(office: Office) -> None:
    """Sent or not; and a proof that comes later still counts."""
    case = office.hear(edge(7, 2, 10))
    valve, siren = office.one(case.id, "shut"), office.one(case.id, "siren")
    for each in (valve, siren):
        office.errands.confirm(each.id, **office.seen(case.id))
    office.errands.come_to(valve.id, SENT, at_ms=NOW + 1, by="desk")
    assert office.errands.expire(NOW + 60_000) == []

    failed = {errand.id: errand for _, errand in office.errands.expire(NOW + 120_001)}
    assert {e.id: (e.state, e.says) for e in failed.values()} == {
        valve.id: (FAILED, LATE), siren.id: (FAILED, UNSENT),
    }  # fmt: skip
    assert office.errands.expire(NOW + 999_999) == []
    assert {e.id for e in office.errands.awaited(NOW)} == {valve.id, siren.id}
    done = office.errands.come_to(valve.id, PROVED, at_ms=NOW + 200_000, by="v-7", observed=0)
    assert done is not None
    assert done[1].state == PROVED
    assert office.cases.verify(case.id) == []


def test_limits_count_what_was_confirmed_on_any_case_of_the_thing(office: Office) -> None:
    """Two an hour to one valve, whatever case they are for."""
    case = office.hear(edge(7, 2, 10))
    for number in range(2):
        valve = office.one(case.id, "shut")
        office.errands.confirm(valve.id, **office.seen(case.id))
        office.errands.come_to(valve.id, SENT, at_ms=NOW, by="desk")
        office.errands.come_to(valve.id, FAILED, at_ms=NOW + number, by="v-7", says="stuck")
        office.errands.propose(case.id, "shut", **office.seen(case.id))
    with pytest.raises(OverLimit, match="2 times an hour"):
        office.errands.confirm(office.one(case.id, "shut").id, **office.seen(case.id))

    later = {**office.seen(case.id), "at_ms": NOW + 3_600_001}
    assert office.errands.confirm(office.one(case.id, "shut").id, **later)[1].state == CONFIRMED


def test_what_is_under_way_is_not_proposed_again(office: Office) -> None:
    """Neither what waits for a person, nor what this step does not have."""
    case = office.hear(edge(7, 2, 10))
    with pytest.raises(BadRequest, match="goes to nothing that does not have it already"):
        office.errands.propose(case.id, "shut", **office.seen(case.id))
    with pytest.raises(NotFound, match="check has no 'flood'"):
        office.errands.propose(case.id, "flood", **office.seen(case.id))
    with pytest.raises(NotFound, match="there is no 'YB-0'"):
        office.errands.confirm("YB-0", **office.seen(case.id))


def test_a_refusal_says_why_and_is_final(office: Office) -> None:
    """Without a reason it is none; afterwards nobody can confirm."""
    case = office.hear(edge(7, 2, 10))
    valve = office.one(case.id, "shut")
    with pytest.raises(BadRequest, match="note: say why"):
        office.errands.refuse(valve.id, note=" ", **office.seen(case.id))
    _, refused = office.errands.refuse(valve.id, note="a hospital", **office.seen(case.id))
    assert (refused.state, refused.says) == (REFUSED, "a hospital")
    with pytest.raises(IllegalMove, match="is refused and cannot be confirmed"):
        office.errands.confirm(valve.id, **office.seen(case.id))


def test_taking_back_is_a_command_of_its_own(office: Office) -> None:
    """It opens the valve only when there is no gas any more, and is sent and proved like any."""
    case = office.hear(edge(7, 2, 10))
    valve = office.one(case.id, "shut")
    office.errands.confirm(valve.id, **office.seen(case.id))
    for state in (SENT, ACKNOWLEDGED, PROVED):
        office.errands.come_to(valve.id, state, at_ms=NOW, by="x")
    with pytest.raises(OverLimit, match="undo_shut is for level 0 and below; it is 2 now"):
        office.errands.undo(valve.id, **office.seen(case.id))
    assert office.cases.verify(case.id) == []

    office.hear(edge(7, 0, 20, born=10))
    _, back = office.errands.undo(valve.id, note="aired", **office.seen(case.id))
    assert (back.state, back.value, back.undoes, back.by) == (CONFIRMED, 1, valve.id, "ann")
    with pytest.raises(IllegalMove, match="taken back already"):
        office.errands.undo(valve.id, **office.seen(case.id))


def test_a_changed_row_is_found_out(engine: Engine) -> None:
    """The log says what an errand is; whoever edits the table is told so."""
    office = Office(engine)
    case = office.hear(edge(7, 2, 10))
    with engine.begin() as connection:
        connection.execute(text("UPDATE errands SET state = 'proved' WHERE command = 'shut'"))

    (wrong,) = office.cases.verify(case.id)
    assert wrong == f"command {office.one(case.id, 'shut').id} is not what the log says"


def test_a_plan_that_lost_a_command_keeps_its_log(engine: Engine) -> None:
    """What was proposed under an older plan is told, and can no longer be confirmed."""
    office = Office(engine)
    case = office.hear(edge(7, 2, 10))
    bare = Plan.declared("fire_lane", {"step": [{
        "name": "check", "holder": "worker", "within_s": 600, "then": ["closed"]}]})  # fmt: skip
    later = SqlErrands(engine, plans={"fire_lane": bare}, aims=aims)
    with pytest.raises(IllegalMove, match="has no command 'shut' at check any more"):
        later.confirm(office.one(case.id, "shut").id, **office.seen(case.id))
    assert office.cases.verify(case.id) == []
