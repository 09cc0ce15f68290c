"""Commands: what a plan lets a machine do for people, and within which limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from borough.core.errors import BadScene

CONFIRMATION, AUTOMATIC = NEEDS = ("confirmation", "automatic")
"""A person must say yes; or nobody need, where the district allows it as well."""
SELF = "self"
"""The thing that the case is about; any other word is a relation of the registry."""
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LANGUAGES = {"zh", "en"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
KEYS = {
    "name", "title", "to", "property", "value", "range", "needs", "from_level", "most_per_h",
    "cool_down_s", "within_s", "proof", "undo",
}  # fmt: skip
UNDO_KEYS = {"title", "value", "up_to_level", "within_s", "proof"}
PROOF_KEYS = {"property", "value", "give"}
GIVE = 1e-6
"""By how much an observation may miss the value that proves a command, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Command:
    """What may be asked of a thing at a step of a plan: this property shall have that value.

    ``to`` is ``self`` or a relation; then it goes to every thing tied to the case's own by it.
    A person may choose a value within ``span``.  It is allowed while the detection's level lies
    in ``levels`` (both ends count), at most ``most_per_h`` times an hour to one thing and not
    within ``cool_down_ms`` of the last time.  It has failed unless within ``within_ms`` of the
    confirmation an observation of ``proof`` comes to ``proves``, give or take ``give``.
    ``undo`` is the command that takes it back.
    """

    name: str
    title: Mapping[str, str]
    to: str
    property: str
    value: float
    span: tuple[float, float]
    needs: str
    levels: tuple[float, float]
    most_per_h: int
    cool_down_ms: int
    within_ms: int
    proof: str
    proves: float
    give: float
    undo: "Command | None" = None

    @staticmethod
    def declared(text: Mapping[str, Any]) -> "Command":
        """Check one ``[[step.command]]`` table; raises `BadScene` that names the key."""
        try:
            known(text, KEYS, {"name", "title", "property", "value", "within_s"})
            made = read(text)
            return replace(made, undo=undone(made, text["undo"])) if "undo" in text else made
        except BadScene as error:
            msg = f"command {text.get('name', '?')!r}: {error}"
            raise BadScene(msg) from error

    def goal(self, value: float) -> float:
        """Say which observation proves it when *value* was sent."""
        return value if self.span[0] < self.span[1] else self.proves

    def objection(self, level: int, at_ms: int, earlier: Sequence[int]) -> str:
        """Say which limit forbids it now; empty where none does.

        *level* is that of the detection, and *earlier* when the same was confirmed for the same
        thing before (ms).
        """
        low, high = self.levels
        recent = [each for each in earlier if each > at_ms - HOUR_MS]
        last = max(earlier, default=None)
        if level < low:
            return f"{self.name} is for level {low:g} and above; it is {level} now"
        if level > high:
            return f"{self.name} is for level {high:g} and below; it is {level} now"
        if len(recent) >= self.most_per_h:
            return f"{self.name} may be sent {self.most_per_h} times an hour to one thing"
        if last is not None and at_ms - last < self.cool_down_ms:
            return f"{self.name} must wait {self.cool_down_ms / 1000:g} s after the last time"
        return ""


def read(text: Mapping[str, Any]) -> Command:
    """Read all of a command but what takes it back."""
    value = number(text, "value")
    proof = table(text, "proof", PROOF_KEYS)
    low, high = span(text.get("range", [value, value]))
    made = Command(
        name=word(text, "name"),
        title=title(text),
        to=word(text, "to") if "to" in text else SELF,
        property=word(text, "property"),
        value=value,
        span=(low, high),
        needs=str(text.get("needs", CONFIRMATION)),
        levels=(whole(text, "from_level", 1), inf),
        most_per_h=whole(text, "most_per_h", 1),
        cool_down_ms=round(1000 * number(text, "cool_down_s", 0.0)),
        within_ms=round(1000 * number(text, "within_s")),
        proof=word(proof, "property") if "property" in proof else word(text, "property"),
        proves=number(proof, "value", value),
        give=number(proof, "give", GIVE),
    )
    refuse(
        {
            f"needs = {made.needs!r} is not one of {', '.join(NEEDS)}": made.needs not in NEEDS,
            f"value = {value:g} is not within range = [{low:g}, {high:g}]": (
                not low <= value <= high
            ),
            "with a range, proof.value is the value that people choose and cannot be given": (
                low < high and "value" in proof
            ),
            "cool_down_s must lie between 0 and 86400": not 0 <= made.cool_down_ms <= DAY_MS,
            "within_s must be more than 0": made.within_ms <= 0,
            "proof.give must be 0 or more": made.give < 0,
        }
    )
    return made


