"""People in memory: whoever a test lets in, and an audit log that only grows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from borough.core.audit import Anchor, Entry
from borough.core.cases import Case
from borough.core.people import Who

Row = Mapping[str, Any]


class MemoryPeople:
    """Sessions and tokens by the digest of what is shown; accounts and links to set by hand."""

    def __init__(self) -> None:
        self.known: dict[str, Who] = {}
        self.hashes: dict[str, str] = {}
        self.subjects: dict[str, str] = {}
        self.links: dict[str, Row] = {}
        self.agencies: dict[str, str] = {}
        self.fields: dict[int, Mapping[str, str]] = {}

    def let_in(self, token: str, who: Who) -> str:
        """Let somebody in who shows *token*; give it."""
        self.known[sha256(token.encode()).hexdigest()] = who
        return token

    def session(self, digest: str, /) -> Who | None:
        """Say whose session this opens."""
        who = self.known.get(digest)
        return who if who and who.rights is None else None

    def program(self, digest: str, /) -> Who | None:
        """Say which program's token this is."""
        who = self.known.get(digest)
        return who if who and who.rights is not None else None

    def password(self, account: str, /) -> str:
        """Give the hash of an account."""
        return self.hashes.get(account, "")

    def outside(self, subject: str, /) -> str:
        """Name the account of a subject."""
        return self.subjects.get(subject, "")

    def link(self, digest: str, /) -> Row | None:
        """Tell a link."""
        return self.links.get(digest)

    def accounts(self) -> Sequence[Row]:
        """List nobody."""
        return []

    def sessions(self, _account: str, /) -> Sequence[Row]:
        """List no sessions."""
        return []

    def tokens(self) -> Sequence[Row]:
        """List no tokens."""
        return []

    def unread(self, persons: Iterable[int], /) -> Mapping[int, Mapping[str, str]]:
        """Give persons' data."""
        return {each: self.fields.get(each, {}) for each in persons}

    def involved(self, case: Case, /) -> Collection[str]:
        """Name the agencies of a case."""
        return {case.agency, self.agencies.get(case.post, "")} - {""}


class MemoryAudit:
    """An audit log in a list."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def find(self, *, actor: str, verb: str, before: int, limit: int) -> Sequence[Row]:
        """List entries, newest first."""
        found = [
            {"seq": each.seq, "actor": each.actor, "verb": each.verb, "subject": each.subject}
            for each in reversed(self.entries)
            if actor in {"", each.actor} and verb in {"", each.verb}
            and (not before or each.seq < before)
        ]  # fmt: skip
        return found[:limit]

    def anchor(self) -> Anchor:
        """Say how far the log goes."""
        return Anchor(len(self.entries), "")


class PeopleDesk:
    """A desk that opens sessions and nothing else."""

    def __init__(self, people: MemoryPeople) -> None:
        self.people = people
        self.heard: list[tuple[str, Row]] = []

    async def ask(self, verb: str, body: Row, /) -> Row:
        """Open a session for whoever may have one."""
        self.heard.append((verb, body))
        if verb == "sign_in":
            self.people.known[body["session"]] = Who(body["account"], "person", session=1)
        return {}
