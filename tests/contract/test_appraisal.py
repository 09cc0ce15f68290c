"""综合评价 agrees with counting by hand, and every number opens to its cases."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from borough.app.appraisals import AppraisalDoor
from borough.core.appraisal import CASES, COUNTS
from borough.core.cases import Event
from borough.core.errors import BadParameter, BadRequest
from borough.core.lives import lived
from borough.core.plans import Plan
from borough.engine.appraisal import Definitions
from borough.testing.town import town

H = 3_600_000
PLAN = Plan.declared("routine", {"step": [
    {"name": "accept", "stage": "accept", "holder": "acceptor", "within_s": 900,
     "then": ["verify", "file"]},
    {"name": "verify", "stage": "verify", "holder": "grid_worker", "within_s": 1800,
     "then": ["file"]},
    {"name": "file", "stage": "open", "holder": "shift_leader", "within_s": 900,
     "then": ["send", "closed"]},
    {"name": "send", "stage": "dispatch", "holder": "dispatcher", "within_s": 900,
     "then": ["fix"]},
    {"name": "fix", "stage": "dispose", "holder": "agency", "within_s": 7200,
     "then": ["check", "send"]},
    {"name": "check", "stage": "check", "holder": "grid_worker", "within_s": 1800,
     "then": ["end", "fix"]},
    {"name": "end", "stage": "close", "holder": "shift_leader", "within_s": 900,
     "then": ["closed"]},
]})  # fmt: skip
WITHIN = {name: step.within.lasts_ms for name, step in PLAN.steps.items()}


def log_of(steps: Iterable[tuple[float, str, str, Mapping[str, Any]]], **told: Any) -> list[Event]:
    """Write a log: (hour, verb, step it goes to, more data), the actor by the stage it left."""
    log: list[Event] = []
    for hour, verb, to, more in steps:
        at = round(hour * H)
        data: dict[str, Any] = {**more}
        if to:
            data |= {"to": to, "due_ms": at + WITHIN[to]}
        if verb == "opened":
            data |= {"code": f"C-{told.get('grid', 0)}", "scene": "routine", "grid": 0,
                     "plan": "routine", "step": to, "source": "collector", **told}  # fmt: skip
        log.append(Event(len(log) + 1, at, data.pop("by", "ann"), verb, data))
    return log


def smooth(start: float, fix_h: float, **told: Any) -> list[Event]:
    """A case that goes straight through; the agency needs *fix_h* hours of its two."""
    at = start
    steps: list[tuple[float, str, str, Mapping[str, Any]]] = [(at, "opened", "accept", {})]
    for hours, verb, to in (
        (0.1, "moved", "file"), (0.1, "moved", "send"), (0.1, "moved", "fix"),
        (fix_h, "moved", "check"), (0.2, "moved", "end"), (0.1, "closed", ""),
    ):  # fmt: skip
        at += hours
        steps.append((at, verb, to, {"agency": "a1"} if to == "fix" else {"outcome": "true"}))
    return log_of(steps, **told)


LOGS = {
    1: smooth(0, 1.0, source="collector"),
    2: smooth(1, 3.0, source="citizen"),  # an hour late
    3: log_of([  # sent back once, then in time against the limit of the standard
        (2, "opened", "accept", {}), (2.1, "moved", "verify", {}), (2.9, "moved", "file", {}),
        (3, "moved", "send", {}), (3.1, "moved", "fix", {"agency": "a1", "limit_due_ms": 9 * H}),
        (4, "moved", "check", {}), (4.2, "reworked", "fix", {"limit_due_ms": 9 * H}),
        (8, "moved", "check", {}), (8.1, "moved", "end", {}),
        (8.2, "closed", "", {"outcome": "true"}),
    ], grid=1),
    4: log_of([(3, "opened", "accept", {}), (3.1, "moved", "file", {}),
               (3.2, "cancelled", "", {"note": "twice"})], source="citizen"),
    5: log_of([(4, "opened", "accept", {}), (4.1, "moved", "file", {}), (4.2, "moved", "send", {}),
               (4.3, "moved", "fix", {"agency": "a2"})], grid=1),  # due at 6.3, never done
    6: log_of([(5, "opened", "accept", {}), (5.1, "moved", "file", {}), (5.2, "moved", "send", {}),
               (5.3, "moved", "fix", {"agency": "a2"}), (8.5, "moved", "check", {}),
               (8.6, "moved", "end", {}), (8.7, "closed", "", {"outcome": "true"}),
               (8.8, "appeal_granted", "", {})], grid=1),
    7: smooth(30, 1.0),  # reported after the period
}  # fmt: skip


class Logs:
    """The logs above."""

    def logs(self, from_ms: int, to_ms: int, /) -> Iterable[tuple[int, str, list[Event]]]:
        """Give those of a period."""
        return [(n, "routine", log) for n, log in LOGS.items() if from_ms <= log[0].at_ms < to_ms]

    def began(self, _from_ms: int, _to_ms: int, /) -> Mapping[int, int]:
        """The first detection of case 1 was six minutes before it."""
        return {1: -H // 10}

    def agencies(self) -> Mapping[str, str]:
        """Know no post."""
        return {}


@pytest.fixture
def door() -> AppraisalDoor:
    """Look at a day with six cases."""
    return AppraisalDoor(Logs(), {"routine": PLAN}, town(4).district)


DAY = (0, 24 * H, 24 * H)


def numbers(door: AppraisalDoor, **by: str) -> dict[str, dict[str, float | None]]:
    """Give the values by group."""
    asked = {"by": "", "level": "street", "scene": ""} | by
    rows = door.indicators(*DAY, **asked)["rows"]
    return {
        row["group"]: {name: each["value"] for name, each in row["numbers"].items()} for row in rows
    }


def test_the_indicators_of_a_day_are_those_of_a_count_by_hand(door: AppraisalDoor) -> None:
    """Six cases, read from their logs with a pencil."""
    (told,) = numbers(door).values()
    by_hand = {
        "reported": 6, "valid": 5, "filed": 5, "filed_share": 500 / 6, "to_dispose": 5,
        "disposed": 4, "disposed_on_time": 3, "disposed_late": 2, "disposed_share": 80,
        "on_time_share": 60, "to_close": 5, "closed": 4, "closed_on_time": 3, "closed_share": 80,
        "closed_on_time_share": 60, "rework": 1, "rework_times": 1, "rework_share": 20,
        "returned": 0, "extended": 0, "suspended": 0, "overrun": (1 / 2 + 1.2 / 2) / 2,
        "missed_share": 20, "verified_on_time_share": 0, "checked_on_time_share": 100,
        "sent_right_share": 80, "filed_right_share": 100,
    }  # fmt: skip
    assert {name: told[name] for name in by_hand} == pytest.approx(by_hand)


def test_what_was_late_stays_late_after_an_appeal_and_only_the_shares_change(
    door: AppraisalDoor,
) -> None:
    """Case 6 was 1.2 hours late and is exempt."""
    told = numbers(door, by="agency")["a2"]
    assert told["disposed_late"] == 1
    assert told["on_time_share"] == 50


def test_nothing_to_divide_by_is_no_number_and_not_nought(door: AppraisalDoor) -> None:
    """Agency a2 verified nothing."""
    assert numbers(door, by="agency")["a2"]["verified_on_time_share"] is None


def test_every_number_opens_to_the_cases_that_it_counts(door: AppraisalDoor) -> None:
    """The list is as long as the count says, for every count of every indicator."""
    asked = {"by": "agency", "level": "street", "scene": ""}
    told = door.indicators(*DAY, **asked)
    of = {each["id"]: each for each in told["indicators"]}
    for row in told["rows"]:
        for name, number in row["numbers"].items():
            behind = door.behind(*DAY, count=of[name]["of"], group=row["group"], **asked)
            if COUNTS.get(of[name]["of"], ("",))[0] == CASES:
                assert len(behind) == number["of"], (row["group"], name)
    late = door.behind(*DAY, count="disposed_late", group="a1", **asked)
    assert [each["id"] for each in late] == [2]


def test_a_day_cut_earlier_tells_what_was_known_then(door: AppraisalDoor) -> None:
    """At five o'clock case 3 was back with its agency, and case 5 not yet late."""
    rows = door.indicators(0, 24 * H, 5 * H - 1, by="", level="street", scene="")["rows"]
    told = {name: each["value"] for name, each in rows[0]["numbers"].items()}
    assert (told["reported"], told["disposed"], told["to_close"], told["closed"]) == (5, 2, 2, 2)


