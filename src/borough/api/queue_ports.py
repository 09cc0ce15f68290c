"""What the door to the open cases needs of the rest of the product."""

from typing import Protocol

from borough.core.queue import Page, Wanted


class Queue(Protocol):
    """The open cases, sorted, a page at a time."""

    def page(self, wanted: Wanted, /, *, sort: str, after: str, limit: int) -> Page:
        """Give a page of what fits; `BadRequest` where *after* is not what a page gave."""
        ...
