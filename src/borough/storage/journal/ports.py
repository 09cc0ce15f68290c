"""What the journal needs of whoever speaks to the bus."""

from collections.abc import Sequence
from typing import Any, Protocol


class Message(Protocol):
    """A message of the bus."""

    @property
    def sid(self) -> bytes:
        """Give the subscription it came by."""
        ...

    @property
    def subject(self) -> bytes:
        """Give its subject."""
        ...

    @property
    def reply(self) -> bytes:
        """Give where an answer goes."""
        ...

    @property
    def head(self) -> bytes:
        """Give its header lines."""
        ...

    @property
    def body(self) -> bytes:
        """Give what it says."""
        ...


class Link(Protocol):
    """A connection to the bus; every method may raise ``BusDown``."""

    inbox: bytes
    wait_s: float
    copies: int

    def publish(self, subject: bytes, body: bytes, reply: bytes = b"", head: bytes = b"") -> None:
        """Publish one message; *head* is whole header lines, each with its line end."""

    def subscribe(self, subject: bytes, sid: bytes, queue: bytes = b"") -> None:
        """Ask for the messages of a subject; they carry *sid*."""

    def messages(self, wait_s: float) -> Sequence[Message]:
        """Give what has arrived, waiting up to *wait_s* for the first."""
        ...

    def call(self, subject: str, body: object = None, *, missing: bool = False) -> dict[str, Any]:
        """Ask in JSON; what does not exist is an empty answer if *missing*."""
        ...

    def ask(self, subject: str, body: bytes = b"", head: bytes = b"") -> Message:
        """Publish a request and give its answer."""
        ...
