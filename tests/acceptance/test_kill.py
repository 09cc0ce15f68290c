"""Whatever dies, and whenever: what was acknowledged is kept once, and what was said holds."""

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from borough.app.desk.desk import Desk
from borough.app.tuning.replays import replayed
from borough.core.cases import Case
from borough.storage.sql import SqlCases, connect
from borough.testing.living import ROLES, Living, eventually
from borough.testing.senders import HttpSender, MqttSender, Sender, lanes, mixed, steady

CALM_S = 1.5
"""Time for messages before and after a death."""
GONE_S = 10.0
TIMED = {
    "version", "step", "post", "agency", "holder", "since_ms", "due_ms", "late", "overdue",
    "trail", "band",
}  # fmt: skip
"""What of a case the passing of time, or who is on duty, may change, beside its detections."""


@pytest.fixture
def senders(living: Living) -> Iterator[tuple[MqttSender, HttpSender]]:
    """Let a gateway and a program speak, each with a ledger."""
    by_mqtt = mixed(lanes(living), steady(living, "battery", 20.0))
    with (
        MqttSender(living, by_mqtt) as mqtt,
        HttpSender(living, steady(living, "dwell", 1.0)) as http,
    ):
        yield mqtt, http


def check(living: Living, *senders: Sender) -> None:
    """Check journal and history against the ledgers, and detections against a replay."""
    acknowledged = set().union(*(each.ledger.acknowledged for each in senders))
    said = set().union(*(each.ledger.said for each in senders))
    living.await_history()
    journalled, archived = living.journalled(), living.archived()
    assert not acknowledged - set(journalled)
    assert {row: n for row, n in journalled.items() if row in said and n != 1} == {}
    assert archived == dict.fromkeys(journalled, 1)
    until = living.now
    eventually(lambda: living.journal()[-1][1].now > until, "time in the journal")
    living.await_desk()
    compared = replayed(living.settings).compared(0, until)
    assert (compared.missing, compared.extra) == ([], [])
    assert compared.same


def told(case: Case) -> dict[str, Any]:
    """Give what detections alone decide of a case."""
    return {name: getattr(case, name) for name in Case.__slots__ if name not in TIMED}


def cases_of(settings: Any) -> list[dict[str, Any]]:
    """Give all cases of a database, in the order in which they were opened."""
    found = SqlCases(connect(settings.store)).find(limit=1000)
    return sorted((told(each) for each in found), key=lambda each: each["id"])


def at_rest(living: Living) -> tuple[int, list[dict[str, Any]]]:
    """Give the cases at a moment in which no detection came, and the position it came up to."""
    while True:
        before, found = living.edges(), cases_of(living.settings)
        if living.edges() == before:
            return max(each["position"] for each in before), found


def undisturbed(living: Living, last: int) -> list[dict[str, Any]]:
    """Let a desk that never saw any trouble take the detections of a replay, up to a position."""
    fresh = living.settings.folder / "fresh.db"
    for each in fresh.parent.glob("fresh.db*"):
        each.unlink()
    shutil.copy(living.settings.folder / "before.db", fresh)
    settings = replace(living.settings, database=f"sqlite:///{fresh}")
    edges = [each for each in replayed(living.settings).edges if each["position"] <= last]
    Desk(settings).take(edges, 1)
    return cases_of(settings)


def has_more(sender: Sender, than: int) -> bool:
    """Say whether more was acknowledged than before."""
    return len(sender.ledger.acknowledged) > than


@pytest.mark.parametrize("roles", [*((each,) for each in ROLES), ROLES], ids="+".join)
def test_a_killed_role_costs_nothing_that_was_acknowledged(
    living: Living, senders: tuple[MqttSender, HttpSender], roles: tuple[str, ...]
) -> None:
    """SIGKILL of any process: acknowledged readings are kept once, and all is said as before."""
    already = [len(each.ledger.acknowledged) for each in senders]
    time.sleep(CALM_S + random.random())  # noqa: S311 - a moment that nobody chose
    living.kill(*roles)
    living.await_all()
    after = [len(each.ledger.acknowledged) for each in senders]
    for each, before in zip(senders, after, strict=True):
        eventually(partial(has_more, each, before + 40), "word after it")
    assert all(a > b for a, b in zip(after, already, strict=True))
    for each in senders:
        each.hush()

    check(living, *senders)
    last, found = at_rest(living)
    assert found == undisturbed(living, last)
