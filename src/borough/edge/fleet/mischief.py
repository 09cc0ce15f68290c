"""What no device should send, and some do: the district must count it and carry on."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.random import Generator

from borough.core.observations import Index
from borough.core.packets import publish
from borough.edge.fleet.devices import Devices
from borough.edge.fleet.fleet import Fleet

MALFORMED = (
    b'{"t": 1720569600000, "flow": 1.2',
    b"flow=1.2",
    b'{"t": "yesterday", "flow": {}}',
    b"\xff\xfe\x00",
    b'{"v": null}',
    b"[[[[[[",
    b'{"no_such_property": 1}',
)
KINDS = ("malformed", "duplicate", "late", "nan", "foreign")
ONCE = {"nan", "foreign"}
STEADY = ("air", "noise", "dust", "river")
"""Classes whose values nobody judges yet, so that a stale one does no harm."""


@dataclass(slots=True)
class Mischief:
    """Sends each kind of nonsense now and then, and counts it."""

    given: dict[str, Any]
    dice: Generator
    suspects: Index
    due: dict[str, float]
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    @classmethod
    def of(cls, devices: Devices, given: dict[str, Any], seed: int, wall: float) -> Self:
        """Choose whom to blame."""
        codes = np.array([kind.code for kind in devices.registry.kinds])[devices.registry.kind]
        suspects = np.flatnonzero(np.isin(codes, STEADY) & (devices.registry.via >= 0))
        due = {kind: wall + given[f"{kind}_s"] for kind in KINDS}
        return cls(given, np.random.default_rng([seed, 9]), suspects, due)

    def step(self, fleet: Fleet, now_ms: int, wall: float) -> None:
        """Send what is due."""
        for kind in KINDS:
            if wall < self.due[kind] or not len(self.suspects):
                continue
            self.due[kind] = float("inf") if kind in ONCE else wall + self.given[f"{kind}_s"]
            spoke = self.suspects[fleet.said[self.suspects] > 0]
            if len(spoke):
                self.play(kind, int(self.dice.choice(spoke)), fleet, now_ms, wall)

    def play(self, kind: str, row: int, fleet: Fleet, now_ms: int, wall: float) -> None:
        """Send one piece of nonsense in the name of a device.

        Whoever speaks in another's name is hung up upon, and what stood behind that would be lost
        with the connection: so those are its last words, and it calls anew.
        """
        topic, said = fleet.desk.names[row], int(fleet.said[row])
        body = MALFORMED[self.sent[kind] % len(MALFORMED)]
        if kind == "nan":
            code = fleet.registry.kinds[fleet.registry.kind[row]].properties[0].code
            body = b'{"t":%d,"%s":NaN}' % (now_ms, code.encode())
        elif kind == "foreign":
            other = int(self.dice.choice(self.suspects))
            same = fleet.desk.carrier[other] == fleet.desk.carrier[row]
            topic = "d/somebody-else/somebody-else" if same else fleet.desk.names[other]
            body = b'{"t":%d}' % now_ms
        elif kind in {"duplicate", "late"}:
            when = said if kind == "duplicate" else said - round(1000 * self.given["late_by_s"])
            number = int(fleet.registry.kind[row])
            _, bodies = fleet.written(number, np.array([row]), np.array([when]))
            body = bodies[0]
        self.sent[kind] += 1
        carrier = int(fleet.desk.carrier[row])
        fleet.lines.say(carrier, publish(topic, body), 1)
        if kind == "foreign":
            fleet.lines.darken(carrier, wall)
            fleet.lines.light(carrier)
