"""What the generator sends: prepared packets of every gateway, with room for time and number."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadSetting
from borough.edge.load import packets

STAMP = b"0000000000000"
"""Where the time of sending goes into a payload: ms, 13 digits, good from 2001 to 2286."""

_NUMBER = 0xFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """One series to report: by which credential, of which device, and a value that is fine."""

    credential: str
    token: str
    device: str
    property: str
    value: float


def read_targets(path: Path) -> list[Target]:
    """Read a table with the columns of a target; ``BadSetting`` says which row is wrong."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                Target(row["credential"], row["token"], row["device"], row["property"],
                       float(row["value"]))
                for row in csv.DictReader(file)
            ]  # fmt: skip
    except (OSError, TypeError, ValueError, KeyError) as problem:
        msg = f"{path.name} is not a table of targets: {problem!r}"
        raise BadSetting(msg) from problem


class Ring:
    """The packets of one gateway, one behind the other, sent round and round."""

    def __init__(self, targets: list[Target], qos: int) -> None:
        self.credential, self.token = targets[0].credential, targets[0].token
        whole = [_packet(target, qos and at % _NUMBER + 1) for at, target in enumerate(targets)]
        ends = np.cumsum([len(packet) for packet in whole])
        self._ends = np.concatenate([[0], ends])
        self._bytes = bytearray(b"".join(whole))
        self._view: NDArray[np.uint8] = np.frombuffer(self._bytes, np.uint8)
        stamps = ends - len(STAMP) - 1
        self._stamps = stamps[:, None] + np.arange(len(STAMP))
        self._at = 0

    def __len__(self) -> int:
        return len(self._stamps)

    def next(self, count: int, now: int) -> Iterator[memoryview]:
        """Give the next *count* packets, stamped with *now*, in one or more stretches."""
        digits = np.frombuffer(str(now).encode(), np.uint8)
        while count:
            end = min(self._at + count, len(self))
            self._view[self._stamps[self._at : end]] = digits
            yield memoryview(self._bytes)[self._ends[self._at] : self._ends[end]]
            count -= end - self._at
            self._at = end % len(self)


def _packet(target: Target, number: int) -> bytes:
    """Prepare the packet of one target."""
    topic = f"d/{target.credential}/{target.device}/{target.property}"
    payload = b'{"v":%.6g,"t":%s}' % (target.value, STAMP)
    return packets.publish(topic.encode(), payload, number)
