"""Models to practise with: learned from synthetic messages, where a district asks for that."""

import csv
import logging
from pathlib import Path
from threading import Thread

from borough.adapters.text import save
from borough.app.logs import event
from borough.app.requests.sorting import LABELS, model_file
from borough.app.triage import trained
from borough.core.district import District
from borough.core.errors import BoroughError
from borough.edge.citizens.writing import Message, messages

MANY, SEED = 1_000, 1
FILE = "triage-practice.csv"
GROUP = "phrase"
"""The column that keeps wordings together, so that none is tried on what it was learned from."""
log = logging.getLogger(__name__)


def practised(data: Path, district: District) -> Thread | None:
    """Learn from synthetic messages, beside everything else, where there is no model yet."""
    if all(model_file(data, label).exists() for label in LABELS):
        return None
    work = Thread(target=_beside, args=(data, district), name="practice", daemon=True)
    work.start()
    return work


def learned(data: Path, district: District) -> None:
    """Learn from synthetic messages every model that is not in the data folder yet: seconds."""
    path = written(data / FILE, MANY, SEED, district)
    for label in LABELS:
        if not model_file(data, label).exists():
            made = trained(path, label, group=GROUP, about=f"{label}, synthetic")
            save(made.model, model_file(data, label))


def _beside(data: Path, district: District) -> None:
    try:
        learned(data, district)
    except BoroughError as error:
        log.warning("no model to practise with: %s", error, extra=event(error.code))


def written(
    path: Path, many: int, seed: int, district: District | None, half: str = "seen"
) -> Path:
    """Write synthetic messages into a CSV that `borough triage train` reads."""
    places: list[str] = []
    if district is not None:
        communities = [each.replace("居民委员会", "") for each in district.communities.name_zh]
        places = [*district.streets.name_zh, *communities]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow((*Message.__slots__, "synthetic"))
        for each in messages(many, seed, half=half, places=places):
            rows.writerow((*(getattr(each, name) for name in Message.__slots__), "yes"))
    return path
