"""Notices in SQL: what an event makes for whom, who answered, and who is told where nobody did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, and_, bindparam, select

from borough.core.cases import Case, Event, Plan
from borough.core.errors import BadRequest, NotFound
from borough.core.notices import (
    ANSWERING,
    SETTLING,
    NoticeRule,
    Recipient,
    chosen,
    worded,
)
from borough.core.outbox import NOTICE, Message
from borough.storage.sql.caselog import entries, found
from borough.storage.sql.counting import upsert
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.hooks import Wall
from borough.storage.sql.outbox import put
from borough.storage.sql.outbox_tables import notices as table, outbox
from borough.storage.sql.paging import page
from borough.storage.sql.recipients import SqlRecipients

_C = table.c
MOST = 500
"""Notices without an answer that one round looks at."""
UNANSWERED = and_(_C.answer_by_ms.is_not(None), _C.answered_ms.is_(None), _C.widened_ms.is_(None))
_LATE = select(table).where(UNANSWERED, _C.answer_by_ms < bindparam("now")).limit(MOST)
CARRIED = ("state", "held", "tries", "ended_ms", "says")
"""What the outbox knows of a notice."""


class SqlNotices:
    """Keeps what people were told; ``plans`` give the names of steps, ``wall`` the wall's time."""

    def __init__(
        self,
        engine: Engine,
        recipients: SqlRecipients,
        rules: Sequence[NoticeRule],
        *,
        plans: Mapping[str, Plan],
        zone: str,
        wall: Wall,
    ) -> None:
        self._engine = engine
        self._recipients = recipients
        self._rules = {each.id: each for each in rules}
        self._verbs = {verb for each in rules for verb in each.on}
        self._plans = plans
        self._zone = ZoneInfo(zone)
        self._wall = wall

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Tell those whom the rules name of an event, in its transaction; note what it answers."""
        if not self._recipients.known:
            return case
        if event.verb in SETTLING | ANSWERING:
            _settled(connection, case, event)
        if event.verb in self._verbs:
            for rule in self._rules.values():
                if rule.fits(case, event):
                    self._tell(connection, rule, case, event, circle=0, at_ms=event.at_ms)
        return case

    def widen(self, now_ms: int) -> int:
        """Tell the next circle of what nobody answered in time, once; say how many were due."""
        until = {"now": now_ms}
        with reading(self._engine) as connection:
            if connection.execute(_LATE, until).first() is None:
                return 0
        with writing(self._engine) as connection:
            late = [dict(row) for row in connection.execute(_LATE, until).mappings()]
            for row in late:
                widened = table.update().where(_C.id == row["id"]).values(widened_ms=now_ms)
                connection.execute(widened)
            for case_id, rule, seq, circle in {
                (row["case_id"], row["rule"], row["seq"], row["circle"]) for row in late
            }:
                self._next(connection, (case_id, rule, seq, circle), now_ms)
        return len(late)

    def answer(self, case: int, notice: str, *, by: str, at_ms: int) -> dict[str, Any]:
        """Note that a recipient has heard; all who were told the same need not answer any more."""
        with writing(self._engine) as connection:
            row = _one(connection, notice)
            if row["case_id"] != case:
                msg = f"notice: case {case} has no {notice!r}"
                raise NotFound(msg)
            if row["answered_ms"] is not None:
                msg = f"notice: {notice} was answered by {row['answered_by']}"
                raise BadRequest(msg)
            same = and_(
                _C.case_id == row["case_id"], _C.seq == row["seq"], _C.rule == row["rule"],
                _C.answered_ms.is_(None),
            )  # fmt: skip
            heard = {"answered_ms": at_ms, "answered_by": by}
            connection.execute(table.update().where(same).values(**heard))
            return _one(connection, notice)

    def find(
        self, *, case: int | None = None, recipient: str = "", unanswered: bool = False,
        limit: int = 100,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """List notices with what became of them, newest first."""
        carried = [outbox.c[name] for name in CARRIED]
        joined = table.outerjoin(outbox, outbox.c.id == _C.id)
        wanted = select(table, *carried).select_from(joined)
        wanted = wanted.order_by(_C.at_ms.desc(), _C.id.desc()).limit(page(limit))
        if case is not None:
            wanted = wanted.where(_C.case_id == case)
        if recipient:
            wanted = wanted.where(_C.recipient == recipient)
        if unanswered:
            wanted = wanted.where(_C.answer_by_ms.is_not(None), _C.answered_ms.is_(None))
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def some(self, notices: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Give notices by id."""
        wanted = select(table).where(_C.id.in_(notices))
        with reading(self._engine) as connection:
            return {row["id"]: dict(row) for row in connection.execute(wanted).mappings()}

    def _next(self, connection: Connection, told: tuple[int, str, int, int], now_ms: int) -> None:
        case_id, name, seq, circle = told
        rule, case = self._rules.get(name), found(connection, case_id)
        if rule is None or case.closed_ms is not None:
            return
        event = next(each for each, _, _ in entries(connection, case_id) if each.seq == seq)
        self._tell(connection, rule, case, event, circle=circle + 1, at_ms=now_ms)

    def _tell(
        self, connection: Connection, rule: NoticeRule, case: Case, event: Event, *,
        circle: int, at_ms: int,
    ) -> None:  # fmt: skip
        """Tell the first circle, from *circle* on, in which there is anybody."""
        while whom := rule.circle(circle):
            told = chosen(self._recipients.known.values(), whom, case, event.data)
            if told:
                self._put(connection, rule, case, event, told, circle=circle, at_ms=at_ms)
                return
            circle += 1

    def _put(
        self, connection: Connection, rule: NoticeRule, case: Case, event: Event,
        whom: Sequence[Recipient], *, circle: int, at_ms: int,
    ) -> None:  # fmt: skip
        urgent = rule.is_urgent(case) or circle > 0
        rows, messages = [], []
        for one in whom:
            facts = self._facts(rule, case, event, one)
            row = {
                "id": f"ntc_{case.id}_{event.seq}_{rule.id}_{circle}_{one.code}", "rule": rule.id,
                "case_id": case.id, "seq": event.seq, "recipient": one.code, "circle": circle,
                "urgent": urgent, "at_ms": at_ms, "step": case.step,
                "task": str(event.data.get("task", "")),
                "title": worded(rule.title, one.language, facts),
                "text": worded(rule.text, one.language, facts),
                "answer_by_ms": at_ms + rule.answer_ms if rule.answer_ms else None,
                "answered_ms": None, "answered_by": "", "widened_ms": None,
            }  # fmt: skip
            rows.append(row)
            messages.append(self._message(row, one))
        adding = upsert(connection, table).on_conflict_do_nothing(index_elements=["id"])
        connection.execute(adding, rows)
        put(connection, messages)

    def _message(self, row: Mapping[str, Any], one: Recipient) -> Message:
        wall = self._wall(row["at_ms"])
        made = Message(
            row["id"], NOTICE, one.code, row["case_id"], row["seq"], "", made_ms=wall, due_ms=wall
        )
        rests = None if row["urgent"] else one.rests_until(row["at_ms"], self._zone)
        return made if rests is None else replace(made, due_ms=self._wall(rests), held=True)

    def _facts(self, rule: NoticeRule, case: Case, event: Event, one: Recipient) -> dict[str, Any]:
        plan = self._plans.get(case.plan)
        step = plan.steps.get(case.step) if plan else None
        named = step.title.get(one.language, case.step) if step else case.step
        due = event.data.get("due_ms", case.due_ms)
        return {
            "code": case.code, "title": case.title.get(one.language, ""), "step": named,
            "post": event.data.get("post", case.post), "level": case.level,
            "agency": event.data.get("agency", case.agency), "band": event.data.get("band", ""),
            "due": self._moment(due), "at": self._moment(event.at_ms),
            "task": event.data.get("task", ""), "limit": rule.answer_ms // 60_000,
        }  # fmt: skip

    def _moment(self, at_ms: int | None) -> str:
        if at_ms is None:
            return ""
        return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self._zone):%m-%d %H:%M}"


def _settled(connection: Connection, case: Case, event: Event) -> None:
    """Whoever acts has heard: what was asked at the step before, or of the task, is answered."""
    mine = and_(_C.case_id == case.id, UNANSWERED, _C.seq < event.seq)
    if event.verb in ANSWERING:
        mine = and_(mine, _C.task == str(event.data.get("task", "")))
    heard = {"answered_ms": event.at_ms, "answered_by": event.actor}
    connection.execute(table.update().where(mine).values(**heard))


def _one(connection: Connection, notice: str) -> dict[str, Any]:
    row = connection.execute(select(table).where(_C.id == notice)).mappings().one_or_none()
    if row is None:
        msg = f"notice: there is no {notice!r}"
        raise NotFound(msg)
    return dict(row)
