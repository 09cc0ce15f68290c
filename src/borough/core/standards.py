"""Case standards: what is a case, by when it must be dealt with, and when it may be closed.

Parts and events have codes, and several numberings of them are in use at once; so a code counts
within its scheme, ``yuncheng-2024:E0501``.  For each code there are one or more rows: a limit
hangs on the condition under which a case is opened, not on the code.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from borough.core.deadlines import Limit
from borough.core.errors import BadRequest, UnknownCode

PART, EVENT = KINDS = ("part", "event")
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EventCode:
    """A code of a part (部件) or an event (事件) in one numbering; names are by language.

    ``code`` has its scheme before it.  ``extension`` marks what a city added to the national
    list; ``same_as`` is the same matter in another numbering, or empty.
    """

    code: str
    version: str
    kind: str
    major: str
    minor: str
    group: Text
    name: Text
    extension: bool
    same_as: str


@dataclass(frozen=True, slots=True)
class Standard:
    """A row: if it is like ``opens``, then within ``limit``, until it is like ``closes``.

    ``agency`` says who is responsible: an agency, or a kind of agency of which the one for the
    place is meant.  ``supervisor`` is the agency that watches over it.  ``basis`` is where the
    row is from.
    """

    id: str
    event: str
    opens: Text
    closes: Text
    limit: Limit
    agency: str
    supervisor: str
    urgent: bool
    basis: str

    def snapshot(self) -> dict[str, Any]:
        """Give the row as a case keeps it, whatever becomes of the table."""
        return {**asdict(self), "limit": str(self.limit)}


@dataclass(frozen=True, slots=True)
class Standards:
    """The codes and rows of a district."""

    codes: Mapping[str, EventCode] = field(default_factory=dict)
    rows: Mapping[str, Standard] = field(default_factory=dict)

    def code(self, event: str) -> EventCode:
        """Give a code; `UnknownCode` where the district has none such."""
        if event not in self.codes:
            msg = f"event: no code {event!r}; write it as scheme:code, such as {self._example()}"
            raise UnknownCode(msg)
        return self.codes[event]

    def row(self, standard: str, event: str = "") -> Standard:
        """Give a row, of *event* where one is named; `BadRequest` where there is none such."""
        if standard not in self.rows:
            msg = f"standard: no row {standard!r}"
            raise BadRequest(msg)
        row = self.rows[standard]
        if event and row.event != event:
            msg = f"standard: {standard} is for {row.event}, and the case is about {event}"
            raise BadRequest(msg)
        return row

    def of(self, event: str) -> list[Standard]:
        """Give the rows of a code."""
        return [row for row in self.rows.values() if row.event == event]

    def find(self, *, code: str = "", text: str = "") -> list[Standard]:
        """Give the rows whose code begins like *code*, and that say *text* somewhere."""
        wanted = text.casefold()
        return [
            row
            for row in self.rows.values()
            if (row.event.startswith(code) or row.event.partition(":")[2].startswith(code))
            and (not wanted or wanted in self._said(row))
        ]

    def _said(self, row: Standard) -> str:
        names = self.codes[row.event].name.values() if row.event in self.codes else ()
        return " ".join([*names, *row.opens.values(), *row.closes.values()]).casefold()

    def _example(self) -> str:
        return next(iter(self.codes), "scheme:E0101")
