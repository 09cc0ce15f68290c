"""When house is kept: not while the machine has better things to do, and not never."""

import threading

from borough.app.housekeeper import await_calm

FOREVER_S = 3600.0


def test_a_round_waits_until_the_machine_is_calm() -> None:
    """What was busy before we began to look says nothing; the first calm stretch is enough."""
    told = iter([0.0, 90.0, 51.0, 50.0, 99.0])

    await_calm(threading.Event(), lambda: next(told), glance_s=0.0, patience_s=FOREVER_S)

    assert list(told) == [99.0]


def test_a_round_does_not_wait_for_ever() -> None:
    """A machine that is always busy has its small files merged all the same."""
    await_calm(threading.Event(), lambda: 100.0, glance_s=0.001, patience_s=0.05)


def test_a_round_that_waits_ends_with_the_desk() -> None:
    """Who is told to stop does not glance again."""
    stop = threading.Event()
    stop.set()
    told = iter([0.0])

    await_calm(stop, lambda: next(told), glance_s=FOREVER_S, patience_s=FOREVER_S)
