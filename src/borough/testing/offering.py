"""A town that offers Open311, with a real request office on a database."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import httpx
import msgspec
from sqlalchemy import Connection, Engine, text

from borough.api.application import create
from borough.api.broadcast import wall_ms
from borough.api.open311_ports import Open311
from borough.api.ports import Ports, Row
from borough.app.desk import public_requests, requests
from borough.app.desk.desk import Desk
from borough.app.open311 import offer
from borough.app.requests.office import Office
from borough.core.cases import Case, Event
from borough.core.clock import DistrictClock
from borough.core.people import Who
from borough.storage.sql import SqlCases, connect, upgrade
from borough.storage.sql.engines import reading
from borough.testing.people import MemoryPeople
from borough.testing.requesting import YUBEI, desk, yubei
from borough.testing.serving import serving
from borough.testing.town import town

PATIENCE_S = 60.0
"""How long a test waits for an answer; machines that test are often busy."""
KEY = "town-program-key"
"""The token of a program that may file requests."""
VERBS = {**requests.VERBS, **public_requests.VERBS}


@dataclass(frozen=True, slots=True)
class OfficeDesk:
    """As much of the desk as requests need; what it is asked goes through JSON, as on the bus."""

    engine: Engine
    requests: Office
    cases: SqlCases
    clock: DistrictClock

    def now(self) -> int:
        """The district's time, in ms."""
        return self.clock.now(wall_ms())

    def wrote(self, connection: Connection, case: Case, happened: Event) -> Case:
        """Write an event of a case with all that follows from it."""
        return self.cases.wrote(connection, case, happened)

    async def ask(self, verb: str, body: Row, /) -> Row:
        """Do what a request asks."""
        told: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
        done = await asyncio.to_thread(VERBS[verb], cast("Desk", self), told)
        return dict(done.ok)


def offering(engine: Engine, data: Path) -> tuple[Ports, OfficeDesk]:
    """Give ports with Yubei's offer on an empty database, and the desk behind them."""
    made = desk(engine, data)
    ports = town(meters=10)
    own = OfficeDesk(engine, made.office, made.cases, ports.clock)
    offered = offer(engine, yubei(), YUBEI)
    people = MemoryPeople()
    people.let_in(KEY, Who("program:town", "program", rights=frozenset({"requests.file"})))
    people.let_in("other", Who("program:other", "program", rights=frozenset({"cases.read"})))
    district = yubei()
    return replace(
        ports, district=district, open311=cast("Open311", offered), desk=own, people=people
    ), own  # fmt: skip


HERE = {"lat": "29.72", "long": "106.63"}
"""A point in the district."""
LAMP = {
    "api_key": KEY, "service_code": "roads", **HERE, "attribute[WHAT]": "lamp",
    "description": "路灯不亮",
}  # fmt: skip
MEDIA = {"xml": "text/xml", "json": "application/json"}
"""The types of the two forms."""


@dataclass
class Door:
    """A running server that offers Open311, and the desk behind it."""

    url: str
    desk: OfficeDesk
    ports: Ports
    client: httpx.Client

    @property
    def base(self) -> str:
        """Where the endpoint is."""
        return f"{self.url}/open311/v2"

    def get(self, path: str, **params: str) -> httpx.Response:
        """Ask for something."""
        return self.client.get(f"{self.base}/{path}", params=params)

    def file(self, form: str = "json", /, **changes: str | None) -> httpx.Response:
        """File the request about a lamp, changed."""
        data = {**LAMP, **{k.replace("__", "["): v for k, v in changes.items()}}
        return self.send({k: v for k, v in data.items() if v is not None}, form)

    def send(self, data: dict[str, Any], form: str = "json", **more: Any) -> httpx.Response:
        """File whatever it is."""
        return self.client.post(f"{self.base}/requests.{form}", data=data, **more)

    def filed(self, **changes: str | None) -> str:
        """File it and give its id."""
        answer = self.file(**changes)
        assert answer.is_success, answer.text
        return str(answer.json()[0]["service_request_id"])

    def count(self) -> tuple[int, int, int]:
        """Count what is written down: requests, cases, persons."""
        with reading(self.desk.engine) as connection:
            tables = ("requests", "cases", "persons")
            one, two, three = (
                connection.scalar(text(f"SELECT count(*) FROM {each}"))  # noqa: S608 - our own names
                for each in tables
            )
        return int(one), int(two), int(three)


@contextmanager
def opened(data: Path) -> Iterator[Door]:
    """Serve the offer of Yubei on an empty database in *data*."""
    engine = connect(data / "borough.db")
    upgrade(engine)
    ports, own = offering(engine, data)
    with serving(create(ports), ports.live) as served, httpx.Client(timeout=PATIENCE_S) as client:
        yield Door(served.url, own, ports, client)
    engine.dispose()


def described(answer: httpx.Response) -> list[str]:
    """Give the descriptions of a refusal, having seen that it is written as it must be."""
    kind = answer.headers["content-type"]
    if kind.startswith("text/xml"):
        root = ET.fromstring(answer.content)  # noqa: S314 - our own answer
        assert root.tag == "errors"
        codes = [each.findtext("code") for each in root]
        said = [str(each.findtext("description")) for each in root]
    else:
        assert kind == "application/json; charset=utf-8"
        codes = [str(each["code"]) for each in answer.json()]
        said = [each["description"] for each in answer.json()]
    assert codes
    assert set(codes) == {str(answer.status_code)}
    return said
