"""Names and attributes: several columns of a file become one JSON text of a thing."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from borough.app.intake.reading import ATTRIBUTE, Cells
from borough.app.intake.refusals import Faults
from borough.core.observations import Index
from borough.storage.sql.attributes import Attribute, Schema
from borough.storage.sql.intake import Held

EMPTY = "{}"
YES_NO = {"true": True, "false": False, "是": True, "否": False, "yes": True, "no": False}
LANGUAGES = {"name.zh": "zh", "name.en": "en"}


def names_of(columns: Mapping[str, Cells], row: Index, had: Sequence[str]) -> list[str]:
    """Give the name of each thing as JSON; a language without a column stays as it is."""
    given = {name: LANGUAGES[name] for name in LANGUAGES if name in columns}
    return merged(row, had, [columns[name] for name in given], list(given.values()))


def merged(
    row: Index, had: Sequence[str], cells: Sequence[Cells], names: Sequence[str]
) -> list[str]:
    """Lay the cells of each row over the JSON that its thing has; an empty cell takes away."""
    stored = [had[at] if at >= 0 else EMPTY for at in row.tolist()]
    if not cells:
        return stored
    made: dict[tuple[str, ...], str] = {}
    for each in set(zip(stored, *cells, strict=True)):
        made[each] = laid_over(each[0], dict(zip(names, each[1:], strict=True)))
    return [made[each] for each in zip(stored, *cells, strict=True)]


def laid_over(stored: str, given: Mapping[str, Any]) -> str:
    """Change a JSON object; the very same text where nothing is different.

    >>> laid_over('{"en":"a"}', {"zh": "b", "en": ""})
    '{"zh":"b"}'
    """
    has: dict[str, Any] = msgspec.json.decode(stored)
    young = {name: value for name, value in has.items() if name not in given}
    young |= {name: value for name, value in given.items() if value != ""}
    return stored if young == has else msgspec.json.encode(young, order="sorted").decode()


def attributes_of(
    columns: Mapping[str, Cells], row: Index, kind: Index, held: Held, faults: Faults
) -> list[str]:
    """Give the attributes of each thing as JSON, checked against what its kind declares.

    A kind that declares none keeps what it is given, as text.
    """
    names = [name for name in columns if name.startswith(ATTRIBUTE)]
    schemas = [held.schemas.get(each.code, {}) for each in held.kinds]
    stored = [held.attributes[at] if at >= 0 else EMPTY for at in row.tolist()]
    if not names and not any(each.required for schema in schemas for each in schema.values()):
        return stored
    bare = [name.removeprefix(ATTRIBUTE) for name in names]
    found: dict[tuple[Any, ...], tuple[str, list[tuple[str, str]]]] = {}
    texts: list[str] = []
    rows = zip(kind.tolist(), stored, *(columns[name] for name in names), strict=True)
    for place, each in enumerate(rows):
        if each not in found:
            schema = schemas[each[0]] if each[0] >= 0 else {}
            found[each] = read(schema, each[1], dict(zip(bare, each[2:], strict=True)))
        text, wrong = found[each]
        texts.append(text)
        for name, says in wrong:
            faults.add(place, ATTRIBUTE + name, "attribute", zh=f"不合要求：{says}", en=says)
    return texts


def read(
    schema: Schema, stored: str, given: Mapping[str, str]
) -> tuple[str, list[tuple[str, str]]]:
    """Read the cells of one row as its kind wants them; the text, and what is wrong with which."""
    wrong: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    for name, cell in given.items():
        if schema and cell and name not in schema:
            wrong.append((name, f"no such attribute; there are {', '.join(schema)}"))
            continue
        value = typed(schema[name], cell) if name in schema and cell else cell
        says = schema[name].wrong(value) if name in schema and cell else ""
        wrong += [(name, says)] if says else []
        values[name] = value
    text = laid_over(stored, values) if not wrong else stored
    has = msgspec.json.decode(text)
    wrong += [(n, "is required") for n, each in schema.items() if each.required and n not in has]
    return text, wrong


def typed(declared: Attribute, cell: str) -> Any:
    """Read a cell as its attribute's type; the text itself where that cannot be."""
    if declared.type == "boolean":
        return YES_NO.get(cell.lower(), cell)
    if declared.type == "text":
        return cell
    try:
        number = float(cell)
    except ValueError:
        return cell
    return int(number) if number.is_integer() else number
