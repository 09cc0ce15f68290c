"""Score the sorting and merging of citizens' messages on a folder of the Tipdm cup 2020.

``bench/triage.py --data FOLDER [--json] [--skip-merging]``

The folder (2020 Tipdm cup, task C; no licence, so none of it comes with us) holds
``classify_segmented_dev.csv.gz`` and ``messages_annex3_hot_4326.csv.gz``.

Sorting: five folds, near-duplicates of one text in one fold.  Calibration and threshold of a
fold are fitted on the kept-back scores of the other folds alone; the models behind those
scores have seen the fold's messages, as in any cross-fitting.

Merging: nobody has marked which of the 4,326 messages belong together.  Five matters are told
apart by words that name them (`SILVER`), a silver standard: pairs within a matter count as
right, pairs of one of its messages with any other message as wrong.
"""

import argparse
import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from borough.adapters.text import (
    LIMITS,
    Judgement,
    Learned,
    Requests,
    calibrated,
    figures_of,
    learned,
    merged,
    same_text,
    softmax,
    threshold,
)
from borough.app.triage import messages_of, sheet_of
from borough.core.errors import NotFound

LABELLED, HOT = "classify_segmented_dev.csv.gz", "messages_annex3_hot_4326.csv.gz"
SILVER: dict[str, tuple[tuple[str, ...], ...]] = {
    "mixing plant": (
        ("丽发新城", "搅拌"), ("丽发新城", "噪音"), ("丽发新城", "粉尘"), ("丽发新城", "混凝土"),
    ),
    "loan firm": (("58车贷",), ("58", "车贷")),
    "parking sold with flats": (("伊景园", "车位"), ("伊景园", "捆绑")),
    "purchase subsidy": (("购房补贴",),),
    "one estate, several matters": (("魅力之城",),),
}  # fmt: skip
"""A message belongs to a matter if it holds all words of one of these."""
MOMENTS = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


def main() -> None:
    """Score what the arguments ask for and print one JSON object."""
    asks = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asks.add_argument("--data", type=Path, required=True, help="the folder of messages")
    asks.add_argument("--json", action="store_true", help="accepted, and always so")
    asks.add_argument("--skip-merging", action="store_true")
    given = asks.parse_args()
    for name in (LABELLED, HOT):
        if not (given.data / name).is_file():
            msg = f"{name} is not in {given.data}; it has no licence and does not come with us"
            raise NotFound(msg)
    figures = sorting(given.data / LABELLED)
    if not given.skip_merging:
        figures["merging"] = merging(given.data / HOT)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps(figures | {"machine": machine}, indent=1, ensure_ascii=False))


def sorting(path: Path) -> dict[str, Any]:
    """Sort labelled messages, each by a model that saw neither it nor its like."""
    known = messages_of(path)
    begun, cpu = time.perf_counter(), time.process_time()
    groups = same_text(known.texts)
    made = learned(known.texts, known.labels, groups)
    took, busy = time.perf_counter() - begun, time.process_time() - cpu
    said, automatic = cross_fitted(made)
    figures = figures_of(made.model.labels, made.truth, Judgement(said), automatic).as_json()
    begun = time.perf_counter()
    made.model.judge(known.texts[:500])
    return {
        "data": path.name,
        "folds": LIMITS.folds,
        "near_duplicate_jaccard": LIMITS.near_duplicate,
        "near_duplicates": len(groups) - len(np.unique(groups)),
        **figures,
        "precision_wanted": LIMITS.precision,
        "macro_f1_by_fold": by_fold(made, said),
        "best_coverage_at_wanted": within_reach(said, made.truth),
        "learning_s": round(took, 1),
        "learning_cpu_s": round(busy, 1),
        "models_learned": LIMITS.folds + 1,
        "judging_ms_a_message": round((time.perf_counter() - begun) * 2, 2),
    }


