"""What warnings to the public promise: the right bulletin, once, in words that others can read."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from cap_tools.models import Alert
from hypothesis import given, settings, strategies as st
from sqlalchemy import Connection, Engine
from xsdata.formats.dataclass.parsers import XmlParser

from borough.app.district import Ground
from borough.app.warnings.composing import Composer
from borough.core import warnings as core
from borough.core.cases import Case, Event, Plan
from borough.core.errors import BadRequest, IllegalMove, NotFound, Stale
from borough.core.warnings import Issuer, WarningRule, told, wanted
from borough.engine.catalog import BUILT_IN
from borough.storage.sql import SqlCases, SqlDesk, SqlWarnings, Wish
from borough.storage.sql.timers import SqlTimers
from borough.storage.sql.warnings import KIND
from borough.testing.town import town

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "data" / "cap" / "CAP-v1.2.xsd")
"""The schema that OASIS publishes."""
LEVELS = ("quiet", "blue", "yellow", "orange", "red")
QUIET, BLUE, YELLOW, ORANGE, RED = range(5)
MORNING = 1_720_569_600_000
THING = 30
TEXT = (BUILT_IN / "slope" / "warning.toml").read_text("utf-8")
TABLE = {**tomllib.loads(TEXT), "after": {"steps": ["tell"], "tasks": ["publish_warning"]}}
RULE = WarningRule.declared(LEVELS, TABLE)
SENSED = replace(RULE, falls="sensor")
ALONE = replace(RULE, steps=frozenset(), tasks=frozenset())
SENDER = Issuer("warn@town.test", {"zh": "样例镇", "en": "Town"}, zone="Asia/Shanghai")
PLAN = Plan.declared(
    "slope",
    {
        "step": [
            {"name": "look", "holder": "w", "within_s": 600, "then": ["tell", "closed"]},
            {"name": "tell", "holder": "w", "within_s": 600, "then": ["look", "closed"]},
        ]
    },
)


class Scene:
    """A desk with one slope, on a database of its own."""

    def __init__(
        self, engine: Engine, rule: WarningRule = RULE, *, synthetic: bool = False, **more: Any
    ) -> None:
        ports = town(meters=60)
        ground = Ground(ports.district, ports.registry)
        sender = replace(SENDER, **more)
        compose = Composer(lambda: ground, {"slope": rule}, sender, synthetic=synthetic)
        self.warnings = SqlWarnings(
            engine, rules={"slope": rule}, compose=compose, wrote=self.wrote
        )
        self.after: list[Callable[[Connection, Case, Event], Case]] = [self.warnings.follow]
        self.cases = SqlCases(engine, zone="Asia/Shanghai", follow=self.after)
        self.desk = SqlDesk(engine, cases=self.cases)
        self.at = 0

    def wrote(self, connection: Connection, case: Case, event: Event) -> Case:
        """Write an event as the desk does."""
        return self.cases.wrote(connection, case, event)

    def hear(self, level: int) -> Case:
        """Let the detection come to a level, a minute later than the last thing that happened."""
        self.at += 1
        now = MORNING + self.at * 60_000
        edge = {
            "id": f"slope-{THING}-1", "scene": "slope", "thing": THING, "level": level,
            "level_name": LEVELS[level], "position": self.at, "time": now, "now": now,
            "values": {}, "before": {}, "after": {}, "version": "0123456789ab", "by": "scene",
        }  # fmt: skip
        wish = Wish(PLAN, 3_600_000, 1, 3, {"zh": "坡", "en": "slope"})
        taken = self.desk.take([edge], self.at, lambda _edge: wish)
        return taken.cases[0] if taken.cases else self.cases.one(1)

    def move(self, to: str, outcome: str = "", note: str = "x") -> Case:
        """Move the case."""
        self.at += 1
        told = {"by": "test", "at_ms": MORNING + self.at * 60_000, "note": note}
        version = self.cases.one(1).version
        return self.cases.move(1, to, plan=PLAN, expected_version=version, outcome=outcome, **told)

    def sent(self) -> list[Alert]:
        """Read all bulletins, oldest first, as a stranger's reader understands them."""
        rows = self.warnings.find(limit=1000)[::-1]
        documents = [self.warnings.document(row["identifier"]) for row in rows]
        for each in documents:
            SCHEMA.validate(each)
        return [XmlParser().from_string(each, Alert) for each in documents]

    def kinds(self) -> list[tuple[str, str]]:
        """Give kind and level of each bulletin, oldest first."""
        return [(row["kind"], row["level_name"]) for row in self.warnings.find()[::-1]]


