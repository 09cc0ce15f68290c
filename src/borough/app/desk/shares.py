"""What may be asked of the desk about shared data: apply, decide, and write down who read what."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk

ASKED = (
    "partner", "level", "dataset", "fields", "masks", "areas", "kinds", "basis", "purpose",
    "from_ms", "to_ms",
)  # fmt: skip


def ask_share(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Enter what a partner asks to read."""
    told = {name: ask[name] for name in ASKED}
    return Answer(asdict(desk.outward.shares.ask(told, by=ask["by"], at_ms=desk.now())))


def decide_share(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Grant, refuse or end a share."""
    told = {"by": ask["by"], "at_ms": desk.now(), "why": ask.get("note", "")}
    return Answer(asdict(desk.outward.shares.decide(ask["share"], ask["state"], **told)))


def note_share_read(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Write down that a page of a share is being read."""
    told = {name: ask[name] for name in ("rows", "after", "form")}
    desk.outward.shares.note(ask["share"], who=ask["by"], at_ms=desk.now(), **told)
    return Answer({"share": ask["share"]})


VERBS = {
    "ask_share": ask_share,
    "decide_share": decide_share,
    "note_share_read": note_share_read,
}