def undone(made: Command, given: Any) -> Command:
    """Read the command that takes *made* back; a person must confirm it, always."""
    try:
        refuse({"it must be a table": not isinstance(given, Mapping)})
        known(given, UNDO_KEYS, {"title", "value"})
        inherited = {
            "name": made.name,
            "to": made.to,
            "property": made.property,
            "within_s": made.within_ms / 1000,
            "most_per_h": made.most_per_h,
            "proof": {"property": made.proof, "give": made.give},
        }
        own = {key: value for key, value in given.items() if key != "up_to_level"}
        top = number(given, "up_to_level", inf)
        refuse({f"up_to_level = {top:g} is below 0": top < 0})
        return replace(read({**inherited, **own}), name=f"undo_{made.name}", levels=(0, top))
    except BadScene as error:
        msg = f"undo: {error}"
        raise BadScene(msg) from error


def refuse(wrong: Mapping[str, object]) -> None:
    """Raise `BadScene` with the first sentence that is true."""
    for says, it_is in wrong.items():
        if it_is:
            raise BadScene(says)


def known(text: Mapping[str, Any], may: set[str], must: set[str]) -> None:
    """Refuse a table with keys that nobody knows, or without those that it needs."""
    stray, missing = sorted(text.keys() - may), sorted(must - text.keys())
    refuse(
        {
            f"unknown key {', '.join(stray)}": stray,
            f"{', '.join(missing)} is missing": missing,
        }
    )


def table(text: Mapping[str, Any], key: str, may: set[str]) -> Mapping[str, Any]:
    """Read a table that may be left out."""
    given = text.get(key, {})
    refuse({f"{key} must be a table": not isinstance(given, Mapping)})
    stray = sorted(given.keys() - may)
    refuse({f"{key}: unknown key {', '.join(stray)}": stray})
    return dict(given)


def word(text: Mapping[str, Any], key: str) -> str:
    """Read a name that programs use."""
    given = text[key]
    fits = isinstance(given, str) and NAME.fullmatch(given)
    refuse({f"{key} = {given!r} must be a short word of a-z, 0-9 and _": not fits})
    return str(given)


def title(text: Mapping[str, Any]) -> Mapping[str, str]:
    """Read a name for people, in both languages."""
    given = text["title"]
    told = isinstance(given, Mapping) and given.keys() >= LANGUAGES
    refuse({"title needs zh and en": not told})
    return {str(language): str(words) for language, words in given.items()}


def number(text: Mapping[str, Any], key: str, otherwise: float = 0.0) -> float:
    """Read a finite number; true is 1."""
    given = text.get(key, otherwise)
    fits = isinstance(given, int | float) and (key not in text or isfinite(given))
    refuse({f"{key} = {given!r} is not a number": not fits})
    return float(given)


def whole(text: Mapping[str, Any], key: str, otherwise: int) -> int:
    """Read a whole number above 0."""
    given = text.get(key, otherwise)
    fits = type(given) is int and given > 0
    refuse({f"{key} = {given!r} is not a whole number above 0": not fits})
    return int(given)


def span(given: Any) -> tuple[float, float]:
    """Read the lowest and the highest value."""
    fits = isinstance(given, list) and len(given) == len(("low", "high"))
    fits = fits and all(isinstance(each, int | float) and isfinite(each) for each in given)
    refuse({f"range = {given!r} must be [low, high]": not fits or given[0] > given[1]})
    return float(given[0]), float(given[1])
