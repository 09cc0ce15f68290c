"""Who is sent where.  All places, calls and workers are made up (synthetic)."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from borough.core.errors import BadParameter
from borough.engine.dispatch import (
    SHIPPED,
    Calls,
    Instance,
    Pairs,
    Rules,
    Workers,
    assigned,
    expected_free,
    first_there,
    worth_of,
)

RULES = Rules.shipped()
NOW = 50_000.0
TEXT = SHIPPED.read_text("utf-8")


def instance(seed: int, calls: int, workers: int, *, all_free: bool = False) -> Instance:
    """Draw an instance: skills that some lack, shifts that end, calls early and late."""
    dice = np.random.default_rng(seed)
    free = NOW + (0 if all_free else 1) * np.maximum(dice.uniform(-900, 1800, workers), 0)
    return Instance(
        RULES,
        Calls(
            dice.uniform(0, 9000, calls),
            dice.uniform(0, 9000, calls),
            NOW + dice.uniform(-20_000, 20_000, calls),
            dice.uniform(300, 4000, calls),
            dice.integers(0, 8, calls),
        ),
        Workers(
            dice.uniform(0, 9000, workers),
            dice.uniform(0, 9000, workers),
            free,
            NOW + dice.uniform(-600, 9000, workers),
            dice.integers(0, 8, workers),
        ),
        NOW,
    )


INSTANCES = st.builds(instance, st.integers(0, 2**32), st.integers(0, 12), st.integers(0, 12))
"""From nobody and nothing up; one seed each, so that a failure can be drawn again."""


def allowed(asked: Instance, pairs: Pairs) -> None:
    """Check what holds of every answer."""
    assert len(set(pairs.call.tolist())) == len(pairs.call)
    assert len(set(pairs.worker.tolist())) == len(pairs.worker)
    needs, skills = asked.calls.needs[pairs.call], asked.workers.skills[pairs.worker]
    assert not (needs & ~skills).any()
    begins = np.maximum(asked.workers.free_s[pairs.worker], NOW)
    assert (begins < asked.workers.until_s[pairs.worker]).all()
    assert (pairs.waits == (asked.workers.free_s[pairs.worker] > NOW)).all()


@given(INSTANCES)
def test_nobody_is_sent_twice_or_without_the_skill_or_off_shift(asked: Instance) -> None:
    """Each call has one worker at most, each worker one call, and may and can do it."""
    allowed(asked, assigned(asked))
    allowed(asked, first_there(asked))
    allowed(asked, assigned(replace(asked, rules=replace(RULES, wait_weight=0.0, keep_s=0.0))))


@given(INSTANCES)
def test_urgent_calls_get_whoever_can_be_there_first(asked: Instance) -> None:
    """In the order of the calls: of those left nobody could be there earlier, the busy included."""
    pairs, taken = first_there(asked), set[int]()
    sent = dict(zip(pairs.call.tolist(), pairs.worker.tolist(), strict=True))
    for call in range(len(asked.calls.x)):
        there = {
            worker: asked.way_s[call, worker] + asked.wait_s[worker]
            for worker in range(len(asked.workers.x))
            if asked.fits[call, worker] and worker not in taken
        }
        assert (call in sent) == bool(there)
        if there:
            assert there[sent[call]] == min(there.values())
            taken.add(sent[call])


def test_somebody_about_to_be_free_next_door_is_kept_for_an_urgent_call() -> None:
    """Two minutes of waiting beat half an hour of travel."""
    calls = Calls(*np.array([[0.0], [0.0], [NOW + 3600], [900.0]]), np.array([0]))
    places, until = np.array([5000.0, 50.0]), np.full(2, NOW + 9000)
    free = expected_free(RULES, np.array([0.0, NOW + 400]), np.array([False, True]), NOW)
    workers = Workers(places, np.zeros(2), free, until, np.zeros(2, np.int64))

    pairs = first_there(Instance(RULES, calls, workers, NOW))

    assert pairs.worker.tolist() == [1]
    assert pairs.waits.tolist() == [True]


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12))
def test_an_assignment_is_never_worse_than_taking_the_best_pair_first(
    seed: int, calls: int, workers: int
) -> None:
    """On the same instance and by the same costs, greedy pairing never has the lower sum."""
    asked = instance(seed, calls, workers, all_free=True)
    cost, greedy = asked.cost_s.copy(), 0.0
    while cost.size and cost.min() < 0:
        call, worker = np.unravel_index(cost.argmin(), cost.shape)
        greedy += cost[call, worker]
        cost[call, :], cost[:, worker] = 0.0, 0.0

    pairs = assigned(asked)

    assert asked.cost_s[pairs.call, pairs.worker].sum() <= greedy + 1e-6
    assert (asked.cost_s[pairs.call, pairs.worker] < 0).all()


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_the_worth_of_a_late_call_grows_without_bound(late: float, more: float) -> None:
    """It is never below what its lateness alone is worth, whatever else is at stake."""
    worth = worth_of(RULES, -np.array([late, late + more]))

    assert (worth >= RULES.near_s + RULES.aging * np.array([late, late + more])).all()
    assert worth[1] - worth[0] >= RULES.aging * more - RULES.far_s - 1e-3


def test_a_call_that_can_be_in_time_goes_before_one_that_hardly_can() -> None:
    """One hour late stands back for one that is just in time, at the same place."""
    due = np.array([NOW - 3 * RULES.hope_s, NOW + 1300.0])

    assert sent_first(due) == 1


def test_nobody_waits_for_ever() -> None:
    """However pressed the other is, a call late enough goes first; the bound is in the rules."""
    widest = 20_000 * RULES.detour / RULES.speed_m_s
    bound = (RULES.far_s + widest) / RULES.aging

    assert sent_first(np.array([NOW - bound - 7200, NOW + 1300.0])) == 0


@pytest.mark.parametrize(("late_s", "waits"), [(-7200.0, True), (5e5, False)])
def test_a_late_call_is_not_put_off_to_the_next_worker(late_s: float, *, waits: bool) -> None:
    """One with time in hand waits for a busy worker next door; a late one takes who is free."""
    calls = Calls(*np.array([[0.0], [0.0], [NOW - late_s], [900.0]]), np.zeros(1, np.int64))
    places, until = np.array([1500.0, 50.0]), np.full(2, NOW + 9000)
    free = np.array([NOW, NOW + min(300.0, RULES.look_s)])
    workers = Workers(places, np.zeros(2), free, until, np.zeros(2, np.int64))

    assert assigned(Instance(RULES, calls, workers, NOW)).waits.tolist() == [waits]


def sent_first(due: np.ndarray) -> int:
    """Say which of two calls next to each other the only worker goes to."""
    zero, two = np.zeros(1), np.zeros(2)
    calls = Calls(two, two, due, np.full(2, 1200.0), np.zeros(2, np.int64))
    worker = Workers(zero, zero, zero, np.array([NOW + 9000]), np.zeros(1, np.int64))
    return int(assigned(Instance(RULES, calls, worker, NOW)).call[0])


def test_a_specialist_is_kept_for_those_who_need_one() -> None:
    """Of two at the same distance the one without the rare skill goes."""
    calls = Calls(*np.array([[0.0], [0.0], [NOW + 3600], [900.0]]), np.array([1]))
    places = np.array([300.0, -300.0, 9000.0])
    free, until = np.full(3, NOW), np.full(3, NOW + 9000)
    for skills, wanted in (([3, 1, 1], 1), ([1, 3, 1], 0)):
        workers = Workers(places, np.zeros(3), free, until, np.array(skills))
        rules = replace(RULES, keep_s=max(RULES.keep_s, 10.0))
        assert assigned(Instance(rules, calls, workers, NOW)).worker.tolist() == [wanted]


@given(INSTANCES)
def test_each_decision_carries_its_reasons(asked: Instance) -> None:
    """Way, wait, time in hand, worth, and who would have been next; plain numbers for JSON."""
    for pairs in (assigned(asked), first_there(asked)):
        for row in range(len(pairs.call)):
            told = pairs.reason(row)
            fit = asked.fits[pairs.call[row]].sum()
            assert set(told) - {"second_s"} == {"travel_s", "wait_s", "slack_s", "worth_s"}
            assert ("second_s" in told) == (fit > 1)
            assert all(type(value) is float and np.isfinite(value) for value in told.values())


def test_worth_rises_as_time_runs_out() -> None:
    """A call with hours in hand is worth a short way, one with none a long one."""
    worth = worth_of(RULES, np.array([40_000.0, 7200.0, 1800.0, 0.0]))

    assert all(before < after for before, after in pairwise(worth))
    assert worth[-1] == RULES.near_s + RULES.far_s


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (TEXT.replace("[near_s]", "[nears]"), "near_s"),
        (TEXT.replace("[near_s]", "[near_s"), "line"),
        (TEXT + "\n[odd]\nvalue = 1\n", "odd"),
        (TEXT.replace("[aging]\nvalue = ", "[aging]\nvalue = -"), "aging"),
        (TEXT.replace("[aging]\nvalue = ", "[aging]\nvalue = 0 # "), "aging"),
        (TEXT.replace("[look_s]\nvalue = ", "[look_s]\nvalue = inf # "), "look_s"),
        (TEXT.replace("[look_s]\nvalue = ", "[look_s]\nvalue = nan # "), "look_s"),
        (TEXT.replace("[look_s]\nvalue = ", "[look_s]\nvalue = true # "), "look_s"),
        ("near_s = 3", "aging"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(text: str, named: str) -> None:
    """Missing, unknown, negative, endless, not a number: the message says which."""
    with pytest.raises(BadParameter, match=named):
        Rules.read(text)
