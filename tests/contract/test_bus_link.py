"""A connection to the bus: which of several servers it goes to, and what it waits for."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from borough.adapters.bus.link import Address, Link, Login
from borough.core.errors import BusDown
from borough.testing.living import eventually

HELLO = b'INFO {"server_id": "one"}\r\nPONG\r\n'
WAIT_S = 1.0
"""Long enough for a server of this very process to say a word."""


@dataclass
class Server:
    """Greets whoever comes, or says nothing, and counts who came."""

    door: socket.socket
    answers: bool
    came: int = 0
    lines: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(*self.door.getsockname())

    def serve(self) -> None:
        """Let everybody in."""
        with suppress(OSError):
            while True:
                line = self.lines.enter_context(self.door.accept()[0])
                self.came += 1
                if self.answers:
                    line.sendall(HELLO)


@contextmanager
def listening(*, answers: bool) -> Iterator[Server]:
    """Let a server listen."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        made = Server(door, answers)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        yield made
        door.shutdown(socket.SHUT_RDWR)
        thread.join()
        made.lines.close()


def test_a_server_that_is_silent_is_asked_last_for_a_while() -> None:
    """One whose cable is out costs whoever takes over its whole patience once, not each time."""
    with listening(answers=False) as cut, listening(answers=True) as well:
        login = Login(*cut.address, "anyone", "any", (well.address,))
        for _ in range(3):
            with Link(login, "test", WAIT_S) as link:
                assert link.server == "one"
        eventually(lambda: cut.came, "the silent server has let us in")
    assert (cut.came, well.came) == (1, 3)


def test_a_server_that_was_silent_is_asked_where_no_other_answers() -> None:
    """By now it may be the only one that is there."""
    with listening(answers=False) as server:
        login = Login(*server.address, "anyone", "any")
        with pytest.raises(BusDown):
            Link(login, "test", WAIT_S)
        server.answers = True
        with Link(login, "test") as link:
            assert link.server == "one"


def test_who_waits_for_a_message_waits_until_it_is_whole() -> None:
    """A PING that comes first is answered, and half a message is not yet one."""

    def serve(door: socket.socket) -> None:
        with door.accept()[0] as line:
            heard = b""
            for said, answered in ((HELLO, b"SUB x"), (b"PING\r\nMSG x 9 5\r\nhe", b"PONG")):
                line.sendall(said)
                while answered not in heard:
                    heard += line.recv(4096)
            line.sendall(b"llo\r\n")
            line.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, args=(door,))
        thread.start()
        with Link(Login(*door.getsockname(), "anyone", "any"), "test") as link:
            link.subscribe(b"x", b"9")
            assert [each.body for each in link.messages(60.0)] == [b"hello"]
        thread.join()
