"""The door to case standards: codes of parts and events, and rows by which cases are opened."""

from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, reader
from borough.api.door import Door
from borough.core.standards import Standards

router = Door(prefix="/api/v1", tags=["cases 案卷"], dependencies=[Depends(reader)])


@router.get("/standards", summary="Case standards 立结案标准")
def standards(
    ports: Given,
    *,
    code: Annotated[
        str, Query(max_length=64, description="the beginning of a code, with or without scheme")
    ] = "",
    text: Annotated[str, Query(max_length=64, description="words of a name or condition")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List rows with their codes: when to open, by when to deal with it, when to close."""
    known = ports.district.standards
    rows = known.find(code=code, text=text)
    told_rows = [told(known, row.id) for row in rows[:limit]]
    return answers.json({"count": len(rows), "standards": told_rows})


def told(known: Standards, standard: str) -> dict[str, Any]:
    """Tell a row with the names of its code."""
    row = known.rows[standard]
    return {**row.snapshot(), "code": known.codes[row.event]}
