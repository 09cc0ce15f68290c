"""Simulated grid workers: they take cases along through the public door, but not all of them."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from borough.core.errors import BusDown
from borough.edge.asking import BAD, ask

CASES = "/api/v1/cases"
LEFT_FOR_PEOPLE = 5
"""One case in so many is left to the person who watches."""
ROUND_S = 1.0
TASKS = "/api/v1/tasks"
HANDS = 3
"""Tasks of a case that are finished in one round."""
AT_ONCE = 8
"""Cases that may be acted on in one round, so that the door is not crowded."""
STEP_S = (3.0, 9.0)
"""How long a worker takes for a step, in seconds of the wall clock: a demo is short."""
BY = "simulated worker 模拟网格员"
FOUND_FALSE = "false_alarm"

Truth = Callable[[str, int], bool]
"""Whether something really stands behind a scene's word about a thing, by its id."""


@dataclass(slots=True)
class Workers:
    """Acts on open cases in a thread of its own; ``counts`` says what it did."""

    url: str
    token: str
    truth: Truth
    seed: int
    over: threading.Event = field(default_factory=threading.Event)
    due: dict[int, float] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: {
            "moved": 0,
            "closed": 0,
            "commanded": 0,
            "finished": 0,
            "left": 0,
            "refused": 0,
        }
    )
    dice: random.Random = field(default_factory=random.Random)

    def start(self) -> None:
        """Begin to work."""
        self.dice.seed(self.seed)
        threading.Thread(target=self.work, name="workers", daemon=True).start()

    def stop(self) -> None:
        """Stop after the act in hand."""
        self.over.set()

    def work(self) -> None:
        """Go round the open cases until told to stop."""
        while not self.over.wait(ROUND_S):
            try:
                self.go_round(time.time())
            except BusDown:
                continue

    def go_round(self, now: float) -> None:
        """Look at what is open, and do what is due."""
        status, said = ask(self.url, f"{CASES}?open=true&limit=1000")
        if status >= BAD:
            return
        for case in said.get("cases", []):
            if not case["thing"]:  # a citizen opened it, and the agencies have it
                continue
            number = int(case["id"])
            if number not in self.due:
                mine = number % LEFT_FOR_PEOPLE != 0
                self.counts["left"] += not mine
                self.due[number] = now + self.dice.uniform(*STEP_S) if mine else float("inf")
        ready = sorted((at, number) for number, at in self.due.items() if at <= now)
        for _, number in ready[:AT_ONCE]:
            if not self.over.is_set():
                self.act(number, now)

    def act(self, number: int, now: float) -> None:
        """Take one case one step along, or close it with what was found."""
        status, case = ask(self.url, f"{CASES}/{number}")
        if status >= BAD or case.get("closed_ms") is not None:
            self.due[number] = float("inf")
            return
        true = self.truth(str(case["scene"]), int(case["thing"]))
        if true and (errand := waiting(case)):
            self.confirm(number, case, errand, now)
            return
        if self.finish(number):
            self.due[number] = now + self.dice.uniform(*STEP_S)
            return
        verb, body = decision(case, true=true)
        if not verb:
            self.due[number] = float("inf")
            return
        body |= {"version": case["version"], "answers": answers(case)}
        status, _ = ask(self.url, f"{CASES}/{number}/{verb}", token=self.token, body=body)
        if status >= BAD:
            self.counts["refused"] += 1
        else:
            self.counts["closed" if verb == "close" else "moved"] += 1
        done = verb == "close" and status < BAD
        self.due[number] = float("inf") if done else now + self.dice.uniform(*STEP_S)

    def finish(self, number: int) -> bool:
        """Finish some tasks of a case, of whatever agency; tell whether there was one."""
        _, said = ask(self.url, f"{TASKS}?case={number}&limit=1000", token=self.token)
        there = [each for each in said.get("tasks", []) if "finish" in each["may"]][:HANDS]
        done = sum(self.finished(each) for each in there)
        self.counts["finished"] += done
        self.counts["refused"] += len(there) - done
        return done > 0

    def finished(self, task: dict[str, Any]) -> bool:
        """Finish a task: what it asks for is a count, or else a choice; it is made up."""
        for word in (1, "yes"):
            body = {"version": task["version"], "note": BY}
            body["answers"] = dict.fromkeys(task["asks"], word)
            status, _ = ask(self.url, f"{TASKS}/{task['id']}/finish", token=self.token, body=body)
            if status < BAD:
                return True
        return False

    def confirm(self, number: int, case: dict[str, Any], errand: str, now: float) -> None:
        """Let a command be sent; where a limit forbids it, say why not instead."""
        path, note = f"{CASES}/{number}/commands/{errand}", f"{BY}: confirmed 属实"
        body = {"version": case["version"], "note": note}
        status, said = ask(self.url, f"{path}/confirm", token=self.token, body=body)
        if said.get("code") == "over-limit":
            body["note"] = f"{BY}: {said.get('detail', '')}"
            status, _ = ask(self.url, f"{path}/refuse", token=self.token, body=body)
        self.counts["refused" if status >= BAD else "commanded"] += 1
        self.due[number] = now + self.dice.uniform(*STEP_S)


def waiting(case: dict[str, Any]) -> str:
    """Give a command of a case that waits for a person and that nothing forbids."""
    for each in case.get("commands", []):
        if "confirm" in each.get("may", []) and not each.get("objection"):
            return str(each["id"])
    return ""


def decision(case: dict[str, Any], *, true: bool) -> tuple[str, dict[str, Any]]:
    """Choose what to do with a case: close it as soon as its plan allows, else go on.

    One that was closed and has come up again goes its way from the start.
    """
    wanted = "true" if true else "false"
    note = f"{BY}: " + ("confirmed 属实" if true else "nothing found 未发现")
    if wanted in case.get("outcomes", []):
        return "close", {"outcome": wanted, "note": note}
    trail = case.get("trail", [])
    since = trail[len(trail) - trail[::-1].index("closed") :] if "closed" in trail else trail
    moves = [
        each["to"]
        for each in case.get("moves", [])
        if each["to"] not in since and (not each.get("back") or "closed" in trail)
    ]
    if not true and FOUND_FALSE in moves:
        return "move", {"to": FOUND_FALSE, "note": note}
    onward = [to for to in moves if to != FOUND_FALSE]
    return ("move", {"to": onward[0], "note": note}) if onward else ("", {})


def answers(case: dict[str, Any]) -> dict[str, str]:
    """Hand in what the step asks for; it is made up and says so."""
    return {each: f"synthetic 模拟 {each}" for each in case.get("asks", [])}
