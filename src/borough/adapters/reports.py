r"""Reports of several properties: those of one class read in one call, straight into columns.

Each class of thing has a form: ``t`` and its own properties, all optional, nothing else.
Payloads of a class are joined as in `payloads`, and for the same reason none can change what
another says.  What does not fit the form is left to the slow and careful way.
About 0.5 µs a report of five readings (docs/why/hot-path.md).
"""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np

from borough.adapters.payloads import UNREADABLE, UNSAID, Time
from borough.core.observations import Floats, Index
from borough.core.registry import Kind

_UNSET = float("nan")
Value = float | bool


class Table(NamedTuple):
    """Reports of one class: which payload each came in, which of it, its time, its values.

    ``value`` has a column for each property of the class, in its order; NaN is "not said".
    """

    payload: Index
    number: Index
    time: Floats
    value: Floats


class Form:
    """What a class of things may report at once."""

    def __init__(self, kind: Kind) -> None:
        codes = [each.code for each in kind.properties]
        names = [f"p{place}" for place in range(len(codes))]
        fields: list[Any] = [("t", Annotated[Time, "ms"], UNSAID)]
        fields += [(name, Value, _UNSET) for name in names]
        report = msgspec.defstruct(
            "Report",
            fields,
            rename=dict(zip(names, codes, strict=True)),
            forbid_unknown_fields=True,
            gc=False,
        )
        self._width = len(fields)
        self._decoder: Any = msgspec.json.Decoder(list[tuple[report | list[report]]])  # type: ignore[valid-type] # made just now

    def read(self, payloads: Sequence[bytes]) -> Table | None:
        """Read payloads together, or give nothing if one of them does not fit the form."""
        try:
            rows = self._decoder.decode(b"[[" + b"]\n,[".join(payloads) + b"]\n]")
        except UNREADABLE:
            return None
        if len(rows) != len(payloads):
            return None
        payload = np.arange(len(rows))
        number = np.zeros(len(rows), np.int64)
        reports = [report for (report,) in rows]
        if any(type(report) is list for report in reports):
            lists = [each if type(each) is list else [each] for each in reports]
            lengths = np.array([len(each) for each in lists])
            reports = [report for each in lists for report in each]
            payload = np.repeat(payload, lengths)
            number = np.arange(len(reports)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        said = np.array([msgspec.structs.astuple(report) for report in reports], float)
        said = said.reshape(len(reports), self._width)
        return Table(payload, number, said[:, 0], said[:, 1:])
