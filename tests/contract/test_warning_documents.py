"""What documents of warnings promise: valid whatever the names say, and rules that make sense."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xmlschema
from hypothesis import given, settings, strategies as st

from borough.app.warnings.document import document
from borough.core import warnings as core
from borough.core.cases import Case, Event, born
from borough.core.errors import BadDistrict, BadScene
from borough.core.warnings import Issuer, WarningRule
from borough.engine.catalog import BUILT_IN, find_all
from borough.engine.district.issuer import read_issuer

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "data" / "cap" / "CAP-v1.2.xsd")
"""The schema that OASIS publishes."""
LEVELS = ("quiet", "blue", "yellow", "orange", "red")
RED = 4
TABLE = tomllib.loads((BUILT_IN / "slope" / "warning.toml").read_text("utf-8"))
RULE = WarningRule.declared(LEVELS, TABLE)
SENDER = Issuer("warn@town.test", {"zh": "样例镇", "en": "Town"}, zone="Asia/Shanghai")


@pytest.mark.parametrize("found", [f for f in find_all(BUILT_IN) if f.warning],
                         ids=lambda f: f.scene.id)  # fmt: skip
def test_what_the_shipped_scenes_tell_is_valid_and_can_come_to_pass(found: Any) -> None:
    """Each level of each scene is a valid document, and its step or task is one of its plan."""
    rule = found.warning
    steps = {each["name"] for each in found.plan["step"]}
    tasks = {each["name"] for each in found.plan.get("task", ())}
    assert rule.by_itself or rule.steps & steps or rule.tasks & tasks
    case = any_case(found.scene.id)
    area = core.Extent({"zh": "某地", "en": "somewhere"}, ring=np.zeros((4, 2)))
    for level in rule.signals:
        for kind in core.BULLETINS:
            due = core.Cue(kind, level, ("a,b,c",) if kind != "Alert" else (), 1)
            bulletin = core.composed(rule, case, due, area, thing="t-1", at_ms=0, note="")
            SCHEMA.validate(document(bulletin, SENDER))


def any_case(scene: str) -> Case:
    """Begin a case of a scene."""
    log = {"code": "X-1", "scene": scene, "thing": 0, "grid": -1, "title": {}, "plan": scene,
           "step": "look", "holder": "w", "level": 1, "due_ms": 0, "detection": ""}  # fmt: skip
    return born(1, Event(1, 0, "x", "opened", log))


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_no_text_breaks_a_document(text: str) -> None:
    """Markup, control characters and halves of characters in a name leave a document whole."""
    area = core.Extent({"zh": text, "en": text})
    bulletin = core.composed(
        RULE, any_case("slope"), core.Cue("Alert", RED, (), 1), area, thing=text, at_ms=0,
        note=text,
    )  # fmt: skip
    SCHEMA.validate(document(bulletin, SENDER))


@pytest.mark.parametrize(("change", "says"), [
    ({"category": ["Geology"]}, "category: CAP 1.2 has no category 'Geology'"),
    ({"falls": "nobody"}, "falls: it must be one of sensor, person"),
    ({"levels": {}}, "levels: no level is told"),
    ({"levels": {"pink": TABLE["levels"]["red"]}}, "the scene has no level pink"),
    ({"levels": {"red": {**TABLE["levels"]["red"], "severity": "Bad"}}}, "has no severity 'Bad'"),
    ({"levels": {"red": {**TABLE["levels"]["red"], "headline": {"zh": "{x}", "en": "y"}}}},
     "only {place}, {thing}, {level} are filled in"),
    ({"levels": {"red": {**TABLE["levels"]["red"], "headline": {"zh": "{place.x}", "en": "y"}}}},
     "are filled in"),
    ({"around_m": 0}, "around_m: it must be a number above 0"),
    ({"renew_before_s": 43200}, "renew_before_s: it must be shorter than lasts_s"),
    ({"loud": True}, "nobody knows the key loud"),
])  # fmt: skip
def test_a_rule_that_makes_no_sense_says_where(change: dict[str, Any], says: str) -> None:
    """What is wrong with a ``warning.toml`` is told with its key, before anybody is warned."""
    with pytest.raises(BadScene) as error:
        WarningRule.declared(LEVELS, {**TABLE, **change})
    where = ".".join(map(str, error.value.key))
    assert says in f"{where}: {error.value}"


@pytest.mark.parametrize(("line", "says"), [
    ('sender = "a b"', "warnings.sender"),
    ('sender = "a,b"', "warnings.sender"),
    ("sender = 3", "warnings.sender"),
    ('name = "x"', "warnings.name"),
    ('status = "Real"', "warnings.status"),
    ("contact = 1", "warnings.contact"),
])  # fmt: skip
def test_a_sender_that_cap_could_not_write_is_refused(tmp_path: Path, line: str, says: str) -> None:
    """The key of ``district.toml`` that is wrong is named."""
    head = 'id = "t"\nname = { zh = "镇", en = "Town" }\ntimezone = "UTC"\n'
    (tmp_path / "district.toml").write_text(f"{head}[warnings]\n{line}\n", "utf-8")
    with pytest.raises(BadDistrict, match=says):
        read_issuer(tmp_path)


def test_a_district_that_says_nothing_warns_as_an_exercise(tmp_path: Path) -> None:
    """Nobody goes out as Actual by having forgotten something; UTC has an offset, not a Z."""
    head = 'id = "t"\nname = { zh = "镇", en = "Town" }\ntimezone = "UTC"\n'
    (tmp_path / "district.toml").write_text(head, "utf-8")
    sender = read_issuer(tmp_path)
    assert (sender.id, sender.status) == ("t@borough.invalid", "Exercise")
    assert sender.moment(0) == "1970-01-01T00:00:00-00:00"