def test_areas_are_those_of_the_grid_where_a_case_lies(door: AppraisalDoor) -> None:
    """Grids 0 and 1 hold three cases each."""
    grids = numbers(door, by="area", level="grid")
    assert [each["reported"] for each in grids.values()] == [3, 3]


def test_an_agency_is_scored_by_its_terms_and_graded(door: AppraisalDoor) -> None:
    """a1: one of three reworked and one late; 10 + 30 + 20 + 20 points."""
    rows = {row["group"]: row for row in door.scores(*DAY, score="agency")["rows"]}
    assert rows["a1"]["points"] == pytest.approx(
        0.1 * 100 + 0.3 * 100 + 0.3 * 200 / 3 * 2, abs=1e-3
    )
    assert rows["a1"]["grade"] == "B"
    assert rows["a2"]["points"] == pytest.approx(10 + 15 + 15 + 30)


def test_a_term_without_cases_is_left_out_and_said_to_be(door: AppraisalDoor) -> None:
    """Nobody on the grids of a collector had anything to verify in the first grid."""
    rows = door.scores(*DAY, score="acceptor")["rows"]
    assert [row["group"] for row in rows] == ["ann"]
    assert rows[0]["terms"][1]["value"] == 100
    collectors = door.scores(*DAY, score="collector")["rows"]
    assert all("checked_on_time_share" in row["left_out"] for row in collectors)


