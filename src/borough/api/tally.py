"""Count what comes through our own door, for the metrics."""

from collections import Counter

from borough.api.admission import Admitted


class Tally:
    """Rows over HTTP since the start: received = accepted + duplicate + rejected."""

    def __init__(self) -> None:
        self.received = 0
        self.accepted = 0
        self.duplicate = 0
        self.clamped = 0
        self.rejected: Counter[str] = Counter()

    def count(self, admitted: Admitted, *, fresh: bool) -> None:
        """Add one batch; one that is not *fresh* was taken before and was not taken again."""
        self.received += admitted.received
        if fresh:
            self.accepted += len(admitted.rows.series)
            self.clamped += admitted.clamped
        else:
            self.duplicate += len(admitted.rows.series)
        self.rejected.update(admitted.rejected)
