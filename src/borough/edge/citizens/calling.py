"""Simulated citizens: they bring synthetic requests in through the public doors, at their pace."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from borough.edge.asking import BAD, ask
from borough.edge.citizens.writing import UNSEEN, Message, messages

log = logging.getLogger(__name__)
REQUESTS = "/api/v1/requests"
SEEDS_APART = 7919
"""Between the seeds of one round of messages and the next, so that none is said twice."""


@dataclass(slots=True)
class Citizens:
    """Speaks whenever the next request is due; ``filed`` says by its code what was meant."""

    url: str
    token: str
    seed: int
    speed: float
    pace: dict[str, Any]
    places: Sequence[str] = ()
    filed: dict[str, Message] = field(default_factory=dict)
    refused: int = 0
    due: float = 0.0
    said: int = 0
    dice: Random = field(default_factory=Random)
    written: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Throw other dice than another seed would."""
        self.dice.seed(self.seed)

    def go_round(self, now: float) -> None:
        """Bring in what is due; *now* is seconds of any clock that goes on.  Raises `BusDown`."""
        if now < self.due:
            return
        wish, key = self._next(), f"demo-{self.seed}-{self.said}"
        told = {"key": key, "text": wish.text, "title": wish.subject, "place": wish.place}
        by_form = self.dice.random() < self.pace["by_form"]
        path, token = (REQUESTS, "") if by_form else (f"{REQUESTS}/calls", self.token)
        status, answer = ask(self.url, path, token=token, body=told)
        self.said += 1
        self.due = now + self._rest()
        if status >= BAD:
            self.refused += 1
            log.warning("%s: %s", path, answer.get("detail", answer))
        else:
            self.filed[str(answer["code"])] = wish

    def _next(self) -> Message:
        many = int(self.pace["many"])
        at = self.said % many
        if at == 0:
            seed = self.seed + SEEDS_APART * (self.said // many)
            self.written = messages(many, seed, half=UNSEEN, places=self.places)
        return self.written[at]

    def _rest(self) -> float:
        least, most = self.pace["rest_s"]
        mean = self.pace["every_min"] * 60.0 / self.speed
        return float(min(max(self.dice.expovariate(1.0 / mean), least), most))
