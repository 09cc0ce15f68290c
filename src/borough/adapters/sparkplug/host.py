"""The host of Sparkplug B: which metric of which edge node is which series, and who is alive.

An edge node names its metrics once, in its birth; afterwards it sends aliases.  Who has not
been born here, skips a number or uses an alias that nobody gave is asked to tell its birth
again.  So is everybody after a restart, for what was said meanwhile is gone; until the new
births come, those that were kept hold.  An edge node is a thing that holds a credential, its id
is that thing's key; its devices are things that report through it.  A metric is the property of
the same code.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from borough.adapters.payloads import UNSAID
from borough.adapters.sparkplug.messages import number_of, read_payload, rebirth
from borough.core.errors import BadReading
from borough.core.registry import SPEAKS, Registry

PREFIX = b"spBv1//0."
"""How the bus writes the topic ``spBv1.0/``."""
STATE = "STATE"
"""What stands in place of the group where hosts, ourselves among them, tell how they are."""
ONLINE = "online"
"""A thing that has this property is told there by its births (1) and deaths (0)."""
SECOND_MS = 1000
SEQUENCES = 256
"""Messages of an edge node are numbered from 0 up to this, and from 0 again."""
_OWN = ("bdSeq", "Node Control/", "Device Control/", "Properties/", "Node Info/")
"""Metrics of the protocol itself, or about the device and not from it."""
_STATE = PREFIX + STATE.encode() + b"."
_NODE, _DEVICE = 4, 5
_SAYS = {"NBIRTH": _NODE, "NDATA": _NODE, "NDEATH": _NODE} | dict.fromkeys(
    ("DBIRTH", "DDATA", "DDEATH"), _DEVICE
)
Add = Callable[[int, str, str], None]
"""Rejects something in a message: its place, the reason, the detail."""


@dataclass(slots=True)
class Born:
    """What a birth declared: series and datatype of each metric, by alias and by name."""

    series: dict[int | str, int] = field(default_factory=dict)
    datatype: dict[int | str, int] = field(default_factory=dict)


_UNBORN = Born()


@dataclass(slots=True)
class Node:
    """An edge node as we know it: its births, and the number that its next message bears.

    ``missing`` are numbers that were skipped since ``gap_ms``; they may still come.
    """

    key: str
    group: str
    session: int | None = None
    next: int = -1
    births: dict[str, Born] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    gap_ms: int = 0
    asked_ms: int | None = None


@dataclass(slots=True)
class Told:
    """Readings of a stretch of messages, as columns: the message, its series, time (ms), value.

    ``found`` counts them as they are found, those included that are then rejected; a message that
    cannot be read counts as one.
    """

    message: list[int] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    found: int = 0


@dataclass(slots=True)
class _Message:
    """A message under way: where it stands, what it holds, and where to put what it says."""

    at: int
    now: int
    payload: Any
    told: Told
    lost: Add

    def say(self, series: int, value: float, metric: Any = None) -> None:
        """Take one reading in, with the time of the metric or of the whole."""
        given = self.payload if metric is None or not metric.HasField("timestamp") else metric
        self.told.message.append(self.at)
        self.told.series.append(series)
        self.told.time.append(float(given.timestamp) if given.HasField("timestamp") else UNSAID)
        self.told.value.append(value)

    def reject(self, reason: str, detail: str) -> None:
        """Put one reading aside, and say why."""
        self.lost(self.at, reason, detail)

    @property
    def session(self) -> int | None:
        """The number of the session (``bdSeq``) that a birth or a death belongs to."""
        for metric in self.payload.metrics:
            if metric.name == "bdSeq":
                return int(number_of(metric, int(metric.datatype)) or 0)
        return None


class Host:
    """Reads what edge nodes say, and remembers their births while the registry stays the same.

    *reorder_ms* is how long a skipped message may still come, *again_ms* how long a node gets
    to tell its births before it is asked again; at most *at_once* are asked in a second, lest
    all are born at one time.  ``counts`` has births, deaths, those that were ``outlived`` (told
    when the next session had begun), gaps, rebirths.  ``altered`` says that a birth has changed
    what was kept of it: data are then read by what must be kept first.
    """

    def __init__(self, registry: Registry, *, reorder_ms: int, again_ms: int, at_once: int) -> None:
        self.counts: Counter[str] = Counter()
        self.altered = False
        self._reorder_ms, self._again_ms, self._at_once = reorder_ms, again_ms, at_once
        self._nodes: dict[str, Node] = {}
        self._wanted: dict[str, Node] = {}
        self._asking = (0, 0)
        self._gaps: set[str] = set()
        self._saved: tuple[dict[str, Born], bytes] = ({}, b"")
        self._stale = True
        self._registry = registry
        self._places = [
            {each.code: place for place, each in enumerate(kind.properties)}
            for kind in registry.kinds
        ]

    def read(
        self,
        messages: Iterable[tuple[int, bytes, bytes]],
        lost: Add,
        now: int,
    ) -> Told:
        """Read messages that arrived at *now* (ms): the place, subject and payload of each.

        What cannot be taken in is given to *lost*.
        """
        told = Told()
        for at, subject, body in messages:
            if subject.startswith(_STATE) and subject.count(b".") == _STATE.count(b"."):
                continue
            try:
                says, key, device = self._about(subject)
                message = _Message(at, now, _payload(body), told, lost)
            except BadReading as problem:
                reason, _, detail = str(problem).partition(": ")
                lost(at, reason, detail)
                told.found += 1
                continue
            group = subject.split(b".")[1].decode(errors="replace")
            self._hear(says, self._nodes.setdefault(key, Node(key, group)), device, message)
        return told

    def take_over(self, other: "Host") -> None:
        """Go on with the births that another host knows; series keep their numbers for ever."""
        known = ("_nodes", "_gaps", "_wanted", "_asking", "_saved", "_stale", "counts", "altered")
        vars(self).update({name: vars(other)[name] for name in known})
        self._let_go()

    def save(self) -> bytes:
        """Give what is to be kept of the edge nodes: who they are, and what was born."""
        if self._stale:
            births = {
                key: born for node in self._nodes.values() for key, born in node.births.items()
            }
            self._saved = births, msgspec.msgpack.encode(list(self._nodes.values()))
            self._stale = False
        self.altered = False
        return self._saved[1]

    def load(self, kept: bytes, now: int) -> None:
        """Go on with what was kept, and wish for a rebirth of everybody: we did not hear all."""
        for node in msgspec.msgpack.decode(kept, type=list[Node]):
            node.next, node.missing, node.asked_ms = -1, set(), None
            self._nodes[node.key] = node
            self._ask(node, now)
        self._let_go()
        self.save()

    def _let_go(self) -> None:
        """Forget the births of things that are out of use since."""
        known = self._registry.rows
        for node in self._nodes.values():
            node.births = {key: born for key, born in node.births.items() if key in known}
        self._stale = True

    def wishes(self, now: int) -> list[tuple[bytes, bytes]]:
        """Give the commands to publish at *now* (ms): subject and payload of each."""
        for key in list(self._gaps):
            node = self._nodes[key]
            if node.missing and now - node.gap_ms >= self._reorder_ms:
                node.missing.clear()
                self._ask(node, now)
            if not node.missing:
                self._gaps.discard(key)
        second, many = self._asking
        many = many if second == now // SECOND_MS else 0
        wanted = [self._wanted.pop(key) for key in [*self._wanted][: self._at_once - many]]
        self._asking = now // SECOND_MS, many + len(wanted)
        return [
            (b"%s%s.NCMD.%s" % (PREFIX, node.group.encode(), node.key.encode()), rebirth(now))
            for node in wanted
        ]

    def _about(self, subject: bytes) -> tuple[str, str, str]:
        """Read type, edge node and device out of a subject, and check who may say it."""
        words = subject.decode(errors="replace").split(".")
        if len(words) < _NODE or _SAYS.get(words[2]) != len(words):
            msg = "bad-topic: it must be spBv1.0/GROUP/TYPE/NODE, or that with /DEVICE"
            raise BadReading(msg)
        row = self._speaks(words[3])
        device = words[4] if len(words) == _DEVICE else ""
        if device and int(self._registry.via.item(self._speaks(device))) != row:
            msg = f"not-yours: {device} does not report through {words[3]}"
            raise BadReading(msg)
        return words[2], words[3], device

    def _speaks(self, key: str) -> int:
        row = self._registry.rows.get(key, -1)
        if row < 0 or self._registry.kinds[int(self._registry.kind.item(row))].role not in SPEAKS:
            msg = f"unknown-device: {key}"
            raise BadReading(msg)
        return row

    def _hear(self, says: str, node: Node, device: str, message: _Message) -> None:
        if says == "NDEATH":
            self._died(node, message)
            return
        if says == "NBIRTH":
            node = self._nodes[node.key] = Node(node.key, node.group, message.session)
            self._wanted.pop(node.key, None)
            self._stale = True
        self._counted(node, message)
        if says == "DDEATH":
            self.counts["deaths"] += 1
            if node.births.pop(device, None) is not None:
                self._stale = True
                self._online(device, 0.0, message)
        elif says in {"NBIRTH", "DBIRTH"}:
            self._bear(node, device or node.key, message)
        else:
            self._data(node, device or node.key, message)

    def _counted(self, node: Node, message: _Message) -> None:
        """Note the number of a message; those that were skipped may still be under way."""
        if not message.payload.HasField("seq"):
            return
        seq = int(message.payload.seq) % SEQUENCES
        if seq in node.missing:
            node.missing.discard(seq)
            return
        skipped = (seq - node.next) % SEQUENCES if node.next >= 0 else 0
        if skipped:
            self.counts["gaps"] += 1
            node.gap_ms = node.gap_ms if node.missing else message.now
            node.missing.update((node.next + each) % SEQUENCES for each in range(skipped))
            self._gaps.add(node.key)
        node.next = (seq + 1) % SEQUENCES

    def _bear(self, node: Node, key: str, message: _Message) -> None:
        """Learn what a birth declares; it also gives each metric's value."""
        self.counts["births"] += 1
        first, places = self._layout(key)
        born = node.births[key] = Born()
        message.told.found += len(message.payload.metrics)
        for metric in message.payload.metrics:
            if metric.name.startswith(_OWN):
                message.told.found -= 1
                continue
            place = places.get(metric.name, -1)
            names: list[int | str] = [metric.name]
            names += [int(metric.alias)] if metric.HasField("alias") else []
            for name in names:
                born.series[name] = -1 if place < 0 else first + place
                born.datatype[name] = int(metric.datatype)
            _value(born, metric.name, metric, message)
        self._stale = True
        self.altered |= self._saved[0].get(key, born) != born
        self._online(key, 1.0, message)

    def _data(self, node: Node, key: str, message: _Message) -> None:
        born = node.births.get(key, _UNBORN)
        message.told.found += len(message.payload.metrics)
        for metric in message.payload.metrics:
            name = int(metric.alias) if metric.HasField("alias") else metric.name
            if name in born.series:
                _value(born, name, metric, message)
            elif str(name).startswith(_OWN):
                message.told.found -= 1
            else:
                self._ask(node, message.now)
                message.reject("unborn", f"{key} gave no metric {name!r} at a birth heard here")

    def _died(self, node: Node, message: _Message) -> None:
        """Forget the births of a node, unless the death is that of an earlier session."""
        if node.session is not None and message.session not in {None, node.session}:
            self.counts["outlived"] += 1
            return
        self.counts["deaths"] += 1
        for each in node.births:
            self._online(each, 0.0, message)
        self._nodes[node.key] = Node(node.key, node.group)
        self._stale = True

    def _layout(self, key: str) -> tuple[int, dict[str, int]]:
        """Give a thing's first series, and the place of each property behind it."""
        row = self._registry.rows[key]
        return int(self._registry.first.item(row)), self._places[self._registry.kind.item(row)]

    def _online(self, key: str, value: float, message: _Message) -> None:
        first, places = self._layout(key)
        if ONLINE in places:
            message.told.found += 1
            message.say(first + places[ONLINE], value)

    def _ask(self, node: Node, now: int) -> None:
        """Wish for a rebirth, unless the node was asked a moment ago."""
        if node.asked_ms is None or now - node.asked_ms >= self._again_ms:
            node.asked_ms = now
            self.counts["rebirths"] += 1
            self._wanted[node.key] = node


def _payload(body: bytes) -> Any:
    try:
        return read_payload(body)
    except BadReading as problem:
        msg = f"unreadable: {problem}"
        raise BadReading(msg) from None


def _value(born: Born, name: int | str, metric: Any, message: _Message) -> None:
    """Take in the value of a metric, if it has one."""
    if metric.is_null:
        message.told.found -= 1
        return
    if born.series[name] < 0:
        message.reject("unknown-property", str(metric.name or name))
        return
    value = number_of(metric, born.datatype[name])
    if value is None:
        message.reject("unreadable", f"{metric.name or name} is not a number")
        return
    message.say(born.series[name], value, metric)
