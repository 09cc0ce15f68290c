"""Serve an application on a free port of this machine for as long as a block lasts."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from borough.api.broadcast import Broadcast

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its address, and a way onto its loop."""

    url: str
    loop: asyncio.AbstractEventLoop

    def call(self, act: Callable[[], Any]) -> Any:
        """Run *act* on the server's loop and give what it gives."""

        async def there() -> Any:
            made = act()
            return await made if isinstance(made, Awaitable) else made

        return asyncio.run_coroutine_threadsafe(there(), self.loop).result(PATIENCE_S)


@contextmanager
def serving(app: FastAPI, live: Broadcast, port: int = 0) -> Iterator[Served]:
    """Serve *app* on loopback, on any free port unless one is named; end its live streams last."""
    # Named TCP, or asyncio leaves Nagle's algorithm on, and the end of an answer waits 40 ms.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
    loop = asyncio.new_event_loop()
    thread = Thread(target=lambda: loop.run_until_complete(server.serve([listening])), daemon=True)
    thread.start()
    served = Served(f"http://127.0.0.1:{listening.getsockname()[1]}", loop)
    try:
        served.call(lambda: asyncio.wait_for(_started(server), PATIENCE_S))
        yield served
    finally:
        server.should_exit = True
        loop.call_soon_threadsafe(live.close)
        thread.join(PATIENCE_S)
        listening.close()
        loop.close()


async def _started(server: uvicorn.Server) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn sets a flag and wakes nobody
        await asyncio.sleep(0.01)
