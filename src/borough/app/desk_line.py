"""The line to the desk: whoever wants something decided asks over the bus."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from borough.core import errors
from borough.core.errors import BadRequest, BoroughError, BusDown

ASK_S = 10.0
_AGAIN_S = 0.1
LONG_S = 600.0
LONG = frozenset({
    "import_facts", "import_returns", "begin_evaluation", "redraft_evaluation", "decide_appeal",
    "freeze_evaluation", "run_again", "file_requests",
})  # fmt: skip
"""What works through whole files or years; its answer may take minutes."""


class DeskLine:
    """Asks the desk over the bus, and raises what the desk objects to."""

    def __init__(self, bus: Client) -> None:
        self.bus = bus

    async def _request(self, subject: str, data: bytes, patience_s: float) -> Msg:
        """Put a question; where nobody is there to hear it, put it again: the desk comes back."""
        until = time.monotonic() + ASK_S
        while True:
            try:
                return await self.bus.request(subject, data, timeout=patience_s)
            except NoRespondersError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_AGAIN_S)

    async def ask(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for *verb* and give the answer; `BusDown` if the desk does not answer."""
        try:
            data = msgspec.json.encode(body)
        except (UnicodeEncodeError, OverflowError) as error:
            msg = f"what was said cannot be written down: {error}"
            raise BadRequest(msg) from error
        try:
            patience = LONG_S if verb in LONG else ASK_S
            reply = await self._request(f"desk.{verb}", data, patience)
        except (nats.errors.Error, TimeoutError) as error:
            msg = "the desk does not answer; nothing was changed that you were not told of"
            raise BusDown(msg) from error
        answer = msgspec.json.decode(reply.data)
        if "problem" in answer:
            kinds = {kind.code: kind for kind in BoroughError.__subclasses__()}
            raise kinds.get(answer["problem"]["code"], errors.BoroughError)(
                answer["problem"]["detail"]
            )
        return dict(answer["ok"])
