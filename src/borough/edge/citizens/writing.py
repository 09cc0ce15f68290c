"""Write synthetic messages of citizens, each with what it is about, as many as asked for.

Phrases are dealt into two parts, so that a model can be tried on wordings that it has not
learned from: every third phrase of a list is ``unseen``, and sentences put together from a list
of things are never.  Same seed, same messages.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any

SEEN, UNSEEN = HALVES = ("seen", "unseen")
EVERY = 3
"""Of so many phrases one is kept for the other half."""
SHARES = {
    "complaint": 0.42, "help": 0.16, "report": 0.08, "consult": 0.16, "suggestion": 0.1,
    "praise": 0.08,
}  # fmt: skip
"""How often each kind comes; working values."""
URGENT_SHARE = 0.12
"""How many of the complaints and calls for help cannot wait; a working value."""
COMPOSED = 0.6
"""How many of the seen problems are put together from a thing and a fault; a working value."""
LISTS = {"consult": "asks", "suggestion": "wishes", "praise": "thanks"}
FRAMES = {"consult": "asking", "suggestion": "wishing", "praise": "thanking"}
ENDINGS = {"complaint": "complaints", "help": "helps", "report": "reports"}


@dataclass(frozen=True, slots=True)
class Message:
    """A synthetic message, and what its writer meant."""

    subject: str
    text: str
    place: str
    category: str
    kind: str
    urgent: str
    phrase: str
    """What its middle was made of: messages with the same are no test of one another."""


def messages(
    many: int, seed: int, *, half: str = SEEN, places: Sequence[str] = ()
) -> list[Message]:
    """Write *many* messages; *places* are names of streets and communities to set them in."""
    told = tomllib.loads((files("borough.edge.citizens") / "phrases.toml").read_text("utf-8"))
    draw = Random(seed)  # noqa: S311 - messages are no secrets
    categories = list(told["categories"])
    written = []
    for number in range(many):
        category = categories[number % len(categories)]
        kind = draw.choices(list(SHARES), list(SHARES.values()))[0]
        written.append(_message(draw, told, category, kind, half=half, places=places))
    draw.shuffle(written)
    return written


def _message(
    draw: Random, told: dict[str, Any], category: str, kind: str, *, half: str,
    places: Sequence[str],
) -> Message:  # fmt: skip
    phrases, frames = told["categories"][category], told["frames"]
    urgent = kind in {"complaint", "help"} and draw.random() < URGENT_SHARE
    place = _place(draw, frames, places)
    opening = draw.choice(frames["openings"])
    if kind in FRAMES:
        phrase = _pick(draw, phrases[LISTS[kind]], half)
        core = _pick(draw, frames[FRAMES[kind]], SEEN).format(x=phrase)
        parts = [opening, _where(draw, place, 0.3), core]
    else:
        phrase, core = _problem(draw, phrases, frames, half, urgent=urgent)
        when = draw.choice(frames["times"]) if draw.random() < 0.6 else ""  # noqa: PLR2004 - most say when
        ending = draw.choice(frames[ENDINGS[kind]])
        parts = [opening, _where(draw, place, 0.85), when, core, "。", ending]
    subject = core if draw.random() < 0.4 else ""  # noqa: PLR2004 - some give a subject
    text = _typed(draw, "".join(parts))
    return Message(subject, text, place, category, kind, "yes" if urgent else "no", phrase)


def _problem(
    draw: Random, phrases: dict[str, Any], frames: dict[str, Any], half: str, *, urgent: bool
) -> tuple[str, str]:
    """Say what is wrong; give what it was made of, and the sentence."""
    if not urgent and half == SEEN and draw.random() < COMPOSED:
        one, other = draw.sample(phrases["things"], 2)
        fault: str = draw.choice(frames["faults"])
        return one, fault.format(x=one, y=other)
    phrase = _pick(draw, phrases["urgent" if urgent else "problems"], half)
    if urgent or draw.random() > 0.3:  # noqa: PLR2004 - now and then a second thing
        return phrase, phrase
    return phrase, f"{phrase}，{_pick(draw, phrases['problems'], half)}"


def _pick(draw: Random, phrases: Sequence[str], half: str) -> str:
    """Draw a phrase of a half; a list that is too short for two halves serves both."""
    mine = [
        each for at, each in enumerate(phrases) if (at % EVERY == EVERY - 1) == (half == UNSEEN)
    ]
    return draw.choice(mine or phrases)


def _place(draw: Random, frames: dict[str, Any], places: Sequence[str]) -> str:
    town = draw.choice(places) if places and draw.random() < 0.8 else ""  # noqa: PLR2004 - most name it
    estate = draw.choice(frames["names"]) if draw.random() < 0.6 else ""  # noqa: PLR2004 - many do
    spot: str = draw.choice(frames["spots"])
    return town + estate + spot.format(n=draw.randint(1, 38))


def _where(draw: Random, place: str, share: float) -> str:
    return (
        draw.choice(("", "在", "我们")) + place + draw.choice(("", "，", " "))
        if (draw.random() < share)
        else ""
    )


def _typed(draw: Random, text: str) -> str:
    """Write as people type: some leave marks out, some repeat them, some leave a character out."""
    chance = draw.random()
    if chance < 0.15:  # noqa: PLR2004 - a share
        return text.replace("，", " ").replace("。", " ")
    if chance < 0.25:  # noqa: PLR2004 - a share
        return text.replace("。", "！！")
    if chance < 0.35 and len(text) > 12:  # noqa: PLR2004 - a share, and long enough
        at = draw.randrange(3, len(text) - 3)
        return text[:at] + text[at + 1 :]
    return text
