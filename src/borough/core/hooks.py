"""Hooks: programs elsewhere that are told of the events of cases, over HTTP."""

from dataclasses import dataclass, field
from typing import Any

from borough.core.cases import Case, Event

REMARKS = frozenset({"note", "answers", "says", "why"})
"""What people wrote in their own words; only hooks with ``remarks`` are told it."""
HEAD = (
    "id", "code", "scene", "event", "source", "thing", "grid", "lon", "lat", "plan", "title",
    "step", "holder", "post", "agency", "urgent", "level", "worst", "band", "opened_ms",
    "due_ms", "limit_due_ms", "closed_ms", "outcome", "version",
)  # fmt: skip
"""What a message tells of the case, as it is after the event."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A subscription: which events go to which address; an empty list lets everything through.

    ``secret`` is ``whsec_`` and Base64, shared with the receiver alone.  ``says`` is why it rests
    where it is not ``active``.
    """

    id: str
    url: str
    secret: str = field(repr=False)
    events: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    remarks: bool = False
    active: bool = True
    says: str = ""
    made_ms: int = 0
    by: str = ""

    def wants(self, case: Case, event: Event) -> bool:
        """Say whether an event of a case is to be told here."""
        return (
            self.active
            and (not self.events or event.verb in self.events)
            and (not self.scenes or case.scene in self.scenes)
            and (
                not self.agencies
                or bool({case.agency, event.data.get("agency")} & {*self.agencies})
            )
        )

    def message_id(self, case: int, seq: int) -> str:
        """Give the id of a message: the same for ever, so whoever hears it twice can tell."""
        return f"msg_{self.id}_{case}_{seq}"


def payload(case: Case, event: Event, *, remarks: bool, at: str) -> dict[str, Any]:
    """Say what a receiver is told, after Standard Webhooks: type, timestamp (*at*), data."""
    told = {name: each for name, each in event.data.items() if remarks or name not in REMARKS}
    said = {"seq": event.seq, "at_ms": event.at_ms, "actor": event.actor, "verb": event.verb}
    return {
        "type": f"case.{event.verb}",
        "timestamp": at,
        "data": {
            "case": {name: getattr(case, name) for name in HEAD},
            "event": said | {"data": told},
        },
    }
