"""What the engine promises, whatever the scene."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from borough.core.detections import Detector, Rows
from borough.core.errors import BadParameter
from borough.core.observations import Batch, Now, Series, Tick, Values
from borough.core.scenes import Scene
from borough.engine.catalog import Found
from borough.engine.runner import Runner
from borough.engine.watch import Watch

SCENE = Scene.declared(
    {
        "id": "warm",
        "standing": "duty",
        "name": {"zh": "热", "en": "Warm"},
        "levels": ["minor", "major"],
        "watches": {"properties": ["temp"], "from": ["probe"], "parent": "via"},
        "parameters": {
            "limit": {
                "value": 30.0,
                "unit": "Cel",
                "limits": [0, 100],
                "means": {"zh": "上限", "en": "limit"},
                "source": "this test",
                "per_thing": True,
            },
            "step_c": {
                "value": 10.0,
                "unit": "Cel",
                "limits": [1, 50],
                "means": {"zh": "级差", "en": "step"},
                "source": "this test",
            },
        },
        "opens": {"plan": "plan.toml", "title": {"zh": "热", "en": "Warm"}, "merge_s": 60},
    }
)


@dataclass(frozen=True, slots=True)
class Warm(Detector):
    """Level 1 above the limit, 2 a step above that."""

    memory: ClassVar = {"said": 1}

    limit: Values
    step_c: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Compare."""
        rows["said"] = tick["temp"]
        rows["level"] = 0 + (tick["temp"] > self.limit) + (tick["temp"] > self.limit + self.step_c)


def district(things: tuple[int, ...] = (17, 40), *, late_ms: int = 0) -> Series:
    """Two probes of the scene, and a stranger's series between them."""
    ids = [things[0], 99, *things[1:]]
    return Series(
        thing=np.array(ids),
        property=np.array([0, 1] + [0] * (len(ids) - 2)),
        source=np.array([0, 1] + [0] * (len(ids) - 2)),
        late_ms=np.full(len(ids), late_ms),
        patience_ms=np.full(len(ids), 60_000),
        properties=("temp", "count"),
        sources=("probe", "turnstile"),
    )


def runner(series: Series, **tuned: Values) -> Runner:
    """Set the scene to work."""
    found = Found(SCENE, Warm, {}, [], Path())
    return found.runner(series, **tuned)


def test_a_scene_hears_its_own_things_only() -> None:
    """Other properties and other classes of device are not its business."""
    warm = runner(district())
    (edges,) = warm.read(Batch.of([(n, 0, n, 1000, 99.0) for n in range(3)]))

    assert warm.watch.things.tolist() == [17, 40]
    assert edges.ids() == ["warm-17-0", "warm-40-2"]


def test_an_edge_carries_its_evidence() -> None:
    """Who asks why is shown what was said, what was remembered, and by which parameters."""
    warm = runner(district())
    warm.read(Batch.of([(0, 1000, 0, 1000, 20.0)]))
    (edges,) = warm.read(Batch.of([(1, 2000, 0, 2000, 45.0)]))
    (edge,) = edges.spelled()

    assert edge["values"] == {"temp": 45.0}
    assert (edge["before"]["said"], edge["after"]["said"]) == (20.0, 45.0)
    assert (edge["level"], edge["level_name"], edge["version"]) == (2, "major", warm.version)
    assert (edge["time"], edge["now"], edge["position"]) == (2000, 2000, 1)


def test_parameters_have_a_version() -> None:
    """The same choice has the same version, another choice another, for one thing too."""
    series = district()
    versions = [runner(series, limit=limit).version for limit in (30, 30.0, 31)]
    single = runner(series, limit=np.array([30.0, 31.0])).version

    assert versions[0] == versions[1]
    assert len({*versions, single}) == 3


@pytest.mark.parametrize("tuned", [{"limit": 101}, {"step_c": [10, 10]}, {"stap_c": 10}], ids=str)
def test_a_parameter_keeps_to_its_declaration(tuned: dict[str, Values]) -> None:
    """Not beyond its limits, not one for each thing where one is for all, not misspelt."""
    with pytest.raises(BadParameter, match=next(iter(tuned))):
        runner(district(), **tuned)


def test_a_thing_may_have_its_own_limit() -> None:
    """A column gives each thing its number, and NaN leaves it the declared one."""
    warm = runner(district(), limit=np.array([50.0, np.nan]))
    (edges,) = warm.read(Batch.of([(0, 0, 0, 1000, 35.0), (1, 0, 2, 1000, 35.0)]))

    assert edges.thing.tolist() == [40]


def test_old_word_is_forgotten_after_a_while() -> None:
    """A thing that has fallen silent is unknown, not green."""
    warm = runner(district())
    warm.read(Batch.of([(0, 0, 0, 0, 20.0)]))
    known = [(warm.read(Now(n, n * 10_000)), bool(warm.rows["known"][0]))[1] for n in range(1, 9)]

    assert known == [True] * 6 + [False] * 2


def test_a_row_from_the_future_spoils_only_itself() -> None:
    """Rows of other series are judged by their own newest."""
    warm = runner(district())
    warm.read(Batch.of([(0, 0, 0, 10**12, 20.0), (1, 0, 2, 1000, 20.0)]))
    (edges,) = warm.read(Batch.of([(2, 0, 2, 2000, 99.0), (3, 0, 0, 2000, 99.0)]))

    assert edges.thing.tolist() == [40]
    assert warm.late == 1


def test_what_was_saved_is_found_by_thing_when_the_registry_has_changed() -> None:
    """A thing that came between others does not inherit their memory."""
    before = runner(district((17, 40)))
    before.read(Batch.of([(0, 0, 0, 1000, 99.0), (1, 0, 2, 1000, 20.0)]))
    after = runner(district((17, 40, 41)))
    after.load(before.save())

    assert after.rows["level"].tolist() == [2, 0, 0]
    assert after.rows["born"].tolist()[0] == 0
    assert np.isnan(after.rows["said"][2])
    assert after.read(Batch.of([(1, 0, 0, 1000, 0.0)])) == []


def test_a_child_is_told_its_parents_row() -> None:
    """A rule that looks at gateways finds them among its own rows."""
    watch = Watch.of(SCENE, district((17, 40, 55)), (np.array([17, 55]), np.array([40, 99])))

    assert watch.parent.tolist() == [1, -1, -1]


@dataclass(frozen=True, slots=True)
class Counting(Warm):
    """Counts how often time passed for it."""

    def pass_time(self, now: Values, rows: Rows) -> None:  # noqa: ARG002 - only that it was asked
        """Count."""
        rows["said"] = np.nan_to_num(rows["said"]) + 1


def test_a_rule_that_need_not_look_often_looks_at_the_same_moments_wherever_one_begins() -> None:
    """Once in each of its stretches of time, also when it was saved and loaded in one of them."""
    found = Found(replace(SCENE, every_s=5), Counting, {}, [], Path())
    early, late, loaded = (found.runner(district()) for _ in range(3))
    looks: dict[str, list[int]] = {"early": [], "late": []}
    for second in range(3, 31):
        now = Now(second, second * 1000)
        for name, each in (("early", early), ("late", late)):
            before = np.nan_to_num(each.rows["said"][0])
            if name == "early" or second >= 12:
                each.read(now)
                looks[name] += [second] * int(each.rows["said"][0] > before)
        if second == 21:
            loaded.load(early.save())
        if second > 21:
            loaded.read(now)

    assert looks == {"early": [3, 5, 10, 15, 20, 25, 30], "late": [12, 15, 20, 25, 30]}
    assert loaded.rows["said"][0] == len(looks["early"])
