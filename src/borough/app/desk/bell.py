"""The desk on the bus: what comes in, what is asked, what goes out live, and the clocks."""

import asyncio
import contextlib
import gc
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from borough.app.bus import AGAIN_S, address, await_bus
from borough.app.clocks import wall_ms
from borough.app.desk.answers import shown
from borough.app.desk.desk import Desk
from borough.app.desk.errands import Errands
from borough.app.desk.intake import Clerk
from borough.app.desk.tenure import Tenure, is_shared
from borough.app.desk.verbs import answered
from borough.app.gates import GateKeeper
from borough.app.housekeeper import Housekeeper
from borough.app.logs import event
from borough.app.outward.sender import Sender
from borough.app.pulse import Pulse
from borough.app.settings import Settings
from borough.core.errors import BoroughError, LeaseLost
from borough.engine.district import read
from borough.storage.sql import connect

log = logging.getLogger(__name__)
BATCH = 500
CONSUMER = "desk"
"""How the bus calls who reads detections; behind it stands the epoch of the desk's lease."""
LAST_S = 5.0
"""How long the desk may take for what is left to do when it is told to stop."""
BEHIND_S = 30.0
"""How long what was gathered waits at most for detections that have not been taken yet."""
T = TypeVar("T")


class Bell:
    """Joins the desk to the bus: what comes in, what is asked, and what goes out live."""

    def __init__(self, desk: Desk, settings: Settings, tenure: Tenure | None = None) -> None:
        self.desk = desk
        self.tenure = tenure
        self.settings = settings
        self.pulse = Pulse(settings.folder, "desk")
        self.turn = asyncio.Lock()
        self.stop = asyncio.Event()
        self.taken = 0
        self.open: dict[str, int] = {}
        self.behind_since: float | None = time.monotonic()

    @property
    def complete(self) -> bool:
        """Whether all detections there are have been taken, or were waited for long enough."""
        since = self.behind_since
        return since is None or time.monotonic() - since > BEHIND_S

    async def run(self) -> None:
        """Work until told to stop."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.stop.set)
        await asyncio.to_thread(await_bus, self.settings)
        bus = await nats.connect(**address(self.settings))
        gate = await asyncio.to_thread(GateKeeper, self.settings)  # another one beside the api's
        house = Housekeeper(self.settings, self.desk.ground.district.zone)
        threads = (Errands(self.desk), Sender(self.settings, self.desk.outward))
        for thread in threads:
            thread.start()
        clerk = await asyncio.to_thread(Clerk, self.desk, self._teller(bus))
        await bus.subscribe("desk.*", cb=self._answer(bus))
        watched = [*threads, clerk.thread, *([self.tenure] if self.tenure else [])]
        works = (self._detections(bus), self._timers(bus, watched))
        tasks = [asyncio.create_task(work) for work in works]
        done = asyncio.create_task(self.stop.wait())
        await asyncio.wait([*tasks, done], return_when=asyncio.FIRST_COMPLETED)
        if self.stop.is_set():
            await asyncio.wait(tasks[:1], timeout=LAST_S)
        for task in (*tasks, done):
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for thread in threads:
            await asyncio.to_thread(thread.close)
        await asyncio.to_thread(clerk.close)
        gate.close()
        house.close()
        await bus.close()

    def _answer(self, bus: Client) -> Callable[[Msg], Awaitable[None]]:
        async def answer(message: Msg) -> None:
            verb = message.subject.partition(".")[2]
            try:
                done = await self._in_turn(lambda: answered(self.desk, verb, message.data))
            except LeaseLost:  # another desk answers by now
                return
            except BoroughError as error:
                problem = {"code": error.code, "detail": str(error)}
                await message.respond(msgspec.json.encode({"problem": problem}))
                return
            except Exception:
                log.exception("%s", verb)
                problem = {"code": BoroughError.code, "detail": "the log of the desk says more"}
                await message.respond(msgspec.json.encode({"problem": problem}))
                return
            await self._say(bus, done.news)
            await message.respond(msgspec.json.encode({"ok": done.ok}))

        return answer

    def _teller(self, bus: Client) -> Callable[[str, Mapping[str, Any]], None]:
        """Let a thread tell the live stream something, without waiting for it."""
        loop = asyncio.get_running_loop()

        def tell(kind: str, body: Mapping[str, Any]) -> None:
            asyncio.run_coroutine_threadsafe(self._say(bus, [(kind, body)]), loop)

        return tell

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self.turn:
            return await asyncio.to_thread(ended, work)

    async def _detections(self, bus: Client) -> None:
        """Take detections as they come; when the bus comes back, from where the database is."""
        while not self.stop.is_set():
            try:
                start = await asyncio.to_thread(self.desk.detections.offset) + 1
                epoch = self.tenure.lease.epoch if self.tenure else 0
                await self._take(bus, await subscription(bus.jetstream(), start, epoch))
            except (nats.errors.Error, TimeoutError) as error:
                log.warning("detections wait: %r", error, extra=event("bus-down"))
                self.left(1)
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
            self.left(messages[-1].metadata.num_pending if messages else 0)
            self.pulse.beat(taken=self.taken, counts=self.open)

    def left(self, many: int) -> None:
        """Note how many detections wait to be taken."""
        if not many:
            self.behind_since = None
        elif self.behind_since is None:
            self.behind_since = time.monotonic()

    async def _timers(self, bus: Client, threads: Sequence[Thread]) -> None:
        while True:
            await asyncio.sleep(1.0)
            for each in threads:
                if not each.is_alive():  # a desk that sends nothing must not look healthy
                    msg = f"the thread {each.name} has ended; the log says why"
                    raise BoroughError(msg)
            while rung := await self._in_turn(lambda: self.desk.timers.fire(self.desk.now())):
                await self._say(bus, [("case", shown(case)) for case in rung])
            await self._say(
                bus, await self._in_turn(partial(self.desk.weigh, complete=self.complete))
            )
            self.open = await asyncio.to_thread(self.desk.open)

    async def _say(self, bus: Client, news: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        for kind, each in news:
            body = {**each, "wall": wall_ms()}
            await bus.publish(f"live.{kind}", msgspec.json.encode(body))


async def subscription(
    stream: JetStreamContext, start: int, epoch: int = 0
) -> JetStreamContext.PullSubscription:
    """Read detections from *start* on; what was read before is the database's business.

    Nobody reads for an earlier desk any more.  One that was paused and wakes up finds its own
    name gone: under one name for all it would take what the bus then keeps from us for half a
    minute, because it may still be on its way.
    """
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=max(start, 1),
        ack_policy=AckPolicy.ALL,
    )
    for each in await stream.consumers_info("DETECTIONS"):
        whose, _, number = each.name.partition("-")
        if whose == CONSUMER and int(number or 0) <= epoch:
            with contextlib.suppress(nats.js.errors.NotFoundError):
                await stream.delete_consumer("DETECTIONS", each.name)
    name = f"{CONSUMER}-{epoch}"
    return await stream.pull_subscribe("detection.>", name, "DETECTIONS", config=config)


async def fetched(inbox: JetStreamContext.PullSubscription) -> list[Msg]:
    """Take what is waiting, or nothing after half a second."""
    try:
        return await inbox.fetch(BATCH, timeout=0.5)
    except (nats.errors.TimeoutError, TimeoutError):
        return []


def run(settings: Settings) -> None:
    """Run the desk until it is told to stop; where others stand by, once the lease is ours."""
    engine = connect(settings.store)
    district = read(Path(settings.district))  # while we stand by: it never changes under us
    tenure = Tenure.awaited(settings) if is_shared(settings) else None
    if tenure:
        tenure.guard(engine)
        tenure.start()

    async def work() -> None:
        desk = await asyncio.to_thread(Desk, settings, engine, district)
        gc.freeze()  # the district stays as long as the desk: no need to look for garbage in it
        await Bell(desk, settings, tenure).run()

    with tenure.explained() if tenure else contextlib.nullcontext():
        asyncio.run(work())
    if tenure:
        tenure.close()


def ended(work: Callable[[], T]) -> T:
    """Do some work of a thread; `RuntimeError` for an iterator that ended too soon in it.

    A future cannot hold a StopIteration: whoever awaits it would wait, and hold the turn, forever.
    """
    try:
        return work()
    except StopIteration as error:
        msg = "an iterator ended too soon"
        raise RuntimeError(msg) from error
