"""Hooks: programs elsewhere that are told of the events of cases, over HTTP."""

from dataclasses import asdict, dataclass, field
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
UNTOLD = frozenset({"secret", "former"})


@dataclass(frozen=True, slots=True)
class Hook:
    """A subscription: which events go to which address; an empty list lets everything through.

    ``secret`` is ``whsec_`` and Base64, shared with the receiver alone; ``former`` is the one
    before it, which signs beside it up to ``former_until_ms`` (clock on the wall).  ``says`` is
    why it rests where it is not ``active``.
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
    former: str = field(default="", repr=False)
    former_until_ms: int = 0

    def secrets(self, wall_ms: int) -> tuple[str, ...]:
        """Give the secrets that sign at a moment, the present one first."""
        still = bool(self.former) and wall_ms < self.former_until_ms
        return (self.secret, self.former) if still else (self.secret,)

    def told(self) -> dict[str, Any]:
        """Tell a hook to people: everything but its secrets."""
        return {name: value for name, value in asdict(self).items() if name not in UNTOLD}

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