def reference(alert: Alert) -> str:
    """Write how others refer to a bulletin, as CAP 1.2 section 3.2.1 says."""
    return f"{alert.sender},{alert.identifier},{alert.sent}"


def test_a_warning_is_told_raised_and_lifted_in_one_chain(engine: Engine) -> None:
    """Alert, update and cancel are valid, refer to all before them, and say what is the case."""
    scene = Scene(engine)
    scene.hear(YELLOW)
    scene.move("tell")
    scene.hear(RED)
    scene.move("closed", "true")
    alert, update, cancel = scene.sent()

    assert [each.msg_type.value for each in (alert, update, cancel)] == [
        "Alert",
        "Update",
        "Cancel",
    ]
    assert alert.references is None
    assert update.references == reference(alert)
    assert cancel.references == f"{reference(alert)} {reference(update)}"
    assert {each.incidents for each in (alert, update, cancel)} == {"CASE-20240710-000001"}
    chinese, english = update.infos
    assert (chinese.language, english.language) == ("zh-CN", "en-US")
    assert english.severity.value == "Extreme"
    assert [each.value for each in english.response_types] == ["Evacuate", "Avoid"]
    assert english.parameters[0].value.value == "red"
    assert cancel.infos[0].response_types[0].value == "AllClear"
    assert str(alert.sent).endswith("+08:00")


def test_nobody_is_told_before_people_decided(engine: Engine) -> None:
    """Readings alone tell nobody where the plan has a step for it; then the present level goes."""
    scene = Scene(engine)
    scene.hear(YELLOW)
    scene.hear(RED)
    assert scene.kinds() == []

    scene.move("tell")
    assert scene.kinds() == [("Alert", "red")]


def test_a_level_that_is_not_told_stays_among_us(engine: Engine) -> None:
    """Blue has no words in the table: the step is reached and nothing goes out until it rises."""
    scene = Scene(engine)
    scene.hear(BLUE)
    scene.move("tell")
    assert scene.kinds() == []

    scene.hear(ORANGE)
    assert scene.kinds() == [("Alert", "orange")]


def test_quiet_readings_lower_nothing_that_people_must_lower(engine: Engine) -> None:
    """Of a slope only people say that it is over."""
    scene = Scene(engine)
    scene.hear(RED)
    scene.move("tell")
    scene.hear(YELLOW)
    scene.hear(QUIET)
    assert scene.kinds() == [("Alert", "red")]


def test_a_gauge_lowers_and_lifts_its_own_warning(engine: Engine) -> None:
    """Where readings may lower it, each level is told, and its end."""
    scene = Scene(engine, SENSED)
    scene.hear(RED)
    scene.move("tell")
    for level in (YELLOW, YELLOW, BLUE, QUIET):
        scene.hear(level)
    assert scene.kinds() == [("Alert", "red"), ("Update", "yellow"), ("Cancel", "yellow")]


def test_a_case_that_comes_back_begins_a_chain_of_its_own(engine: Engine) -> None:
    """After the end of a warning the next is an alert that refers to nothing."""
    scene = Scene(engine)
    scene.hear(RED)
    scene.move("tell")
    scene.hear(QUIET)
    scene.move("closed", "true")
    scene.hear(ORANGE)
    assert scene.kinds() == [("Alert", "red"), ("Cancel", "red")]

    scene.move("tell")
    assert scene.kinds()[2:] == [("Alert", "orange")]
    assert scene.sent()[2].references is None


