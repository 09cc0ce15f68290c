"""What citizens write: which category it belongs to, how sure that is, and which say the same.

`learned` makes a `TextModel` out of labelled messages, `TextModel.judge` uses it, `save` and
`load` keep it in a file that holds numbers only.  `merged` puts together requests about the
same matter; `same_text` finds near-duplicates.  Messages may be plain or cut into words.
"""

from borough.adapters.text.inquiry import Figures, figures_of
from borough.adapters.text.keeping import load, save
from borough.adapters.text.learning import Learned, calibrated, learned
from borough.adapters.text.likeness import same_text
from borough.adapters.text.limits import LIMITS, Limits
from borough.adapters.text.merging import Hot, Merging, Requests, hot, merged
from borough.adapters.text.model import Judgement, TextModel, softmax, threshold

__all__ = [
    "LIMITS",
    "Figures",
    "Hot",
    "Judgement",
    "Learned",
    "Limits",
    "Merging",
    "Requests",
    "TextModel",
    "calibrated",
    "figures_of",
    "hot",
    "learned",
    "load",
    "merged",
    "same_text",
    "save",
    "softmax",
    "threshold",
]
