"""Doors for everybody count who comes, and remember no more of it than they must."""

from itertools import count

import pytest

from borough.api.requests_public import REMEMBERED, Turnstile
from borough.core.errors import Busy


def refused(turnstile: Turnstile, address: str, limits: dict[str, int]) -> bool:
    """Say whether somebody is turned away."""
    try:
        turnstile.enter(address, limits)
    except Busy:
        return True
    return False


def test_who_comes_too_often_is_turned_away_and_others_are_not() -> None:
    """So many an hour from one address; the next address has its own."""
    turnstile, limits = Turnstile(), {"per_hour": 2, "per_minute": 100}

    assert [refused(turnstile, "a", limits) for _ in range(3)] == [False, False, True]
    assert not refused(turnstile, "b", limits)


@pytest.mark.parametrize("per_minute", [5, 10 * REMEMBERED])
def test_a_flood_of_addresses_leaves_no_more_than_are_remembered(per_minute: int) -> None:
    """Whether they are let in or turned away: each comes once and never again."""
    turnstile, limits = Turnstile(), {"per_hour": 2, "per_minute": per_minute}
    numbers = count()

    for _ in range(REMEMBERED + 50):
        refused(turnstile, f"2001:db8::{next(numbers):x}", limits)

    assert len(turnstile._by) == min(per_minute, REMEMBERED)  # noqa: SLF001 - memory is the promise
