"""Doors outwards of a town that tells nobody anything and shares nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from borough.api.outward_ports import Outward, Row
from borough.app.files.limits import LIMITS
from borough.app.files.looking import SHARED, THUMBNAIL, looked_at
from borough.core.errors import NotFound
from borough.core.files import Attachment
from borough.core.shares import Share


def _none(what: str, named: str) -> NoReturn:
    msg = f"{what}: there is no {named!r}"
    raise NotFound(msg)


class NoFiles:
    """Looks at uploads as the product does, and has kept none."""

    most = LIMITS.most

    def looked_at(self, upload: Path, name: str) -> Attachment:
        """Check an upload and lay its copies beside it."""
        return looked_at(upload, name)

    def copies(self, upload: Path) -> Sequence[Path]:
        """Name what may lie beside an upload."""
        return [upload.with_name(upload.name + each) for each in (SHARED, THUMBNAIL)]

    def of_case(self, _case: int) -> Sequence[Attachment]:
        """List none."""
        return []

    def one(self, _case: int, file: str) -> Attachment:
        """Have none."""
        _none("file", file)

    def path(self, digest: str) -> Path:
        """Have none."""
        _none("file", digest)


class NoHooks:
    """Has no hooks and no messages."""

    def all(self) -> Sequence[Row]:
        """List none."""
        return []

    def messages(self, **_wanted: Any) -> Sequence[Row]:
        """List none."""
        return []

    def message(self, message: str) -> Row:
        """Have none."""
        _none("message", message)


class NoNotices:
    """Knows nobody."""

    def recipients(self) -> Sequence[Row]:
        """List none."""
        return []

    def rules(self) -> Sequence[Row]:
        """List none."""
        return []

    def find(self, **_wanted: Any) -> Sequence[Row]:
        """List none."""
        return []


class NoShares:
    """Shares nothing."""

    def all(self, _partner: str) -> Sequence[Share]:
        """List none."""
        return []

    def one(self, share: str) -> Share:
        """Have none."""
        _none("share", share)

    def rows(self, share: Share, _areas: Sequence[str], **_page: int) -> tuple[Sequence[Row], int]:
        """Have none."""
        _none("share", share.id)

    def reads(self, _share: str, **_page: int) -> Sequence[Row]:
        """List none."""
        return []


def nothing_outward() -> Outward:
    """Join doors behind which there is nothing."""
    return Outward(NoFiles(), NoHooks(), NoNotices(), NoShares())
