"""Make the streams of the bus as ``streams.toml`` declares them, and store messages in them."""

import json
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from borough.core.errors import BusDown, Stale
from borough.storage.journal.ports import Link, Message

JOURNAL = "JOURNAL"
TABLE = Path(__file__).with_name("streams.toml")

_FULL = {"drop": "old", "refuse": "new"}
_WRONG_LAST = {10071, 10164}
"""What the bus says to who writes behind a message that is not the last; of several servers the
second where another's is under way."""
_STORED = b".stored-"


def make_streams(
    link: Link,
    path: Path | None = None,
    journal: Mapping[str, int] | None = None,
    begin: Callable[[], Mapping[str, int]] = dict,
) -> None:
    """Create the streams that are missing and bring the others up to date.

    *journal* may set ``max_bytes`` of the journal for one district.  Where one is missing *begin*
    is asked, once, from which number on streams count by name; the others count from 1.
    """
    table = tomllib.loads((path or TABLE).read_text("utf-8"))
    table[JOURNAL] |= journal or {}
    first: Mapping[str, int] | None = None
    for name, row in table.items():
        config = {
            "name": name,
            "subjects": row["subjects"],
            "storage": "file",
            "retention": "limits",
            "discard": _FULL[row["full"]],
            "max_bytes": row["max_bytes"],
            "max_age": row["max_age"] * 10**9,
            "num_replicas": link.copies,
            "allow_direct": True,
        }
        exists = link.call(f"$JS.API.STREAM.INFO.{name}", missing=True)
        if not exists:
            first = begin() if first is None else first
            config |= {"first_seq": first[name]} if name in first else {}
        link.call(f"$JS.API.STREAM.{'UPDATE' if exists else 'CREATE'}.{name}", config)


def stream_names(path: Path | None = None) -> list[str]:
    """Name the streams, as the table lists them."""
    return list(tomllib.loads((path or TABLE).read_text("utf-8")))


def begin_stream(link: Link, name: str, first: int, path: Path | None = None) -> None:
    """Create one of the streams so that it counts from *first*; its limits come with the rest."""
    table = tomllib.loads((path or TABLE).read_text("utf-8"))
    config = {
        "name": name,
        "subjects": table[name]["subjects"],
        "storage": "file",
        "first_seq": first,
    }
    link.call(f"$JS.API.STREAM.CREATE.{name}", config)


class Deposit(NamedTuple):
    """A message to be stored; the bus stores a *name* only once within two minutes.

    It is stored only right *behind* the message of that number under its subject, 0 for none,
    where that is given.
    """

    subject: str
    body: bytes
    name: str = ""
    behind: int = -1

    def head(self) -> bytes:
        """Write its header lines."""
        head = f"Nats-Msg-Id: {self.name}\r\n" if self.name else ""
        if self.behind >= 0:
            head += f"Nats-Expected-Last-Subject-Sequence: {self.behind}\r\n"
        return head.encode()


def store(link: Link, deposits: Iterable[Deposit]) -> list[int]:
    """Store messages and wait until all are stored; gives their sequence numbers.

    ``Stale`` if one was to stand behind another than the last of its subject.  The link must
    serve nothing else meanwhile.
    """
    sent = 0
    for each in deposits:
        link.publish(each.subject.encode(), each.body, confirm_to(link, sent), each.head())
        sent += 1
    receipts = Receipts(link)
    return [receipts.of(number) for number in range(sent)]


def confirm_to(link: Link, number: int) -> bytes:
    """Say where the bus is to confirm the message that has this number among those sent."""
    return b"%s%s%d" % (link.inbox, _STORED, number)


class Receipts:
    """What the bus confirms of messages on their way to it, in whatever order it does so."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._early: dict[int, Message] = {}

    def of(self, number: int) -> int:
        """Wait until the bus has stored the message of that number; gives its sequence.

        ``Stale`` where somebody else wrote meanwhile, ``BusDown`` if it says no more or did not.
        """
        until = time.monotonic() + self._link.wait_s
        while number not in self._early:
            messages = self._link.messages(self._link.wait_s)
            if messages:
                until = time.monotonic() + self._link.wait_s
            elif time.monotonic() >= until:
                msg = "the bus says no more of what it was to store"
                raise BusDown(msg)
            told = [each for each in messages if _STORED in each.subject]
            self._early |= {int(each.subject.rpartition(b"-")[2]): each for each in told}
        return _sequence(self._early.pop(number))


def _sequence(message: Message) -> int:
    """Read a confirmation; ``Stale`` if somebody else wrote meanwhile."""
    said = json.loads(message.body or b'{"error": {"description": "nobody stores it"}}')
    error = said.get("error")
    if error is None:
        return int(said["seq"])
    if error.get("err_code") in _WRONG_LAST:
        msg = f"somebody else writes this journal: {error['description']}"
        raise Stale(msg)
    msg = f"the bus did not store a message: {error['description']}"
    raise BusDown(msg)
