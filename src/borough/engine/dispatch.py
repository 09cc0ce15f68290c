"""Dispatch: who goes where next, decided for all waiting calls and all workers together.

An urgent call goes to whoever can be there first, those about to become free among them.  The
other calls and the workers are paired so that the sum of travel and of what is at stake is best
(min-cost assignment).  A call with much time left is worth only a short way: it waits until
somebody is near it anyway.  As its time runs out, it is worth a longer one.  Once it can hardly
be in time it stands back for those that still can, but its worth grows with each second that it
is late, without bound.  So only calls that are about as late, or later, can be preferred to it
for ever, and of these there is an end: nothing is abandoned.
"""

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np

from borough.core.errors import BadParameter
from borough.core.observations import Floats, Index, Mask

SHIPPED = Path(__file__).with_suffix(".toml")
URGENT, BATCH = "urgent", "batch"
"""The two rules by which somebody is sent."""
NEVER = 1e12
"""A cost that no pair is worth, in seconds."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a district dispatches; `dispatch.toml` has unit, meaning and source of each value."""

    speed_m_s: float
    detour: float
    near_s: float
    far_s: float
    calm_s: float
    hope_s: float
    aging: float
    look_s: float
    wait_weight: float
    keep_s: float
    overrun_s: float

    def __post_init__(self) -> None:
        above = {"speed_m_s", "detour", "calm_s", "hope_s", "aging"}
        for each in fields(self):
            value, least = getattr(self, each.name), "above" if each.name in above else "at least"
            enough = value > 0 if each.name in above else value >= 0
            if not (enough and value < float("inf")):
                msg = f"dispatch: {each.name} must be {least} 0, not {value}"
                raise BadParameter(msg)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read rules from TOML, one table with a ``value`` for each; raises `BadParameter`."""
        wanted = [each.name for each in fields(cls)]
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            msg = f"dispatch: {error}"
            raise BadParameter(msg) from None
        if odd := sorted(set(wanted) ^ set(tables)):
            msg = f"dispatch: {odd[0]} is {'missing' if odd[0] in wanted else 'unknown'}"
            raise BadParameter(msg)
        return cls(**{name: _number(name, tables[name]) for name in wanted})

    @property
    def version(self) -> str:
        """Name these very values: 12 hex digits."""
        return _version(self)

    @classmethod
    def shipped(cls) -> Self:
        """Give the rules that come with Borough."""
        return cls.read(SHIPPED.read_text("utf-8"))


@cache
def _version(rules: Rules) -> str:
    said = repr([(each.name, getattr(rules, each.name)) for each in fields(rules)])
    return sha256(said.encode()).hexdigest()[:12]


def _number(name: str, table: Any) -> float:
    value = table.get("value") if isinstance(table, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"dispatch: {name} must have a number as its value, not {value!r}"
        raise BadParameter(msg)
    return float(value)


@dataclass(frozen=True, slots=True)
class Workers:
    """Those on shift: where each will be (m, on a plane) when free, and from when on (s).

    ``free_s`` is later than now for whoever is busy; see `expected_free`.  ``until_s`` is when
    the shift ends.  ``skills`` is a set of skills as bits.
    """

    x: Floats
    y: Floats
    free_s: Floats
    until_s: Floats
    skills: Index

    def some(self, rows: Index) -> "Workers":
        """Give some of them."""
        return Workers(
            self.x[rows], self.y[rows], self.free_s[rows], self.until_s[rows], self.skills[rows]
        )


@dataclass(frozen=True, slots=True)
class Calls:
    """Those that wait for somebody: where (m), done by when (s), how long it takes there (s).

    ``takes_s`` is what is expected of its kind.  ``needs`` is a set of skills as bits, all of
    which the worker must have.
    """

    x: Floats
    y: Floats
    due_s: Floats
    takes_s: Floats
    needs: Index

    def some(self, rows: Index) -> "Calls":
        """Give some of them."""
        return Calls(
            self.x[rows], self.y[rows], self.due_s[rows], self.takes_s[rows], self.needs[rows]
        )


@dataclass(frozen=True)
class Instance:
    """One question: these calls (rows) and these workers (columns), now (s)."""

    rules: Rules
    calls: Calls
    workers: Workers
    now_s: float

    @cached_property
    def way_s(self) -> Floats:
        """How long each worker would travel to each call; infinite for those unsuitable."""
        dx = self.calls.x[:, None] - self.workers.x
        dy = self.calls.y[:, None] - self.workers.y
        way = np.sqrt(dx * dx + dy * dy) * (self.rules.detour / self.rules.speed_m_s)
        seconds: Floats = np.where(self.fits, way, np.inf)
        return seconds

    @cached_property
    def fits(self) -> Mask:
        """Who has the skills for what, and is on shift when they would set out."""
        able = (self.calls.needs[:, None] & ~self.workers.skills) == 0
        begins = np.maximum(self.workers.free_s, self.now_s)
        fits: Mask = able & (begins < self.workers.until_s)
        return fits

    @cached_property
    def wait_s(self) -> Floats:
        """How long until each worker is free."""
        waits: Floats = np.maximum(self.workers.free_s - self.now_s, 0.0)
        return waits

    @cached_property
    def slack_s(self) -> Floats:
        """How long each call could wait for the nearest who is suitable, and be done in time."""
        nearest = self.way_s.min(axis=1, initial=NEVER)
        left: Floats = self.calls.due_s - self.now_s - self.calls.takes_s - nearest
        return left

    @cached_property
    def worth_s(self) -> Floats:
        """How much travel each call is worth."""
        return worth_of(self.rules, self.slack_s)

    @cached_property
    def cost_s(self) -> Floats:
        """What each pair costs, less what it is worth; 0 where it is better left.

        Beside travel that is: waiting for the worker, which costs a late call the more the
        later it is, so that it is not put off to the next worker for ever; and sending somebody
        with a rare skill that is not needed.
        """
        rules, bits = self.rules, np.arange(self._skills)
        late = np.maximum(-self.slack_s, 0.0)
        hurry = rules.wait_weight + rules.aging * late / rules.calm_s
        cost = self.way_s - self.worth_s[:, None] + hurry[:, None] * self.wait_s
        cost[:, self.wait_s > rules.look_s] = np.inf
        has = (self.workers.skills >> bits[:, None] & 1).astype(float)
        if rules.keep_s and has.size:
            rare = has * (rules.keep_s * (1.0 - has.mean(axis=1, keepdims=True)))
            cost += (1.0 - (self.calls.needs[:, None] >> bits & 1)) @ rare
        clipped: Floats = np.minimum(cost, 0.0)
        return clipped

    @property
    def _skills(self) -> int:
        skills = self.workers.skills
        return int(np.bitwise_or.reduce(skills)).bit_length() if len(skills) else 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who goes where: rows of calls and of workers, and what it was weighed by.

    ``waits`` tells which of these workers are still busy: that is no order yet.
    """

    call: Index
    worker: Index
    waits: Mask
    instance: Instance

    def reason(self, row: int) -> dict[str, float]:
        """Give what the log of a case keeps of one decision, in s.

        ``second_s`` is the way of the nearest other worker who could have gone, where one could.
        """
        asked, call, worker = self.instance, int(self.call[row]), int(self.worker[row])
        others = np.delete(asked.way_s[call], worker)
        second = float(others.min(initial=np.inf))
        told = {
            "travel_s": float(asked.way_s[call, worker]),
            "wait_s": float(asked.wait_s[worker]),
            "slack_s": float(asked.slack_s[call]),
            "worth_s": float(asked.worth_s[call]),
        } | ({"second_s": second} if second < np.inf else {})
        return {name: round(value, 1) for name, value in told.items()}