def test_people_let_a_warning_out_and_take_it_back(engine: Engine) -> None:
    """A person chooses the level and gives a reason for the end; readings do not undo that."""
    scene = Scene(engine)
    case = scene.hear(YELLOW)
    how = {"by": "leader", "at_ms": MORNING + 90_000}
    with pytest.raises(BadRequest, match="level: the public is told of yellow, orange, red"):
        scene.warnings.confirm(1, level="blue", note="", expected_version=case.version, **how)
    case = scene.warnings.confirm(1, level="orange", note="", expected_version=case.version, **how)
    with pytest.raises(IllegalMove, match="is out already"):
        scene.warnings.confirm(1, level="", note="", expected_version=case.version, **how)
    with pytest.raises(BadRequest, match="note: say why"):
        scene.warnings.withdraw(1, note=" ", expected_version=case.version, **how)
    with pytest.raises(Stale):
        scene.warnings.withdraw(1, note="x", expected_version=case.version - 1, **how)
    scene.warnings.withdraw(1, note="仪器误报", expected_version=case.version, **how)
    scene.hear(RED)

    assert scene.kinds() == [("Alert", "orange"), ("Cancel", "orange")]
    with pytest.raises(IllegalMove, match="no warning in force"):
        scene.warnings.withdraw(1, note="x", expected_version=scene.cases.one(1).version, **how)


def test_without_a_step_it_goes_out_by_itself(engine: Engine) -> None:
    """A rule that waits for nobody tells at once, and again when it rises after a withdrawal."""
    scene = Scene(engine, ALONE)
    case = scene.hear(ORANGE)
    how = {"by": "leader", "at_ms": MORNING + 90_000}
    scene.warnings.withdraw(1, note="x", expected_version=case.version, **how)
    scene.hear(YELLOW)
    scene.hear(ORANGE)
    assert scene.kinds() == [("Alert", "orange"), ("Cancel", "orange")]

    scene.hear(RED)
    assert scene.kinds()[2:] == [("Alert", "red")]


def test_what_was_sent_never_changes(engine: Engine) -> None:
    """Later bulletins leave the earlier ones letter for letter as they were."""
    scene = Scene(engine)
    scene.hear(YELLOW)
    scene.move("tell")
    first = scene.warnings.find()
    before = scene.warnings.document(first[0]["identifier"])
    scene.hear(RED)
    scene.move("closed", "true")

    assert scene.warnings.find()[-1:] == first
    assert scene.warnings.document(first[0]["identifier"]) == before


def test_a_warning_stands_or_falls_with_what_it_follows_from(engine: Engine) -> None:
    """Where the transaction of an event fails, nobody was warned, and the next try warns once."""
    scene = Scene(engine)
    scene.hear(RED)

    def failing(_connection: Connection, _case: Case, _event: Event) -> Case:
        msg = "no room"
        raise IllegalMove(msg)

    broken = SqlCases(
        scene.cases._engine, zone="UTC", follow=[scene.warnings.follow, failing]  # noqa: SLF001 - its own database
    )  # fmt: skip
    told = {"by": "test", "at_ms": MORNING + 60_000, "note": "x"}
    with pytest.raises(IllegalMove, match="no room"):
        broken.move(1, "tell", plan=PLAN, expected_version=1, **told)
    assert scene.kinds() == []

    scene.move("tell")
    assert scene.kinds() == [("Alert", "red")]
    assert scene.cases.verify(1) == []


def test_only_what_holds_now_is_in_force(engine: Engine) -> None:
    """A warning is in force until it is replaced, cancelled, or has run out."""
    scene = Scene(engine)
    scene.hear(YELLOW)
    scene.move("tell")
    scene.hear(RED)
    (row,) = scene.warnings.current(MORNING + 600_000)
    assert (row["kind"], row["level_name"]) == ("Update", "red")
    assert scene.warnings.current(row["expires_ms"]) == []
    scene.move("closed", "true")
    assert scene.warnings.current(MORNING + 600_000) == []
    with pytest.raises(NotFound):
        scene.warnings.document("CASE-0")


def test_what_still_holds_is_told_again_before_it_runs_out(engine: Engine) -> None:
    """An update at the same level goes out once, in time, for as long as it is in force."""
    scene = Scene(engine)
    timers = SqlTimers(engine, {KIND: scene.warnings.renew})
    scene.hear(RED)
    scene.move("tell")
    (first,) = scene.warnings.find()
    due = first["expires_ms"] - RULE.renew_before_ms
    assert timers.fire(due - 1) == []
    assert [timers.fire(due), timers.fire(due)][1] == []
    assert scene.kinds() == [("Alert", "red"), ("Update", "red")]
    assert scene.sent()[1].references == reference(scene.sent()[0])
    assert scene.warnings.current(first["expires_ms"] + 1)

    scene.move("closed", "true")
    assert timers.fire(due + 10 * (first["expires_ms"] - first["sent_ms"])) == []
    assert scene.kinds()[-1] == ("Cancel", "red")
    assert scene.cases.verify(1) == []


