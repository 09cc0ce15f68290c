"""A connection to the bus without threads or an event loop, for processes that loop by hand."""

import json
import secrets
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, Self

from borough.adapters.bus import wire
from borough.adapters.bus.wire import Message
from borough.core.errors import BusDown

_CHUNK = 1 << 20
_INBOX_SID = b"0"
_SPARED_S = 10.0
_silent: dict["Address", float] = {}
"""When a server last failed to answer this process: for a while it is asked after the others.
One that is cut off costs its whole patience, and whoever takes over opens seven links."""


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """Where the bus listens and who we are to it; the password stays out of ``repr``.

    Of a bus of several servers ``others`` are tried where the first does not answer, and keep
    ``copies`` of what is stored.
    """

    host: str
    port: int
    user: str
    password: str
    others: tuple[Address, ...] = ()
    copies: int = 1

    def __repr__(self) -> str:
        return f"Login({self.user}@{self.host}:{self.port})"

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to try, in this order."""
        return Address(self.host, self.port), *self.others


class Link:
    """One connection: publish, subscribe, ask and listen, all from one thread.

    Whatever breaks the connection raises ``BusDown``, and the link is then of no more use:
    open another.  ``server`` is the id that the bus gives itself at each start, ``copies`` how
    many there are to be of what is stored.
    """

    def __init__(self, login: Login, name: str, wait_s: float = 5.0) -> None:
        self.wait_s = wait_s
        self.copies = login.copies
        self.inbox = f"_INBOX.{secrets.token_hex(12)}".encode()
        self._asked = 0
        self._rest = b""
        self._room = memoryview(bytearray(_CHUNK))
        self._kept: list[Message] = []
        self._several, self._servers = bool(login.others), set[str]()
        self.server = self._enter(login, name)

    def _enter(self, login: Login, name: str) -> str:
        """Connect to the first server that lets us in; gives its id."""
        problems: list[str] = []
        now = time.monotonic()
        silent = {each for each, at in _silent.copy().items() if now - at < _SPARED_S}
        for address in sorted(login.addresses, key=silent.__contains__):
            try:
                self._socket = socket.create_connection(address, self.wait_s)
            except OSError as problem:
                _silent[address] = time.monotonic()
                problems.append(f"the bus at {address} cannot be reached: {problem}")
                continue
            with ExitStack() as undo:
                undo.callback(self.close)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * _CHUNK)
                try:
                    server = self._greet(login, name)
                except BusDown as problem:
                    _silent[address] = time.monotonic()
                    problems.append(str(problem))
                    continue
                undo.pop_all()
                return server
        raise BusDown("; ".join(problems))

    def _greet(self, login: Login, name: str) -> str:
        """Introduce ourselves and wait until the bus agrees; gives the server's id."""
        about = {
            "name": name, "user": login.user, "pass": login.password, "lang": "python",
            "version": "1", "verbose": False, "headers": True, "no_responders": True,
            "protocol": int(self._several),
        }  # fmt: skip
        self.send(b"CONNECT ", json.dumps(about).encode(), b"\r\n")
        server = json.loads(self.settle()[0].removeprefix(b"INFO "))["server_id"]
        self.subscribe(self.inbox + b".*", _INBOX_SID)
        return str(server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; closing twice does no harm."""
        self._socket.close()

    def fileno(self) -> int:
        """Let ``selectors`` wait for us."""
        return self._socket.fileno()

    def send(self, *parts: bytes) -> None:
        """Write raw protocol."""
        try:
            self._socket.settimeout(self.wait_s)
            self._socket.sendall(b"".join(parts))
        except OSError as problem:
            raise BusDown(str(problem)) from problem

    def receive(self, wait_s: float) -> bytes:
        """Read raw protocol: what has arrived, or nothing within *wait_s*.

        Into room that is kept: 10 us, where a fresh one of that size takes 45 each time.
        """
        try:
            self._socket.settimeout(wait_s)
            data = bytes(self._room[: self._socket.recv_into(self._room)])
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as problem:
            raise BusDown(str(problem)) from problem
        if not data:
            msg = "the bus closed the connection"
            raise BusDown(msg)
        return data

    def publish(self, subject: bytes, body: bytes, reply: bytes = b"", head: bytes = b"") -> None:
        """Publish one message; *head* is whole header lines, each with its line end."""
        self.send(*publication(subject, body, reply, head))

    def subscribe(self, subject: bytes, sid: bytes, queue: bytes = b"") -> None:
        """Ask for the messages of a subject; they carry *sid*."""
        self.send(b"SUB %s %s %s\r\n" % (subject, queue, sid))

    def settle(self) -> list[bytes]:
        """Wait until the bus has dealt with all we sent; gives the control lines meanwhile."""
        self.send(b"PING\r\n")
        lines: list[bytes] = []
        until = time.monotonic() + self.wait_s
        while b"PONG" not in lines:
            if time.monotonic() > until:
                msg = f"the bus did not answer within {self.wait_s} s"
                raise BusDown(msg)
            lines += self._listen(self.wait_s)
        return lines

    def hand_over(self) -> tuple[list[Message], bytes]:
        """Give what has arrived unasked, and the beginning of what has not arrived whole.

        From then on the caller reads the raw protocol himself with ``receive``.
        """
        kept, rest, self._kept, self._rest = self._kept, self._rest, [], b""
        return kept, rest

    def messages(self, wait_s: float) -> list[Message]:
        """Give what has arrived, waiting up to *wait_s* for the first; answers PINGs."""
        until = time.monotonic() + wait_s
        while not self._kept:  # what came may be a PING, or the beginning of a long message
            left = until - time.monotonic()
            self._listen(max(left, 0.0))
            if left <= 0:
                break
        kept, self._kept = self._kept, []
        return kept

    def ask(self, subject: str, body: bytes = b"", head: bytes = b"") -> Message:
        """Publish a request and wait for its answer; ``BusDown`` if none comes in time."""
        self._asked += 1
        reply = b"%s.%d" % (self.inbox, self._asked)
        self.publish(subject.encode(), body, reply, head)
        until = time.monotonic() + self.wait_s
        while (left := until - time.monotonic()) > 0:
            self._listen(left)
            for at, message in enumerate(self._kept):
                if message.subject == reply and message.sid == _INBOX_SID:
                    return self._kept.pop(at)
        msg = f"nobody answered {subject} within {self.wait_s} s"
        raise BusDown(msg)

    def call(self, subject: str, body: object = None, *, missing: bool = False) -> dict[str, Any]:
        """Ask the bus about its streams, in JSON; ``BusDown`` with its words if it refuses.

        With *missing*, what does not exist is an empty answer.
        """
        answer = self.ask(subject, b"" if body is None else json.dumps(body).encode())
        said: dict[str, Any] = json.loads(answer.body or b'{"error": {"description": "no one"}}')
        error = said.get("error", {})
        if missing and error.get("code") == HTTPStatus.NOT_FOUND:
            return {}
        if error:
            msg = f"the bus refused {subject}: {error.get('description')}"
            raise BusDown(msg)
        return said

    def heed(self, lines: list[bytes]) -> None:
        """Answer control lines; ``BusDown`` if one of them is a complaint."""
        for line in lines:
            if line == b"PING":
                self.send(b"PONG\r\n")
            elif line.startswith(b"-ERR"):
                raise BusDown(line.decode(errors="replace"))
            elif self._several and line.startswith(b"INFO "):
                self._count(json.loads(line.removeprefix(b"INFO ")))

    def _count(self, told: dict[str, Any]) -> None:
        """Note which servers there are; ``BusDown`` if one has gone.

        What it kept in memory for us, such as a reader's wishes, is gone with it.
        """
        servers = set(told.get("connect_urls", ()))
        if self._servers - servers:
            msg = f"a server of the bus has gone: {', '.join(sorted(self._servers - servers))}"
            raise BusDown(msg)
        self._servers |= servers

    def _listen(self, wait_s: float) -> list[bytes]:
        """Take in what has arrived; gives the control lines that came with it."""
        data = self._rest + self.receive(wait_s)
        messages, control, taken = wire.careful(data)
        self._rest = data[taken:]
        self._kept += messages
        self.heed(control)
        return control


def publication(subject: bytes, body: bytes, reply: bytes = b"", head: bytes = b"") -> list[bytes]:
    """Write the protocol of one publication, in parts."""
    if not head:
        return [b"PUB %s %s %d\r\n" % (subject, reply, len(body)), body, b"\r\n"]
    head = b"NATS/1.0\r\n%s\r\n" % head
    first = b"HPUB %s %s %d %d\r\n" % (subject, reply, len(head), len(head) + len(body))
    return [first, head, body, b"\r\n"]
