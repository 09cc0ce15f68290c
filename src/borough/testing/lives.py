"""Logs of cases kept in memory, for whoever counts what became of them."""

from collections.abc import Iterator, Mapping, Sequence

from borough.core.cases import Event
from borough.testing.memory import MemoryCases


class MemoryLogs:
    """The logs of cases in memory; no detection stands behind them, and no post has an agency."""

    def __init__(self, cases: MemoryCases) -> None:
        self.cases = cases

    def logs(self, from_ms: int, to_ms: int, /) -> Iterator[tuple[int, str, Sequence[Event]]]:
        """Give (id, plan, log) of each case reported in a stretch of time."""
        for case, log in sorted(self.cases.logs.items()):
            if from_ms <= log[0].at_ms < to_ms:
                yield case, str(log[0].data["plan"]), log

    def began(self, _from_ms: int, _to_ms: int, /) -> Mapping[int, int]:
        """Know of no detection."""
        return {}

    def agencies(self) -> Mapping[str, str]:
        """Know of no post."""
        return {}
