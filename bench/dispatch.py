"""Compare the dispatch rules with sending the nearest free worker, over a simulated month.

``bench/dispatch.py [--days 30] [--seeds 8] [--first-seed 100] [--load 0.9] [--json]``

Everything is synthetic; `dispatch.toml` beside this file holds the town.  Workers stand at
posts, three shifts a day, as many in each as its share of the calls.  Calls arrive by a Poisson
process whose pace follows an ordinary day.  All rules see the same calls, posts and times on
site; a run is named by its seed.  The pace is set once, by bisection on a seed of its own, so
that workers are busy the share ``load`` of their time, travel included, under nearest-free.

nearest: a call goes at once to the nearest free worker who is suitable.  Where nobody is free it
waits, and whoever becomes free takes an urgent call first, or else the nearest one.
in_turn: the same, but whoever becomes free takes the oldest call.
rules: `borough.engine.dispatch.decided`, by which the desk gives cases to posts too.  Of times
on site it knows only what is usual for the kind.
"""

import argparse
import heapq
import json
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from borough.core.observations import Floats, Index, Mask
from borough.engine.dispatch import (
    Calls,
    Rules,
    Workers,
    decided,
    expected_free,
)

HOUR_S, DAY_S = 3600.0, 86_400.0
ASK_S = 60.0
"""How soon we ask again where a call waits though somebody is free."""
PACE_SEED, WARM_DAYS = 7, 5
TOWN: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
Rule = Callable[["Field", float], None]


@dataclass(frozen=True, slots=True)
class Month:
    """What happens, whoever is sent: columns of calls by arrival, and the posts of each shift."""

    arrives: Floats
    urgent: Mask
    calls: Calls
    takes_s: Floats
    post: Floats
    skills: Index
    duty: list[Index]
    days: float


def drawn(per_day: float, days: float, seed: int) -> Month:
    """Draw a month; the same seed gives the same one."""
    dice, side, kinds = np.random.default_rng([seed, 11]), TOWN["side_m"], TOWN["kinds"]
    spots = dice.uniform(0, side, (TOWN["spots"], 2))
    count, hourly = dice.poisson(per_day * days), np.array(TOWN["hourly"], float)
    hour = dice.choice(24, count, p=hourly / hourly.sum())
    day = dice.integers(0, max(1, round(days)), count)
    arrives = np.sort(day * DAY_S + (hour + dice.random(count)) * HOUR_S)
    kind = dice.choice(len(kinds), count, p=[each["share"] for each in kinds])
    near = spots[dice.integers(len(spots), size=count)]
    near = near + dice.normal(0, TOWN["spread_m"], (count, 2))
    anywhere = dice.uniform(0, side, (count, 2))
    place = np.where(dice.random(count)[:, None] < TOWN["clustered"], near, anywhere)
    place = place.clip(0, side)
    limit, mean, skill = (
        np.array([each[name] for each in kinds])[kind] for name in ("limit_s", "mean_s", "skill")
    )
    duty = staffed(hourly)
    post = dice.uniform(0, side, (max(len(each) for each in duty), 2))
    skills = np.zeros(len(post), np.int64)
    for bit, share in enumerate(TOWN["skilled"]):
        # Spread evenly over the rows, so that each shift has its share.
        turns = np.floor((np.arange(len(post)) + 1) * share + dice.random())
        skills |= (np.diff(turns, prepend=turns[0] - (share >= 1)) > 0).astype(np.int64) << bit
    calls = Calls(place[:, 0], place[:, 1], arrives + limit, mean.astype(float), 1 << skill)
    urgent = np.array([each["urgent"] for each in kinds])[kind]
    return Month(arrives, urgent, calls, dice.gamma(2.0, mean / 2), post, skills, duty, days)


