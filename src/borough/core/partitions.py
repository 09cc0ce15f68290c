"""Partitions: several journals side by side, and which of them a thing belongs to.

A thing belongs where the credential through which it reports belongs: that of its gateway, or its
own.  The bus deals messages out by the same rule, its subject transform ``partition(n, token)``,
which is FNV-1a over 32 bits (G. Fowler, L. C. Noll, K.-P. Vo), modulo n; tried on a real bus.  So
a gateway with all that reports through it is in one partition, and what it takes to see that it is
out is, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from borough.core.observations import Index
from borough.core.registry import Registry

_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: its number, counted from 0, of how many."""

    number: int = 0
    of: int = 1

    @property
    def single(self) -> bool:
        """Say whether it is all there is."""
        return self.of == 1

    @property
    def journal(self) -> str:
        """The subject under which its journal is kept."""
        return f"journal.{self.number}"

    @property
    def door(self) -> str:
        """The subject under which the HTTP door stores what belongs here."""
        return "door.http" if self.single else f"door.{self.number}.http"

    @property
    def doors(self) -> str:
        """The subjects of all that is stored for it."""
        return "door.>" if self.single else f"door.{self.number}.>"


WHOLE = Part()


def dealt(keys: Sequence[str], count: int) -> Index:
    """Say for each key which of *count* partitions it is in, as the bus says it.

    >>> dealt(["gw-1", "gw-2"], 4).tolist()
    [1, 0]
    """
    text = np.array([key.encode() for key in keys], np.bytes_)
    letters = (
        text.view(np.uint8).reshape(len(keys), -1) if len(keys) else np.zeros((0, 0), np.uint8)
    )
    lengths = np.char.str_len(text) if len(keys) else np.zeros(0, int)
    hashed = np.full(len(keys), _OFFSET, np.uint32)
    for place in range(letters.shape[1]):
        further = (hashed ^ letters[:, place]) * _PRIME
        hashed = np.where(place < lengths, further, hashed)
    return (hashed % np.uint32(count)).astype(np.int64)


def homes(registry: Registry, count: int) -> Index:
    """Say for each thing of a registry, by its row, which of *count* partitions it is in."""
    if count == 1:
        return np.zeros(len(registry.id), np.int64)
    own = dealt(registry.key, count)
    return np.where(registry.via >= 0, own[registry.via], own)


def home_of_series(registry: Registry, count: int) -> Index:
    """Say for each series which of *count* partitions it is in; -1 for those of no thing."""
    row = registry.row_of_series
    home = homes(registry, count)
    return np.where(row < 0, -1, home[row] if len(home) else row)
