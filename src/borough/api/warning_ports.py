"""What the doors for warnings need of the rest of the product."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class Warnings(Protocol):
    """Bulletins to the public, each as it was sent."""

    def current(self, now_ms: int, /) -> Sequence[Row]:
        """List the warnings in force, newest first."""
        ...

    def find(self, *, case: int, before: int, limit: int) -> Sequence[Row]:
        """List bulletins, newest first; *before* is the last id of the page before."""
        ...

    def document(self, identifier: str, /) -> str:
        """Give the CAP 1.2 document of a bulletin; `NotFound` if there is none."""
        ...
