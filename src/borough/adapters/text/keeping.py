"""Keep a model in a file of numbers: an npz archive without pickles, and a head in JSON.

Reading a pickle runs what its author wrote into it; a model may come from another district,
so the file holds arrays only, and each is checked before it is used.
"""

import io
import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from borough.adapters.text.limits import LIMITS
from borough.adapters.text.model import Origin, TextModel
from borough.core.errors import BadModel

FORMAT = 1
KIND = "borough-text-model"
ARRAYS = {
    "code": ("u8", 1),
    "scale": ("f4", 1),
    "weight": ("f2", 2),
    "bias": ("f8", 1),
    "shift": ("f8", 1),
    "sure": ("f8", 1),
    "right": ("b1", 1),
}


def save(model: TextModel, path: Path) -> None:
    """Write a model; the file is there whole or not at all."""
    head = {
        "kind": KIND,
        "format": FORMAT,
        "labels": model.labels,
        "slope": model.slope,
        "origin": asdict(model.origin),
    }
    arrays = {name: getattr(model, name).astype(kind) for name, (kind, _) in ARRAYS.items()}
    packed = io.BytesIO()
    text = json.dumps(head, ensure_ascii=False).encode()
    np.savez_compressed(packed, head=np.frombuffer(text, np.uint8), **arrays)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(packed.getvalue())
        part.replace(path)
    except OSError as error:
        msg = f"{path.name}: cannot be written: {error.strerror}"
        raise BadModel(msg) from error
    finally:
        part.unlink(missing_ok=True)


def load(path: Path) -> TextModel:
    """Read a model.  Raises `BadModel` naming the file and what is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
        if size > LIMITS.model_bytes:
            raise _bad(path, f"unpacks to {size} bytes; {LIMITS.model_bytes} are allowed")
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(bytes(file["head"]).decode())
            arrays = {name: file[name] for name in ARRAYS}
        return _model(path, head, arrays)
    except FileNotFoundError as error:
        raise _bad(path, "there is no such model; make one with `borough triage train`") from error
    except KeyError as error:
        raise _bad(path, f"it has no {error.args[0]}") from error
    except (OSError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise _bad(path, f"it is no model file: {error}") from error


def _model(path: Path, head: dict[str, Any], arrays: dict[str, np.ndarray]) -> TextModel:
    """Check that head and arrays fit each other, and join them."""
    if head["kind"] != KIND or head["format"] != FORMAT:
        raise _bad(path, f"format {head['format']} of {head['kind']}; this reads format {FORMAT}")
    for name, (kind, axes) in ARRAYS.items():
        array = arrays[name]
        if array.dtype != np.dtype(kind) or array.ndim != axes:
            raise _bad(path, f"{name} is not an array of {kind} with {axes} axes")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise _bad(path, f"{name} holds what is not a number")
    labels, grams = tuple(map(str, head["labels"])), len(arrays["code"])
    shapes = {
        "scale": (grams,),
        "weight": (grams, len(labels)),
        "bias": (len(labels),),
        "shift": (len(labels),),
        "right": arrays["sure"].shape,
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise _bad(path, f"{name} has the shape {arrays[name].shape}, not {shape}")
    if len(labels) < 2 or len(set(labels)) < len(labels):  # noqa: PLR2004 - one label tells nothing
        raise _bad(path, "it needs two different labels")
    if (arrays["code"][1:] <= arrays["code"][:-1]).any():
        raise _bad(path, "its grams are not in order")
    return TextModel(
        labels=labels,
        code=arrays["code"],
        scale=arrays["scale"],
        weight=arrays["weight"].astype(np.float32),
        bias=arrays["bias"],
        slope=float(head["slope"]),
        shift=arrays["shift"],
        sure=arrays["sure"],
        right=arrays["right"],
        origin=Origin(**head["origin"]),
    )


def _bad(path: Path, why: str) -> BadModel:
    return BadModel(f"{path.name}: {why}")
