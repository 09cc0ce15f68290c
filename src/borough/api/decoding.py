"""Read the bodies that carry observations: JSON and CSV, into columns as they were written.

About 0.13 µs a row of JSON (docs/why/batches.md).
"""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

import msgspec

from borough.api.admission import Claims
from borough.core.errors import BadRequest

COLUMNS = ("thing", "property", "time", "value")
NEEDED = {"thing", "property", "value"}


class Reported(msgspec.Struct, gc=False):
    """One observation as JSON says it."""

    thing: str
    property: str
    value: float | bool
    time: int | str | None = None


class Posted(msgspec.Struct):
    """A body of observations."""

    observations: list[Reported]


class Loose(msgspec.Struct):
    """A body of which only the frame is certain."""

    observations: list[msgspec.Raw]


strict = msgspec.json.Decoder(Posted)
loose = msgspec.json.Decoder(Loose)
single = msgspec.json.Decoder(Reported)


def from_json(body: bytes) -> Claims:
    """Read ``{"observations": [...]}``; a row that cannot be read does not spoil the others.

    Raises `BadRequest` where the body is no such thing at all.
    """
    try:
        return columns(range(1, 1 + len(said := strict.decode(body).observations)), said, [])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return one_by_one(body)


def one_by_one(body: bytes) -> Claims:
    """Read row by row, keeping what is wrong with each."""
    try:
        rows = loose.decode(body).observations
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f'the body is not JSON of the form {{"observations": [...]}}: {error}'
        raise BadRequest(msg) from error
    at: list[int] = []
    said: list[Reported] = []
    wrong: list[dict[str, Any]] = []
    for number, raw in enumerate(rows, 1):
        try:
            said.append(single.decode(raw))
            at.append(number)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            wrong.append(unreadable(number, str(error)))
    return columns(at, said, wrong)


def unreadable(row: int, detail: str) -> dict[str, Any]:
    """Say what is wrong with a row, from what the decoder says of it.

    >>> unreadable(3, "Expected `float`, got `str` - at `$.value`")["field"]
    'value'
    """
    _, _, path = detail.partition("`$.")
    named = path.partition("`")[0] or next((each for each in COLUMNS if f"`{each}`" in detail), "")
    return {"row": row, "field": named, "code": "wrong-type", "detail": detail}


def columns(at: Sequence[int], said: Sequence[Reported], wrong: list[dict[str, Any]]) -> Claims:
    """Turn rows into columns."""
    return Claims(
        at=at,
        thing=[each.thing for each in said],
        property=[each.property for each in said],
        time=[each.time for each in said],
        value=[each.value for each in said],
        wrong=wrong,
    )


def from_csv(body: bytes) -> Claims:
    """Read a table with a heading: thing, property, value and, if wanted, time, in any order.

    Raises `BadRequest` where it is not UTF-8, has no such heading, or breaks off in a quote.
    """
    try:
        text = body.decode("utf-8-sig")
        lines = csv.reader(StringIO(text, newline=""), strict=True)
        head = [each.strip() for each in next(lines, [])]
        check(head)
        across = plain(text, len(head))
        if across is not None:
            return table(head, across, range(1, len(across[0]) + 1), [])
        rows = [line for line in lines if line]
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"the body is not a CSV table in UTF-8: {error}"
        raise BadRequest(msg) from error
    wrong = [
        {"row": number, "field": "", "code": "wrong-type",
         "detail": f"{len(line)} fields where the heading has {len(head)}"}
        for number, line in enumerate(rows, 1) if len(line) != len(head)
    ]  # fmt: skip
    whole = [number for number, line in enumerate(rows, 1) if len(line) == len(head)]
    kept = zip(*(rows[number - 1] for number in whole), strict=True)
    return table(head, list(kept) or [()] * len(head), whole, wrong)


def check(head: Sequence[str]) -> None:
    """Raise `BadRequest` unless a heading names what is needed, and nothing twice."""
    if not set(head) >= NEEDED or len(set(head)) < len(head):
        msg = f"the first line must name {', '.join(COLUMNS)}; it says {', '.join(head)!r}"
        raise BadRequest(msg)


def plain(text: str, wide: int) -> list[list[str]] | None:
    r"""Cut a table without quotes into columns, fast; None where it takes more care than that.

    >>> plain("a,b\n1,2\n3,4\n", 2)
    [['1', '3'], ['2', '4']]
    """
    if '"' in text or "\r" in text:
        return None
    lines = text.removesuffix("\n").split("\n")[1:]
    if not lines or any(line.count(",") != wide - 1 for line in lines):
        return None
    cells = ",".join(lines).split(",")
    return [cells[place::wide] for place in range(wide)]


def table(
    head: Sequence[str],
    across: Sequence[Sequence[str]],
    at: Sequence[int],
    wrong: list[dict[str, Any]],
) -> Claims:
    """Name the columns of a table."""
    named = dict(zip(head, across, strict=True))
    return Claims(at, named["thing"], named["property"], named.get("time"), named["value"], wrong)
