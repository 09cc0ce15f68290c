"""The door to the open cases: what is due next, chosen by whom, where and how late."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers, tables
from borough.api.access import Given, within
from borough.api.broadcast import wall_ms
from borough.api.cases import told
from borough.api.door import Door
from borough.api.ports import Ports
from borough.core.cases import Case
from borough.core.countdowns import limit_of
from borough.core.errors import NotFound
from borough.core.queue import Counts, Stage, Wanted

router = Door(prefix="/api/v1", tags=["cases 案卷"])
AT_ONCE = 1_000
"""Cases that a file asks the store for in one go: the longest page that it gives."""
Some = Annotated[list[str], Query(max_length=50)]


@router.get(
    "/queue",
    summary="Open cases, the next to be due first 待办案卷",
    responses=answers.declared(*tables.FORMS.values()),
)
def queue(
    request: Request,
    ports: Given,
    *,
    holder: Some = [],  # noqa: B006 - FastAPI copies it
    agency: Some = [],  # noqa: B006 - the same
    scene: Some = [],  # noqa: B006 - the same
    source: Some = [],  # noqa: B006 - the same
    band: Some = [],  # noqa: B006 - the same
    stage: Some = [],  # noqa: B006 - the same
    step: Some = [],  # noqa: B006 - the same
    urgent: bool | None = None,
    post: Annotated[str, Query(max_length=64)] = "",
    grid: Annotated[int | None, Query(ge=0)] = None,
    street: Annotated[str, Query(max_length=64, description="the code of a street")] = "",
    text: Annotated[str, Query(max_length=64, description="a part of the code")] = "",
    sort: Literal["deadline", "opened", "level"] = "deadline",
    after: Annotated[str, Query(max_length=64, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List open cases with `next` to page on, and count them by what they may be chosen by.

    A filter given several times takes any of its values.  Each of `counts` counts as if its own
    filter were not set.  `sure` is false where a deadline lies in a year whose holidays have not
    been announced.  `format=csv` or `format=xlsx` gives all that fit as a file.
    """
    facets: dict[str, Sequence[Any]] = {
        "holder": holder, "agency": agency, "scene": scene, "source": source, "band": band,
        "urgent": [] if urgent is None else [urgent],
    }  # fmt: skip
    wanted = Wanted(
        facets={name: values for name, values in facets.items() if values},
        steps=steps_of(ports, stage, step),
        grids=grids_of(ports, grid, street),
        post=post,
        text=text.strip(),
        within=within(request, ports),
    )
    if form := tables.form_of(request):
        return as_file(request, ports, wanted, sort, form)
    page = ports.queue.page(wanted, sort=sort, after=after, limit=limit)
    return answers.json(
        {
            "now": ports.clock.now(wall_ms()),
            "total": page.total,
            "next": page.next or None,
            "cases": [{**told(ports, each), "sure": sure(ports, each)} for each in page.cases],
            "counts": counted(ports, page.counts),
        }
    )


def as_file(request: Request, ports: Ports, wanted: Wanted, sort: str, form: str) -> Response:
    """Give all open cases that fit as a file, as the page shows them."""
    words = tables.Words.of(request, ports)
    rows: list[tables.Row] = []
    after = ""
    while True:
        page = ports.queue.page(wanted, sort=sort, after=after, limit=AT_ONCE)
        tables.fits(page.total, ports.limits.export_rows)
        rows += [row_of(words, told(ports, each)) for each in page.cases]
        if not (after := page.next):
            return words.table(ports, "queue", rows, form)


def row_of(words: tables.Words, case: Mapping[str, Any]) -> tables.Row:
    """Lay a case out in the order of the headings."""
    return (
        case["code"], words.said(case["title"]), words.name("urgent", str(case["urgent"]).lower()),
        case["level"], words.name("sources", case["source"]), words.name("scenes", case["scene"]),
        words.said(case["step_title"], case["step"]),
        words.said(case["holder_name"]) or words.name("holders", case["holder"]),
        words.name("holders", case["agency"]), words.name("posts", case["post"]),
        words.name("bands", case["band"]), words.time(case["due_ms"]),
        words.time(case["opened_ms"]), words.time(case["suspended_to_ms"]),
    )  # fmt: skip


def steps_of(ports: Ports, stages: Sequence[str], steps: Sequence[str]) -> frozenset[Stage] | None:
    """Give the steps of all plans that have one of the stages and one of the names."""
    if not stages and not steps:
        return None
    return frozenset(
        (plan.id, each.name)
        for plan in ports.plans.values()
        for each in plan.steps.values()
        if (not stages or each.stage in stages) and (not steps or each.name in steps)
    )


def grids_of(ports: Ports, grid: int | None, street: str) -> list[int] | None:
    """Give the numbers of the grids meant; `NotFound` where there is no such street."""
    if not street:
        return None if grid is None else [grid]
    place = ports.district
    if street not in place.streets.code:
        msg = f"street: there is no {street!r}"
        raise NotFound(msg)
    rows = np.flatnonzero(place.grids.street == place.streets.code.index(street)).tolist()
    return [each for each in rows if grid is None or each == grid]


def counted(ports: Ports, counts: Counts) -> dict[str, list[dict[str, Any]]]:
    """List what there is of each facet, most first; stages and steps by what they are called."""
    listed = {name: dict(each) for name, each in counts.items() if name != "step"}
    stages: dict[str, int] = {}
    steps: dict[str, int] = {}
    titles: dict[str, Any] = {}
    for (plan, name), number in counts.get("step", {}).items():
        step = ports.plans[plan].steps.get(name) if plan in ports.plans else None
        if step and step.stage:
            stages[step.stage] = stages.get(step.stage, 0) + number
        steps[name] = steps.get(name, 0) + number
        titles.setdefault(name, step.title if step else {})
    made = {
        name: [{"value": value, "count": number} for value, number in by_number(each)]
        for name, each in {**listed, "stage": stages}.items()
    }
    made["step"] = [
        {"value": name, "count": number, "title": titles[name]} for name, number in by_number(steps)
    ]
    return made


def by_number(counts: dict[Any, int]) -> list[tuple[Any, int]]:
    """Sort by how many there are, then by name."""
    return sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))


def sure(ports: Ports, case: Case) -> bool:
    """Tell whether the holidays up to a deadline are known, where it counts working time."""
    limit, work = limit_of(case, ports.plans.get(case.plan)), ports.district.work
    if work is None or limit is None or not limit.at_work:
        return True
    zone = ZoneInfo(work.zone)
    return datetime.fromtimestamp(case.due_ms / 1000, UTC).astimezone(zone).year in work.years
