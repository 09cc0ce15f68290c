"""Whatever dies, and whenever: what was acknowledged is kept once, and what was said holds."""

import random
import time
from collections.abc import Iterator
from functools import partial

import pytest

from borough.app.tuning.replays import replayed
from borough.testing.aftermath import at_rest, undisturbed
from borough.testing.living import ROLES, Living, eventually
from borough.testing.senders import HttpSender, MqttSender, Sender, lanes, mixed, steady

CALM_S = 1.5
"""Time for messages before and after a death."""


@pytest.fixture
def living(lone_living: Living) -> Living:
    """Give a district that nobody else has touched."""
    return lone_living


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
    """Check journal and history against the ledgers, detections and cases against a replay."""
    acknowledged = set().union(*(each.ledger.acknowledged for each in senders))
    said = set().union(*(each.ledger.said for each in senders))
    eventually(lambda: acknowledged <= set(living.journalled()), "all that was acknowledged")
    living.await_same()
    journalled = living.journalled()
    assert {row: n for row, n in journalled.items() if row in said and n != 1} == {}
    eventually(lambda: counted(living)[1] == journalled.total(), "counters up to date")
    received, stored, rejected = counted(living)
    assert received == stored + rejected
    until = living.settled()
    last, found = at_rest(living)
    done = replayed(living.settings)
    compared = done.compared(0, until)
    assert (compared.missing, compared.extra) == ([], [])
    assert compared.same
    assert found == undisturbed(living, living, last, done)


def counted(living: Living) -> tuple[int, int, int]:
    """Give the stream's counters: readings received, stored and rejected."""
    pulse = living.pulse("stream")
    counts = pulse.get("counts", {})
    rejected = sum(pulse.get("rejected", {}).values())
    return counts.get("received", 0), counts.get("stored", 0), rejected


def has_more(sender: Sender, than: int) -> bool:
    """Say whether more was acknowledged than before."""
    return len(sender.ledger.acknowledged) > than


@pytest.mark.parametrize("roles", [*((each,) for each in ROLES), ROLES], ids="+".join)
def test_a_killed_role_costs_nothing_that_was_acknowledged(
    living: Living, senders: tuple[MqttSender, HttpSender], roles: tuple[str, ...]
) -> None:
    """SIGKILL of any process: acknowledged readings are kept once, and all is said as before."""
    already = [len(each.ledger.acknowledged) for each in senders]
    for each, before in zip(senders, already, strict=True):
        eventually(partial(has_more, each, before), "word before it")
    eventually(living.edges, "a first change of level")
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
