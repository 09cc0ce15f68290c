"""A town whose citizens have not asked for anything yet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from borough.core.errors import NotFound
from borough.core.people import Bounds
from borough.core.requests import Request, RequestRules
from borough.engine.district.requests import USUAL, read_requests


class Unasked:
    """No request; the usual rules hold."""

    def __init__(self) -> None:
        self.rules: RequestRules = read_requests(USUAL.parent, ())

    def one(self, request: int | str) -> Request:
        """There is none."""
        msg = f"request: there is no {request!r}"
        raise NotFound(msg)

    def find(self, **_wanted: Any) -> Sequence[Request]:
        """There is none."""
        return ()

    def acts(self, _request: int) -> Sequence[Mapping[str, Any]]:
        """Nothing was done."""
        return ()

    def traces(self, _person: int, _fields: Mapping[str, str], /) -> Mapping[str, Any]:
        """Find nobody."""
        return {"own": [], "found": [], "callers": {}, "after": 0}

    def counts(self, _late_at_ms: int, _reach: Sequence[Bounds] = (), /) -> Mapping[str, int]:
        """Count nothing."""
        return {}

    def rates(
        self, since_ms: int, until_ms: int, by: str, _now_ms: int, _reach: Sequence[Bounds] = ()
    ) -> Mapping[str, Any]:
        """Count nothing."""
        return {"by": by, "since_ms": since_ms, "until_ms": until_ms, "groups": []}

    def similar(self, _case: int) -> Sequence[Any]:
        """No case is like another."""
        return ()

    def hot(
        self, _until_ms: int, _days: float, _reach: Sequence[Bounds] = ()
    ) -> Sequence[Mapping[str, Any]]:
        """Nothing is hot."""
        return ()

    def drafts(self, _path: Path) -> Sequence[Mapping[str, Any]]:
        """No file is read."""
        return ()

    def marked(self, _path: Path, _results: Sequence[Mapping[str, Any]]) -> bytes:
        """No file is returned."""
        return b""
