"""What the doors need of whoever takes files in and gives files out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Row = Mapping[str, Any]


class Intakes(Protocol):
    """Files of things on their way in and out."""

    def jobs(self, limit: int, /) -> Sequence[Row]:
        """List the newest imports, newest first."""
        ...

    def job(self, number: int, /) -> Row:
        """Tell everything about an import; `NotFound` if there is none."""
        ...

    def file(self, number: int, which: str, /) -> Path:
        """Find what an import has left: its ``rows`` or its ``errors``; `NotFound` if nothing."""
        ...

    def tokens(self, number: int, /) -> bytes:
        """Give the tokens that an import issued, as CSV, once; `NotFound` from then on."""
        ...

    def export(self, form: str, /, *, kind: str, grid: str, retired: bool) -> Path:
        """Write things into a file, in a folder of its own that the caller clears away."""
        ...


class Tables(Protocol):
    """Lists that leave as files."""

    def written(
        self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]], suffix: str, /
    ) -> bytes:
        """Give the bytes of a CSV or Excel file of rows; no cell of it runs as a formula."""
        ...
