"""Warnings that a test writes by hand."""

from collections.abc import Sequence
from typing import Any

from borough.api.warning_ports import Row
from borough.core.errors import NotFound


class MemoryWarnings:
    """Bulletins in a list, the newest first; documents by identifier."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.documents: dict[str, str] = {}

    def current(self, now_ms: int, /) -> Sequence[Row]:
        """List those that have not run out."""
        return [row for row in self.rows if row["expires_ms"] > now_ms and row["kind"] != "Cancel"]

    def find(self, *, case: int, before: int, limit: int) -> Sequence[Row]:
        """List bulletins."""
        fits = (
            row for row in self.rows
            if case in {0, row["case_id"]} and (not before or row["id"] < before)
        )  # fmt: skip
        return list(fits)[:limit]

    def document(self, identifier: str, /) -> str:
        """Give a document."""
        if identifier not in self.documents:
            msg = f"warning: there is no {identifier!r}"
            raise NotFound(msg)
        return self.documents[identifier]
