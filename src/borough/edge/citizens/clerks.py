"""Simulated clerks: they sort, answer and ask back, through the public doors, but not always."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from borough.core.errors import BusDown
from borough.edge.asking import BAD, ask
from borough.edge.citizens.calling import REQUESTS
from borough.edge.citizens.writing import Message

log = logging.getLogger(__name__)
FORM, RULES = f"{REQUESTS}/form", f"{REQUESTS}/rules"
CASES = "/api/v1/cases"
OPEN = "waiting,accepted,answered"
BY = "simulated clerk 模拟坐席"
NEVER = float("inf")
MANY = 1000
"""Requests looked at in one round."""


@dataclass(slots=True)
class Clerks:
    """Take what citizens want from sorting to the closing of its case, one act at a time."""

    url: str
    token: str
    filed: Mapping[str, Message]
    pace: dict[str, Any]
    seed: int = 1
    form: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)
    acts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    dice: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        """Throw other dice than another seed would."""
        self.dice.seed(self.seed)

    def learn(self) -> None:
        """Ask the district once what it lays down.  Raises `BusDown` where it does not say."""
        if self.form:
            return
        told = [ask(self.url, each, token=self.token) for each in (RULES, FORM)]
        if any(status >= BAD for status, _ in told):
            msg = f"{self.url}{REQUESTS}: {[said.get('detail') for _, said in told]}"
            raise BusDown(msg)
        (_, self.rules), (_, self.form) = told

    def go_round(self, now: float) -> None:
        """Look at what is open, and do what is due.  Raises `BusDown`."""
        status, said = ask(self.url, f"{REQUESTS}?state={OPEN}&limit={MANY}", token=self.token)
        rows = said.get("requests", []) if status < BAD else []
        for each in rows:
            mine = int(each["id"]) % self.pace["left"] != 0
            self.due.setdefault(int(each["id"]), now + self._step() if mine else NEVER)
        ready = [each for each in rows if self.due[int(each["id"])] <= now]
        for each in ready[-self.pace["at_once"] :]:
            self.due[int(each["id"])] = now + self._step()
            self._serve(each)

    def _serve(self, request: Mapping[str, Any]) -> None:
        verb, body = self._act(request)
        path = f"{REQUESTS}/{request['id']}/{verb}"
        status, said = ask(self.url, path, token=self.token, body=body)
        if status >= BAD:
            self._told(path, said)
        self.acts[verb] = self.acts.get(verb, 0) + (status < BAD)
        if verb == "revisit" and status < BAD and body["resolved"]:
            self._close(int(request["case_id"]))

    def _act(self, request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Choose the next act on a request, and what is said with it."""
        if request["state"] == "waiting":
            return "triage", {**self._sorted(request), "note": BY}
        if request["state"] == "accepted":
            if request["contacted_ms"] is None:
                return "contact", {"note": BY}
            return "answer", {"text": f"{BY}：已处理 dealt with (synthetic)"}
        solved = self.dice.random() < self.pace["solved"]
        (level,) = self.dice.choices(range(1, 6), self.pace["satisfied"])
        return "revisit", {"resolved": solved, "satisfaction": level, "note": BY}

    def _sorted(self, request: Mapping[str, Any]) -> dict[str, str]:
        """Say what was meant, as far as the district has a word for it, and where."""
        wish = self.filed.get(str(request["code"]))
        told = {}
        for name, words in (("category", "categories"), ("kind", "kinds")):
            known, meant = sorted(self.form[words]), getattr(wish, name, "")
            told[name] = meant if meant in known else self.dice.choice(known)
        if not (self.rules["fallback"] or self.rules["categories"][told["category"]]["agency"]):
            told["agency"] = self.dice.choice(sorted(self.rules["agencies"]))
        if not request["street"]:  # whoever accepts it has to ask
            told["place"] = self.dice.choice(streets(self.form))
        return told

    def _close(self, number: int) -> None:
        """Report a case back and close it, once all who asked for it are content."""
        _, said = ask(self.url, f"{REQUESTS}?case={number}&state={OPEN}", token=self.token)
        if said.get("requests", True):
            return
        for to in ("check", ""):
            _, case = ask(self.url, f"{CASES}/{number}", token=self.token)
            if case.get("closed_ms", 0) is not None or to in case["trail"]:
                continue
            body = {"version": case["version"], "note": BY}
            body |= {"to": to} if to else {"outcome": "true"}
            path = f"{CASES}/{number}/{'move' if to else 'close'}"
            status, said = ask(self.url, path, token=self.token, body=body)
            if status >= BAD:
                self._told(path, said)
            self.acts["closed"] = self.acts.get("closed", 0) + (status < BAD and not to)

    def _told(self, path: str, said: Mapping[str, Any]) -> None:
        """Note that an act was refused, and why."""
        self.refused += 1
        log.warning("%s: %s", path, said.get("detail", said))

    def _step(self) -> float:
        return self.dice.uniform(*self.pace["step_s"])


def streets(form: Mapping[str, Any]) -> list[str]:
    """Give the names of streets that the public form shows."""
    return [each["name"]["zh"] for each in form["streets"]]
