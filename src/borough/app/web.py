"""The api role: joins the HTTP doors to the bus, the databases and the history."""

import asyncio
import logging
import signal
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import nats
import uvicorn
from fastapi import FastAPI
from nats.aio.client import Client
from nats.aio.msg import Msg

from borough.adapters.bus.link import Link
from borough.api.application import create, renew
from borough.api.broadcast import Broadcast
from borough.api.limits import LIMITS
from borough.api.ports import LOOPBACK, Counted, Desk, Ports
from borough.api.refused import Notices
from borough.app import checkpoints, pulse
from borough.app.appraisals import AppraisalDoor
from borough.app.bus import AGAIN_S, address, await_bus, bus_of, has_room
from borough.app.clocks import wall_ms
from borough.app.desk_line import ASK_S, DeskLine
from borough.app.door_line import DoorLine
from borough.app.evaluations.door import EvaluationDoor
from borough.app.facts.door import FactDoor
from borough.app.facts.imports import UPLOADS
from borough.app.gates import GateKeeper
from borough.app.intake.door import IntakeDoor
from borough.app.lake import lake_of
from borough.app.logs import event
from borough.app.open311 import offer
from borough.app.outside import provider
from borough.app.outward.door import outward
from borough.app.plans import plans_of
from borough.app.renewal import RegistryWatch
from borough.app.requests.door import RequestDoor
from borough.app.rosters import AlarmDoor, RosterDoor
from borough.app.settings import Settings
from borough.app.tables import TableFiles
from borough.app.tuning.bench import Bench
from borough.app.tuning.jobs import TrialJobs
from borough.core.errors import BadRequest, BoroughError, BusDown
from borough.core.observations import REPORT_BITS
from borough.core.registry import Registry
from borough.engine.catalog import BUILT_IN, Found, find_sound
from borough.engine.latest import Latest
from borough.storage.journal.journal import JournalTail
from borough.storage.sql import (
    SqlAudit,
    SqlCases,
    SqlDetections,
    SqlLives,
    SqlPeople,
    SqlQueue,
    SqlRegistry,
    SqlTasks,
    SqlThings,
    SqlTunings,
    SqlWarnings,
    connect,
)

log = logging.getLogger(__name__)
FOLLOW_S = 0.3
TELL_S = 1.0


class Keys(Mapping[str, str]):
    """The digest of each credential's token, as the gate has read it last."""

    def __init__(self, keeper: GateKeeper) -> None:
        self.keeper = keeper

    def __getitem__(self, key: str) -> str:
        return self.keeper.gate.credentials[key].hex()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keeper.gate.credentials)

    def __len__(self) -> int:
        return len(self.keeper.gate.credentials)


class PulseHealth:
    """How the product is doing, as the roles themselves last said."""

    def __init__(self, settings: Settings, bus: Client, fixed: Mapping[str, int]) -> None:
        self.data = settings.folder
        self.roles: list[str] = [each for each in ("stream", "desk") if each in settings.roles]
        self.bus, self.servers = bus, bus_of(settings)
        self.fixed = fixed
        self.pulses = {each: pulse.Heard(self.data, each) for each in ("bus", "stream", "desk")}

    def _pulse(self, role: str) -> dict[str, Any]:
        return self.pulses[role].now()

    def backlog_s(self) -> float:
        """Say how long the oldest reading has been waiting to be looked at."""
        stream = self._pulse("stream")
        age = float(stream.get("age_s", 0.0))
        return float(stream.get("backlog_s", 0.0)) + max(0.0, age - 1.0)

    def counted(self) -> Counted:
        """Give what the stream counts and the registry holds, and what stream and bus reject."""
        stream = self._pulse("stream")  # once, for its next word may come in between
        counts = {name: int(number) for name, number in stream.get("counts", {}).items()}
        still_open = self._pulse("desk").get("counts", {})
        broken = {"scenes_broken": len(stream.get("broken", {}))}
        bus = self._pulse("bus").get("rejected", {})
        rejected = {f"bus-{reason}": int(count) for reason, count in bus.items()}
        return Counted(
            {**self.fixed, **broken, **still_open, **counts},
            rejected | stream.get("rejected", {}),
        )

    def broken(self) -> Mapping[str, str]:
        """Give the scenes that were set aside or cannot be used, with the reason."""
        return dict(self._pulse("stream").get("broken", {}))

    def tuned(self) -> int:
        """Give the number of the last change of parameters that the journal holds."""
        return int(self._pulse("stream").get("tuned", 0))

    def has_room(self) -> bool:
        """Say whether the disk of the bus can take more."""
        return has_room(self.servers)

    def parts(self) -> Mapping[str, bool]:
        """Say of each part that this machine runs whether it answers, and of the bus."""
        alive = {role: self._pulse(role).get("age_s", 1e9) < pulse.STALE_S for role in self.roles}
        return {"bus": self.bus.is_connected, **alive}


