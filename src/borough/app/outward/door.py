"""What the api role knows of files, hooks, notices and shares: it reads, and the desk writes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from borough.adapters.notices.channels import kind_of
from borough.api.outward_ports import Outward
from borough.app.files.cabinet import Cabinet
from borough.app.files.limits import LIMITS
from borough.app.files.looking import SHARED, THUMBNAIL, looked_at
from borough.app.outward.wording import rules
from borough.app.settings import Settings
from borough.core.district import District
from borough.core.files import Attachment
from borough.core.shares import Share, rows_of
from borough.storage.sql.files import SqlFiles
from borough.storage.sql.hooks import SqlHooks
from borough.storage.sql.notices import SqlNotices
from borough.storage.sql.outbox import SqlOutbox
from borough.storage.sql.recipients import SqlRecipients
from borough.storage.sql.shares import SqlShares


class FilesDoor(SqlFiles):
    """Files of cases with their bytes."""

    def __init__(self, engine: Engine, data: Path) -> None:
        super().__init__(engine)
        self._cabinet = Cabinet(data)

    @property
    def most(self) -> int:
        """The largest file of any kind, bytes."""
        return LIMITS.most

    def looked_at(self, upload: Path, name: str) -> Attachment:
        """Check an upload and lay its copies beside it."""
        return looked_at(upload, name)

    def copies(self, upload: Path) -> Sequence[Path]:
        """Name what may lie beside an upload once it was looked at."""
        return [upload.with_name(upload.name + each) for each in (SHARED, THUMBNAIL)]

    def path(self, digest: str) -> Path:
        """Say where the bytes of a digest are."""
        return self._cabinet.path(digest)


class HooksDoor:
    """Hooks, and the log of deliveries."""

    def __init__(self, engine: Engine) -> None:
        self._hooks = SqlHooks(engine)
        self._outbox = SqlOutbox(engine)

    def all(self) -> list[dict[str, Any]]:
        """List hooks without their secrets."""
        return [each.told() for each in self._hooks.all()]

    def messages(self, **wanted: Any) -> list[dict[str, Any]]:
        """List messages, newest first."""
        return [asdict(each) for each in self._outbox.find(**wanted)]

    def message(self, message: str) -> dict[str, Any]:
        """Give a message with every try."""
        return {**asdict(self._outbox.one(message)), "log": self._outbox.tries(message)}


class NoticesDoor:
    """Recipients, rules and notices."""

    def __init__(self, engine: Engine, district: Path, zone: str) -> None:
        self._recipients = SqlRecipients(engine)
        self._rules = rules(district)
        self._notices = SqlNotices(
            engine, self._recipients, self._rules, plans={}, zone=zone, wall=lambda at_ms: at_ms
        )

    def recipients(self) -> list[dict[str, Any]]:
        """List recipients with the kinds of their channels."""
        return [
            {**asdict(each), "channels": [kind_of(address) for address in each.channels]}
            for each in self._recipients.all()
        ]

    def rules(self) -> list[dict[str, Any]]:
        """List the rules that hold here."""
        return [asdict(each) for each in self._rules]

    def find(self, **wanted: Any) -> list[dict[str, Any]]:
        """List notices with what became of them."""
        return self._notices.find(**wanted)


class SharesDoor:
    """Shares, whose rows name grids by their codes."""

    def __init__(self, engine: Engine, district: District) -> None:
        self._shares = SqlShares(engine)
        self._codes = district.grids.code

    def all(self, partner: str) -> list[Share]:
        """List shares, or those of one partner."""
        return self._shares.all(partner)

    def one(self, share: str) -> Share:
        """Give a share."""
        return self._shares.one(share)

    def reads(self, share: str, *, limit: int) -> list[dict[str, Any]]:
        """List who read what."""
        return self._shares.reads(share, limit=limit)

    def rows(
        self, share: Share, areas: Sequence[str], *, after: int, limit: int
    ) -> tuple[list[Mapping[str, Any]], int]:
        """Give a page of rows, masked, and the last id."""
        ranges = self._ranges(share.areas, areas)
        rows = self._shares.rows(share, ranges, after=after, limit=limit)
        last = int(rows[-1]["id"]) if rows else after
        return [share.told({**row, "grid": self._code(row["grid"])}) for row in rows], last

    def _ranges(self, areas: Sequence[str], own: Sequence[str]) -> list[tuple[int, int]] | None:
        """Give the ranges of grid rows that lie in the share's areas, and in the token's own."""
        if not areas and not own:
            return None
        both = [max(one, other, key=len) for one in areas or [""] for other in own or [""]
                if one.startswith(other) or other.startswith(one)]  # fmt: skip
        return [span for each in both for span in rows_of(each, self._codes)]

    def _code(self, grid: int) -> str:
        return self._codes[grid] if 0 <= grid < len(self._codes) else ""


def outward(settings: Settings, engine: Engine, district: District) -> Outward:
    """Join what the doors need."""
    return Outward(
        FilesDoor(engine, settings.common),
        HooksDoor(engine),
        NoticesDoor(engine, Path(settings.district), district.zone),
        SharesDoor(engine, district),
    )
