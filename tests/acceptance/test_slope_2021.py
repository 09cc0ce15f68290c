"""The slope behind the factory in Dawan, July 2021, played through the desk by a district clock."""

import csv
import tomllib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from borough.app.desk.desk import Desk
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.core.errors import IllegalMove
from borough.engine.catalog import BUILT_IN
from borough.testing.living import laid_out
from borough.testing.played import Played

ZONE = ZoneInfo("Asia/Shanghai")
FOLDER = BUILT_IN / "slope"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LEVELS = ("quiet", "blue", "yellow", "orange", "red")


def moment(text: str) -> int:
    """Read a local moment as ms UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def record() -> list[dict[str, str]]:
    """Read the record of the slope."""
    lines = (FOLDER / "sample" / "yubei_2021.csv").read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def asked_for(level: int) -> set[str]:
    """Name the tasks that the plan asks for when a level is reached, read straight off the file."""
    text = tomllib.loads((FOLDER / "plan.toml").read_text("utf-8"))
    return {each["name"] for each in text["task"] if each["when"] == {"level": level}}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Play the whole record; people answer as they are scripted to, and late where they are not."""
    folder = tmp_path_factory.mktemp("slope")
    settings = Settings(data=str(folder), district=str(folder_of("yubei")))
    laid_out(settings, share=0.002)
    desk = Desk(settings)
    registry = desk.ground.registry
    slope = next(r for r, k in enumerate(registry.kind) if registry.kinds[int(k)].code == "slope")
    made = Played(desk, "slope", int(registry.id[slope]), LEVELS)
    for row in record():
        made.hears(row["level"], moment(row["time"]))
        SCRIPT.get(row["time"], nothing)(made, moment(row["time"]))
    yield made
    desk.engine.dispose()


def nothing(_made: Played, _at: int) -> None:
    """Let things take their course."""


def blue(made: Played, at: int) -> None:
    """The watcher answers and goes; the geologist checks the readings."""
    made.until(at + 5 * MINUTE)
    made.acts("acknowledge", "watcher_visit")
    made.until(at + 90 * MINUTE)
    made.acts("finish", "watcher_visit", answers={"photo": "crack.jpg"})
    made.acts("finish", "check_data", answers={"finding": "it creeps"})


def orange(made: Played, at: int) -> None:
    """The agencies confer within half an hour and warn."""
    made.until(at + 20 * MINUTE)
    made.acts("finish", "consult", answers={"decision": "warn"})
    made.acts("finish", "publish_warning")
    made.acts("finish", "step_aside", answers={"headcount": 20})
    made.acts("finish", "geologist_visit", answers={"finding": "fresh cracks"})


def red(made: Played, at: int) -> None:
    """Nobody takes the calls up at first; they do when the circle has widened."""
    made.until(at + 6 * MINUTE)
    assert made.task("call_households").circle == ("emergency",)
    assert made.task("evacuate").circle == ("governance",)
    assert made.task("call_households").unanswered
    made.until(at + 7 * MINUTE)
    for name in ("call_households", "evacuate", "close_road", "rescue_on_site"):
        made.acts("acknowledge", name)
    made.acts(
        "finish", "call_households", answers={"households_called": 9, "households_unanswered": 0}
    )
    made.until(at + 26 * MINUTE)
    made.acts("finish", "evacuate", answers={"headcount": 62})
    made.acts("finish", "close_road")
    made.until(at + HOUR)
    made.acts("finish", "shelter", answers={"sheltered": 62})


def fell_from_red(made: Played, at: int) -> None:
    """The first meeting says no, the second yes."""
    made.until(at + HOUR)
    made.acts("finish", "lift_red", answers={"lift_red": "no", "reason": "it rains"})
    assert made.task("cut_gas").runs
    made.until(at + 3 * HOUR)
    made.acts("finish", "lift_red", answers={"lift_red": "yes", "reason": "it slows down"})
    assert not made.task("cut_gas").runs


