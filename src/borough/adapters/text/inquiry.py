"""How good a model is, on messages that it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from borough.adapters.text.grams import Places
from borough.adapters.text.model import Judgement


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out: the usual figures, and what would have been done without a person."""

    messages: int
    macro_f1: float
    accuracy: float
    top2: float
    coverage: float
    precision: float
    calibration_error: float
    by_label: dict[str, dict[str, float]]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data, rounded."""
        whole = {name: getattr(self, name) for name in self.__slots__ if name != "by_label"}
        told = {name: round(value, 4) for name, value in whole.items()}
        labels = {
            label: {name: round(value, 4) for name, value in each.items()}
            for label, each in self.by_label.items()
        }
        return told | {"by_label": labels}


def figures_of(
    labels: Sequence[str], truth: Places, said: Judgement, automatic: Sequence[bool] | np.ndarray
) -> Figures:
    """Compare what was said with the truth; *automatic* marks what no person would have seen.

    Labels that occur in neither are left out of the mean F1.  Calibration error is the mean
    distance of confidence and accuracy over ten bins (ECE).
    """
    right = said.best == truth
    alone = np.asarray(automatic, bool)
    by_label = {
        label: _of_label(truth == number, said.best == number)
        for number, label in enumerate(labels)
        if (truth == number).any() or (said.best == number).any()
    }
    return Figures(
        messages=len(truth),
        macro_f1=float(np.mean([each["f1"] for each in by_label.values()])),
        accuracy=float(right.mean()),
        top2=float((right | (said.second == truth)).mean()),
        coverage=float(alone.mean()),
        precision=float(right[alone].mean()) if alone.any() else 1.0,
        calibration_error=_off(said.confidence, right),
        by_label=by_label,
    )


def _of_label(true: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Give precision, recall and F1 of one label, and how many there were."""
    hits = int((true & said).sum())
    return {
        "precision": hits / max(int(said.sum()), 1),
        "recall": hits / max(int(true.sum()), 1),
        "f1": 2 * hits / max(int(true.sum() + said.sum()), 1),
        "messages": int(true.sum()),
    }


def _off(sure: np.ndarray, right: np.ndarray) -> float:
    """Give how far confidence is off, on the whole."""
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = np.bincount(bins, sure - right, 10)
    return float(np.abs(gaps).sum() / len(sure))
