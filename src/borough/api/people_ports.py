"""What the doors for people need of the rest of the product."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from borough.core.audit import Anchor
from borough.core.cases import Case
from borough.core.people import Who

Row = Mapping[str, Any]


class People(Protocol):
    """Accounts, sessions, tokens and links as they are kept; times are of the wall, in ms."""

    def session(self, digest: str, /) -> Who | None:
        """Say whose session a token's SHA-256 (hex) opens now; None where it opens none."""
        ...

    def program(self, digest: str, /) -> Who | None:
        """Say which program's token has this SHA-256 (hex); None where none that holds."""
        ...

    def password(self, account: str, /) -> str:
        """Give the hash of an account that may sign in; empty where there is none."""
        ...

    def outside(self, subject: str, /) -> str:
        """Name the account that an OpenID provider knows by *subject*; empty where none."""
        ...

    def link(self, digest: str, /) -> Row | None:
        """Tell a link that still holds: ``account``, ``purpose`` and ``expires_ms``."""
        ...

    def accounts(self) -> Sequence[Row]:
        """List accounts, by name, without their passwords."""
        ...

    def sessions(self, account: str, /) -> Sequence[Row]:
        """List the sessions of an account that are open."""
        ...

    def tokens(self) -> Sequence[Row]:
        """List the tokens of programs, the newest first."""
        ...

    def unread(self, persons: Iterable[int], /) -> Mapping[int, Mapping[str, str]]:
        """Give several persons' data, to be masked before anybody sees it."""
        ...

    def involved(self, case: Case, /) -> Collection[str]:
        """Name the agencies that a case belongs to: its own, its post's, those of its tasks."""
        ...


class Provider(Protocol):
    """An OpenID provider that signs people in."""

    async def start(self) -> tuple[str, str]:
        """Give where to send a browser, and what it must keep until it comes back."""
        ...

    async def finish(self, kept: str, came: Mapping[str, str], /) -> str:
        """Give the subject of whoever came back with these parameters; `Forbidden` if it fails."""
        ...


class Audit(Protocol):
    """The audit log."""

    def find(self, *, actor: str, verb: str, before: int, limit: int) -> Sequence[Row]:
        """List entries, newest first; *before* is the last number of the page before."""
        ...

    def anchor(self) -> Anchor:
        """Say how far the log goes."""
        ...
