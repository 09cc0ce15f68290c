"""Lines to PostgreSQL: where a transaction begins, and for which answers it waits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

_AHEAD = "ahead"
"""Where a line keeps the pipeline of its driver while statements are sent ahead."""
UNASKED: Mapping[str, bool] = {"unasked": True}
"""Option of a statement whose answer nobody waits for where statements are sent ahead."""
ALONE: Mapping[str, bool] = {"alone": True}
"""Option of a connection for one statement, around which no transaction is begun and ended."""


def begun(connection: Connection) -> None:
    """Begin a transaction: the driver would wait for the answer even where others are sent ahead.

    Where an isolation was chosen, the driver does it.
    """
    options = connection.get_execution_options()
    if not options.get("alone") and "isolation_level" not in options:
        _line(connection).execute("BEGIN", prepare=False)


@contextmanager
def sent_ahead(connection: Connection) -> Iterator[None]:
    """Send what is only written without waiting for each answer, and the commit with it.

    Whatever is asked waits for its answer, and so for all before it: what was sent and could not
    be done is heard of then, or at the end, in the same transaction.  SQLite answers at once.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    line, info = _line(connection), connection.info
    with line.pipeline() as pipeline:
        info[_AHEAD] = pipeline
        try:
            yield
            line.execute("COMMIT", prepare=False)
        finally:
            info.pop(_AHEAD, None)


def is_ahead(connection: Connection) -> bool:
    """Tell whether statements of a transaction are sent ahead."""
    return _AHEAD in connection.info


def awaited(
    connection: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any,
    _many: Any,
) -> None:  # fmt: skip
    """Wait for the answer to a statement, but for rows that are added and what nobody asks."""
    pipeline = connection.info.get(_AHEAD)
    if pipeline is None or context.execution_options.get("unasked"):
        return
    if not context.isinsert or context.compiled.effective_returning:
        pipeline.sync()


def _line(connection: Connection) -> Any:
    return connection.connection.driver_connection
