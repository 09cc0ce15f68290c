"""A plant that speaks Sparkplug B: edge nodes with machines, at a steady rate; synthetic.

``python -m borough.edge.load.plant --targets FILE --port N --seconds S [--metrics 20]
[--drop 10]``.  The table has the columns credential, token, device.  Each machine reports all its
metrics once a second, by alias, each with its time; half way, ``--drop`` edge nodes lose their
connection without a word and come back.  Prints an account as one JSON object.
"""

import argparse
import csv
import dataclasses
import itertools
import json
import socket
import struct
import sys
import time
from pathlib import Path

import numpy as np

from borough.core import packets
from borough.core.errors import BusDown

GROUP = "plant"
DOUBLE, INT64, BOOLEAN = 10, 4, 11
_TIME_BYTES, _SEQ_BYTES = 6, 2
SEQUENCES = 256
_WAIT_S = 60
_STEP = 0.5
"""How far a synthetic value goes in a second, at most."""


def varint(number: int, size: int = 0) -> bytes:
    r"""Write a number as protobuf does, in *size* bytes if it is to have a fixed length.

    >>> varint(300), varint(5, 2)
    (b'\xac\x02', b'\x85\x00')
    """
    digits = [number & 0x7F]
    while (number := number >> 7) or len(digits) < size:
        digits.append(number & 0x7F)
    return bytes([*(each | 0x80 for each in digits[:-1]), digits[-1]])


def field(number: int, kind: int, body: bytes) -> bytes:
    """Write a field; *kind* 0 is a number, 1 eight bytes, 2 bytes with their length."""
    length = varint(len(body)) if kind == 2 else b""  # noqa: PLR2004 - protobuf's wire types
    return varint(number << 3 | kind) + length + body


def born(name: str, alias: int, datatype: int, value: bytes) -> bytes:
    """Write a metric as a birth declares it; *value* is a whole field."""
    told = field(1, 2, name.encode()) + field(2, 0, varint(alias)) + field(4, 0, varint(datatype))
    return field(2, 2, told + value)


@dataclasses.dataclass(slots=True)
class Account:
    """What came of it: readings in data and in births, births, rebirths asked for, seconds."""

    data: int = 0
    births: int = 0
    born_values: int = 0
    rebirths: int = 0
    deaths: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0


