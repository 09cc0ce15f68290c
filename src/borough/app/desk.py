"""The desk: turns detections into cases, answers commands, and keeps the clocks of cases."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from borough.app.bus import AGAIN_S, GateKeeper, address, await_bus
from borough.app.clocks import wall_ms
from borough.app.district import Ground, ground
from borough.app.keeping import Housekeeper
from borough.app.pulse import Pulse
from borough.app.settings import Settings
from borough.core.cases import Case, Plan
from borough.core.errors import BadRequest, BoroughError
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.merge import asked
from borough.storage.sql import SqlCases, SqlDesk, SqlDetections, SqlPosts, connect
from borough.storage.sql.desk import Wish

BATCH = 500
DURABLE = "desk"
LAST_S = 5.0
"""How long the desk may take for what is left to do when it is told to stop."""
T = TypeVar("T")


class Desk:
    """The only writer of cases: one worker, so that two people can never both win.

    Detections arrive from the bus and are applied together with their place in the stream in
    one transaction; whatever is handed out again changes nothing.
    """

    def __init__(self, settings: Settings) -> None:
        engine = connect(settings.store)
        self.clock = settings.clock
        self.ground: Ground = ground(settings)
        roots = [BUILT_IN, *map(Path, settings.scenes)]
        found = {each.scene.id: each for each in find_sound(*roots)[0]}
        self.scenes = {name: each.scene for name, each in found.items()}
        self.plans = {name: Plan.declared(name, each.plan) for name, each in found.items()}
        zone, prefix = self.ground.district.zone, self.ground.district.id.upper()
        self.cases = SqlCases(engine, prefix=prefix, zone=zone, posts=SqlPosts(engine))
        self.desk = SqlDesk(engine, cases=self.cases)
        self.detections = SqlDetections(engine)

    def now(self) -> int:
        """The district's time, in ms."""
        return self.clock.now(wall_ms())

    def wish(self, edge: Mapping[str, Any]) -> Wish | None:
        """Say what case a change of level asks for, if any."""
        scene = self.scenes.get(edge["scene"])
        row = self.ground.row(edge["thing"])
        if scene is None or row is None:
            return None
        key, grid = self.ground.registry.key[row], int(self.ground.registry.grid[row])
        ask = asked(scene, edge, key, grid, self.ground.place(row))
        if ask is None:
            return None
        plan = self.plans[ask.plan]
        return Wish(plan, ask.merge_ms, ask.from_level, ask.grid, ask.title)

    def take(self, edges: Sequence[Mapping[str, Any]], sequence: int) -> list[tuple[str, Any]]:
        """Apply detections and the cases they ask for; give what the live stream should say."""
        taken = self.desk.take(edges, sequence, self.wish)
        news: list[tuple[str, Any]] = [
            ("detection", {**edge, "key": self._key(edge["thing"])}) for edge in taken.edges
        ]
        return news + [("case", shown(case)) for case in taken.cases]

    def _key(self, thing: int) -> str:
        row = self.ground.row(thing)
        return "" if row is None else self.ground.registry.key[row]

    def open(self) -> dict[str, int]:
        """Count what is not over yet."""
        cases = sum(each["open"] for each in self.cases.stats().values())
        return {"detections_open": self.detections.open_count(), "cases_open": cases}

    def move(self, ask: Mapping[str, Any]) -> Case:
        """Take a case to its next step, or close it where an outcome is given."""
        case = self.cases.one(ask["case"])
        told = {
            "plan": self.plans[case.plan],
            "by": ask["by"],
            "at_ms": self.now(),
            "expected_version": ask["version"],
            "note": ask.get("note", ""),
            "answers": ask.get("answers", {}),
        }
        return self.cases.move(case.id, ask["to"], outcome=ask.get("outcome", ""), **told)

    def close(self, ask: Mapping[str, Any]) -> Case:
        """Close a case with its outcome."""
        case = self.cases.one(ask["case"])
        return self.cases.close(
            case.id,
            ask["outcome"],
            plan=self.plans[case.plan],
            by=ask["by"],
            at_ms=self.now(),
            expected_version=ask["version"],
            note=ask.get("note", ""),
            answers=ask.get("answers", {}),
        )

    def assign(self, ask: Mapping[str, Any]) -> Case:
        """Give a case to a post."""
        case = self.cases.one(ask["case"])
        version = ask["version"]
        return self.cases.assign(
            case.id, ask["post"], by=ask["by"], at_ms=self.now(), expected_version=version
        )

    def note(self, ask: Mapping[str, Any]) -> Case:
        """Write a remark into a case's log."""
        case = self.cases.one(ask["case"])
        return self.cases.note(case.id, ask["note"], by=ask["by"], at_ms=self.now())


VERBS: dict[str, Callable[[Desk, Mapping[str, Any]], Case]] = {
    "move": Desk.move,
    "close": Desk.close,
    "assign": Desk.assign,
    "note": Desk.note,
}


def shown(case: Case) -> dict[str, Any]:
    """Give what the live stream says of a case: enough for a line of a list."""
    fields = msgspec.to_builtins(case)
    fields.pop("trail", None)
    return dict(fields)


