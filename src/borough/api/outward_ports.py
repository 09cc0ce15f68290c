"""What the doors to files, hooks, notices and shares need of the rest of the product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from borough.core.files import Attachment
from borough.core.shares import Share

Row = Mapping[str, Any]


class Files(Protocol):
    """What is attached to cases."""

    @property
    def most(self) -> int:
        """The largest file of any kind, bytes."""
        ...

    def looked_at(self, upload: Path, name: str, /) -> Attachment:
        """Check an upload and lay its copies beside it; `BadFile` where it is none of ours."""
        ...

    def copies(self, upload: Path, /) -> Sequence[Path]:
        """Name what may lie beside an upload once it was looked at."""
        ...

    def of_case(self, case: int, /) -> Sequence[Attachment]:
        """List the files of a case, those that were taken down included."""
        ...

    def one(self, case: int, file: str, /) -> Attachment:
        """Give one file of a case; `NotFound` if it has none of that id."""
        ...

    def path(self, digest: str, /) -> Path:
        """Say where the bytes of a digest are; `NotFound` where they are gone."""
        ...


class Hooks(Protocol):
    """Who is told over HTTP, and what became of each message."""

    def all(self) -> Sequence[Row]:
        """List hooks without their secrets."""
        ...

    def messages(
        self, *, courier: str, target: str, state: str, case: int | None, limit: int
    ) -> Sequence[Row]:
        """List messages, newest first."""
        ...

    def message(self, message: str, /) -> Row:
        """Give a message with every try; `NotFound` if there is none."""
        ...


class Notices(Protocol):
    """Who is told through their channels, of what, and who answered."""

    def recipients(self) -> Sequence[Row]:
        """List recipients, with the kinds of their channels and not their addresses."""
        ...

    def rules(self) -> Sequence[Row]:
        """List the rules that hold here."""
        ...

    def find(
        self, *, case: int | None, recipient: str, unanswered: bool, limit: int
    ) -> Sequence[Row]:
        """List notices with what became of them, newest first."""
        ...


class Shares(Protocol):
    """What partners may read of ours."""

    def all(self, partner: str, /) -> Sequence[Share]:
        """List shares, or those of one partner where it is named, newest first."""
        ...

    def one(self, share: str, /) -> Share:
        """Give a share; `NotFound` if there is none."""
        ...

    def rows(
        self, share: Share, areas: Sequence[str], /, *, after: int, limit: int
    ) -> tuple[Sequence[Row], int]:
        """Give a page of rows, masked, and the last id; only of grids in *areas*, if any."""
        ...

    def reads(self, share: str, /, *, limit: int) -> Sequence[Row]:
        """List who read what, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Outward:
    """All that leads outwards."""

    files: Files
    hooks: Hooks
    notices: Notices
    shares: Shares
