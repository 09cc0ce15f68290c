"""How long a page may be."""

from borough.core.errors import BadRequest

MOST = 1000
"""Rows that one answer may hold."""


def page(limit: int) -> int:
    """Give *limit* back, or raise `BadRequest` where it is no length for a page."""
    if not 1 <= limit <= MOST:
        msg = f"limit: must be 1 to {MOST}, not {limit}"
        raise BadRequest(msg)
    return limit