class Follower:
    """Keeps the newest values up to date: the stream's checkpoint, then the journal after it.

    It reads in a thread of its own, and goes on where it was when the bus comes back; what else
    goes wrong ends it.  Nobody else touches the values.
    """

    def __init__(self, latest: Latest, settings: Settings) -> None:
        self.latest = latest
        self.wanted = len(latest.time)
        self.bus = bus_of(settings)
        self.after = 0
        saved = checkpoints.newest(settings.checkpoints())
        if saved is not None:
            latest.load({"time": saved["latest/time"], "value": saved["latest/value"]})
            self.after = max(int(saved["position"]) >> REPORT_BITS, 0)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._work, name="latest", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while not self.stop.is_set():
            self.latest.grow(self.wanted)
            try:
                with Link(self.bus.login("borough"), "latest") as link:
                    self._follow(JournalTail(link, self.after))
            except BusDown:
                self.stop.wait(AGAIN_S)

    def _follow(self, tail: JournalTail) -> None:
        while not self.stop.is_set():
            self.latest.grow(self.wanted)
            for sequence, frame in tail.take(ASK_S / 20):
                if len(frame):
                    self.latest.take(frame.series, frame.time, frame.value)
                self.after = sequence

    def make_room(self, series: int) -> None:
        """Have places for so many series, and wait until they are there."""
        self.wanted = series
        while len(self.latest.time) < series and not self.stop.wait(FOLLOW_S / 10):
            self.check()

    def check(self) -> None:
        """Raise `BoroughError` if nobody reads any more: to show old values is not to be well."""
        if not self.thread.is_alive():
            msg = f"the thread {self.thread.name} has ended; the log says why"
            raise BoroughError(msg)

    def close(self) -> None:
        """Stop reading."""
        self.stop.set()
        self.thread.join(2.0)


async def relay(bus: Client, live: Broadcast) -> None:
    """Pass on to the live stream what desk and stream say."""

    async def say(message: Msg) -> None:
        live.publish(message.subject.partition(".")[2], msgspec.json.decode(message.data))

    await bus.subscribe("live.*", cb=say)


async def count(live: Broadcast, health: PulseHealth) -> None:
    """Tell the live stream once a second how much there is."""
    while True:
        await asyncio.sleep(1.0)
        counted = health.counted()
        told = {**counted.numbers, "backlog_s": round(health.backlog_s(), 3)}
        room = {"has_room": health.has_room(), "wall": wall_ms()}
        live.publish("counts", {**told, "rejected": counted.rejected, **room})


def ports(settings: Settings, bus: Client, watch: RegistryWatch, keys: Keys) -> Ports:
    """Join the concrete parts to what the doors need."""
    engine = connect(settings.store)
    held = watch.held
    roots = (BUILT_IN, *map(Path, settings.scenes))
    found, _ = find_sound(*roots)
    plans = plans_of(roots, found, held.district.work)
    registry = SqlRegistry(engine)
    cases = SqlCases(engine, prefix=held.district.id.upper(), zone=held.district.zone)
    return Ports(
        district=held.district,
        synthetic=registry.meta().get("synthetic", {}),
        clock=settings.clock,
        registry=held.registry,
        things=SqlThings(engine),
        intakes=IntakeDoor(settings.common, engine, held.district),
        latest=Latest(len(held.registry.row_of_series)),
        history=lake_of(settings, held.district.zone),
        detections=SqlDetections(engine),
        cases=cases,
        queue=SqlQueue(engine),
        tables=TableFiles(),
        tasks=SqlTasks(engine, plans={}, wrote=cases.wrote),
        bench=Bench(found, lambda: watch.held.registry, SqlTunings(engine), cases.stats),
        trials=TrialJobs(settings.data, LIMITS.replays_running, LIMITS.replays_kept),
        facts=FactDoor(engine),
        evaluations=EvaluationDoor(engine, found, held.district, Path(settings.district)),
        appraisals=AppraisalDoor(SqlLives(engine), plans, held.district),
        warnings=SqlWarnings(engine),
        requests=RequestDoor(engine, cases, held.district, Path(settings.district)),
        rosters=RosterDoor(engine, held.district.zone, held.district.work),
        alarms=AlarmDoor(engine),
        outward=outward(settings, engine, held.district),
        uploads=settings.common / UPLOADS,
        desk=DeskLine(bus),
        doors=DoorLine(bus, settings, held.registry),
        credentials=keys,
        health=PulseHealth(settings, bus, sizes(held.registry)),
        live=Broadcast(settings.clock, held.registry),
        people=SqlPeople(engine),
        audit=SqlAudit(engine),
        operator=settings.operator,
        provider=provider(settings),
        hosts=(*LOOPBACK, *(each.lower() for each in (*settings.hosts, settings.host))),
        instance=settings.instance,
        open311=offer(engine, held.district, Path(settings.district)),
        plans=plans,
        scenes=[each.scene for each in found],
        warns=warned(found),
    )


