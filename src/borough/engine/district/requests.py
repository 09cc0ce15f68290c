"""Read what a district lays down for citizens' requests: its ``requests.toml``."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from borough.core.deadlines import Limit
from borough.core.errors import BadDistrict, BadRequest, BadScene
from borough.core.requests import STREET, Category, RequestKind, RequestRules
from borough.core.shapes import fitted

FILE = "requests.toml"
USUAL = Path(__file__).parents[2] / "districts" / "template" / FILE
"""What holds in a district that says nothing: limits and categories, and no agencies."""
KEYS = {
    "fallback?": "text", "acceptor": "text", "urgent": "table", "kind": "tables",
    "category": "tables", "exclusion": "tables", "satisfaction": "table", "weights": "table",
    "merging": "table", "hot": "table", "public": "table", "practice?": "flag",
}  # fmt: skip
NAMED = {"code": "text", "name": "words"}
LIMITS = {"contact": "text", "answer": "text", "basis": "text"}
URGENT = {"name": "words", **LIMITS, "words": "texts", "synthetic?": "flag"}
CATEGORY = {**NAMED, "agency?": "text", "answer?": "text", "basis?": "text"}
SATISFACTION = {"levels": "tables", "satisfied": "count", "basis": "text"}
WEIGHTS = dict.fromkeys(("response", "resolution", "satisfaction"), "share") | {"basis": "text"}
MERGING = {
    "join_alike": "share", "join_metres": "positive", "join_days": "positive",
    "propose_alike": "share", "similar_metres?": "positive", "similar_hours?": "positive",
    "basis": "text",
}  # fmt: skip
HOT = {"days": "positive", "people": "count", "basis": "text"}
PUBLIC = {"per_hour": "count", "per_minute": "count", "photos?": "count", "basis": "text"}


def read_requests(folder: Path, agencies: Sequence[str]) -> RequestRules:
    """Read a district's rules; *agencies* are the codes that it knows.

    A district without the file has the usual rules, under which a person decides who answers.
    Raises `BadDistrict` naming the key.
    """
    path = folder / FILE
    try:
        text = tomllib.loads((path if path.exists() else USUAL).read_text("utf-8"))
        return rules_of(text, {"", STREET, *agencies})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{FILE}: cannot be read: {error}"
        raise BadDistrict(msg) from error
    except BadScene as error:
        msg = f"{FILE}: {'.'.join(map(str, error.key))}: {error}"
        raise BadDistrict(msg) from error
    except BadRequest as error:
        msg = f"{FILE}: {error}"
        raise BadDistrict(msg) from error


def rules_of(text: Mapping[str, Any], agencies: set[str]) -> RequestRules:
    """Check the parsed file and give it a type."""
    said = fitted(text, KEYS)
    urgent = fitted(said["urgent"], URGENT, ("urgent",))
    satisfaction = fitted(said["satisfaction"], SATISFACTION, ("satisfaction",))
    merging, hot = (
        fitted(said["merging"], MERGING, ("merging",)),
        fitted(said["hot"], HOT, ("hot",)),
    )
    weights = fitted(said["weights"], WEIGHTS, ("weights",))
    kinds = [_kind(each, ("kind", at)) for at, each in enumerate(said["kind"])]
    categories = [_category(each, at, agencies) for at, each in enumerate(said["category"])]
    if not kinds or not categories:
        msg = "there is none"
        raise BadScene(msg, key=("category" if kinds else "kind",))
    excluded = [fitted(each, NAMED, ("exclusion", at)) for at, each in enumerate(said["exclusion"])]
    if not 0 < satisfaction["satisfied"] <= len(satisfaction["levels"]):
        msg = f"there are {len(satisfaction['levels'])} levels"
        raise BadScene(msg, key=("satisfaction", "satisfied"))
    _known(said.get("fallback", ""), agencies - {STREET}, ("fallback",))
    return RequestRules(
        kinds={each.code: each for each in kinds},
        urgent=RequestKind("urgent", urgent["name"], *_limits(urgent, ("urgent",))),
        categories={each.code: each for each in categories},
        exclusions={each["code"]: each["name"] for each in excluded},
        satisfaction=satisfaction["levels"],
        satisfied=satisfaction["satisfied"],
        weights={name: weights[name] for name in WEIGHTS if name != "basis"},
        fallback=said.get("fallback", ""),
        acceptor=said["acceptor"],
        urgent_words=tuple(each.lower() for each in urgent["words"]),
        practice=said.get("practice", False),
        hot_days=hot["days"],
        hot_people=hot["people"],
        public={
            "photos": 0,
            **{
                name: value
                for name, value in fitted(said["public"], PUBLIC, ("public",)).items()
                if name != "basis"
            },
        },
        **{name: value for name, value in merging.items() if name != "basis"},
    )


def _kind(said: Mapping[str, Any], at: tuple[str | int, ...]) -> RequestKind:
    told = fitted(said, NAMED | LIMITS, at)
    return RequestKind(told["code"], told["name"], *_limits(told, at))


def _category(said: Mapping[str, Any], at: int, agencies: set[str]) -> Category:
    told = fitted(said, CATEGORY, ("category", at))
    _known(told.get("agency", ""), agencies, ("category", at, "agency"))
    answer = Limit.read(told["answer"]) if "answer" in told else None
    return Category(told["code"], told["name"], told.get("agency", ""), answer)


def _limits(said: Mapping[str, Any], at: tuple[str | int, ...]) -> tuple[Limit, Limit]:
    try:
        return Limit.read(said["contact"]), Limit.read(said["answer"])
    except BadRequest as error:
        raise BadScene(str(error), key=at) from error


def _known(agency: object, agencies: set[str], at: tuple[str | int, ...]) -> None:
    if agency not in agencies:
        msg = f"agencies.csv has no {agency!r}"
        raise BadScene(msg, key=at)
