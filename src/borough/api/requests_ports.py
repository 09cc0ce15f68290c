"""What the doors for citizens' requests need of the rest of the product."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from borough.core.cases import Case
from borough.core.people import Bounds
from borough.core.requests import Request, RequestRules

Row = Mapping[str, Any]


class Likeness(Protocol):
    """A case that another may repeat: how far it is, and how many requests it has."""

    @property
    def case(self) -> Case:
        """The case."""
        ...

    @property
    def metres(self) -> float:
        """How far from the other."""
        ...

    @property
    def requests(self) -> int:
        """How many requests belong to it."""
        ...


class Requests(Protocol):
    """The requests of a district, to be read; what changes them is asked of the desk."""

    rules: RequestRules

    def one(self, request: int | str, /) -> Request:
        """Give one by id, code or receipt; `NotFound` if there is none."""
        ...

    def find(
        self, *, ids: Sequence[int] | None = None, state: Sequence[str] = (), agency: str = "",
        street: str = "", category: Sequence[str] = (), case: int = 0, late_at_ms: int = 0,
        since_ms: int | None = None, until_ms: int | None = None, before: int = 0,
        limit: int = 100, reach: Sequence[Bounds] = (),
    ) -> Sequence[Request]:  # fmt: skip
        """List those that fit, newest first; *before* is the last id of the page before.

        Only those within *reach*; empty is everywhere.
        """
        ...

    def acts(self, request: int, /) -> Sequence[Row]:
        """Give what was done about one, in order."""
        ...

    def counts(self, late_at_ms: int, reach: Sequence[Bounds] = (), /) -> Mapping[str, int]:
        """Count those within *reach* by state, and late ones; empty is everywhere."""
        ...

    def traces(self, person: int, fields: Mapping[str, str], /) -> Row:
        """Find whose requests speak of a person of whom *fields* are known.

        ``own`` codes of their own, ``found`` those of others with ``request``, ``code``, ``why``,
        ``sure`` and ``says``, ``callers`` who made each of these, ``after`` the last looked at.
        """
        ...

    def rates(
        self, since_ms: int, until_ms: int, by: str, now_ms: int, reach: Sequence[Bounds] = (), /
    ) -> Row:
        """Work out the three rates of those received in a period, by agency, street or month.

        Only those within *reach* count; empty is everywhere.
        """
        ...

    def similar(self, case: int, /) -> Sequence[Likeness]:
        """List open cases that may be the same matter as one, nearest first; or `NotFound`."""
        ...

    def hot(self, until_ms: int, days: float, reach: Sequence[Bounds] = (), /) -> Sequence[Row]:
        """List topics by how many people raised them, among those within *reach*."""
        ...

    def drafts(self, path: Path, /) -> Sequence[Row]:
        """Read a file of requests: for each row its number, its draft and what is wrong."""
        ...

    def marked(self, path: Path, results: Sequence[Row], /) -> bytes:
        """Give a workbook back with what was wrong beside each row."""
        ...