def warned(found: Iterable[Found]) -> dict[str, list[str]]:
    """Name the levels of which the public is told, by scene."""
    rules = {each.scene.id: each.warning for each in found if each.warning}
    return {scene: [rule.names[level] for level in rule.signals] for scene, rule in rules.items()}


def sizes(registry: Registry) -> dict[str, int]:
    """Count what a registry holds."""
    return {
        "things": len(registry.id),
        "series": len(registry.row_of_series),
        "device_classes": sum(kind.role == "device" for kind in registry.kinds),
    }


async def follow(
    app: FastAPI, watch: RegistryWatch, health: PulseHealth, follower: Follower
) -> None:
    """Go on with the registry as it is now, whenever it has changed."""
    while True:
        await asyncio.sleep(FOLLOW_S)
        follower.check()
        if found := watch.fresh():
            registry = found[0].registry
            health.fixed = await asyncio.to_thread(sizes, registry)
            await asyncio.to_thread(follower.make_room, len(registry.row_of_series))
            await asyncio.to_thread(renew, app, replace(app.state.ports, registry=registry))
            app.state.ports.live.publish("registry", health.fixed)


async def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    await asyncio.to_thread(await_bus, settings)
    bus = await nats.connect(**address(settings))
    watch = await asyncio.to_thread(RegistryWatch, settings)
    gate = await asyncio.to_thread(GateKeeper, settings)
    joined = await asyncio.to_thread(ports, settings, bus, watch, Keys(gate))
    assert isinstance(joined.latest, Latest)  # noqa: S101 - what `ports` made just now
    assert isinstance(joined.health, PulseHealth)  # noqa: S101 - the same
    follower = await asyncio.to_thread(Follower, joined.latest, settings)
    await relay(bus, joined.live)
    app = create(joined)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.http_port,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    works = (
        count(joined.live, joined.health),
        breathe(settings),
        tell(app.state.notices, joined.desk),
        follow(app, watch, joined.health, follower),
    )
    try:
        await attended(server, *works)
    finally:
        gate.close()
        watch.close()
        follower.close()
        await bus.close()


async def attended(server: uvicorn.Server, *works: Coroutine[Any, Any, None]) -> None:
    """Serve until told to stop, and do *works* beside it; raise what ended one of them.

    The server ends with the first of them: an api that goes on without must not look healthy.
    """
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):  # the server raises them again when it has ended
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    beside = [asyncio.create_task(each) for each in (*works, stop.wait())]
    serving = asyncio.create_task(server.serve())
    await asyncio.wait([serving, *beside], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    for task in beside:
        task.cancel()
    for ended in await asyncio.gather(*beside, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


async def tell(notices: Notices, desk: Desk) -> None:
    """Hand what was refused on to the audit log, once a second."""
    while True:
        await asyncio.sleep(TELL_S)
        await hand_on(notices, desk)


async def hand_on(notices: Notices, desk: Desk) -> None:
    """Give the desk what is for the audit log; what it does not take now waits for it."""
    rows = notices.take()
    try:
        if rows:
            await desk.ask("note_audit", {"rows": rows})
    except BadRequest:  # it would be refused each time, and all others with it
        log.exception("%d entries of the audit log are lost", len(rows))
    except BoroughError as error:
        notices.put_back(rows)
        log.warning("the audit log waits: %s", error, extra=event(error.code))


async def breathe(settings: Settings) -> None:
    """Write the role's pulse."""
    beat = pulse.Pulse(settings.folder, "api")
    while True:
        beat.beat(force=True)
        await asyncio.sleep(1.0)


def run(settings: Settings) -> None:
    """Run the api role until it is told to stop."""
    asyncio.run(serve(settings))
