"""Check the worked examples of a scene against what the scene declares."""

from collections.abc import Iterator, Mapping
from typing import Any

from borough.core.errors import BadScene
from borough.core.scenes import Scene
from borough.core.shapes import fitted, is_number

EXAMPLE = {
    "says": "text", "rows": "rows", "edges": "rows", "given?": "table", "parents?": "numbers",
    "unknown?": "rows", "late?": "count",
}  # fmt: skip
SCORED = {
    "says": "text", "rules": "text", "period": "text", "facts": "table", "score": "rows",
    "class": "rows", "into?": "rows",
}  # fmt: skip
EDGE = 3
"""An edge is a list of so many: thing, second, level."""


def worked(scene: Scene, text: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Check a parsed ``examples.toml``: rows and edges, or facts, scores and classes.

    Raises `BadScene` with the key that is wrong: rows that are none, more values than the scene
    watches, a level or a class that it does not have.
    """
    fitted(text, {"example?": "tables"})
    examples: list[dict[str, Any]] = text.get("example", [])
    for number, each in enumerate(examples):
        fitted(each, SCORED if scene.scheme else EXAMPLE, ("example", number))
        for key, wrong in wrong_classes(scene, each) if scene.scheme else wrong_rows(scene, each):
            raise BadScene(wrong, key=("example", number, key))
    return examples


def wrong_rows(scene: Scene, example: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Say by key what is wrong with the rows and edges of an example."""
    for name in ("rows", "edges"):
        for number, row in enumerate(example[name], 1):
            if not (isinstance(row, list) and len(row) > 1 and is_number(row[1])):
                yield name, f"each of the {name} must be a list that begins with who and when"
            elif name == "edges":
                yield from ((name, wrong) for wrong in wrong_edge(scene, number, row))
            elif row[0] != "now" and not 0 < len(row) - 2 <= len(scene.properties):
                yield name, counted(scene, number, row)


def wrong_edge(scene: Scene, number: int, edge: list[Any]) -> Iterator[str]:
    """Say what is wrong with one edge, a list that begins with who and when."""
    if len(edge) != EDGE:
        yield f"edge {number} must be [thing, second, level], not {edge}"
    elif edge[2] not in scene.levels:
        yield f"edge {number}: {edge[2]} is not one of {', '.join(map(str, scene.levels))}"


def wrong_classes(scene: Scene, example: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Say by key what is wrong with the classes of an example of a scene that evaluates."""
    for each in example["class"]:
        if each not in ("", None, *scene.levels[1:]):
            yield "class", f"{each} is not one of {', '.join(map(str, scene.levels[1:]))}"


def counted(scene: Scene, number: int, row: list[Any]) -> str:
    """Say how many values a row has, and what the scene watches."""
    said, names = len(row) - 2, scene.properties
    values = f"{said} value" if said == 1 else f"{said} values"
    return f"row {number} has {values}, the scene watches {len(names)} ({', '.join(names)})"