def staffed(hourly: Floats) -> list[Index]:
    """Man each shift of a day by its share of the calls; gives which posts are manned."""
    hours = np.arange(0, 24, 0.25)
    shift = ((hours - TOWN["shift_start_h"]) // TOWN["shift_h"]).astype(int) % shifts()
    calls = np.bincount(shift, hourly[hours.astype(int)])
    posts = np.rint(TOWN["workers"] * shifts() * calls / calls.sum()).astype(int)
    return [np.arange(count) for count in posts]


def shifts() -> int:
    """Say how many shifts a day has."""
    return round(24 / TOWN["shift_h"])


@dataclass(slots=True)
class Field:
    """How things stand: workers on duty, calls that wait, what was done so far."""

    month: Month
    rules: Rules
    done: Floats
    waiting: list[int] = field(default_factory=list)
    moments: list[tuple[float, int]] = field(default_factory=list)
    x: Floats = field(default_factory=lambda: np.empty(0))
    y: Floats = field(default_factory=lambda: np.empty(0))
    free_s: Floats = field(default_factory=lambda: np.empty(0))
    planned_s: Floats = field(default_factory=lambda: np.empty(0))
    skills: Index = field(default_factory=lambda: np.empty(0, np.int64))
    until_s: float = 0.0
    travel_s: float = 0.0
    busy_s: float = 0.0
    asks_s: float = -1.0

    def relieve(self, shift: int) -> None:
        """Put fresh workers at the posts; those on a call end it, over their time."""
        posts = self.month.duty[shift % shifts()]
        starts = (TOWN["shift_start_h"] + shift * TOWN["shift_h"]) * HOUR_S
        self.x, self.y = self.month.post[posts].T.copy()
        self.skills = self.month.skills[posts]
        self.free_s, self.planned_s = np.full((2, len(posts)), starts)
        self.until_s = starts + TOWN["shift_h"] * HOUR_S

    def send(self, call: int, worker: int, now_s: float) -> None:
        """Send a worker who is free."""
        there = self.month.calls
        metres = np.hypot(there.x[call] - self.x[worker], there.y[call] - self.y[worker])
        way = float(metres) * self.rules.detour / self.rules.speed_m_s
        done = now_s + way + float(self.month.takes_s[call])
        self.travel_s += way
        self.busy_s += done - now_s
        self.x[worker], self.y[worker] = there.x[call], there.y[call]
        self.free_s[worker], self.done[call] = done, done
        self.planned_s[worker] = now_s + way + there.takes_s[call]
        self.waiting.remove(call)
        if done < self.until_s:
            heapq.heappush(self.moments, (done, -1))


def run(month: Month, rules: Rules, rule: Rule) -> dict[str, float]:
    """Let a rule decide whenever a call comes in, somebody becomes free, or a shift begins."""
    run_of = Field(month, rules, np.full(len(month.arrives), np.nan))
    run_of.moments = [(float(at), row) for row, at in enumerate(month.arrives)]
    last = int(month.days * shifts()) + 30 * shifts()
    starts = [(TOWN["shift_start_h"] + n * TOWN["shift_h"]) * HOUR_S for n in range(-1, last)]
    run_of.moments += [(at, -2 - n) for n, at in enumerate(starts)]
    heapq.heapify(run_of.moments)
    left = len(month.arrives)
    while run_of.moments and (left or run_of.waiting):
        now, what = heapq.heappop(run_of.moments)
        if what <= -2:  # noqa: PLR2004 - numbers from here down are shifts, from the night before
            run_of.relieve(-3 - what)
        elif what >= 0:
            run_of.waiting.append(what)
            left -= 1
        if run_of.waiting and (run_of.free_s <= now).any():
            rule(run_of, now)
    return told(run_of)


def nearest(now: Field, now_s: float) -> None:
    """Send the nearest free; who becomes free takes an urgent call first, or else the nearest."""
    while pair := closest(now, now_s, lambda some: some):
        now.send(*pair, now_s)


def in_turn(now: Field, now_s: float) -> None:
    """Send the nearest free, to urgent calls first, and then in the order of arrival."""
    while pair := closest(now, now_s, lambda some: some[:1]):
        now.send(*pair, now_s)


def closest(now: Field, now_s: float, among: Callable[[Index], Index]) -> tuple[int, int] | None:
    """Find the nearest free worker for the oldest urgent call, or else the closest pair."""
    free = np.flatnonzero(now.free_s <= now_s)
    if not len(free) or not now.waiting:
        return None
    rows, calls = np.array(now.waiting), now.month.calls
    fits = (calls.needs[rows, None] & ~now.skills[free]) == 0
    able, urgent = fits.any(axis=1), now.month.urgent[rows]
    if not able.any():
        return None
    first = np.flatnonzero(able & urgent)[:1]
    picked = first if len(first) else among(np.flatnonzero(able))
    rows, fits = rows[picked], fits[picked]
    dx, dy = calls.x[rows, None] - now.x[free], calls.y[rows, None] - now.y[free]
    at = int(np.where(fits, dx * dx + dy * dy, np.inf).argmin())
    return int(rows[at // len(free)]), int(free[at % len(free)])


def by_rules(now: Field, now_s: float) -> None:
    """Urgent calls first, each to whoever is there first; then pair the rest."""
    rules, rows = now.rules, np.array(now.waiting)
    busy = now.free_s > now_s
    free_s = expected_free(rules, now.planned_s, busy, now_s)
    until = np.full(len(free_s), now.until_s)
    workers = Workers(now.x, now.y, free_s, until, now.skills)
    calls, urgent = now.month.calls.some(rows), now.month.urgent[rows]
    for order in decided(rules, calls, urgent, workers, now_s):
        if not order.waits:
            now.send(int(rows[order.call]), order.worker, now_s)
    if now.waiting and (now.free_s <= now_s).any() and now.asks_s <= now_s:
        now.asks_s = now_s + ASK_S
        heapq.heappush(now.moments, (now.asks_s, -1))


def told(end: Field) -> dict[str, float]:
    """Sum a run up: travel for each call, the share that was late, and how busy they were."""
    month, count = end.month, len(end.done)
    late = ~(end.done <= month.calls.due_s)
    after = end.done - month.arrives - month.takes_s
    over = (end.done - month.calls.due_s)[late]
    staff_s = sum(len(each) for each in month.duty) / shifts() * month.days * DAY_S
    return {
        "calls": count,
        "travel_s": end.travel_s / count,
        "late": float(late.mean()),
        "late_urgent": float(late[month.urgent].mean()),
        "late_anyhow": float((month.takes_s > month.calls.due_s - month.arrives).mean()),
        "latest_h": float(over.max(initial=0.0)) / HOUR_S,
        "until_there_urgent_s": float(after[month.urgent].mean()),
        "until_there_s": float(after[~month.urgent].mean()),
        "busy": end.busy_s / staff_s,
    }


def pace(load: float, days: float, rules: Rules) -> float:
    """Find how many calls a day keep the workers busy as asked, under nearest-free."""
    low, high = 10.0, TOWN["workers"] * DAY_S / 900
    for _ in range(9):
        middle = (low + high) / 2
        busy = run(drawn(middle, days, PACE_SEED), rules, nearest)["busy"]
        low, high = (middle, high) if busy < load else (low, middle)
    return (low + high) / 2


def interval(values: list[float]) -> list[float]:
    """Give the 95 % interval of a mean by Student's t over runs."""
    from scipy.stats import t  # noqa: PLC0415 - only the end of a run needs it

    mean, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))
    half = t.ppf(0.975, len(values) - 1) * error
    return [round(float(mean - half), 4), round(float(mean + half), 4)]


def compared(month: Month, rules: Rules, seed: int, *, in_turn_too: bool) -> dict[str, Any]:
    """Run one month under each way of deciding."""
    ways = {"nearest": nearest, "rules": by_rules} | ({"in_turn": in_turn} if in_turn_too else {})
    one: dict[str, Any] = {"seed": seed}
    for name, rule in ways.items():
        began = time.process_time()
        one[name] = {key: round(value, 5) for key, value in run(month, rules, rule).items()}
        one[name]["cpu_s"] = round(time.process_time() - began, 1)
    return one


def summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Say how much less the rules need than nearest-free, with 95 % intervals over seeds."""
    body: dict[str, Any] = {}
    for name, key in (("travel_less", "travel_s"), ("late_less", "late")):
        values = [1 - each["rules"][key] / each["nearest"][key] for each in runs]
        body[name] = round(float(np.mean(values)), 4)
        if len(values) > 1:
            body[f"{name}_95"] = interval(values)
    for way in ("nearest", "rules"):
        mean = {key: np.mean([each[way][key] for each in runs]) for key in runs[0][way]}
        body[way] = {key: round(float(value), 4) for key, value in mean.items()}
    return body


def asked() -> argparse.Namespace:
    """Read the arguments."""
    asks = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asks.add_argument("--days", type=float, default=30)
    asks.add_argument("--seeds", type=int, default=8)
    asks.add_argument("--first-seed", type=int, default=100)
    asks.add_argument("--load", type=float, default=0.9)
    asks.add_argument("--per-day", type=float, help="calls a day, instead of a load")
    asks.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of Rules")
    asks.add_argument("--in-turn", action="store_true", help="the oldest call first, too")
    asks.add_argument("--json", action="store_true")
    return asks.parse_args()


def main() -> None:
    """Run what the arguments ask for and print it."""
    given, began = asked(), time.perf_counter()
    changes = (each.partition("=") for each in given.set)
    rules = replace(Rules.shipped(), **{name: float(value) for name, _, value in changes})
    per_day = given.per_day or pace(given.load, min(given.days, WARM_DAYS), rules)
    runs = []
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        month = drawn(per_day, given.days, seed)
        runs.append(compared(month, rules, seed, in_turn_too=given.in_turn))
        print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    body = {"per_day": round(per_day, 1), "load": given.load, "days": given.days}
    body |= {"seeds": [each["seed"] for each in runs]} | summed(runs)
    body |= {"rules_used": asdict(rules), "town": TOWN, "runs": runs}
    body["seconds"] = round(time.perf_counter() - began, 1)
    if given.json:
        print(json.dumps(body))
        return
    print({name: value for name, value in body.items() if name not in {"runs", "town"}})


if __name__ == "__main__":
    main()
