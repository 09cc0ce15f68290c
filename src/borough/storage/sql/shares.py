"""Shared data in SQL: what each partner may read, the rows, and everything that was read."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, false, or_, select

from borough.core.errors import BadRequest, NotFound
from borough.core.shares import ASKED, ENDED, GRANTED, REFUSED, Share
from borough.storage.sql import tables as t
from borough.storage.sql.counting import raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.paging import page
from borough.storage.sql.shares_tables import share_reads, shares as table

FIELDS = tuple(field.name for field in fields(Share))
TUPLES = {"fields", "areas", "kinds"}
Range = tuple[int, int]
DECISIONS = {GRANTED: {ASKED}, REFUSED: {ASKED}, ENDED: {ASKED, GRANTED}}
"""What a share may become, and from which states."""


class SqlShares:
    """Keeps who may read what of ours, and gives them the rows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self, partner: str = "") -> list[Share]:
        """List the shares, or those of one partner, newest first."""
        chosen = select(table).order_by(table.c.asked_ms.desc(), table.c.id)
        if partner:
            chosen = chosen.where(table.c.partner == partner)
        with reading(self._engine) as connection:
            return [_share(row) for row in connection.execute(chosen).mappings()]

    def one(self, share: str) -> Share:
        """Give a share by id; or `NotFound`."""
        with reading(self._engine) as connection:
            return _one(connection, share)

    def ask(self, told: Mapping[str, Any], *, by: str, at_ms: int) -> Share:
        """Enter what a partner asks to read; nobody reads it until it is granted."""
        share = Share(id=secrets.token_hex(4), asked_ms=at_ms, asked_by=by, **_typed(told))
        with writing(self._engine) as connection:
            connection.execute(table.insert(), asdict(share))
        return share

    def decide(self, share: str, state: str, *, by: str, at_ms: int, why: str) -> Share:
        """Grant, refuse or end a share; a refusal and an end say *why*."""
        with writing(self._engine) as connection:
            one = _one(connection, share)
            if one.state not in DECISIONS.get(state, set()):
                msg = f"state: a share that is {one.state} cannot become {state!r}"
                raise BadRequest(msg)
            if state != GRANTED and not why.strip():
                msg = "note: say why"
                raise BadRequest(msg)
            told: dict[str, Any] = {
                "state": state,
                "decided_ms": at_ms,
                "decided_by": by,
                "why": why,
            }
            connection.execute(table.update().where(table.c.id == share).values(**told))
            return replace(one, **told)

    def rows(
        self, share: Share, grids: Sequence[Range] | None, *, after: int, limit: int
    ) -> list[dict[str, Any]]:
        """Give what lies in a share, by rising id, whole and unmasked; go on with ``after``.

        *grids* are the ranges of grid rows that lie in its areas; None lets everything through.
        """
        chosen = (_cases if share.dataset == "cases" else _things)(share, grids)
        with reading(self._engine) as connection:
            wanted = chosen.where(chosen.selected_columns.id > after).order_by("id")
            return [dict(row) for row in connection.execute(wanted.limit(page(limit))).mappings()]

    def note(
        self, share: str, *, who: str, at_ms: int, rows: int, after: int, form: str
    ) -> None:  # fmt: skip
        """Write down that a page was read; whoever hands it out does so first."""
        with writing(self._engine) as connection:
            row = {"number": raised(connection, "share-read"), "share": share, "who": who}
            row |= {"at_ms": at_ms, "rows": rows, "after": after, "format": form}
            connection.execute(share_reads.insert(), row)

    def reads(self, share: str = "", *, limit: int = 100) -> list[dict[str, Any]]:
        """List what was read, newest first."""
        chosen = select(share_reads).order_by(share_reads.c.number.desc()).limit(page(limit))
        if share:
            chosen = chosen.where(share_reads.c.share == share)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]


def _cases(share: Share, grids: Sequence[Range] | None) -> Select[Any]:
    chosen = select(t.cases).where(*_within(t.cases.c.grid, grids))
    return chosen.where(t.cases.c.scene.in_(share.kinds)) if share.kinds else chosen


def _things(share: Share, grids: Sequence[Range] | None) -> Select[Any]:
    own = [t.things.c[name] for name in ("id", "key", "name", "grid", "lon", "lat")]
    own += [t.things.c.valid_from_ms, t.things.c.valid_to_ms]
    joined = t.things.join(t.kinds, t.kinds.c.number == t.things.c.kind)
    chosen = select(*own, t.kinds.c.code.label("kind")).select_from(joined)
    chosen = chosen.where(*_within(t.things.c.grid, grids))
    return chosen.where(t.kinds.c.code.in_(share.kinds)) if share.kinds else chosen


def _within(grid: Any, ranges: Sequence[Range] | None) -> list[Any]:
    if ranges is None:
        return []
    return [or_(*(grid.between(low, high) for low, high in ranges)) if ranges else false()]


def _one(connection: Connection, share: str) -> Share:
    row = connection.execute(select(table).where(table.c.id == share)).mappings().one_or_none()
    if row is None:
        msg = f"share: there is no {share!r}"
        raise NotFound(msg)
    return _share(row)


def _share(row: RowMapping) -> Share:
    return Share(**_typed({name: row[name] for name in FIELDS}))


def _typed(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if name in TUPLES else each for name, each in told.items()}
