"""Who gets a case is the same with a muster and without, written together or one by one."""

import random
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.contract.test_sql_bundles import (
    PLANS,
    POSTS,
    Town,
    alarms,
    by_and_by,
    emptied,
    everything,
    wish,
)

from borough.core.moves import assigning, moving, noting
from borough.storage.sql import SqlRosters
from borough.storage.sql.bundles import bundling, kept, one_by_one
from borough.storage.sql.caselog import found
from borough.storage.sql.crews import busy
from borough.storage.sql.engines import writing
from borough.storage.sql.handing_table import handings
from borough.storage.sql.tasks_table import case_tasks
from borough.testing.desks import MORNING, ZONE


def edge(number: int, *, level: int) -> dict[str, Any]:
    """Let gas be smelt at a thing, or worse than before."""
    now = MORNING + level
    return {
        "id": f"gas-{number}", "scene": "gas", "thing": number, "level": level,
        "level_name": ("quiet", "yellow", "red")[level], "position": (10 * level + number) << 24,
        "time": now, "now": now, "values": {}, "before": {}, "after": {},
        "version": "0" * 12, "by": "scene",
    }  # fmt: skip


def met(town: Town, dice: random.Random, now: int, *, together: bool) -> list[dict[str, int]]:
    """Let several cases be led on in one transaction, and ask meanwhile who has how much."""
    told = []
    with writing(town.engine) as connection, (bundling if together else one_by_one)(connection):
        for _ in range(dice.randrange(1, 4)):
            case = found(connection, dice.randrange(1, 8))
            plan = PLANS[case.plan]
            if dice.random() < 0.3:
                happened = assigning(case, dice.choice(POSTS)["code"], at_ms=now, by="ann")
            elif "mend" in plan.step(case.step).then:
                happened = moving(case, plan, "mend", at_ms=now, by="ann")
            else:
                happened = noting(case, "seen", at_ms=now, by="ann")
            town.wrote(connection, case, happened)
            told.append(busy(connection, dice.sample([each["code"] for each in POSTS], 4)))
    return told


def led(engine: Engine, seed: int, *, together: bool) -> dict[str, Any]:
    """Let people lead cases on, while others go on leave and come back; gives what is left."""
    emptied(engine)
    town, dice = Town(engine, together=together), random.Random(seed)  # noqa: S311 - nothing secret
    loads = []
    by_and_by(town, alarms(seed))
    rosters, away = SqlRosters(engine, zone=ZONE), [0]
    for minute in range(60):
        now = MORNING + minute * 1_200_000
        if minute % 3 == 0:
            town.dispatch.turn(now)  # who is there is mustered
        cases = [each for each in town.cases.find(open_only=True) if each.plan in PLANS]
        if minute % 7 == 3:
            told = {"why": "ill", "by": "ann", "at_ms": now}
            post = dice.choice(POSTS)["code"]
            with writing(engine) as connection:
                away[0] = rosters.leave(connection, post, now, now + 5_000_000, **told)
        elif minute % 7 == 5:
            rosters.end_leave(away[0], at_ms=now)
        elif minute % 7 == 6:
            loads += met(town, dice, now, together=together)
        elif cases:
            case = dice.choice(sorted(cases, key=lambda each: each.id))
            steps = [each for each in PLANS[case.plan].step(case.step).then if each != "closed"]
            if steps:
                town.cases.move(
                    case.id, steps[0], plan=PLANS[case.plan], by="ann", at_ms=now,
                    expected_version=case.version,
                )  # fmt: skip
            else:
                town.cases.note(case.id, "seen", by="ann", at_ms=now)
    assert not [wrong for case in town.cases.find() for wrong in town.cases.verify(case.id)]
    return everything(engine) | {"loads": loads}


@pytest.mark.parametrize("seed", [1, 2])
def test_moves_leave_the_same_behind_with_a_muster_and_without(engine: Engine, seed: int) -> None:
    """Who gets a case, by what reasons, and all that is written: written together or one by one."""
    slow, fast = (led(engine, seed, together=together) for together in (False, True))
    for name, rows in slow.items():
        assert fast[name] == rows, name


@pytest.mark.parametrize("acts", ["m1", "m1 m2", "a1", "a1 a2", "m1 a1", "m1 r1", "r1 m1", "r1 a2"])
def test_what_somebody_has_is_counted_while_orders_wait(engine: Engine, acts: str) -> None:
    """Whatever waits of cases that were moved, given by hand or rose, and nothing else is known."""
    town = Town(engine, together=True)
    edges = [edge(number, level=1) for number in (1, 2)]
    town.desk.take(edges, 2, wish)
    codes = [each["code"] for each in POSTS]
    with writing(engine) as connection, bundling(connection):
        for act, number in acts.split():
            case = found(connection, int(number))
            if act == "m":
                happened = moving(case, PLANS["gas"], "mend", at_ms=MORNING, by="ann")
                town.wrote(connection, case, happened)
            elif act == "a":
                town.wrote(connection, case, assigning(case, "O2", at_ms=MORNING, by="ann"))
            else:
                town.desk.within(connection, [edge(case.id, level=2)], 3, wish)
        kept(connection, handings, case_tasks).clear()
        told = busy(connection, codes)
    assert told == town.dispatch.loads(codes)
    assert told
