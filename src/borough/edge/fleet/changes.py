"""What changes at a device out of turn, in order of time: planned and in the background."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from borough.core.observations import Index, Mask
from borough.core.registry import Registry
from borough.edge.fleet.marks import Sets
from borough.edge.fleet.plan import Planted, sets_of
from borough.edge.fleet.values import DAY_MS, HOUR_MS, table

LOOK_BACK_H = 4
"""What began so many hours before the clock may still go on when it starts."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How often devices of a class speak out of turn, and what they then say for how long."""

    per_day: float
    sets: Sets
    shortest_s: float
    longest_s: float
    hurry_s: float


def habits() -> dict[str, Habit]:
    """Read ``events.csv`` by class."""
    known = {}
    for row in table("events.csv"):
        code, per_day, sets, *numbers = row.values()
        known[code] = Habit(float(per_day), sets_of(sets), *map(float, numbers))
    return known


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """At *at* (ms), the device in *row* begins to be as ``sets`` says, or is as usual again.

    What is planted names its event; for a silence or a slide the caller knows what to do.
    """

    at: int
    number: int
    row: int = field(compare=False)
    begins: bool = field(compare=False)
    sets: Sets = field(compare=False, default=())
    planted: Planted | None = field(compare=False, default=None)
    first: bool = field(compare=False, default=True)


@dataclass(slots=True)
class Changes:
    """Gives out what happens, hour by hour of the background and event by event of the plan."""

    registry: Registry
    habits: dict[str, Habit]
    seed: int
    taken: Mask
    drawn_until: int
    members: Sequence[Index]
    heap: list[Change] = field(default_factory=list)
    number: int = 0

    @classmethod
    def of(cls, registry: Registry, planted: Iterable[Planted], seed: int, start_ms: int) -> Self:
        """Begin with what is planned and what has been going on for a while."""
        taken = np.zeros(len(registry.id), bool)
        members = [np.flatnonzero(registry.kind == number) for number in range(len(registry.kinds))]
        hour = start_ms // HOUR_MS * HOUR_MS
        made = cls(registry, habits(), seed, taken, hour - LOOK_BACK_H * HOUR_MS, members)
        for each in planted:
            taken[each.row] = True
            made.plan(each)
        return made

    def add(
        self, at: int, row: int, sets: Sets | None, planted: Planted | None = None,
        *, first: bool = True,
    ) -> None:  # fmt: skip
        """Put one change in its place in time; no sets means that it ends."""
        self.number += 1
        one = Change(at, self.number, row, sets is not None, sets or (), planted, first)
        heapq.heappush(self.heap, one)

    def plan(self, each: Planted) -> None:
        """Put a planted event in its place, with the moment in which it seems over."""
        values = each.happening.orders.get("values", {})
        sets = tuple((name, value) for name, value in values.items() if not isinstance(value, list))
        self.add(each.since_ms, each.row, sets, each)
        if each.gap:
            self.add(each.gap[0], each.row, None, each, first=False)
            self.add(each.gap[1], each.row, sets, each, first=False)
        self.add(each.until_ms, each.row, None, each)

    def until(self, now_ms: int) -> Iterator[Change]:
        """Give what happens before *now_ms*, in order."""
        while self.drawn_until <= now_ms:
            self.draw_hour(self.drawn_until)
            self.drawn_until += HOUR_MS
        while self.heap and self.heap[0].at < now_ms:
            yield heapq.heappop(self.heap)

    def draw_hour(self, hour_ms: int) -> None:
        """Draw an hour of background: who speaks up, when, and for how long."""
        for number, kind in enumerate(self.registry.kinds):
            habit, mine = self.habits.get(kind.code), self.members[number]
            if habit is None or not len(mine):
                continue
            dice = np.random.default_rng([self.seed, number, hour_ms // HOUR_MS])
            often = dice.poisson(len(mine) * habit.per_day / 2 * HOUR_MS / DAY_MS)
            rows = dice.permutation(mine)[:often] if often < len(mine) else mine
            begins = hour_ms + dice.integers(HOUR_MS, size=len(rows))
            lasts = dice.uniform(habit.shortest_s, habit.longest_s, len(rows)) * 1000
            ends = (begins + lasts).astype(np.int64)
            for row, begin, end in zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True):
                if not self.taken[row]:
                    self.add(begin, row, habit.sets)
                    self.add(end, row, None)
