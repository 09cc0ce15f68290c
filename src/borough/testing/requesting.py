"""A request office on an empty database, for whoever tests what citizens ask for."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from borough.app.desk.people import erase_person
from borough.app.desk.requests import VERBS
from borough.app.plans import plans_of
from borough.app.requests.office import Office, clocks_of
from borough.core.district import District
from borough.core.requests import Filing, Request
from borough.engine.catalog import BUILT_IN
from borough.engine.district import read
from borough.storage.sql import (
    RequestActs,
    SqlCases,
    SqlPersons,
    SqlRequests,
    SqlTimers,
    answered_first,
)

YUBEI = Path(__file__).parents[1] / "districts" / "yubei"
MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8, a Wednesday: offices open."""
HOUR = 3_600_000
Tell = Callable[[str, Mapping[str, Any]], None]


@cache
def yubei() -> District:
    """Read the district once."""
    return read(YUBEI)


@dataclass(frozen=True, slots=True)
class Desk:
    """An office, the cases it writes, its persons, and what runs out."""

    office: Office
    cases: SqlCases
    persons: SqlPersons
    timers: SqlTimers

    @property
    def acts(self) -> RequestActs:
        """What people do about requests."""
        return self.office.acts

    @property
    def store(self) -> SqlRequests:
        """Where requests are kept."""
        return self.office.store

    def filed(
        self, text: str = "小区门口路灯不亮", *, at_ms: int = MORNING, **told: Any
    ) -> Request:
        """Take a request in that nobody doubts: its category and place are told."""
        told = {"category": "roads", "place": "双龙湖街道五星路社区", "key": text, **told}
        return self.office.file(Filing(text, **told), at_ms=at_ms, by="web")


def desk(engine: Engine, data: Path) -> Desk:
    """Set an office up; it has no models, so it doubts whatever its sender does not say."""
    district = yubei()
    made = plans_of((BUILT_IN,), (), district.work)
    cases = SqlCases(engine, prefix="YB", zone=district.zone, follow=[answered_first])
    persons = SqlPersons(engine)
    clocks = clocks_of(YUBEI, made, district)
    told: dict[str, Any] = {"prefix": "YB", "zone": district.zone, "clocks": clocks}
    store = SqlRequests(engine, cases=cases, persons=persons, **told)
    timers = SqlTimers(engine, clocks.fires(cases.wrote))
    office = Office(store, made, district, YUBEI, data, practice=False)
    return Desk(office, cases, persons, timers)


class OfficeDesk:
    """The desk as the doors of requests ask it, in this very process; *tell* hears its news."""

    def __init__(self, made: Desk, now: Callable[[], int], tell: Tell | None = None) -> None:
        self.requests = made.office
        self.cases = made.cases
        self.now = now
        self._persons = made.persons
        self._tell = tell
        self.engine = made.store.engine

    async def ask(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what the desk would do."""
        if verb == "read_persons":
            read = self._persons.read_all(body["persons"], by=body["by"], why=body["why"])
            return {"persons": {str(number): fields for number, fields in read.items()}}
        there: Any = self  # what the verbs need of a desk is here
        verbs = {**VERBS, "erase_person": erase_person}
        done = await asyncio.to_thread(verbs[verb], there, body)
        if self._tell:
            for kind, each in done.news:
                self._tell(kind, each)
        return done.ok
