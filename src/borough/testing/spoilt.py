"""Copies of a scene that works, each spoilt in one way, for those who must put up with them."""

import shutil
from pathlib import Path

from borough.engine.catalog import BUILT_IN

SOUND = "sound"
"""The one copy that is not spoilt."""
EDITS = {
    "raises": (
        "detector.py",
        "self._compare(tick.time, rows)",
        "raise RuntimeError('the author did not expect this')",
    ),
    "loads_not": ("detector.py", "import numpy", "import numpy_of_mine"),
    "declares_not": ("scene.toml", 'major = { zh = "严重", en = "Major" }', ""),
    "plans_not": ("plan.toml", '"clear", "confirm"', '"nowhere"'),
    "overshoots": ("detector.py", 'np.maximum(rows["level"], blocked)', "7 * blocked"),
}
"""What is done to each copy: the file, the text there, and what takes its place."""


def spoilt_scenes(folder: Path, model: str = "fire_lane") -> Path:
    """Fill a folder with a sound copy of a scene and one spoilt copy for each way to err."""
    for name in (SOUND, *EDITS):
        copy = folder / name
        shutil.copytree(BUILT_IN / model, copy)
        edit(copy / "scene.toml", f'"{model}"', f'"{name}"')
        if name in EDITS:
            file, old, told = EDITS[name]
            edit(copy / file, old, told)
    return folder


def edit(path: Path, old: str, told: str) -> None:
    """Replace one piece of text in a file; `ValueError` if it is not there."""
    text = path.read_text("utf-8")
    if old not in text:
        msg = f"{path} does not say {old!r}"
        raise ValueError(msg)
    path.write_text(text.replace(old, told), "utf-8")
