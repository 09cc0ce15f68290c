"""Topics of devices: which series, or which thing, a topic speaks of, and whether it may.

About 0.03 µs a message; 5 where a topic is met for the first time (docs/why/hot-path.md).
"""

from typing import Self

import numpy as np

from borough.core.registry import Registry

REASONS = ("bad-topic", "unknown-device", "not-yours", "unknown-property")
"""Why a topic is not taken in; the code of reason *i* is ``-1 - i``."""

SPARKPLUG = -(1 << 62)
"""The code of whatever comes under the topics of Sparkplug; the host there knows more."""
_SINGLE, _REPORT = 4, 3
MEANT = ("id", "kind", "first", "via")
"""The columns of a registry by which a topic is known."""
_SPARKPLUG = b"spBv1//0."


class Topics(dict[bytes, int]):
    """A code for each topic as the bus writes it, filled in as topics are met.

    A series number for a single reading; ``-1 - len(REASONS) - row`` for a report of the
    thing in that row of the registry; `SPARKPLUG`; else a reason.  The last two are not kept:
    nobody can fill the table with topics that do not exist.
    """

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._registry = registry
        self._places = [
            {each.code: place for place, each in enumerate(kind.properties)}
            for kind in registry.kinds
        ]
        self._roles = [kind.role in {"device", "gateway"} for kind in registry.kinds]

    def __missing__(self, subject: bytes) -> int:
        plug = subject.startswith(_SPARKPLUG)
        code = SPARKPLUG if plug else self._look(subject)
        if code >= 0 or SPARKPLUG < code < -len(REASONS):
            self[subject] = code
        return code

    def take_over(self, before: Self) -> None:
        """Keep the topics that were met before, if all things of then are as and where they were.

        So it is where things have only been entered; to look a topic up takes some µs.
        """
        then, now = before._registry, self._registry
        many = len(then.id)
        if then.kinds == now.kinds[: len(then.kinds)] and all(
            np.array_equal(getattr(then, name), getattr(now, name)[:many]) for name in MEANT
        ):
            self.update(before)

    def row(self, code: int) -> int:
        """Give the row of the thing that a code of a report means."""
        return -1 - len(REASONS) - code

    def layout(self, row: int) -> tuple[int, dict[str, int]]:
        """Give a thing's first series, and the place of each property behind it."""
        return int(self._registry.first.item(row)), self._places[self._registry.kind.item(row)]

    def _look(self, subject: bytes) -> int:
        """Work out the code of a topic."""
        door, *names = subject.decode(errors="replace").split(".")
        if door != "d" or len(names) + 1 not in {_SINGLE, _REPORT}:
            return -1 - REASONS.index("bad-topic")
        credential, device = names[:2]
        row = self._registry.rows.get(device, -1)
        kind = int(self._registry.kind.item(row))
        if row < 0 or not self._roles[kind]:
            return -1 - REASONS.index("unknown-device")
        via = int(self._registry.via.item(row))
        if device != credential and (via < 0 or self._registry.key[via] != credential):
            return -1 - REASONS.index("not-yours")
        if len(names) + 1 == _REPORT:
            return -1 - len(REASONS) - row
        place = self._places[kind].get(names[2], -1)
        if place < 0:
            return -1 - REASONS.index("unknown-property")
        return int(self._registry.first.item(row)) + place
