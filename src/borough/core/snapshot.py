"""A registry as plain arrays, so that a process can hand it to another in one file."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadFrame
from borough.core.registry import Kind, Property, Registry

Arrays = dict[str, NDArray[Any]]
COLUMNS = {
    "id": np.int64,
    "kind": np.int32,
    "first": np.int32,
    "lon": np.float64,
    "lat": np.float64,
    "grid": np.int64,
    "via": np.int32,
}
HEAD = "head"
KEYS = "key"


def pack(registry: Registry) -> Arrays:
    """Lay a registry out as named arrays without objects in them; ``np.savez`` may keep them.

    Everything that is a name or a table of classes stands in ``head``, JSON as bytes;
    ``unpack`` turns the arrays back into an equal registry.
    """
    arrays: Arrays = {
        name: np.asarray(getattr(registry, name), kind) for name, kind in COLUMNS.items()
    }
    arrays[KEYS] = np.frombuffer("\n".join(registry.key).encode(), np.uint8)
    for number, columns in enumerate(registry.relations.values()):
        arrays[f"relation{number}"] = np.stack([np.asarray(each, np.int64) for each in columns])
    for number, column in enumerate(registry.parameters.values()):
        arrays[f"parameter{number}"] = np.asarray(column, np.float64)
    head = {
        "kinds": [asdict(kind) for kind in registry.kinds],
        "relations": list(registry.relations),
        "parameters": [list(pair) for pair in registry.parameters],
        "edition": list(registry.edition),
    }
    arrays[HEAD] = np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8)
    return arrays


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Registry:
    """Build the registry that ``pack`` laid out.

    Raises `BadFrame` where an array is missing or does not hold what it should.
    """
    try:
        head = json.loads(arrays[HEAD].tobytes())
        ties = [arrays[f"relation{number}"] for number in range(len(head["relations"]))]
        values = [arrays[f"parameter{number}"] for number in range(len(head["parameters"]))]
        text = arrays[KEYS].tobytes().decode()
        number, stamp = head.get("edition", (0, 0))
        return Registry(
            edition=(int(number), int(stamp)),
            kinds=tuple(kind_of(each) for each in head["kinds"]),
            key=tuple(text.split("\n")) if text else (),
            relations={
                name: (tie[0].astype(np.int32), tie[1].astype(np.int32), tie[2].astype(np.int8))
                for name, tie in zip(head["relations"], ties, strict=True)
            },
            parameters={
                (str(scene), str(name)): column
                for (scene, name), column in zip(head["parameters"], values, strict=True)
            },
            **{name: arrays[name] for name in COLUMNS},
        )
    except (KeyError, ValueError, TypeError, IndexError) as error:
        msg = f"not a registry: {error}"
        raise BadFrame(msg) from error


def kind_of(text: Mapping[str, Any]) -> Kind:
    """Read back one class of thing."""
    properties = tuple(
        Property(**{**each, "normal": (each["normal"][0], each["normal"][1])})
        for each in text["properties"]
    )
    return Kind(**{**text, "properties": properties})