class Bell:
    """Joins the desk to the bus: what comes in, what is asked, and what goes out live."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self.desk = desk
        self.settings = settings
        self.pulse = Pulse(settings.folder, "desk")
        self.turn = asyncio.Lock()
        self.stop = asyncio.Event()
        self.taken = 0
        self.open: dict[str, int] = {}

    async def run(self) -> None:
        """Work until told to stop."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.stop.set)
        await asyncio.to_thread(await_bus, self.settings)
        bus = await nats.connect(**address(self.settings))
        gate = await asyncio.to_thread(GateKeeper, self.settings)  # another one beside the api's
        house = Housekeeper(self.settings)
        await bus.subscribe("desk.*", cb=self._answer(bus))
        tasks = [asyncio.create_task(work) for work in (self._detections(bus), self._timers(bus))]
        done = asyncio.create_task(self.stop.wait())
        await asyncio.wait([*tasks, done], return_when=asyncio.FIRST_COMPLETED)
        if self.stop.is_set():
            await asyncio.wait(tasks[:1], timeout=LAST_S)
        for task in (*tasks, done):
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        gate.close()
        house.close()
        await bus.close()

    def _answer(self, bus: Client) -> Callable[[Msg], Awaitable[None]]:
        async def answer(message: Msg) -> None:
            verb = message.subject.partition(".")[2]
            try:
                case = await self._in_turn(lambda: command(self.desk, verb, message.data))
            except BoroughError as error:
                problem = {"code": error.code, "detail": str(error)}
                await message.respond(msgspec.json.encode({"problem": problem}))
                return
            await self._say(bus, [("case", shown(case))])
            await message.respond(msgspec.json.encode({"ok": shown(case)}))

        return answer

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self.turn:
            return await asyncio.to_thread(work)

    async def _detections(self, bus: Client) -> None:
        """Take detections as they come; when the bus comes back, from where the database is."""
        while not self.stop.is_set():
            try:
                start = await asyncio.to_thread(self.desk.detections.offset) + 1
                await self._take(bus, await subscription(bus.jetstream(), start))
            except (nats.errors.Error, TimeoutError) as error:
                sys.stderr.write(f"detections wait: {error!r}\n")
                self.pulse.beat(taken=self.taken, counts=self.open)
                await asyncio.sleep(AGAIN_S)

    async def _take(self, bus: Client, inbox: JetStreamContext.PullSubscription) -> None:
        """Take what comes until told to stop, and then what is still there."""
        messages: list[Msg] = []
        while messages or not self.stop.is_set():
            messages = await fetched(inbox)
            if messages:
                edges = [msgspec.json.decode(each.data) for each in messages]
                last = messages[-1].metadata.sequence.stream
                news = await self._in_turn(partial(self.desk.take, edges, last))
                await messages[-1].ack()
                await self._say(bus, news)
                self.taken += len(edges)
            self.pulse.beat(taken=self.taken, counts=self.open)

    async def _timers(self, bus: Client) -> None:
        while True:
            await asyncio.sleep(1.0)
            late = await self._in_turn(lambda: self.desk.cases.overdue(self.desk.now()))
            await self._say(bus, [("case", shown(case)) for case in late])
            self.open = await asyncio.to_thread(self.desk.open)

    async def _say(self, bus: Client, news: Sequence[tuple[str, Any]]) -> None:
        for kind, each in news:
            body = {**each, "wall": wall_ms()}
            await bus.publish(f"live.{kind}", msgspec.json.encode(body))


def command(desk: Desk, verb: str, data: bytes) -> Case:
    """Do what a request asks; `BadRequest` where it cannot be understood."""
    if verb not in VERBS:
        msg = f"the desk knows no {verb!r}; it knows {', '.join(VERBS)}"
        raise BadRequest(msg)
    try:
        return VERBS[verb](desk, msgspec.json.decode(data))
    except msgspec.DecodeError as error:
        raise BadRequest(str(error)) from error
    except KeyError as error:
        msg = f"{verb}: {error.args[0]} is missing"
        raise BadRequest(msg) from error


async def subscription(stream: JetStreamContext, start: int) -> JetStreamContext.PullSubscription:
    """Read detections from *start* on; what was read before is the database's business."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=max(start, 1),
        ack_policy=AckPolicy.ALL,
    )
    with contextlib.suppress(nats.js.errors.NotFoundError):
        await stream.delete_consumer("DETECTIONS", DURABLE)
    return await stream.pull_subscribe("detection.>", DURABLE, "DETECTIONS", config=config)


async def fetched(inbox: JetStreamContext.PullSubscription) -> list[Msg]:
    """Take what is waiting, or nothing after half a second."""
    try:
        return await inbox.fetch(BATCH, timeout=0.5)
    except (nats.errors.TimeoutError, TimeoutError):
        return []


def run(settings: Settings) -> None:
    """Run the desk until it is told to stop."""
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    desk = await asyncio.to_thread(Desk, settings)
    await Bell(desk, settings).run()
