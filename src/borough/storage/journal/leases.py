"""A lease on the bus: one of several workers does what only one may do, and another if it dies.

A lease is a message under its own subject that the bus forgets by its own clock when nobody writes
it again.  It is taken by writing where there is none, and renewed by writing right behind oneself;
the bus does both in one step or not at all.  It only says who should work: that nobody else writes
is seen to where things are written, by the journal.
"""

import json

from borough.core.errors import Stale
from borough.storage.journal.ports import Link
from borough.storage.journal.streams import Receipts, confirm_to

STREAM = "LEASES"


class BusLease:
    """One lease, as a holder sees it; the link must serve nothing else."""

    def __init__(self, link: Link, name: str, holder: str) -> None:
        self._link = link
        self._subject = f"lease.{name}"
        self._holder = holder
        self._last = 0

    def take(self) -> bool:
        """Take the lease if nobody holds it."""
        self._last = 0
        return self.renew()

    def renew(self) -> bool:
        """Hold the lease on; false if it is not ours (any more)."""
        head = b"Nats-Expected-Last-Subject-Sequence: %d\r\n" % self._last
        body = json.dumps({"holder": self._holder}).encode()
        self._link.publish(self._subject.encode(), body, confirm_to(self._link, 0), head)
        try:
            self._last = Receipts(self._link).of(0)
        except Stale:
            return False
        return True

    def give_up(self) -> None:
        """Let the next one have it at once."""
        wanted = {"filter": self._subject, "seq": self._last + 1}
        self._link.call(f"$JS.API.STREAM.PURGE.{STREAM}", wanted)


def make_leases(link: Link, for_s: float) -> None:
    """Create the stream of leases, each of which holds *for_s* without being renewed."""
    config = {
        "name": STREAM,
        "subjects": ["lease.>"],
        "storage": "file",
        "max_msgs_per_subject": 1,
        "max_age": round(for_s * 10**9),
        "duplicate_window": min(round(for_s * 10**9), 120 * 10**9),
        "num_replicas": link.copies,
        "allow_direct": False,
    }
    exists = link.call(f"$JS.API.STREAM.INFO.{STREAM}", missing=True)
    link.call(f"$JS.API.STREAM.{'UPDATE' if exists else 'CREATE'}.{STREAM}", config)
