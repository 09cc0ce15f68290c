"""The courier of hooks: one signed POST, no redirect followed, over within a few seconds.

Signed after Standard Webhooks 1.0: HMAC-SHA256 over ``id.timestamp.body``, so a receiver can tell
that it came from us, that it is fresh, and by its id that it came before.  While a secret is
exchanged for another, both sign, side by side in one header.
"""

import hmac
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse
from importlib.metadata import version
from time import monotonic
from urllib.parse import urlsplit

from borough.adapters.notices.guard import Guard
from borough.core.errors import BadRequest
from borough.core.hooks import Hook
from borough.core.outbox import Delivery, Message

GOOD = range(200, 300)
GONE = 410
BUSY = {429, 503}
"""The receiver wants no more of it ever, or not now."""
PEACE_MOST_S = 86_400
ANSWER_MOST = 65_536
"""Bytes of an answer that are read, so that the connection can be closed in order."""
PREFIX = "whsec_"


def signature(secret: str, message: str, at_s: int, body: bytes) -> str:
    """Sign a body as Standard Webhooks does, version 1."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{message}.{at_s}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


class Line(HTTPConnection):
    """A connection to the first of some addresses that answers, whatever the name says by then."""

    def __init__(self, host: str, port: int, addresses: Sequence[str], wait_s: float) -> None:
        super().__init__(host, port, timeout=wait_s)
        self.addresses = addresses
        self.tls: ssl.SSLContext | None = None

    def connect(self) -> None:
        """Connect; `OSError` where none answers."""
        trouble: OSError | None = None
        for each in self.addresses:
            try:
                plain = socket.create_connection((each, self.port), self.timeout)
            except OSError as error:
                trouble = error
                continue
            self.sock = (
                self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain
            )
            return
        raise trouble or OSError(self.host)


class HookCourier:
    """Delivers messages to hooks; ``wait_s`` is how long one may take from beginning to end."""

    def __init__(self, guard: Guard, wait_s: float) -> None:
        self._guard = guard
        self._wait_s = wait_s
        self._tls = ssl.create_default_context()

    def deliver(self, hook: Hook, message: Message, wall_ms: int) -> Delivery:
        """Try once; what went wrong is in the answer and raises nothing."""
        began = monotonic()
        try:
            host, port, addresses = self._guard.place(hook.url)
            line = Line(host, port, addresses, self._wait_s)
            line.tls = self._tls if hook.url.lower().startswith("https:") else None
            status, says, peace = self._ask(line, hook, message, wall_ms)
        except (BadRequest, OSError, HTTPException, ValueError) as error:
            return Delivery(good=False, took_ms=_since(began), says=_short(error))
        return Delivery(
            good=status in GOOD, status=status, took_ms=_since(began), says=says,
            over=status == GONE, after_ms=peace,
        )  # fmt: skip

    def _ask(self, line: Line, hook: Hook, message: Message, wall_ms: int) -> tuple[int, str, int]:
        body, at_s = message.body.encode(), wall_ms // 1000
        parts = urlsplit(hook.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "content-type": "application/json",
            "user-agent": f"borough/{version('borough')}",
            "webhook-id": message.id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": " ".join(
                signature(each, message.id, at_s, body) for each in hook.secrets(wall_ms)
            ),
        }
        watch = threading.Timer(self._wait_s, _cut, [line])
        watch.daemon = True
        watch.start()
        try:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            answer.read(ANSWER_MOST)
            return answer.status, f"{answer.status} {answer.reason}", _peace_ms(answer)
        finally:
            watch.cancel()
            line.close()


def _cut(line: Line) -> None:
    """End a connection on which somebody keeps us waiting, a byte at a time."""
    sock = line.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _peace_ms(answer: HTTPResponse) -> int:
    """Read for how long a receiver that is busy wants to be left alone."""
    asked = answer.getheader("retry-after", "")
    if answer.status not in BUSY or not asked.isdecimal():
        return 0
    return min(int(asked), PEACE_MOST_S) * 1000


def _since(began: float) -> int:
    return round((monotonic() - began) * 1000)


def _short(error: Exception) -> str:
    if isinstance(error, BadRequest):
        return str(error)
    said = getattr(error, "strerror", "") or str(error)
    return f"{type(error).__name__}: {said}"[:200]
