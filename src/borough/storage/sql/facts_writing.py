"""Writing facts: a new one, the next revision of one, or nothing where it says the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select

from borough.core.errors import BadFact
from borough.core.facts import Fact
from borough.core.units import plain as decimal_text
from borough.storage.sql import facts_tables as f
from borough.storage.sql.counting import current, raised

MANY = 500
"""Values in one query."""
FACTS = "fact"
"""The counter of facts."""
ADDED, REVISED, SAME = "added", "revised", "same"
T = TypeVar("T")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a fact: which it is, which revision now counts, and if that was news."""

    fact: int
    revision: int
    outcome: str


@dataclass(slots=True)
class Plan:
    """What is to be written, and what will have become of each fact."""

    fresh: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    done: list[Kept] = field(default_factory=list)


def kept(
    connection: Connection, given: Sequence[Fact], *, import_id: int, by: str, at_ms: int
) -> list[Kept]:
    """Keep facts in a transaction that is open already; one `Kept` for each, in order.

    What is known and says the same changes nothing; what says otherwise becomes the next
    revision.  Raises `BadFact` where two of *given* are the same fact and say different things.
    """
    keys = [each.key for each in given]
    now = _current(connection, keys)
    fresh = len(set(keys) - now.keys())
    start = raised(connection, FACTS, fresh) - fresh + 1
    plan = _planned(given, keys, now, start, {"at": at_ms, "import_id": import_id, "by": by})
    _write(connection, plan.fresh, plan.ended, plan.revisions)
    return plan.done


def foreseen(connection: Connection, given: Sequence[Fact]) -> list[Kept]:
    """Say what `kept` would do; it only reads."""
    keys = [each.key for each in given]
    start = current(connection, FACTS) + 1
    about = {"at": 0, "import_id": 0, "by": ""}
    return _planned(given, keys, _current(connection, keys), start, about).done


def _planned(
    given: Sequence[Fact], keys: Sequence[str], now: dict[str, Row], start: int, about: Row
) -> Plan:
    """Decide what becomes of each fact, the first new one having the number *start*."""
    plan, first = Plan(), dict[str, Fact]()
    for key, fact in zip(keys, given, strict=True):
        before = now.get(key)
        if key in first and before:
            plan.done.append(_again(first[key], fact, before))
            continue
        first[key] = fact
        if before and before["said"] == fact.said and not before["withdrawn"]:
            plan.done.append(Kept(before["fact"], before["revision"], SAME))
            continue
        number = before["fact"] if before else start + len(plan.fresh)
        revision, moment = 1, about["at"]
        if before:
            revision, moment = before["revision"] + 1, max(moment, before["recorded_ms"])
            plan.ended.append({"of": number, "turn": before["revision"], "ended": moment})
        else:
            plan.fresh.append(_fact_row(fact, number, key))
        who = {"import_id": about["import_id"], "by": about["by"]}
        now[key] = _revision_row(fact, number, revision) | {"recorded_ms": moment} | who
        plan.revisions.append(dict(now[key]))
        plan.done.append(Kept(number, revision, REVISED if before else ADDED))
    return plan


def _again(first: Fact, fact: Fact, now: Row) -> Kept:
    """Take a fact that was there in the same import; it must say the same."""
    if first.said != fact.said:
        msg = (
            f"value: row {fact.row} says {fact.comparator}{decimal_text(fact.value)}, and row "
            f"{first.row} says {first.comparator}{decimal_text(first.value)} of the same"
        )
        raise BadFact(msg)
    return Kept(now["fact"], now["revision"], SAME)