def test_a_scene_is_told_with_its_precision_and_its_times(door: AppraisalDoor) -> None:
    """Closed cases were all true; the first opened six minutes after its detection."""
    (record,) = door.records(*DAY)
    assert record["precision"] == 1
    assert record["open_min"] == {"median": 6, "p90": 6, "of": 1}
    assert record["close_min"]["of"] == 5


def test_a_plan_without_stages_is_with_its_agency_from_the_start() -> None:
    """A case of a sensor's own plan counts as filed, and as put right when it is closed."""
    plan = Plan.declared("leak", {"step": [
        {"name": "look", "holder": "x", "within_s": 60, "then": ["closed"]}]})  # fmt: skip
    born = {"code": "C", "scene": "leak", "grid": 0, "plan": "leak", "step": "look", "due_ms": 60}
    log = [Event(1, 0, "desk", "opened", born), Event(2, 50, "x", "closed", {"outcome": "true"})]
    life = lived(1, log, plan, 100)
    assert life is not None
    assert (life.filed_ms, life.dispatched_ms, life.disposed_ms, life.due_ms) == (0, 0, 50, 60)


@pytest.mark.parametrize("verb", ["task_started", "task_late", "request_late", "warned", "late"])
def test_the_time_of_something_else_is_not_that_of_the_case(verb: str) -> None:
    """A task is due sooner, and a request is answered sooner: the agency keeps its own limit."""
    log = smooth(0, 1.0)
    before = lived(1, log, PLAN, 9 * H)
    fix = next(place for place, each in enumerate(log) if each.data.get("to") == "fix")
    other = Event(0, log[fix].at_ms + 1, "desk", verb, {"due_ms": log[fix].at_ms + 2})
    told = [*log[: fix + 1], other, *log[fix + 1 :]]
    assert lived(1, told, PLAN, 9 * H) == before


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[[indicator]]\nid='a'", "name"),
        ("[[indicator]]\nid='a'\nname={}\nof='nothing'\nunit=''\nmeans={}\nsource=''", "nothing"),
        ("[[indicator", "appraisal"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(text: str, names: str) -> None:
    """The message names the key or the count."""
    with pytest.raises(BadParameter, match=names):
        Definitions.read(text)


def test_a_wrong_question_names_its_field(door: AppraisalDoor) -> None:
    """Period, way, level, score and count are checked."""
    asked = {"by": "", "level": "street", "scene": ""}
    for wrong, field in (
        (lambda: door.indicators(5, 5, 9, **asked), "to:"),
        (lambda: door.indicators(5, 9, 1, **asked), "as_of:"),
        (lambda: door.indicators(*DAY, **asked | {"by": "moon"}), "by:"),
        (lambda: door.indicators(*DAY, **asked | {"by": "area", "level": "moon"}), "level:"),
        (lambda: door.scores(*DAY, score="moon"), "score:"),
    ):
        with pytest.raises(BadRequest, match=field):
            wrong()
    with pytest.raises(BadParameter, match="count:"):
        door.behind(*DAY, count="moon", group="", **asked)
