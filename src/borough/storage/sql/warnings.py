"""Warnings in SQL: each bulletin is written once, in the transaction of what it follows from."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, exists, select

from borough.core import warnings as core
from borough.core.cases import ARRIVES, ENDS, Case, Event
from borough.core.errors import IllegalMove, NotFound, Stale
from borough.core.warnings import CANCEL, SENSOR, Bulletin, Course, Cue, WarningRule
from borough.storage.sql.bundles import later
from borough.storage.sql.caselog import found, log_of, written
from borough.storage.sql.cases import DESK
from borough.storage.sql.counting import raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.paging import page
from borough.storage.sql.timers import SqlTimers, Timer
from borough.storage.sql.warnings_table import warnings as table

Compose = Callable[[Case, Cue, int], tuple[Bulletin, str, str]]
"""Makes of what is due at a moment the bulletin, its document, and how others refer to it."""
Wrote = Callable[[Connection, Case, Event], Case]
"""Writes an event of a case in a transaction that is open already."""
KIND = "warning"
"""Of the timers that run out when a warning must be told again."""
MATTERS = (
    ARRIVES | ENDS | {"joined", "level", "task_done", core.CONFIRMED, core.WITHDRAWN}
)  # fmt: skip
"""Events after which another bulletin may be due."""
_C, _INSERT = table.c, table.insert()
SHOWN = tuple(each for each in _C if each.name != "document")


class SqlWarnings:
    """Keeps the bulletins to the public about all cases.

    ``rules`` are those of the scenes that warn, by id, ``compose`` puts a bulletin into words, and
    ``wrote`` writes an event of a case with all that follows from it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        rules: Mapping[str, WarningRule] | None = None,
        compose: Compose | None = None,
        wrote: Wrote = written,
    ) -> None:
        self._engine = engine
        self._rules = rules or {}
        self._compose = compose
        self._wrote = wrote

    def current(self, now_ms: int) -> list[dict[str, Any]]:
        """Give the warnings in force, newest first: neither replaced, cancelled nor run out."""
        later = table.alias()
        replaced = exists().where(
            later.c.case_id == _C.case_id, later.c.number > _C.number, later.c.sent_ms <= now_ms
        )
        chosen = select(*SHOWN).where(
            _C.kind != CANCEL, _C.sent_ms <= now_ms, _C.expires_ms > now_ms, ~replaced
        )
        return self._rows(chosen.order_by(_C.id.desc()))

    def find(self, *, case: int = 0, before: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Give bulletins, newest first; go on with ``before`` the last id given."""
        chosen = select(*SHOWN).order_by(_C.id.desc()).limit(page(limit))
        if case:
            chosen = chosen.where(_C.case_id == case)
        if before:
            chosen = chosen.where(_C.id < before)
        return self._rows(chosen)

    def document(self, identifier: str) -> str:
        """Give a bulletin as it was sent; or `NotFound`."""
        with reading(self._engine) as connection:
            sent = connection.scalar(select(_C.document).where(_C.identifier == identifier))
        if sent is None:
            msg = f"warning: there is no {identifier!r}"
            raise NotFound(msg)
        return str(sent)

    def confirm(
        self, case: int, *, level: str, note: str, by: str, at_ms: int, expected_version: int
    ) -> Case:  # fmt: skip
        """Let the warnings of a case out; raises `Stale`, `IllegalMove` or `BadRequest`."""
        with writing(self._engine) as connection:
            now, rule, told = self._seen(connection, case, expected_version)
            event = core.confirming(rule, now, told, level, note=note, at_ms=at_ms, by=by)
            return self._wrote(connection, now, event)

    def withdraw(self, case: int, *, note: str, by: str, at_ms: int, expected_version: int) -> Case:
        """Take the warning of a case back; raises `Stale`, `IllegalMove` or `BadRequest`."""
        with writing(self._engine) as connection:
            now, _, told = self._seen(connection, case, expected_version)
            event = core.withdrawing(now, told, note=note, at_ms=at_ms, by=by)
            return self._wrote(connection, now, event)

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Tell the public what an event of a case asks for, in the event's transaction."""
        rule = self._rules.get(case.scene)
        if rule is None or event.verb not in MATTERS:
            return case
        due = core.wanted(rule, _told(connection, rule, case.id))
        return self._sent(connection, rule, case, due, event.at_ms) if due else case

    def unmoved(self, connection: Connection, case: Case, event: Event) -> Case:
        """Tell what follows of a sign that changes no level.

        Only where readings may fall below what a person chose can that be anything.
        """
        rule = self._rules.get(case.scene)
        return (
            case if rule is None or rule.falls != SENSOR else self.follow(connection, case, event)
        )

    def renew(
        self, connection: Connection, case: Case | None, _timer: Timer, now_ms: int
    ) -> Case | None:
        """Tell a warning again that is about to run out and still holds."""
        rule = self._rules.get(case.scene) if case else None
        if case is None or rule is None:
            return None
        due = core.renewing(rule, _told(connection, rule, case.id))
        return self._sent(connection, rule, case, due, now_ms) if due else None

    def _sent(
        self, connection: Connection, rule: WarningRule, case: Case, due: Cue, at_ms: int
    ) -> Case:
        """Write a bulletin down, and when it must be told again."""
        if self._compose is None:
            return case
        bulletin, document, reference = self._compose(case, due, at_ms)
        later(connection, table, _INSERT, _row(connection, bulletin, due, document))
        if due.kind == CANCEL:
            SqlTimers.drop(connection, case.id, KIND)
        else:
            again = bulletin.expires_ms - rule.renew_before_ms
            SqlTimers.set(connection, case.id, KIND, "", again)
        data = {
            "warning": bulletin.identifier, "kind": due.kind, "level": due.level,
            "level_name": bulletin.level_name, "reference": reference,
        }  # fmt: skip
        sent = Event(case.version + 1, at_ms, DESK, core.SENT, data)
        return self._wrote(connection, case, sent)

    def _seen(
        self, connection: Connection, case: int, version: int
    ) -> tuple[Case, WarningRule, Course]:
        now = found(connection, case)
        if now.version != version:
            msg = f"case {now.code} is at version {now.version}, and you saw {version}"
            raise Stale(msg)
        rule = self._rules.get(now.scene)
        if rule is None:
            msg = f"scene {now.scene} does not warn the public: it has no warning.toml"
            raise IllegalMove(msg)
        return now, rule, _told(connection, rule, case)

    def _rows(self, chosen: Any) -> list[dict[str, Any]]:
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]


def _told(connection: Connection, rule: WarningRule, case: int) -> Course:
    return core.told(rule, log_of(connection, case))


def _row(connection: Connection, bulletin: Bulletin, due: Cue, document: str) -> dict[str, Any]:
    same = (
        "identifier", "scene", "thing", "kind", "level", "level_name", "sent_ms", "expires_ms",
    )  # fmt: skip
    return {
        **{name: getattr(bulletin, name) for name in same},
        "id": raised(connection, "warning"),
        "case_id": bulletin.case,
        "number": due.number,
        "headline": dict(bulletin.signal.headline),
        "document": document,
    }
