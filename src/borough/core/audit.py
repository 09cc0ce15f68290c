"""The audit log as pure data: who did what to what, each entry tied to the one before."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from borough.core.cases import canonical

SUBJECTS = (
    "case", "errand", "task", "scene", "thing", "evaluation", "appeal", "fact", "import", "account",
    "number", "person", "request", "warning", "post", "shelf", "share", "hook", "notice", "file",
)  # fmt: skip
"""Fields of a request that say what it is about; nothing else of it enters the log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log; ``at_ms`` is by the clock on the wall.

    ``subject`` names what it was done to, such as ``case 12``.  ``data`` never holds personal
    data: the log outlives it.
    """

    seq: int
    at_ms: int
    actor: str
    verb: str
    subject: str
    data: Mapping[str, Any]

    def seal(self, before: str) -> str:
        """Give the SHA-256 (hex) that ties this entry to the one *before*."""
        said = [before, self.seq, self.at_ms, self.actor, self.verb, self.subject, self.data]
        return sha256(canonical(said).encode()).hexdigest()


Row = tuple[Entry | None, str, str, int]
"""An entry (None where its text cannot be read), the hash before it, its own, its number."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far the log went at some moment, kept elsewhere; ``seq:hash`` as people copy it."""

    seq: int
    hash: str

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """Read ``seq:hash``; `ValueError` where it is none."""
        seq, _, own = text.strip().partition(":")
        if len(own) != len(sha256().hexdigest()):
            raise ValueError(text)
        return cls(int(seq), own)

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def subject_of(ask: Mapping[str, Any]) -> str:
    """Say what a request is about.

    >>> subject_of({"case": 12, "note": "..."}), subject_of({})
    ('case 12', '')
    """
    named = [f"{name} {ask[name]}" for name in SUBJECTS if isinstance(ask.get(name), int | str)]
    return " · ".join(named)[:200]


def faults(rows: Iterable[Row], anchors: Iterable[Anchor] = ()) -> Iterator[tuple[int, str]]:
    """Follow the log from its first entry; give each number where it is broken, and how.

    *anchors* are places that it must contain; so a cut tail is noticed.
    """
    wanted = {each.seq: each.hash for each in anchors}
    last, place = "", 0
    for entry, before, own, seq in rows:
        place += 1
        if seq != place:
            yield place, f"missing: entry {seq} comes where {place} should be"
            place = seq
        elif before != last:
            yield seq, "does not follow the entry before"
        if entry is None or own != entry.seal(before):
            yield seq, "was changed after it was written"
        if wanted.pop(seq, own) != own:
            yield seq, "is not the one that the anchor names"
        last = own
    for seq in sorted(wanted):
        yield seq, f"missing: the log ends at {place}, and an anchor names {seq}"
