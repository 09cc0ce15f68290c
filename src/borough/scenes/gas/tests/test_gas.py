"""What gas promises beyond its worked examples."""

from math import nan
from pathlib import Path

import numpy as np
from hypothesis import given, settings, strategies as st

from borough.core.plans import Plan
from borough.testing import find, rehearse
from borough.testing.samples import answers, replay

GAS = find(Path(__file__).parents[1])
HOLD_S, CLEAR_S, FALL = 3, 60, 0.8
LIMITS = {"orange": 8.0, "red": 20.0}
LEVELS = ("quiet", "orange", "red")


def test_the_sample_gets_its_known_answers() -> None:
    """A ring left open, a lighter, gas in a manhole, and a monitor under water."""
    assert sorted(replay(GAS)) == sorted(answers(GAS))


def test_the_valve_opens_again_only_when_the_gas_is_gone() -> None:
    """Both valves may be shut from their level on, and opened at level 0 alone."""
    steps = Plan.declared(GAS.scene.id, GAS.plan).steps
    for command in steps["shut_off"].commands:
        assert command.undo is not None
        assert (command.value, command.undo.value) == (0, 1)
        assert command.objection(int(command.levels[0]), 0, ()) == ""
        assert command.objection(int(command.levels[0]) - 1, 0, ())
        assert command.undo.objection(0, 0, ()) == ""
        assert command.undo.objection(1, 0, ())


def second_by_second(reports: dict[int, float], end: int) -> list[tuple[int, float, str]]:
    """Look at a home's detector every second with four stopwatches."""
    level, edges = 0, []
    over: dict[int, int | None] = {1: None, 2: None}
    under: dict[int, int | None] = {1: None, 2: None}
    for second in range(end + 1):
        for looks in ("before the report", "after it"):
            was, now = level, 0
            for each in (1, 2):
                begun, ended = over[each], under[each]
                begins = begun is not None and second - begun >= HOLD_S
                stays = each <= was and not (ended is not None and second - ended >= CLEAR_S)
                now = each if begins or stays else now
            if now != was:
                edges.append((0, float(second), LEVELS[now]))
            level = now
            if second in reports and looks == "before the report":
                share = reports[second]
                for each, limit in enumerate(LIMITS.values(), start=1):
                    over[each] = (over[each] or second) if share >= limit else None
                    under[each] = (under[each] or second) if share < FALL * limit else None
    return edges


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(1, 400), st.sampled_from([0.5, 6.5, 7.0, 9.0, 17.0, 25.0])))
def test_it_agrees_with_four_stopwatches(reports: dict[int, float]) -> None:
    """However the reports fall, the level changes at the second at which a watcher's would."""
    lines: list[tuple[object, ...]] = []
    for second in range(600):
        lines.append(("now", float(second)))
        if second in reports:
            lines.append((0, float(second), reports[second], nan, nan))
    said = rehearse(GAS, lines).edges

    assert said == second_by_second(reports, 599)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_below_ground_the_level_is_never_below_what_the_air_says(shares: list[float]) -> None:
    """At once, by the limits of the table, whatever was said before."""
    lines = [(0, 10.0 * at, nan, share / 20, 0) for at, share in enumerate(shares)]
    edges = rehearse(GAS, lines).edges
    names = ("quiet", "yellow", "orange", "red")
    for at, share in enumerate(shares):
        least = int(np.sum(share / 20 / 5 * 100 >= np.array([20.0, 50.0, 100.0])))
        said = [name for _, when, name in edges if when <= 10.0 * at]
        assert names.index(said[-1] if said else "quiet") >= least
