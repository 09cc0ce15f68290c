"""Cut messages into words and short runs of characters, as columns of numbers.

Chinese has no blanks: a run of two to four characters is often a word, and needs no
dictionary.  Words come on top: where a message has been cut into words already, by its blanks,
else from a segmenter.  What stands at the beginning, the subject, is counted once more.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
Places = NDArray[np.int64]

FACTOR = np.uint64(0x100000001B3)
STIR = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
WORDS_IN_A_BLANK = 6
"""A text that is cut into words has a blank for every so many characters, or fewer."""


@dataclass(frozen=True, slots=True)
class Block:
    """One view of a message: its words, or its runs of characters up to *reach* characters."""

    name: str
    longest: int
    reach: int = 0
    weight: float = 1.0
    words: bool = False


BLOCKS = (
    Block("words", 1, words=True),
    Block("characters", 4, weight=2.0),
    Block("subject", 3, reach=30),
    Block("opening", 3, reach=60),
)
"""Chosen on grouped folds of one public set; see docs/why/triage.md for what each adds."""


@dataclass(frozen=True, slots=True)
class Grams:
    """What was found: message, hash, first character and length of every gram, as columns."""

    message: Places
    code: Codes
    start: Places
    length: Places


@dataclass(frozen=True, slots=True)
class Written:
    """Messages laid end to end as character codes, without blanks, with their word borders."""

    characters: Codes
    message: Places
    place: Places
    word_start: Places
    count: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Lay messages out; width, case and compatibility forms of characters are evened out."""
        cut = [words_of(text) for text in texts]
        sizes = np.array([sum(map(len, words)) for words in cut], np.int64)
        joined = "".join("".join(words) for words in cut)
        lengths = np.array([len(word) for words in cut for word in words], np.int64)
        first = np.cumsum(sizes) - sizes
        message = np.repeat(np.arange(len(cut)), sizes)
        return cls(
            np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.uint64),
            message,
            np.arange(len(joined)) - first[message],
            np.cumsum(lengths) - lengths,
            len(cut),
        )

    def text(self) -> str:
        """Give the characters back as text."""
        return self.characters.astype(np.uint32).tobytes().decode("utf-32-le")


def words_of(text: str) -> list[str]:
    """Cut a message into words, by its blanks if it has been cut, else by the segmenter.

    >>> words_of("小区 停车 收费"), words_of("Ａ３区停电") == words_of("A3区停电")
    (['小区', '停车', '收费'], True)
    """
    even = unicodedata.normalize("NFKC", text).lower()
    parts = even.encode("utf-8", "ignore").decode().split()
    size = sum(map(len, parts))
    if len(parts) * WORDS_IN_A_BLANK >= size and len(parts) > 1:
        return parts
    import rjieba  # noqa: PLC0415 - its dictionary takes 30 MB, which few processes need

    return [word for part in parts for word in rjieba.cut(part)]


def grams(written: Written, blocks: Sequence[Block] = BLOCKS) -> list[Grams]:
    """Find all grams of each block.  The hash of a gram tells its block and length as well."""
    return [
        _words(written, number) if block.words else _runs(written, block, number)
        for number, block in enumerate(blocks)
    ]


def _words(written: Written, number: int) -> Grams:
    """Hash whole words, each as the polynomial of its characters."""
    start = written.word_start
    if not len(start):
        return _nothing()
    length = np.diff(start, append=len(written.characters))
    code = np.zeros(len(start), np.uint64)
    for offset in range(int(length.max())):
        at = np.flatnonzero(length > offset)
        code[at] = code[at] * FACTOR + written.characters[start[at] + offset] + np.uint64(1)
    return Grams(written.message[start], _stirred(code, number, 0), start, length)


def _runs(written: Written, block: Block, number: int) -> Grams:
    """Hash all runs of 1 to *longest* characters that lie within one message and its reach."""
    if not len(written.characters):
        return _nothing()
    within = np.flatnonzero(written.place < block.reach) if block.reach else None
    characters = written.characters if within is None else written.characters[within]
    message = written.message if within is None else written.message[within]
    at = np.arange(len(characters)) if within is None else within
    found = []
    code = np.zeros(len(characters), np.uint64)
    for size in range(1, block.longest + 1):
        many = len(characters) - size + 1
        if many <= 0:
            break
        code = code[:many] * FACTOR + characters[size - 1 :] + np.uint64(1)
        whole = np.flatnonzero(message[:many] == message[size - 1 :])
        found.append(
            Grams(
                message[whole],
                _stirred(code[whole], number, size),
                at[whole],
                np.full(len(whole), size),
            )
        )
    return Grams(
        np.concatenate([each.message for each in found]),
        np.concatenate([each.code for each in found]),
        np.concatenate([each.start for each in found]),
        np.concatenate([each.length for each in found]),
    )


def _stirred(code: Codes, number: int, size: int) -> Codes:
    """Spread hashes over all 64 bits, another way for each block and length (splitmix64)."""
    code = code ^ np.uint64((number * 16 + size + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    code = (code ^ (code >> np.uint64(30))) * STIR[0]
    code = (code ^ (code >> np.uint64(27))) * STIR[1]
    return code ^ (code >> np.uint64(31))


def _nothing() -> Grams:
    none = np.zeros(0, np.int64)
    return Grams(none, none.astype(np.uint64), none, none)
