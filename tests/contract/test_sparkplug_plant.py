"""The synthetic plant says what it means: the door reads back every value that it sent."""

import socket
from collections.abc import Iterator

import numpy as np
import pytest

from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder, Readings
from borough.core.registry import Kind, Property, Registry
from borough.edge.load.plant import Account, Node, varint

METRICS = 3
MACHINES = ["cnc-9", "cnc-10"]


def works() -> Registry:
    """Give an edge node and two machines, whose keys differ in length."""
    measures = tuple(Property(f"m{place:02d}", {}, "1", -1e3, 1e3, (0, 1)) for place in range(3))
    kinds = (
        Kind("edge", {}, "gateway", (), 60, 60, 0),
        Kind("cnc", {}, "device", measures, 1, 9, 0),
    )
    where = np.zeros(3)
    return Registry(
        kinds, np.arange(1, 4), ("edge-1", *MACHINES), np.array([0, 1, 1]), np.array([0, 0, 3]),
        where, where, np.zeros(3, int), np.array([-1, 0, 0]),
    )  # fmt: skip


class Wire:
    """The other end of the plant's line, with a door behind it."""

    def __init__(self, node: Node) -> None:
        node.session = 0
        node.socket, self.end = socket.socketpair()
        self.end.settimeout(0.2)
        self.decoder = Decoder(works(), Limits.load())

    def hear(self) -> Readings:
        """Read all that was sent, as the door does."""
        data = b""
        try:
            while True:
                data += self.end.recv(1 << 16)
        except TimeoutError:
            pass
        subjects, payloads = [], []
        while data:
            size, at = data[1] & 0x7F, 2
            if data[1] & 0x80:
                size, at = size | data[2] << 7, 3
            body, data = data[at : at + size], data[at + size :]
            head = 2 + int.from_bytes(body[:2], "big")
            topic = body[2:head].decode().replace(".", "//").replace("/", ".")
            subjects.append(topic.replace("..", "//").encode())
            payloads.append(body[head:])
        return self.decoder.decode(subjects, payloads, 2_000_000_000_000)


@pytest.fixture
def node() -> Node:
    """Give an edge node that was not born yet."""
    return Node("edge-1", "secret", MACHINES, METRICS)


@pytest.fixture
def wire(node: Node) -> Iterator[Wire]:
    """Give the line of that node."""
    made = Wire(node)
    yield made
    made.end.close()
    node.socket.close()


def test_births_and_data_come_back_as_they_were_sent(node: Node, wire: Wire) -> None:
    """Each metric of each machine, over more messages than there are numbers."""
    account = Account()
    node.born(account)
    told = wire.hear()
    assert told.value.tolist() == node.values.ravel().tolist()
    for _ in range(200):
        node.beat(account)
        said = wire.hear() if node.seq < METRICS else None
        if said is not None:
            assert said.series[-6:].tolist() == list(range(6))
            assert said.value[-6:].tolist() == node.values.ravel().tolist()
            assert not said.rejected
    assert account.data == 200 * METRICS * len(MACHINES)
    wire.hear()
    assert wire.decoder.host.counts == {"births": 3}


def test_a_number_takes_the_room_that_it_is_given() -> None:
    """Padded or not, it is the same number."""
    assert varint(300) == varint(300, 2) == b"\xac\x02"
    assert varint(5, 2) == b"\x85\x00"
