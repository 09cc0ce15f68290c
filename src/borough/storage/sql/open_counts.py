"""Counts of open cases that are alike, kept in the transaction of what changes them."""

from collections.abc import Iterable

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from borough.core.cases import Case
from borough.storage.sql.bundles import one_or_all
from borough.storage.sql.queue_table import FACETS, open_counts

Alike = tuple[str | bool, ...]
"""What a case is counted by, in the order of `FACETS`."""


def alike(case: Case) -> Alike | None:
    """Say what a case is counted by; None where it is not open."""
    if case.closed_ms is not None:
        return None
    return tuple(getattr(case, name) for name in FACETS)


def recounted(connection: Connection, pairs: Iterable[tuple[Case | None, Case]]) -> None:
    """Count cases anew: each as it was, None where it is new, and as it is now."""
    change: dict[Alike, int] = {}
    for before, after in pairs:
        was, now = alike(before) if before else None, alike(after)
        if was != now:
            for key, by in ((was, -1), (now, 1)):
                if key is not None:
                    change[key] = change.get(key, 0) + by
    rows = [
        {**dict(zip(FACETS, key, strict=True)), "open": by}
        for key, by in sorted(change.items())
        if by
    ]
    if rows:
        connection.execute(_COUNTING[connection.dialect.name], one_or_all(rows))


_COUNTING = {
    name: adding.on_conflict_do_update(
        index_elements=list(FACETS), set_={"open": open_counts.c.open + adding.excluded.open}
    )
    for name, adding in (
        ("sqlite", sqlite_insert(open_counts)),
        ("postgresql", postgresql_insert(open_counts)),
    )
}
"""Made once: building a statement costs more than running it."""