def cross_fitted(made: Learned) -> tuple[np.ndarray, np.ndarray]:
    """Calibrate each fold's scores, and set its threshold, by the other folds alone."""
    said, automatic = np.zeros_like(made.scores), np.zeros(len(made.truth), np.bool_)
    for fold in range(LIMITS.folds):
        here, others = made.fold == fold, made.fold != fold
        slope, shift = calibrated(made.scores[others], made.truth[others])
        known = softmax(slope * made.scores[others] + shift)
        right = known.argmax(1) == made.truth[others]
        said[here] = softmax(slope * made.scores[here] + shift)
        automatic[here] = said[here].max(1) >= threshold(known.max(1), right, LIMITS.precision)
    return said, automatic


def by_fold(made: Learned, said: np.ndarray) -> list[float]:
    """Give the macro-F1 of each fold: how much it varies says how much the mean is worth."""
    nobody = np.zeros(len(made.truth), np.bool_)
    scores = []
    for fold in range(LIMITS.folds):
        here = made.fold == fold
        one = figures_of(made.model.labels, made.truth[here], Judgement(said[here]), nobody[here])
        scores.append(round(one.macro_f1, 4))
    return scores


def within_reach(said: np.ndarray, truth: np.ndarray) -> float:
    """Give the coverage that the best threshold, known afterwards, would have had."""
    sure, right = said.max(1), said.argmax(1) == truth
    return round(float((sure >= threshold(sure, right, LIMITS.precision)).mean()), 4)


def merging(path: Path) -> dict[str, Any]:
    """Merge the messages of annex 3, and compare with the silver standard."""
    columns = sheet_of(path).columns
    nowhere = np.full(len(columns["time"]), np.nan)
    times = np.array([moment_ms(each) for each in columns["time"]], np.int64)
    begun = time.perf_counter()
    found = merged(Requests(columns["subject"], columns["text"], times, nowhere, nowhere))
    took = time.perf_counter() - begun
    silver = silver_of([s + t for s, t in zip(columns["subject"], columns["text"], strict=True)])
    by_matter = {name: pairs(found.matter, silver == number) for number, name in enumerate(SILVER)}
    sums = np.array(list(by_matter.values())).sum(0)
    return {
        "messages": len(times),
        "standard": "silver: five matters told by the words that name them",
        "matters": int(found.matter.max()) + 1,
        "largest": int(np.bincount(found.matter).max()),
        **told(*sums.tolist()),
        "by_matter": {name: told(*each) for name, each in by_matter.items()},
        "seconds": round(took, 1),
    }


def silver_of(texts: list[str]) -> np.ndarray:
    """Number the matter of each message, or -1."""
    silver = np.full(len(texts), -1)
    for number, ways in enumerate(SILVER.values()):
        for row, text in enumerate(texts):
            if any(all(word in text for word in way) for way in ways):
                silver[row] = number
    return silver


def pairs(matter: np.ndarray, mine: np.ndarray) -> tuple[int, int, int]:
    """Count the pairs of one matter that were merged, were not, and its members' wrong pairs."""
    inside, whole = np.bincount(matter[mine], minlength=matter.max() + 1), np.bincount(matter)
    good = int((inside * (inside - 1) // 2).sum())
    every = int(mine.sum() * (mine.sum() - 1) // 2)
    return good, every - good, int((inside * (whole - inside)).sum())


def told(good: int, missed: int, wrong: int) -> dict[str, float]:
    """Turn counts of pairs into precision, recall and F1."""
    return {
        "pair_precision": round(good / max(good + wrong, 1), 3),
        "pair_recall": round(good / max(good + missed, 1), 3),
        "pair_f1": round(2 * good / max(2 * good + missed + wrong, 1), 3),
    }


def moment_ms(text: str) -> int:
    """Read one of the ways in which the file writes a moment; the zone plays no part."""
    for form in MOMENTS:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            continue
    msg = f"time: {text!r} is no moment"
    raise NotFound(msg)


if __name__ == "__main__":
    main()
