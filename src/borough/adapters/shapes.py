r"""Reports of few things of many classes, read in one call, straight into columns.

Payloads are joined as in `payloads`, and for the same reason none can change what another says.
Which properties a report names, and in what order, is its shape: the few that there are lie in a
table, so that of each report only its names are looked up.  To decode 200 of
them takes a quarter to a half less so than class by class; of thousands, `reports` is quicker.
What is not plain is left to the slow and careful way.
About 0.9 µs a report of five readings (docs/why/hot-path.md).
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np

from borough.adapters.payloads import LAST, UNREADABLE, UNSAID
from borough.core.observations import Floats, Index
from borough.core.registry import Kind

Names = tuple[str, ...]
MOST_SHAPES = 1_000
"""So many shapes are known at most; a report of another one is read alone."""
_FEW = 16
"""So few payloads are read one by one when they cannot be read together."""
_ODD = -1
_MANY = msgspec.json.Decoder(list[tuple[dict[str, float | bool] | list[dict[str, float | bool]]]])


class Table(NamedTuple):
    """Readings of reports: which payload each came in, which report of it, its time, its value.

    ``place`` is which of the properties of its class it is.  Rows go by payload, then by report,
    then by place.  The payloads ``odd`` have no rows: they must be read alone.  In the others
    ``found`` readings stood, counted as they were decoded.
    """

    payload: Index
    number: Index
    place: Index
    time: Floats
    value: Floats
    odd: Index
    found: int


class Shapes(dict[tuple[int, Names], int]):
    """A number for each shape of a report, by the class of the thing and the names in order.

    Those with a name that the class does not have are ``_ODD``, and are not kept: nobody can fill
    the table with names that do not exist.  Of each shape, ``width`` is how many names it has,
    ``t`` where the time stands or -1, and ``many`` cells lie from ``start`` on in ``cells``: where
    a value stands, and the place of its property, by place.
    """

    def __init__(self, kinds: Sequence[Kind]) -> None:
        super().__init__()
        self._places = [
            {each.code: place for place, each in enumerate(kind.properties)} for kind in kinds
        ]
        self._rows: list[tuple[int, int, int, int]] = []
        self._cells: list[tuple[int, int]] = []
        self.lay_out()

    def lay_out(self) -> None:
        """Lay out as columns what has been met so far."""
        self.width, self.t, self.start, self.many = (
            np.array(self._rows or [(0, 0, 0, 0)], np.int64).reshape(-1, 4).T
        )
        self.cells = np.array(self._cells, np.int64).reshape(-1, 2)

    def __missing__(self, shape: tuple[int, Names]) -> int:
        kind, names = shape
        places = self._places[kind]
        said = [name for name in names if name != "t"]
        if len(self) >= MOST_SHAPES or not places.keys() >= set(said):
            return _ODD
        time = names.index("t") if "t" in names else -1
        cells = sorted((places[name], names.index(name)) for name in said)
        self._rows.append((len(names), time, len(self._cells), len(cells)))
        self._cells += [(at, place) for place, at in cells]
        self[shape] = len(self)
        return self[shape]

    def of(self, kinds: Sequence[int], reports: Sequence[Any]) -> Index:
        """Give the shape of each report."""
        known = len(self)
        shape = np.fromiter(
            map(self.__getitem__, zip(kinds, map(tuple, reports), strict=True)),
            np.int64,
            len(reports),
        )
        if len(self) > known:
            self.lay_out()
        return shape


class Reports:
    """Reads what things of all classes report, many at once."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._shapes = Shapes(kinds)

    def read(self, payloads: Sequence[bytes], kinds: Sequence[int]) -> Table:
        """Read payloads together; *kinds* says of which class the thing of each is."""
        said = list(chain.from_iterable(_said(payloads)))
        payload = np.arange(len(said))
        number = np.zeros(len(said), np.int64)
        reports = said
        if list in set(map(type, said)):
            lists = [each if type(each) is list else [each] for each in said]
            lengths = np.array([len(each) for each in lists])
            reports = list(chain.from_iterable(lists))
            payload = np.repeat(payload, lengths)
            number = np.arange(len(reports)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            kinds = np.array(kinds, np.int64)[payload].tolist()
        return self._table(len(said), payload, number, reports, self._shapes.of(kinds, reports))

    def _table(
        self, payloads: int, payload: Index, number: Index, reports: list[Any], shape: Index
    ) -> Table:
        """Lay the values of reports out as rows."""
        shapes = self._shapes
        flat = list(chain.from_iterable(map(dict.values, reports)))
        value = np.array(flat, float)
        width = np.fromiter(map(len, reports), np.int64, len(reports))
        base = np.cumsum(width) - width
        time = np.full(len(reports), UNSAID)
        timed = np.flatnonzero((shape >= 0) & (shapes.t[shape] >= 0))
        cell = base[timed] + shapes.t[shape[timed]]
        time[timed] = value[cell]
        plain = (shape >= 0) & ((time == UNSAID) | ((time >= 0) & (time <= LAST)))
        if bool in set(map(type, map(flat.__getitem__, cell.tolist()))):
            plain[timed] &= [type(flat[at]) is not bool for at in cell.tolist()]
        many = np.where(plain, shapes.many[shape], 0)
        good = np.bincount(payload, many, payloads) > 0
        if not plain.all():
            good[payload[~plain]] = False
            many = np.where(good[payload], many, 0)
        kept = good[payload]
        found = int(width[kept].sum()) - int(np.count_nonzero(kept[timed]))
        report = np.repeat(np.arange(len(reports)), many)
        cell = np.arange(len(report)) + np.repeat(
            shapes.start[shape] - np.cumsum(many) + many, many
        )
        where, place = shapes.cells[cell].T
        return Table(
            payload[report], number[report], place, time[report], value[base[report] + where],
            np.flatnonzero(~good), found,
        )  # fmt: skip


def _said(payloads: Sequence[bytes]) -> Iterator[list[Any]]:
    """Decode payloads: a report or a list of them each, an empty one where it cannot be read."""
    try:
        rows = _MANY.decode(b"[[" + b"]\n,[".join(payloads) + b"]\n]") if payloads else []
    except UNREADABLE:
        rows = []
    if len(rows) == len(payloads):
        yield [said for (said,) in rows]
    elif len(payloads) <= _FEW:
        yield [{}] * len(payloads)
    else:
        middle = len(payloads) // 2
        yield from _said(payloads[:middle])
        yield from _said(payloads[middle:])