class Node:
    """An edge node: its connection, its machines, and their packets as rows of a table."""

    def __init__(self, key: str, token: str, machines: list[str], metrics: int) -> None:
        self.key, self.token, self.machines, self.metrics = key, token, machines, metrics
        self.session, self.seq = -1, 0
        self.values = np.random.default_rng(len(machines)).uniform(10, 90, (len(machines), metrics))
        longest = max(map(len, machines))
        rows = [self._data(name, longest) for name in machines]
        self._table = np.frombuffer(bytearray(b"".join(rows)), np.uint8).reshape(len(rows), -1)
        self._cuts()

    def _topic(self, says: str, machine: str = "") -> bytes:
        parts = ["spBv1.0", GROUP, says, self.key, *([machine] if machine else [])]
        return "/".join(parts).encode()

    def _data(self, machine: str, longest: int) -> bytes:
        """Prepare the packet of a machine; an unknown text field makes all equally long."""
        metric = field(2, 0, varint(0)) + field(3, 0, bytes(_TIME_BYTES)) + field(13, 1, bytes(8))
        body = field(1, 0, bytes(_TIME_BYTES))
        body += field(3, 0, bytes(_SEQ_BYTES))
        body += field(4, 2, b" " * (longest - len(machine)))
        body += field(2, 2, metric) * self.metrics
        return packets.publish(self._topic("DDATA", machine), body)

    def _cuts(self) -> None:
        """Find where time, number, aliases and values stand; they end each row."""
        metric = len(field(2, 2, b"")) + 2 + 1 + _TIME_BYTES + 1 + 8
        width = self._table.shape[1]
        starts = width - metric * (self.metrics - np.arange(self.metrics))
        self._alias = starts + 3
        self._times = (starts[:, None] + 5 + np.arange(_TIME_BYTES)).ravel()
        self._doubles = (starts[:, None] + metric - 8 + np.arange(8)).ravel()
        self._table[:, self._alias] = np.arange(self.metrics)
        head = [_body_start(bytes(row)) for row in self._table]
        self._stamp = np.array(head)[:, None] + 1 + np.arange(_TIME_BYTES)
        self._number = np.array(head)[:, None] + 2 + _TIME_BYTES + np.arange(_SEQ_BYTES)

    def connect(self, host: str, port: int, account: Account) -> None:
        """Come in, with a will that tells of the death, ask for commands, and be born."""
        self.session = (self.session + 1) % SEQUENCES
        number = field(11, 0, varint(self.session))
        will = field(2, 2, field(1, 2, b"bdSeq") + field(4, 0, varint(INT64)) + number)
        self.socket = socket.create_connection((host, port), _WAIT_S)
        death = packets.Will(self._topic("NDEATH"), field(1, 0, varint(_now())) + will)
        self.socket.sendall(packets.connect(self.key, self.key, self.token, will=death))
        if self.socket.recv(len(packets.GOOD_CONNACK)) != packets.GOOD_CONNACK:
            msg = f"the bus does not let {self.key} in"
            raise BusDown(msg)
        self.socket.settimeout(None)  # else Python would wait for what is not there yet
        self.socket.sendall(packets.subscribe(self._topic("NCMD"), 1))
        self.born(account)

    def born(self, account: Account) -> None:
        """Tell the births of the node and of all its machines."""
        self.seq, now = 0, _now()
        number = field(11, 0, varint(self.session))
        control = born("Node Control/Rebirth", 0, BOOLEAN, field(14, 0, b"\x00"))
        node = field(2, 2, field(1, 2, b"bdSeq") + field(4, 0, varint(INT64)) + number) + control
        told = [packets.publish(self._topic("NBIRTH"), self._numbered(now) + node)]
        for machine, values in zip(self.machines, self.values.tolist(), strict=True):
            metrics = b"".join(
                born(f"m{alias:02d}", alias, DOUBLE, field(13, 1, struct.pack("<d", value)))
                for alias, value in enumerate(values)
            )
            body = self._numbered(now) + metrics
            told.append(packets.publish(self._topic("DBIRTH", machine), body))
        self.socket.sendall(b"".join(told))
        account.births += len(told)
        account.born_values += self.values.size

    def _numbered(self, now: int) -> bytes:
        """Write time and number of the next message."""
        head = field(1, 0, varint(now)) + field(3, 0, varint(self.seq, _SEQ_BYTES))
        self.seq = (self.seq + 1) % SEQUENCES
        return head

    def beat(self, account: Account) -> None:
        """Let every machine report every metric."""
        count, stamp = len(self.machines), np.frombuffer(varint(_now(), _TIME_BYTES), np.uint8)
        self.values += np.random.default_rng(self.seq).uniform(-_STEP, _STEP, self.values.shape)
        rows = np.arange(count)[:, None]
        self._table[rows, self._stamp] = stamp
        self._table[:, self._times] = np.tile(stamp, self.metrics)
        self._table[:, self._doubles] = self.values.astype("<f8").view(np.uint8)
        seq = (self.seq + np.arange(count)) % SEQUENCES
        self._table[rows, self._number] = np.stack([seq & 0x7F | 0x80, seq >> 7], axis=1)
        self.seq = (self.seq + count) % SEQUENCES
        self.socket.sendall(self._table.data)
        account.data += self.values.size

    def obey(self, account: Account) -> None:
        """Be born again if somebody asked for it."""
        try:
            heard = self.socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if b"Rebirth" in heard:
            account.rebirths += 1
            self.born(account)


def _body_start(packet: bytes) -> int:
    """Find where the payload of a PUBLISH packet of QoS 0 begins."""
    at = 1
    while packet[at] & 0x80:
        at += 1
    return at + 3 + int.from_bytes(packet[at + 1 : at + 3], "big")


def _now() -> int:
    return round(time.time() * 1000)


def run(nodes: list[Node], asked: argparse.Namespace) -> Account:
    """Connect, report for so many seconds, lose and regain some connections half way."""
    account = Account()
    for node in nodes:
        node.connect(asked.host, asked.port, account)
    time.sleep(asked.settle)
    used, begun = time.process_time(), time.monotonic()
    for second in range(asked.seconds):
        for place, node in enumerate(nodes):
            ahead = begun + second + place / len(nodes) - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            if second == asked.seconds // 2 and place < asked.drop:
                node.socket.close()
                account.deaths += 1
                node.connect(asked.host, asked.port, account)
            node.obey(account)
            node.beat(account)
    account.seconds, account.cpu_s = time.monotonic() - begun, time.process_time() - used
    for node in nodes:
        node.socket.sendall(packets.GOODBYE)
        node.socket.close()
    return account


def main() -> None:
    """Run the plant and print the account."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--drop", type=int, default=0, help="connections lost half way")
    parser.add_argument("--settle", type=float, default=2.0, help="seconds after the births")
    asked = parser.parse_args()
    with asked.targets.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["credential"])
    nodes = [
        Node(key, some[0]["token"], [row["device"] for row in some], asked.metrics)
        for key, some in (
            (key, list(group)) for key, group in itertools.groupby(rows, lambda r: r["credential"])
        )
    ]
    sys.stdout.write(json.dumps(dataclasses.asdict(run(nodes, asked))) + "\n")


if __name__ == "__main__":
    main()
