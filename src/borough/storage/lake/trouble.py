"""What can go wrong with history, beyond what the core can name."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import DeltaError

from borough.core.errors import HistoryDamaged, HistoryFull


def said(error: Exception) -> str:
    """Give what a library says in one line, without the colours of a terminal."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn what the disk says into `HistoryFull`; nothing is committed when it is raised."""
    try:
        yield
    except OSError as error:
        msg = f"{what} cannot be written: {said(error)}"
        raise HistoryFull(msg) from error


def _of_libraries() -> tuple[type[Exception], ...]:
    """Give what the libraries raise; DuckDB nothing where nobody has asked it anything yet."""
    duckdb = sys.modules.get("duckdb")
    return (DeltaError, duckdb.Error) if duckdb else (DeltaError,)


@contextmanager
def opening(what: str) -> Iterator[None]:
    """Turn what a broken table or Parquet file makes the libraries say into `HistoryDamaged`."""
    try:
        yield
    except _of_libraries() as error:
        msg = f"{what} cannot be read: {said(error)}"
        raise HistoryDamaged(msg) from error