def ended(made: Played, at: int) -> None:
    """The case cannot be closed before the experts have met; then it is, and is looked back on."""
    case = made.desk.cases.find(limit=1)[0]
    made.until(at + HOUR)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("keep_watch", {"photo": "after.jpg"}),
        ("lift", {"reason": "it has stopped"}),
        ("closed", {"reason": "the experts say so"}),
    ]
    for to, answers in steps:
        if to == "closed":
            with pytest.raises(IllegalMove, match="lift_orange"):
                close(made, case.id, answers)
            made.acts("finish", "lift_orange", answers={"lift_orange": "yes", "reason": "still"})
            for each in made.desk.tasks.find(case=case.id):
                if each.required:
                    made.acts("skip", each.name, note="the second orange was over in a day")
            close(made, case.id, answers)
        else:
            version = made.desk.cases.one(case.id).version
            made.asks("move", case=case.id, to=to, answers=answers, version=version)
    made.until(at + DAY)
    made.acts("finish", "review", answers={"verdict": "true", "change": "answer at night"})


def close(made: Played, case: int, answers: dict[str, Any]) -> None:
    """Close the case as true."""
    version = made.desk.cases.one(case).version
    made.asks("close", case=case, outcome="true", answers=answers, version=version)


SCRIPT = {
    "2021-07-08T09:00": blue,
    "2021-07-14T02:00": orange,
    "2021-07-18T03:00": red,
    "2021-07-19T06:00": fell_from_red,
    "2021-07-22T09:00": ended,
}


def log(played: Played) -> list[Any]:
    """Give the log of the one case that there is."""
    (case,) = played.desk.cases.find(limit=9)
    return played.desk.cases.events(case.id)


def test_thirteen_alarms_are_one_matter_and_its_log_holds(played: Played) -> None:
    """All alarms from the 8th to the 21st belong to one case; row, tasks and log agree."""
    (case,) = played.desk.cases.find(limit=9)
    assert case.worst == LEVELS.index("red")
    assert sum(bool(row["alarm"]) for row in record()) == 13
    assert played.desk.cases.verify(case.id) == []


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_each_level_starts_every_task_that_the_plan_asks_for(played: Played, level: int) -> None:
    """In the very entry after a level is first reached, all its tasks have begun."""
    reached = next(row["time"] for row in record() if row["level"] == LEVELS[level])
    begun = {
        each.data["name"]
        for each in log(played)
        if each.verb == "task_started" and each.at_ms == moment(reached)
    }
    wanted = asked_for(level)
    assert wanted
    assert begun >= wanted


def test_on_red_more_than_six_agencies_act_at_once(played: Played) -> None:
    """Each of the red tasks has an agency of its own, and all began in the same moment."""
    reds = {played.task(name).agency for name in asked_for(4)}
    assert len(reds - {""}) >= 6


def test_where_nobody_answers_the_circle_widens(played: Played) -> None:
    """After five minutes the emergency bureau was called to the households too, and it says so."""
    task = played.task("call_households")
    widened = [e for e in log(played) if e.verb == "task_widened" and e.data["task"] == task.id]
    assert [each.at_ms - task.started_ms for each in widened] == [5 * MINUTE]
    assert (task.unanswered, task.late, task.state) == (True, False, "done")


def test_red_is_lifted_only_by_the_experts(played: Played) -> None:
    """The level fell at six; gas stayed off until the second meeting said yes at nine."""
    gas = played.task("cut_gas")
    assert gas.ended_ms == moment("2021-07-19T09:00")
    assert [e.data["answers"]["lift_red"] for e in log(played) if "lift_red" in str(e.data)
            and e.verb == "task_done"] == ["no", "yes"]  # fmt: skip


def test_the_look_back_tells_the_lead_time(played: Played) -> None:
    """From the first blue to red nine days and eighteen hours; all out 26 minutes after red."""
    (review,) = [each for each in log(played) if each.verb == "reviewed"]
    told = review.data["measured"]
    assert told["alarms"] == 13
    assert told["lead_ms"] == 9 * DAY + 18 * HOUR
    assert told["milestones"]["evacuate"] - told["first_ms"]["4"] == 26 * MINUTE
    assert told["tasks"]["unanswered"] >= 1
