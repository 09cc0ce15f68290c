"""What the generator sends: prepared packets of every gateway, with room for time and number."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from borough.core import packets
from borough.core.errors import BadSetting

STAMP = b"0000000000000"
"""Where the time of sending goes into a payload: ms, 13 digits, good from 2001 to 2286."""

_NUMBER = 0xFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """One series to report: by which credential, of which device, and a value that is fine.

    Where it has ``said``, the device says that instead: several members of a JSON object.
    """

    credential: str
    token: str
    device: str
    property: str
    value: float
    said: str = ""


def read_targets(path: Path) -> list[Target]:
    """Read a table with the columns of a target; ``BadSetting`` says which row is wrong."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                Target(row["credential"], row["token"], row["device"], row["property"],
                       float(row["value"]), row.get("said") or "")
                for row in csv.DictReader(file)
            ]  # fmt: skip
    except (OSError, TypeError, ValueError, KeyError) as problem:
        msg = f"{path.name} is not a table of targets: {problem!r}"
        raise BadSetting(msg) from problem


class Ring:
    """The packets of one gateway, one behind the other, sent round and round.

    All are made equally long, by spaces where JSON allows them, so that they are the rows of a
    table of bytes and a stretch of them is stamped at once: 0.1 µs a packet, sending included.
    """

    def __init__(self, targets: list[Target], qos: int) -> None:
        self.credential, self.token = targets[0].credential, targets[0].token
        longest = max(map(_bare_size, targets))
        whole = [
            _packet(target, qos and at % _NUMBER + 1, longest) for at, target in enumerate(targets)
        ]
        self._size = len(whole[0])
        self._bytes = memoryview(bytearray(b"".join(whole)))
        table: NDArray[np.uint8] = np.frombuffer(self._bytes, np.uint8).reshape(len(whole), -1)
        self._stamps = table[:, -1 - len(STAMP) : -1]
        self._at = 0

    def __len__(self) -> int:
        return len(self._stamps)

    def next(self, count: int, now: int) -> Iterator[memoryview]:
        """Give the next *count* packets, stamped with *now*, in one or more stretches."""
        digits = np.frombuffer(str(now).encode(), np.uint8)
        while count:
            end = min(self._at + count, len(self))
            self._stamps[self._at : end] = digits
            yield self._bytes[self._at * self._size : end * self._size]
            count -= end - self._at
            self._at = end % len(self)


def _texts(target: Target) -> tuple[bytes, bytes]:
    """Write the topic of a target, and what it says beside the time."""
    topic = f"d/{target.credential}/{target.device}"
    if target.said:
        return topic.encode(), target.said.encode()
    return f"{topic}/{target.property}".encode(), b'"v":%.6g' % target.value


def _bare_size(target: Target) -> int:
    """Say how many bytes the topic of a target and what it says take."""
    return sum(map(len, _texts(target)))


def _packet(target: Target, number: int, size: int) -> bytes:
    """Prepare the packet of one target; topic and words take *size* bytes, filled with spaces."""
    topic, said = _texts(target)
    return packets.publish(topic, b'{%s,"t":%s}' % (said.rjust(size - len(topic)), STAMP), number)
