"""Reports as devices send them: JSON text and MQTT packets, made many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from borough.core.observations import Floats, Index
from borough.core.packets import PUBLISH, length, text
from borough.core.registry import Kind, Registry
from borough.edge.fleet.values import Columns, decimals

SHORT = 128
"""Packets with fewer bytes after the header need one byte to say how many."""


def template(kind: Kind) -> bytes:
    """Give the JSON text of a class's report, with places for its time and values."""
    parts = [f'"{p.code}":%.{decimals(p)}f' for p in kind.properties]
    return ("{" + ",".join(['"t":%d', *parts]) + "}").encode()


@dataclass(frozen=True, slots=True)
class Desk:
    """Turns columns of values into packets; row numbers are those of the registry.

    ``carrier[i]`` is the row of the gateway whose connection thing *i* speaks through (its own
    where it is one), or -1; ``topic[i]`` is its topic as MQTT writes a string.
    """

    carrier: Index
    names: tuple[str, ...]
    topics: tuple[bytes, ...]
    templates: tuple[bytes, ...]

    @classmethod
    def of(cls, registry: Registry) -> "Desk":
        """Work out once what every device's packets begin with."""
        roles = np.array([kind.role for kind in registry.kinds])[registry.kind]
        rows = np.arange(len(registry.id))
        carrier = np.where(registry.via >= 0, registry.via, rows)
        carrier = np.where((roles == "device") | (roles == "gateway"), carrier, -1)
        names = tuple(
            f"d/{registry.key[above]}/{key}" if above >= 0 else ""
            for above, key in zip(carrier.tolist(), registry.key, strict=True)
        )
        topics = tuple(text(name) for name in names)
        return cls(carrier, names, topics, tuple(template(kind) for kind in registry.kinds))

    def bodies(self, kind: int, time: Index, columns: Columns) -> list[bytes]:
        """Write one JSON report for each row of the columns."""
        if not columns:
            return [b'{"t":%d}' % each for each in np.asarray(time).tolist()]
        values = [np.asarray(time).tolist(), *(each.tolist() for each in columns.values())]
        return list(map(self.templates[kind].__mod__, zip(*values, strict=True)))

    def packets(self, rows: Index, bodies: Sequence[bytes]) -> list[bytes]:
        """Frame each body as a QoS 0 publish on its device's own topic."""
        topics, first = self.topics, PUBLISH << 4
        made = []
        for row, body in zip(rows.tolist(), bodies, strict=True):
            rest = topics[row] + body
            size = len(rest)
            head = bytes((first, size)) if size < SHORT else bytes((first,)) + length(size)
            made.append(head + rest)
        return made


def batches(bodies: Sequence[bytes], each: int) -> list[bytes]:
    """Join every *each* bodies, in order, into one JSON list."""
    return [b"[" + b",".join(bodies[at : at + each]) + b"]" for at in range(0, len(bodies), each)]


def thinned(column: Floats, digits: int) -> Floats:
    """Round a column as its text will, for those who must know what was really said."""
    return np.asarray(np.round(column, digits), np.float64)
