"""Approvals: what of a case must be asked for, who decides in which order, and within which bounds.

The numbers and names are data (``approvals.toml`` beside the engine); this says what they mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from borough.core.deadlines import DAY_MS
from borough.core.shapes import fitted

EXTENSION, SUSPENSION, APPEAL = MATTERS = ("extension", "suspension", "appeal")
"""What may be asked for: more time, standing still until a day, leaving a lateness out."""
KEYS = {
    EXTENSION: {"most": "count", "approvals": "texts", "source": "text"},
    SUSPENSION: {"longest_days": "count", "approvals": "texts", "source": "text"},
    APPEAL: {"approvals": "texts", "source": "text"},
    "verification": {"sources": "rows", "source": "text"},
}


@dataclass(frozen=True, slots=True)
class Approvals:
    """How often a limit may be extended, how long a case may stand still, and who says so.

    ``by`` names the roles that decide one after the other, for each of `MATTERS`; ``verified``
    are the sources whose cases are looked at before they are opened.
    """

    extensions: int
    suspension_ms: int
    by: Mapping[str, tuple[str, ...]]
    verified: frozenset[str]

    @classmethod
    def declared(cls, text: Mapping[str, Any]) -> Self:
        """Check the parsed table; raises `BadScene` naming the key."""
        said = fitted(text, dict.fromkeys(KEYS, "table"))
        told = {name: fitted(said[name], keys, (name,)) for name, keys in KEYS.items()}
        return cls(
            extensions=told[EXTENSION]["most"],
            suspension_ms=told[SUSPENSION]["longest_days"] * DAY_MS,
            by={what: tuple(told[what]["approvals"]) for what in MATTERS},
            verified=frozenset(told["verification"]["sources"]),
        )
