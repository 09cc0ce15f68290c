"""Replay: hand a stretch of the journal to the scenes again and hear what they say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from borough.core.frames import Frame
from borough.engine.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two tellings of one stretch: what both say, and what only one of them does.

    A change is known by the name of its detection, its position and its level.
    """

    same: int
    missing: list[dict[str, Any]]
    extra: list[dict[str, Any]]

    @property
    def equal(self) -> bool:
        """Say whether the two tellings are one."""
        return not self.missing and not self.extra


def replay(pipeline: Pipeline, frames: Iterable[tuple[int, Frame]]) -> Iterator[dict[str, Any]]:
    """Give every change of level, spelled out, in the order of the journal.

    *frames* are ``(sequence, frame)`` in rising order, from where the pipeline stands.
    Results of derivations are read from the journal, as the live run left them there.
    """
    for sequence, frame in frames:
        for edges in pipeline.read(frame.record(sequence), frame.cause).edges:
            yield from edges.spelled()


def compare(live: Iterable[dict[str, Any]], again: Iterable[dict[str, Any]]) -> Comparison:
    """Compare what a live run said with what a replay says."""
    first = {(each["id"], each["position"], each["level"]): each for each in live}
    second = {(each["id"], each["position"], each["level"]): each for each in again}
    return Comparison(
        same=len(first.keys() & second.keys()),
        missing=[first[key] for key in sorted(first.keys() - second.keys())],
        extra=[second[key] for key in sorted(second.keys() - first.keys())],
    )