def test_a_district_may_send_in_earnest(engine: Engine) -> None:
    """A district that says Actual sends so."""
    real = Scene(engine, status="Actual")
    real.hear(RED)
    real.move("tell")
    (alert,) = real.sent()
    assert (alert.status.value, alert.note) == ("Actual", None)


def test_synthetic_data_never_go_out_as_actual(engine: Engine) -> None:
    """Whatever the district says, a warning from made-up data is an exercise and says so."""
    scene = Scene(engine, status="Actual", synthetic=True)
    scene.hear(RED)
    scene.move("tell")
    (alert,) = scene.sent()
    assert alert.status.value == "Exercise"
    assert "synthetic" in str(alert.note)


def test_the_ground_is_a_circle_around_the_thing_or_its_grid(engine: Engine) -> None:
    """CAP wants latitude first, a radius in kilometres, and closed rings."""
    ports = town(meters=60)
    row = ports.registry.id.tolist().index(THING)
    lon, lat = float(ports.registry.lon[row]), float(ports.registry.lat[row])
    scene = Scene(engine)
    scene.hear(RED)
    scene.move("tell")
    (area,) = scene.sent()[0].infos[0].areas
    assert area.circles == [f"{lat:.6f},{lon:.6f} 0.3"]
    assert {each.value_name.value: each.value.value for each in area.geocodes}[
        "GB/T 2260"
    ] == "000000"


def test_a_grid_is_a_closed_ring(engine: Engine) -> None:
    """Without a radius the ground is the grid of the thing."""
    scene = Scene(engine, replace(RULE, around_m=0.0))
    scene.hear(RED)
    scene.move("tell")
    (area,) = scene.sent()[0].infos[0].areas
    pairs = area.polygons[0].split(" ")
    assert not area.circles
    assert pairs[0] == pairs[-1]
    assert len(pairs) >= 4
    latitude = float(pairs[0].partition(",")[0])
    assert 29 < latitude < 31


LINES = st.lists(
    st.sampled_from([
        *(("level", {"level": level}) for level in range(5)),
        ("moved", {"to": "tell"}), ("moved", {"to": "look"}), ("noted", {}),
        ("task_done", {"task": "publish_warning"}), ("task_done", {"task": "other"}),
        (core.CONFIRMED, {"level": ORANGE}), (core.CONFIRMED, {"level": 0}),
        (core.WITHDRAWN, {}), ("closed", {}), ("cancelled", {}),
        ("reopened", {"level": YELLOW, "to": "look"}), ("returned", {"to": "tell"}),
    ]),
    max_size=40,
)  # fmt: skip


def played(rule: WarningRule, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Event]:
    """Write a log as the follower does: after each event the bulletin that is due."""
    log = [Event(1, 0, "x", "opened", {"level": BLUE})]
    for verb, data in lines:
        log.append(Event(len(log) + 1, len(log), "x", verb, data))
        due = wanted(rule, told(rule, log))
        if due:
            said = {"kind": due.kind, "level": due.level, "reference": f"r{due.number}"}
            said |= {"refers": due.references, "number": due.number}
            log.append(Event(len(log) + 1, len(log), "desk", core.SENT, said))
    return log


@given(LINES, st.sampled_from([RULE, SENSED, ALONE]))
@settings(max_examples=300)
def test_whatever_happens_the_chain_is_whole(
    lines: list[tuple[str, dict[str, Any]]], rule: WarningRule
) -> None:
    """Alerts begin, updates and cancels refer to all before them, nothing is said twice."""
    log = played(rule, lines)
    chain: list[str] = []
    last = 0
    for number, each in enumerate((e.data for e in log if e.verb == core.SENT), 1):
        assert each["number"] == number
        assert list(each["refers"]) == chain
        assert (each["kind"] == "Alert") == (not chain)
        assert each["kind"] != "Update" or each["level"] != last
        chain = [] if each["kind"] == "Cancel" else [*chain, each["reference"]]
        last = each["level"]
    assert wanted(rule, told(rule, log)) is None
    over = [each.verb for each in log if each.verb in {"closed", "cancelled", "reopened"}]
    if over and over[-1] != "reopened":
        assert not chain
