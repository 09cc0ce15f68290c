"""Evaluations in SQL: drafts and logs are only added to, and what is frozen stays as it is."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, select

from borough.core import evaluations as core
from borough.core.cases import Event, canonical
from borough.core.errors import BadRequest, BoroughError, IllegalMove, NotFound, Stale
from borough.core.evaluations import ACCEPTED, OPEN, REJECTED, Draft, Evaluation
from borough.storage.sql.counting import raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.evaluation_tables import (
    evaluation_appeals as appeals,
    evaluation_drafts as drafts,
    evaluation_log as log,
    evaluation_rows as results,
    evaluations,
)
from borough.storage.sql.paging import page

FIELDS = tuple(field.name for field in fields(Evaluation))
SORTS = ("place", "subject", "name", "class", "rank", "score")
Also = Callable[[Connection, Evaluation], Any]
"""What else happens in the transaction of a step."""


class SqlEvaluations:
    """The evaluations of a district, one for each scene and period.

    Whoever changes one says which version of it they saw: `Stale` is raised where it is not the
    present one.  Every method that changes something is one transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, draft: Draft, *, by: str, at_ms: int) -> Evaluation:
        """Keep the first draft of a period; `IllegalMove` where the period has an evaluation."""
        with writing(self._engine) as connection:
            number = raised(connection, "evaluation")
            same = (evaluations.c.scene == draft.scene) & (evaluations.c.period == draft.period)
            there = connection.execute(select(evaluations.c.id).where(same)).scalar()
            if there is not None:
                msg = f"period: {draft.period} has evaluation {there} already; draft it anew there"
                raise IllegalMove(msg)
            event = core.drafting(draft, at_ms=at_ms, by=by)
            now = core.begun(number, event)
            connection.execute(evaluations.insert(), _row(now) | {"tally": dict(draft.tally)})
            _append(connection, number, event, "")
            _keep(connection, now, draft, at_ms)
            return now

    def redraft(
        self, number: int, draft: Draft, *, by: str, at_ms: int, why: str, expected_version: int
    ) -> Evaluation:
        """Work a draft out anew; the one before stays in the log."""
        with writing(self._engine) as connection:
            now = _seen(connection, number, expected_version)
            event = core.redrafting(now, draft, at_ms=at_ms, by=by, why=why)
            return _drawn(connection, now, event, draft)

    def step(
        self, number: int, event: Callable[[Evaluation], Event], *, expected_version: int,
        also: Also | None = None,
    ) -> tuple[Evaluation, Any]:  # fmt: skip
        """Write the entry that *event* makes of an evaluation as it is; give it afterwards.

        What *also* does happens with it or not at all, and what it returns is given too.
        """
        with writing(self._engine) as connection:
            now = _seen(connection, number, expected_version)
            after = _written(connection, now, event(now))
            return after, also(connection, after) if also else None

    def appeal(
        self, number: int, told: Mapping[str, str], *, by: str, at_ms: int
    ) -> tuple[Evaluation, dict[str, Any]]:
        """Take in an objection: *told* has subject, input, stated, claimed and reason."""
        with writing(self._engine) as connection:
            now = _found(connection, number)
            own = raised(connection, "evaluation-appeal")
            event = core.appealing(now, {**told, "appeal": own}, at_ms=at_ms, by=by)
            row = {
                **told, "id": own, "evaluation": number, "state": OPEN, "at_ms": at_ms, "by": by,
                "answer": "", "decided_ms": None, "decided_by": "", "draft": None,
            }  # fmt: skip
            connection.execute(appeals.insert(), row)
            return _written(connection, now, event), row

    def decide(
        self, appeal: int, answer: str, draft: Draft | None, *, by: str, at_ms: int,
        expected_version: int,
    ) -> Evaluation:  # fmt: skip
        """Accept an objection, with the draft that takes it into account, or reject it."""
        with writing(self._engine) as connection:
            row = _appeal(connection, appeal)
            if row["state"] != OPEN:
                msg = f"appeal {appeal} was {row['state']} already"
                raise IllegalMove(msg)
            now = _seen(connection, row["evaluation"], expected_version)
            event = core.deciding(now, appeal, answer, draft, at_ms=at_ms, by=by)
            after = (
                _drawn(connection, now, event, draft) if draft else _written(connection, now, event)
            )
            ends = {
                "state": ACCEPTED if draft else REJECTED, "answer": answer, "decided_ms": at_ms,
                "decided_by": by, "draft": after.draft if draft else None,
            }  # fmt: skip
            connection.execute(appeals.update().where(appeals.c.id == appeal).values(ends))
            return after

    def one(self, number: int) -> Evaluation:
        """Give an evaluation; or `NotFound`."""
        with reading(self._engine) as connection:
            return _found(connection, number)

    def find(self, scene: str = "", period: str = "", state: str = "") -> list[dict[str, Any]]:
        """List evaluations with their tallies, the newest period first."""
        c = evaluations.c
        chosen = select(evaluations).order_by(c.period.desc(), c.id.desc())
        for column, value in ((c.scene, scene), (c.period, period), (c.state, state)):
            if value:
                chosen = chosen.where(column == value)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def events(self, number: int) -> list[Event]:
        """Give the log of an evaluation, oldest first."""
        with reading(self._engine) as connection:
            return [event for event, _, _ in _entries(connection, number)]

    def snapshot(self, number: int, draft: int | None = None) -> dict[str, Any]:
        """Give all that a draft, or the present one, was worked out from; or `NotFound`."""
        with reading(self._engine) as connection:
            which = draft or _found(connection, number).draft
            mine = (drafts.c.evaluation == number) & (drafts.c.number == which)
            row = connection.execute(select(drafts).where(mine)).mappings().one_or_none()
        if row is None:
            msg = f"evaluation {number}: there is no draft {which}"
            raise NotFound(msg)
        return {**row, "snapshot": json.loads(row["snapshot"])}

    def rows(
        self, number: int, *, group: str = "", name: str = "", level: str = "",
        sort: str = "place", down: bool = False, start: int = 0, limit: int = 100,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Give a page of a result: rows of *group* and class *level*, with *name* in name or key.

        *sort* is one of `SORTS`; rows without a rank or score come last either way.
        """
        c = results.c
        if sort not in SORTS:
            msg = f"sort: must be one of {', '.join(SORTS)}, not {sort!r}"
            raise BadRequest(msg)
        chosen = select(c.body).where(c.evaluation == number)
        if group:
            chosen = chosen.where(c.group == group)
        if level:
            chosen = chosen.where(c["class"] == level)
        if name:
            chosen = chosen.where(c.name.contains(name) | c.subject.contains(name))
        none = {"rank": c.rank == 0, "score": c.score.is_(None), "class": c["class"] == ""}
        order = [none[sort]] if sort in none else []
        order += [c[sort].desc() if down else c[sort], c.group, c.rank, c.place]
        with reading(self._engine) as connection:
            found = connection.scalars(chosen.order_by(*order).offset(start).limit(page(limit)))
            return list(found)

    def row(self, number: int, subject: str) -> dict[str, Any]:
        """Give what an evaluation came to for one subject; or `NotFound`."""
        mine = (results.c.evaluation == number) & (results.c.subject == subject)
        with reading(self._engine) as connection:
            body = connection.scalar(select(results.c.body).where(mine))
        if body is None:
            msg = f"evaluation {number} has no {subject!r}"
            raise NotFound(msg)
        return dict(body)

    def appeals(self, number: int) -> list[dict[str, Any]]:
        """List the objections to an evaluation, oldest first."""
        chosen = select(appeals).where(appeals.c.evaluation == number).order_by(appeals.c.id)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def appealed(self, appeal: int) -> dict[str, Any]:
        """Give one objection; or `NotFound`."""
        with reading(self._engine) as connection:
            return _appeal(connection, appeal)

    def verify(self, number: int) -> list[str]:
        """Say what is wrong with an evaluation's log, row or result; empty where all holds."""
        with reading(self._engine) as connection:
            return _faults(connection, number)


def _row(now: Evaluation) -> dict[str, Any]:
    return {name: getattr(now, name) for name in FIELDS}


def _evaluation(row: RowMapping) -> Evaluation:
    return Evaluation(**{name: row[name] for name in FIELDS})


def _found(connection: Connection, number: int) -> Evaluation:
    chosen = select(evaluations).where(evaluations.c.id == number)
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        msg = f"evaluation: there is no {number}"
        raise NotFound(msg)
    return _evaluation(row)


def _appeal(connection: Connection, appeal: int) -> dict[str, Any]:
    chosen = select(appeals).where(appeals.c.id == appeal)
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        msg = f"appeal: there is no {appeal}"
        raise NotFound(msg)
    return dict(row)


def _seen(connection: Connection, number: int, version: int) -> Evaluation:
    now = _found(connection, number)
    if now.version != version:
        msg = f"evaluation {number} is at version {now.version}, and you saw {version}"
        raise Stale(msg)
    return now


def _drawn(connection: Connection, now: Evaluation, event: Event, draft: Draft) -> Evaluation:
    after = _written(connection, now, event)
    mine = evaluations.c.id == now.id
    connection.execute(evaluations.update().where(mine).values(tally=dict(draft.tally)))
    _keep(connection, after, draft, event.at_ms)
    return after


def _written(connection: Connection, now: Evaluation, event: Event) -> Evaluation:
    """Write the next entry; `Stale` where another was written meanwhile."""
    after = now.then(event)
    mine = (evaluations.c.id == now.id) & (evaluations.c.version == now.version)
    done = connection.execute(evaluations.update().where(mine).values(_row(after)))
    if done.rowcount != 1:
        msg = f"evaluation {now.id} was changed by somebody else; read it again"
        raise Stale(msg)
    last = (log.c.evaluation == now.id) & (log.c.seq == now.version)
    _append(connection, now.id, event, connection.scalars(select(log.c.hash).where(last)).one())
    return after


def _append(connection: Connection, number: int, event: Event, before: str) -> None:
    entry = {
        "evaluation": number, "seq": event.seq, "at_ms": event.at_ms, "actor": event.actor,
        "verb": event.verb, "data": canonical(event.data), "before": before,
        "hash": event.seal(number, before),
    }  # fmt: skip
    connection.execute(log.insert(), entry)


def _keep(connection: Connection, now: Evaluation, draft: Draft, at_ms: int) -> None:
    """Add a draft, and put its rows in the place of those of the one before."""
    kept = {
        "evaluation": now.id, "number": now.draft, "at_ms": at_ms, "code": draft.code,
        "result": draft.result, "snapshot": canonical(draft.snapshot),
    }  # fmt: skip
    connection.execute(drafts.insert(), kept)
    connection.execute(results.delete().where(results.c.evaluation == now.id))
    same = ("subject", "name", "group", "class", "level", "rank", "score")
    rows = [
        {name: row[name] for name in same}
        | {"evaluation": now.id, "place": place, "body": dict(row)}
        for place, row in enumerate(draft.rows)
    ]
    if rows:
        connection.execute(results.insert(), rows)


def _entries(connection: Connection, number: int) -> list[tuple[Event, str, str]]:
    chosen = select(log).where(log.c.evaluation == number).order_by(log.c.seq)
    return [
        (Event(row.seq, row.at_ms, row.actor, row.verb, json.loads(row.data)), row.before, row.hash)
        for row in connection.execute(chosen)
    ]


def _faults(connection: Connection, number: int) -> list[str]:
    wrong, last = [], ""
    entries = _entries(connection, number)
    for place, (event, before, own) in enumerate(entries, start=1):
        if event.seq != place or before != last:
            wrong.append(f"entry {place} does not follow the one before")
        if own != event.seal(number, before):
            wrong.append(f"entry {place} was changed after it was written")
        last = own
    try:
        told = core.folded(number, (event for event, _, _ in entries))
    except (BoroughError, KeyError, TypeError) as error:
        return [*wrong, f"the log cannot be followed: {error}"]
    kept = _found(connection, number)
    return wrong + [
        f"{name} is not what the log says"
        for name in FIELDS
        if getattr(kept, name) != getattr(told, name)
    ]
