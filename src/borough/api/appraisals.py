"""Doors to 综合评价: how well cases were handled, and the cases behind each number."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers, tables
from borough.api.access import Given, reader
from borough.api.broadcast import wall_ms
from borough.api.door import Door
from borough.api.moments import moment

router = Door(
    prefix="/api/v1/appraisals", tags=["appraisals 综合评价"], dependencies=[Depends(reader)]
)
From = Annotated[
    str, Query(alias="from", description="the period begins; ISO 8601 or ms", max_length=40)
]
To = Annotated[str, Query(description="the period ends before this", max_length=40)]
AsOf = Annotated[
    str, Query(description="the moment of the cut; now where it is not given", max_length=40)
]
Word = Annotated[str, Query(max_length=64)]
Span = tuple[int, int, int]


def period(ports: Given, from_: From, to: To, as_of: AsOf = "") -> Span:
    """Read a period and its cut, in ms; local time of the district where no offset is given."""
    zone = ports.district.zone
    until = moment(as_of, "as_of", zone) if as_of else ports.clock.now(wall_ms())
    return moment(from_, "from", zone), moment(to, "to", zone), until


Period = Annotated[Span, Depends(period)]


@router.get(
    "",
    summary="Indicators by area, agency, post or scene 评价指标",
    responses=answers.declared(*tables.FORMS.values()),
)
def indicators(
    request: Request,
    ports: Given,
    span: Period,
    *,
    by: Word = "",
    level: Word = "street",
    scene: Word = "",
) -> Response:
    """Work out the indicators of the cases reported in a period, as they stood at the cut.

    Each number comes with what stands above and below its line; ``/cases`` lists who was counted.
    `format=csv` or `format=xlsx` gives them as a file.
    """
    told = ports.appraisals.indicators(*span, by=by, level=level, scene=scene)
    if form := tables.form_of(request):
        words = tables.Words.of(request, ports)
        heads = [f"{words.said(each['name'])} ({each['unit']})" for each in told["indicators"]]
        rows = [row_of(words, told, each) for each in told["rows"]]
        return words.table(ports, "appraisals", rows, form, heads)
    return answers.json({**told, **said(span)})


KINDS = {
    "agency": "holders",
    "post": "posts",
    "scene": "scenes",
    "source": "sources",
    "area": "places",
}
"""By what cases are told apart, and under what its codes are named."""


def row_of(words: tables.Words, told: Mapping[str, Any], row: Mapping[str, Any]) -> tables.Row:
    """Lay the numbers of a group out: its name, its code, and each indicator."""
    group = row["group"]
    name = words.said(row["name"])
    if name == group:
        name = words.name(KINDS.get(told["by"], ""), group)
    return (name, group, *(row["numbers"][each["id"]]["value"] for each in told["indicators"]))


@router.get("/cases", summary="The cases behind a number 指标对应的案卷")
def behind(
    ports: Given, span: Period, *, count: Word, group: Word = "", by: Word = "",
    level: Word = "street", scene: Word = "",
) -> Response:  # fmt: skip
    """List the cases that a count took in a group; without one, those of the whole district."""
    chosen = group or ports.district.id
    asked = {"count": count, "by": by, "level": level, "group": chosen, "scene": scene}
    return answers.json({"cases": ports.appraisals.behind(*span, **asked), **said(span)})


@router.get("/scores", summary="Scores of posts and agencies 岗位与部门得分")
def scores(ports: Given, span: Period, *, score: Word = "agency") -> Response:
    """Score collectors, acceptors, shift leaders, dispatchers or agencies, with each term."""
    return answers.json({**ports.appraisals.scores(*span, score=score), **said(span)})


@router.get("/records", summary="How each scene did 场景成效")
def records(ports: Given, span: Period) -> Response:
    """Tell precision from outcomes, and minutes to open, to arrive and to close, by scene."""
    return answers.json({"records": ports.appraisals.records(*span), **said(span)})


def said(span: Span) -> dict[str, int]:
    """Tell the period that was asked for, ms."""
    return dict(zip(("from_ms", "to_ms", "as_of_ms"), span, strict=True))
