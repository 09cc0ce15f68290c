"""Replays in shares: each process answers for some of the things, and all say how far they are."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

from borough.core.errors import BadRequest
from borough.core.partitions import Part

EVERY_S = 0.2
"""How often it is told how far it is."""
Tell = Callable[[str, int, int], None]
T = TypeVar("T")


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""


@dataclass(slots=True)
class Afar:
    """Tells another process how far share *number* is: through a queue, and not too often."""

    words: Any
    number: int
    told: float = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say that *done* of *total* are finished."""
        if done >= total or time.monotonic() >= self.told + EVERY_S:
            self.told = time.monotonic()
            self.words.put((self.number, what, done, total))


def in_shares(
    work: Callable[[Part, Tell], T], parts: Sequence[Part], processes: int, tell: Tell
) -> Iterator[T]:
    """Do *work* for each share of the things, beside each other if there may be processes.

    Shares are the *parts* of the district; of one that has one only, as many as *processes*
    (`BadRequest` for fewer than one).  Of several, *tell* hears how far they are on average.
    """
    if processes < 1:
        msg = f"processes: must be at least 1, not {processes}"
        raise BadRequest(msg)
    shares = parts
    if len(parts) == 1:
        shares = [Part(number, processes) for number in range(processes)]
    if processes == 1:
        for share in shares:
            yield work(share, tell)
        return
    spawn = get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(processes, spawn) as pool:
        words = manager.Queue()
        waiting = {
            pool.submit(work, share, Afar(words, number)) for number, share in enumerate(shares)
        }
        far = [0.0] * len(shares)
        while waiting:
            ready, waiting = wait(waiting, EVERY_S, FIRST_COMPLETED)
            while not words.empty():
                number, what, done, total = words.get()
                far[number] = done / total
                tell(what, int(sum(far) / len(far) * total), total)
            for each in ready:
                yield each.result()
