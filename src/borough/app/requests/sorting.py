"""Sort a request: category, kind, urgency, place and agency, each with how sure and why.

Models come from files in the data folder that `borough triage train` makes, one for each label.
Nothing is decided by itself below the share of right decisions that the district demands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from borough.adapters.text import TextModel, load
from borough.app.triage import said_of
from borough.core.district import District
from borough.core.errors import BadModel
from borough.core.requests import STREET, Filing, RequestRules, Spot
from borough.engine.gazetteer import Gazetteer

CATEGORY, KIND, URGENT = LABELS = ("category", "kind", "urgent")
YES = "yes"
"""What the label of urgency says of an urgent message; anything else is not."""
CHOSEN = "sender"
"""Who said so, where no model did."""
WORD = "word"


def model_file(folder: Path, label: str) -> Path:
    """Say where the model of a label lies in a data folder."""
    return folder / ("triage.npz" if label in {"label", CATEGORY} else f"triage-{label}.npz")


@lru_cache(8)
def _loaded(path: Path, _changed_ns: int) -> TextModel:
    return load(path)


def model_of(folder: Path, label: str) -> TextModel | None:
    """Load the model of a label as it is now; None where none was trained, or it is damaged."""
    path = model_file(folder, label)
    try:
        return _loaded(path, path.stat().st_mtime_ns)
    except (OSError, BadModel):
        return None


@dataclass(frozen=True, slots=True)
class Sorted:
    """What triage makes of a request; ``agency`` is empty where a person has to decide.

    ``suggestion`` is what the acceptor is shown: for each label what it says, how sure it is,
    the threshold, the next likely, and the words that weighed most.  ``wanted`` is the agency
    that the rules would give it to.
    """

    kind: str
    category: str
    urgent: bool
    spot: Spot
    agency: str
    wanted: str
    suggestion: Mapping[str, Any]


class Sorter:
    """Sorts requests by the rules of a district; *precision* is what it demands of a machine."""

    def __init__(
        self,
        folder: Path,
        district: District,
        rules: RequestRules,
        gazetteer: Gazetteer,
        precision: float,
    ) -> None:
        self._folder = folder
        self._district = district
        self._rules = rules
        self._gazetteer = gazetteer
        self._precision = precision
        streets = district.streets.code
        self._centres = {
            streets[int(street)]: code
            for code, street in zip(district.agencies.code, district.agencies.street, strict=True)
            if int(street) >= 0
        }

    def sort(self, draft: Filing) -> Sorted:
        """Say what a request is about, and whether that is sure enough to go on."""
        category = self._said(CATEGORY, draft, self._rules.category_of(draft.category))
        kind = self._said(KIND, draft, self._rules.kind_of(draft.kind))
        urgent = self._urgency(draft)
        spot = self.place(draft)
        code = self._rules.category_of(str(category["says"]))
        wanted = self.agency(code, spot)
        doubts = [
            name
            for name, doubt in (
                ("category", not category["automatic"] or not code),
                ("urgent", not urgent["automatic"]),
                ("place", not wanted and bool(code)),
            )
            if doubt
        ]
        told = {
            "category": {**category, "says": code}, "kind": kind, "urgent": urgent,
            "place": {"precision": spot.precision, "why": spot.why}, "agency": wanted,
            "doubts": doubts,
        }  # fmt: skip
        return Sorted(
            kind=str(kind["says"]) if kind["says"] in self._rules.kinds else "",
            category=code,
            urgent=urgent["says"] == YES,
            spot=spot,
            agency="" if doubts else wanted,
            wanted=wanted,
            suggestion=told,
        )

    def place(self, draft: Filing) -> Spot:
        """Find where a request is about: by its point, its address, or what its text names."""
        if draft.lon is not None and draft.lat is not None:
            spot = self._gazetteer.at(draft.lon, draft.lat)
            if spot.precision:
                return spot
        spot = self._gazetteer.named(draft.place)
        return spot if spot.precision else self._gazetteer.named(draft.whole)

    def agency(self, category: str, spot: Spot) -> str:
        """Give the agency that answers for a category in a place; empty where nobody can tell."""
        told = self._rules.categories.get(category)
        agency = told.agency if told else ""
        if agency == STREET:
            return self._centres.get(spot.street, "")
        return agency or self._rules.fallback

    def _urgency(self, draft: Filing) -> dict[str, Any]:
        said = self._said(URGENT, draft, "")
        text = draft.whole.lower()
        held = [word for word in self._rules.urgent_words if word in text]
        if held:
            why = [{"word": word, "adds": 1.0} for word in held]
            return {**said, "says": YES, "sure": 1.0, "by": WORD, "automatic": True, "why": why}
        if not said["by"]:  # no model: what holds no word is taken as usual
            return {**said, "says": "no", "automatic": True}
        return said

    def _said(self, label: str, draft: Filing, chosen: str) -> dict[str, Any]:
        """Tell what the sender or the model says of a label."""
        told: dict[str, Any] = {
            "says": chosen, "sure": 1.0 if chosen else 0.0, "by": CHOSEN if chosen else "",
            "automatic": bool(chosen), "threshold": 0.0, "second": "", "second_sure": 0.0,
            "why": [],
        }  # fmt: skip
        model = None if chosen else model_of(self._folder, label)
        if model is None:
            return told
        said = said_of(model, draft.whole, self._precision).as_json()
        return told | {
            "says": said["label"], "sure": said["confidence"], "by": model.origin.digest[:12],
            "automatic": said["automatic"], "threshold": said["threshold"],
            "second": said["second"], "second_sure": said["second_confidence"], "why": said["why"],
        }  # fmt: skip