def taken_back(connection: Connection, import_id: int, *, by: str, at_ms: int) -> tuple[int, int]:
    """Undo what an import said, by saying once more what was said before it.

    Gives how many facts were set back and how many were left, because a later import spoke of
    them too.  The revisions stay; what the import added is marked as withdrawn.
    """
    mine = select(f.fact_revisions).where(f.fact_revisions.c.import_id == import_id)
    rows = [dict(row) for row in connection.execute(mine).mappings()]
    standing = [row for row in rows if row["superseded_ms"] is None and not row["withdrawn"]]
    before = _before(connection, standing, import_id)
    ended, revisions = [], []
    for row in standing:
        moment = max(at_ms, row["recorded_ms"])
        old = before.get(row["fact"])
        back = {**(old or row), "withdrawn": old is None, "by": by}
        back |= {"revision": row["revision"] + 1, "recorded_ms": moment, "superseded_ms": None}
        ended.append({"of": row["fact"], "turn": row["revision"], "ended": moment})
        revisions.append(back)
    _write(connection, [], ended, revisions)
    return len(standing), len({row["fact"] for row in rows} - {row["fact"] for row in standing})


def _before(connection: Connection, rows: Sequence[Row], import_id: int) -> dict[int, Row]:
    """Give, by fact, the last revision that no import which was taken back had said."""
    r, loads = f.fact_revisions.c, f.fact_imports.c
    chosen = select(f.fact_revisions).join_from(f.fact_revisions, f.fact_imports)
    chosen = chosen.where(loads.withdrawn_ms.is_(None), loads.id != import_id)
    chosen = chosen.where(r.withdrawn.is_(False)).order_by(r.revision)
    found: dict[int, Row] = {}
    for some in chunks(row["fact"] for row in rows):
        said = connection.execute(chosen.where(r.fact.in_(some))).mappings()
        found |= {row["fact"]: dict(row) for row in said}
    return found


def _current(connection: Connection, keys: Sequence[str]) -> dict[str, Row]:
    """Give the revision that counts now of each fact that is known, by its key."""
    r = f.fact_revisions.c
    columns = (f.facts.c.key, r.fact, r.revision, r.said, r.withdrawn, r.recorded_ms)
    chosen = select(*columns).join_from(f.facts, f.fact_revisions)
    found: dict[str, Row] = {}
    for some in chunks(dict.fromkeys(keys)):
        now = chosen.where(f.facts.c.key.in_(some), r.superseded_ms.is_(None))
        found |= {row["key"]: dict(row) for row in connection.execute(now).mappings()}
    return found


def _write(
    connection: Connection,
    fresh: Sequence[Row],
    ended: Sequence[Row],
    revisions: Sequence[Row],
) -> None:
    """Write new facts, end what no longer counts, and write what does."""
    r = f.fact_revisions.c
    if fresh:
        connection.execute(f.facts.insert(), fresh)
    if ended:
        ending = f.fact_revisions.update().where(
            r.fact == bindparam("of"), r.revision == bindparam("turn")
        )
        connection.execute(ending.values(superseded_ms=bindparam("ended")), ended)
    if revisions:
        connection.execute(f.fact_revisions.insert(), revisions)


def _fact_row(fact: Fact, number: int, key: str) -> dict[str, Any]:
    same = ("indicator", "definition", "region", "scope", "subject", "prices", "status",
            "document", "statement")  # fmt: skip
    period = fact.period
    return {name: getattr(fact, name) for name in same} | {
        "id": number,
        "key": key,
        "period_kind": period.kind,
        "period": period.code,
        "start_day": period.start.isoformat() if period.start else None,
        "end_day": period.end.isoformat() if period.end else None,
    }


def _revision_row(fact: Fact, number: int, revision: int) -> dict[str, Any]:
    same = ("unit", "comparator", "stated", "stated_unit", "note", "line", "row", "said")
    return {name: getattr(fact, name) for name in same} | {
        "fact": number,
        "revision": revision,
        "superseded_ms": None,
        "withdrawn": False,
        "value": decimal_text(fact.value),
        "number": float(fact.value),
        "attributes": dict(fact.attributes),
    }


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Cut values into pieces short enough for one query."""
    waiting = iter(values)
    while some := list(islice(waiting, MANY)):
        yield some
