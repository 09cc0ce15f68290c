"""Doors for everybody: bring a request in, and see by its receipt what became of it."""

import secrets
import time
from collections import deque
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Body
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, address_of
from borough.api.bodies import Exact
from borough.api.covering import clean
from borough.api.door import Door
from borough.api.ports import Ports
from borough.core.errors import Busy, NotFound
from borough.core.requests import LONGEST, Request

router = Door(prefix="/api/v1/requests", tags=["requests 诉求"])
HOUR_S, MINUTE_S = 3600.0, 60.0
REMEMBERED = 10_000
"""Addresses of which it is known how often they came in; beyond that the oldest are forgotten."""
OUTLINE = 300
"""Points of a ring that the small map gets."""
SHOWN = {"triaged", "contacted", "answered", "revisited", "filed"}
"""Acts that the public page tells of, without their words."""


class Contact(Exact):
    """How to reach the caller; kept apart, and only those who must see it do."""

    name: str = Field("", max_length=100)
    phone: str = Field("", max_length=40)
    email: str = Field("", max_length=200)


class Filing(Exact):
    """A request of a citizen."""

    text: str = Field(min_length=1, max_length=LONGEST)
    title: str = Field("", max_length=200)
    place: str = Field("", max_length=200, description="an address in words")
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    kind: str = Field("", max_length=32)
    category: str = Field("", max_length=32, description="empty where the caller does not know")
    contact: Contact | None = None
    secret: bool = Field(default=False, description="nobody but the agency may see it")
    key: str = Field("", max_length=100, description="the sender's own; sent twice is taken once")


class Turnstile:
    """Counts how often somebody comes: so many an hour from one address, so many a minute."""

    def __init__(self) -> None:
        self._by: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()

    def enter(self, address: str, limits: Mapping[str, int]) -> None:
        """Let one in, or raise `Busy`."""
        now = time.monotonic()
        mine = self._by.get(address, deque())
        for times, span in ((mine, HOUR_S), (self._all, MINUTE_S)):
            while times and times[0] < now - span:
                times.popleft()
        if len(mine) >= limits["per_hour"] or len(self._all) >= limits["per_minute"]:
            msg = "too many requests came from here or in all; try again later"
            raise Busy(msg)
        mine.append(now)
        self._all.append(now)
        self._by[address] = mine  # only now: who is refused leaves nothing behind
        if len(self._by) > REMEMBERED:
            self._by.pop(next(iter(self._by)))


def turnstile(asked: Asked, what: str = "requests") -> Turnstile:
    """Find the turnstile of this very server before a door."""
    state = asked.app.state
    if not hasattr(state, "turnstiles"):
        state.turnstiles = {}
    found: Turnstile = state.turnstiles.setdefault(what, Turnstile())
    return found


@router.get("/form", summary="What the form offers 填报选项")
def form(ports: Given) -> Response:
    """List kinds and categories with their names, and what is made up of it."""
    rules = ports.requests.rules
    return answers.json({
        "kinds": {code: each.name for code, each in rules.kinds.items()},
        "categories": {code: each.name for code, each in rules.categories.items()},
        "satisfaction": rules.satisfaction,
        "district": ports.district.name,
        "synthetic": ports.synthetic,
        "longest": LONGEST,
        "photos": rules.public["photos"],
        **ground(ports),
    })  # fmt: skip


def ground(ports: Ports) -> dict[str, Any]:
    """Give what a small map needs to point at a place: outline, streets, and their box."""
    district, streets = ports.district, ports.district.streets
    rings = [ring[:: max(1, len(ring) // OUTLINE)].round(4).tolist() for ring in district.outline]
    points = [point for ring in rings for point in ring]
    lons, lats = [each[0] for each in points], [each[1] for each in points]
    names = zip(streets.name_zh, streets.name_en, streets.lon, streets.lat, strict=True)
    return {
        "outline": rings,
        "box": [min(lons), min(lats), max(lons), max(lats)] if points else [-1, -1, 1, 1],
        "streets": [
            {"name": {"zh": zh, "en": en or zh}, "lon": float(lon), "lat": float(lat)}
            for zh, en, lon, lat in names
        ],
    }


@router.post("", status_code=201, summary="Bring a request in 提交诉求")
async def file(asked: Asked, ports: Given, said: Annotated[Filing, Body()]) -> Response:
    """Take a request from anybody; the answer holds the receipt. 429 where too many come.

    Sent again under the same `key` it is taken once, and the same receipt comes back.
    """
    turnstile(asked).enter(address_of(asked), ports.requests.rules.public)
    key = f"web:{said.key or secrets.token_hex(16)}"
    ask = {**said.model_dump(exclude={"contact"}), "key": key, "contact": person_of(said)}
    made = await ports.desk.ask("file_request", {**ask, "channel": "web", "by": "web"})
    found = await run_in_threadpool(ports.requests.one, int(made["id"]))
    return answers.json({**status(ports, found), "receipt": found.receipt}, 201)


def person_of(said: Filing) -> dict[str, str]:
    """Give what was told of the caller, without what was left empty."""
    told = said.contact.model_dump() if said.contact else {}
    return {name: value.strip() for name, value in told.items() if value.strip()}


@router.get("/receipts/{receipt}", summary="What became of it 办理进度")
def progress(ports: Given, receipt: str) -> Response:
    """Tell by its receipt what became of a request; nobody's data and not its words."""
    return answers.json(status(ports, by_receipt(ports, receipt)))


def by_receipt(ports: Ports, receipt: str) -> Request:
    """Find a request by its receipt; `NotFound` for its code too, which can be guessed."""
    found = ports.requests.one(receipt)
    if found.receipt != receipt.strip().upper():
        msg = f"receipt: there is no {receipt!r}"
        raise NotFound(msg)
    return found


def status(ports: Ports, request: Request) -> dict[str, Any]:
    """Tell of a request what its public page shows."""
    agencies = ports.district.agencies
    row = agencies.code.index(request.agency) if request.agency in agencies.code else -1
    named = {"zh": agencies.name_zh[row], "en": agencies.name_en[row]} if row >= 0 else {}
    category = ports.requests.rules.categories.get(request.category)
    acts = [
        {"verb": each["verb"], "at_ms": each["at_ms"]}
        for each in ports.requests.acts(request.id)
        if each["verb"] in SHOWN
    ]
    return {
        "code": request.code, "state": request.state, "category": category.name if category else {},
        "urgent": request.urgent, "agency": named, "street": request.street,
        "received_ms": request.received_ms, "contact_due_ms": request.contact_due_ms,
        "answer_due_ms": request.answer_due_ms, "answered_ms": request.answered_ms,
        "answer": "" if request.secret else clean(request.answer), "acts": acts,
    }  # fmt: skip
