"""What the door for Open311 needs of the rest of the product."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from borough.core.offers import Offer, PublicRequest, Update


class PublicRequests(Protocol):
    """Requests as the public sees them; those that are secret are not there."""

    def one(self, code: str, /) -> PublicRequest:
        """Give one by its code; `NotFound` if there is none."""
        ...

    def named(self, codes: Sequence[str], /) -> Sequence[PublicRequest]:
        """Give those of some codes; unknown codes are passed over."""
        ...

    def by_token(self, token: str, /) -> PublicRequest:
        """Give the one whose caller holds this token; `NotFound` if there is none."""
        ...

    def find(
        self, *, services: Sequence[str], statuses: Sequence[str], since_ms: int, until_ms: int,
        skip: int, limit: int,
    ) -> Sequence[PublicRequest]:  # fmt: skip
        """List those that came in from *since_ms* to *until_ms*, newest first."""
        ...

    def updates(
        self, *, since_ms: int, until_ms: int, skip: int, limit: int
    ) -> Sequence[tuple[PublicRequest, Update]]:
        """List what was done in a time, oldest first, with the request it was done about."""
        ...


class Ground(Protocol):
    """The ground of the district."""

    def holds(self, lon: float, lat: float, /) -> bool:
        """Tell whether a point (degrees, WGS 84) lies in the district."""
        ...

    def names(self, code: str, /) -> str:
        """Name the ground of a grid or community by its code; empty where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Open311:
    """What a district offers over Open311, and where its requests and its ground are."""

    listing: Offer
    requests: PublicRequests
    ground: Ground
