"""Attachments in SQL: which files a case has, each change as an event of its case."""

from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, or_, select

from borough.core import files as core
from borough.core.cases import Case, Event
from borough.core.errors import BadRequest, NotFound
from borough.core.files import Attachment
from borough.storage.sql.caselog import found
from borough.storage.sql.cases import SqlCases
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.files_table import case_files as table

FIELDS = tuple(field.name for field in fields(Attachment))
_C = table.c
Done = tuple[Case, Attachment]


class SqlFiles:
    """Keeps what is attached to cases; the bytes are somebody else's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_case(self, case: int) -> list[Attachment]:
        """Give the files of a case in their order, those that were taken down included."""
        chosen = select(table).where(_C.case_id == case).order_by(_C.seq)
        with reading(self._engine) as connection:
            return [_file(row) for row in connection.execute(chosen).mappings()]

    def newest(self, limit: int) -> list[Attachment]:
        """Give the files of all cases that were attached last and not taken down."""
        chosen = select(table).where(_C.removed_ms.is_(None)).order_by(_C.at_ms.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_file(row) for row in connection.execute(chosen).mappings()]

    def one(self, case: int, file: str) -> Attachment:
        """Give one file of a case; or `NotFound`."""
        with reading(self._engine) as connection:
            return _one(connection, case, file)

    def attach(self, cases: SqlCases, case: int, file: Attachment, *, by: str, at_ms: int) -> Done:
        """Attach a file whose bytes are safe on the disk; the log has its digest from then on."""
        with writing(self._engine) as connection:
            now = found(connection, case)
            event = core.attaching(now, file, at_ms=at_ms, by=by)
            kept = replace(
                file, id=event.data["file"], name=event.data["name"], case=now.id, seq=event.seq,
                at_ms=at_ms, by=by,
            )  # fmt: skip
            row = asdict(kept)
            connection.execute(table.insert(), {**row, "case_id": row.pop("case")})
            return cases.wrote(connection, now, event), kept

    def detach(
        self, cases: SqlCases, case: int, file: str, *, why: str, by: str, at_ms: int
    ) -> Done:
        """Take a file down; what it was stays in the log and in the table."""
        with writing(self._engine) as connection:
            now, one = found(connection, case), _one(connection, case, file)
            event = core.detaching(now, one, why, at_ms=at_ms, by=by)
            gone: dict[str, Any] = {"removed_ms": at_ms, "removed_by": by, "why": why}
            connection.execute(table.update().where(_C.id == file).values(**gone))
            return cases.wrote(connection, now, event), replace(one, **gone)

    def needed(self, digests: set[str]) -> set[str]:
        """Say which of some digests a file still needs that was not taken down."""
        own = (_C.sha256, _C.shared, _C.thumbnail)
        chosen = select(*own).where(_C.removed_ms.is_(None), or_(*(c.in_(digests) for c in own)))
        with reading(self._engine) as connection:
            return {each for row in connection.execute(chosen) for each in row} & digests

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Refuse an event whose answers name a file that its case does not have."""
        for name, file in core.answering(event):
            chosen = select(_C.id).where(
                _C.id == file, _C.case_id == case.id, _C.removed_ms.is_(None)
            )
            if connection.execute(chosen).first() is None:
                msg = f"answers.{name}: case {case.code} has no file {file!r}"
                raise BadRequest(msg)
        return case


def _one(connection: Connection, case: int, file: str) -> Attachment:
    chosen = select(table).where(_C.id == file, _C.case_id == case)
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        msg = f"file: case {case} has no {file!r}"
        raise NotFound(msg)
    return _file(row)


def _file(row: RowMapping) -> Attachment:
    given: dict[str, Any] = {name: row["case_id" if name == "case" else name] for name in FIELDS}
    return Attachment(**given)