def first_there(asked: Instance) -> Pairs:
    """Find for each call, in the order of the rows, whoever can be there first.

    Whoever is still busy counts with the time until they are free; they should be kept for that
    call.  A call for which nobody is left has no pair.
    """
    there = asked.way_s + asked.wait_s
    chosen: list[tuple[int, int]] = []
    for row in range(there.shape[0] if there.shape[1] else 0):
        worker = int(there[row].argmin())
        if there[row, worker] < np.inf:
            chosen.append((row, worker))
            there[:, worker] = np.inf
    rows, columns = np.array(chosen, np.int64).reshape(-1, 2).T
    return Pairs(rows, columns, asked.wait_s[columns] > 0, asked)


def assigned(asked: Instance) -> Pairs:
    """Pair calls with workers so that the sum of costs is least; what costs nothing is left.

    A pair with somebody who will be free soon is no order; it keeps others from being sent a
    long way in their place, and is asked anew when they are free.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to load, seldom wanted

    cost = asked.cost_s
    rows, columns = linear_sum_assignment(cost)
    worth = cost[rows, columns] < 0
    rows, columns = rows[worth], columns[worth]
    return Pairs(rows, columns, asked.wait_s[columns] > 0, asked)


@dataclass(frozen=True, slots=True)
class Order:
    """One decision: rows of a call and a worker, by which rule, and whether it must wait.

    One that ``waits`` is for somebody who is still busy: they are to be kept for an urgent call.
    """

    call: int
    worker: int
    rule: str
    waits: bool
    pairs: Pairs
    row: int

    @property
    def reason(self) -> dict[str, float]:
        """Give what it was weighed by; see `Pairs.reason`."""
        return self.pairs.reason(self.row)


def decided(
    rules: Rules, calls: Calls, urgent: Mask, workers: Workers, now_s: float
) -> list[Order]:
    """Decide for all calls and all workers: urgent ones first, each to whoever is there first.

    Then the rest are paired with those who are left and soon free.
    """
    rows, free_s, made = np.flatnonzero(urgent), workers.free_s.copy(), list[Order]()
    if len(rows):
        pairs = first_there(Instance(rules, calls.some(rows), workers, now_s))
        every = np.arange(len(free_s))
        made += _orders(pairs, URGENT, rows, every)
        free_s[pairs.worker] = np.inf
    near, rest = np.flatnonzero(free_s <= now_s + rules.look_s), np.flatnonzero(~urgent)
    if len(rest) and (free_s[near] <= now_s).any():
        some = replace(workers, free_s=free_s).some(near)
        pairs = assigned(Instance(rules, calls.some(rest), some, now_s))
        made += _orders(pairs, BATCH, rest, near)
    return made


def _orders(pairs: Pairs, rule: str, calls: Index, workers: Index) -> list[Order]:
    found = zip(
        calls[pairs.call].tolist(), workers[pairs.worker].tolist(), pairs.waits, strict=True
    )
    return [
        Order(call, worker, rule, bool(waits), pairs, row)
        for row, (call, worker, waits) in enumerate(found)
    ]


def worth_of(rules: Rules, slack_s: Floats) -> Floats:
    """Say how much travel a call is worth that could still wait for so long.

    Most at a slack of 0; less before, since there will be other chances; less after, since it
    will hardly be in time.  From there on it grows by ``aging`` for each second.
    """
    late = np.maximum(-slack_s, 0.0)
    pressed = np.exp(-np.where(slack_s > 0, slack_s / rules.calm_s, late / rules.hope_s))
    worth: Floats = rules.near_s + rules.far_s * pressed + rules.aging * late
    return worth


def expected_free(rules: Rules, planned_s: Floats, busy: Mask, now_s: float) -> Floats:
    """Say when workers will be free, as far as is known (s).

    Whoever should be done and is not counts as free in ``overrun_s``.
    """
    free: Floats = np.where(busy, np.maximum(planned_s, now_s + rules.overrun_s), now_s)
    return free
