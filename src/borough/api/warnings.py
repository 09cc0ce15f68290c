"""Doors to warnings: a feed and a document of each for anybody, and what people do with them.

The feed is Atom (RFC 4287); each bulletin is a CAP 1.2 document, exactly as it was sent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from xml.etree import ElementTree as ET

from fastapi import Body, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, Operator
from borough.api.broadcast import wall_ms
from borough.api.cases import Act, asked
from borough.api.door import Door
from borough.api.ground import standing
from borough.api.ports import Ports
from borough.api.warning_ports import Row
from borough.core.markup import printable

CAP = "application/cap+xml"
ATOM = "application/atom+xml"
XMLNS = "http://www.w3.org/2005/Atom"
RECENT = 100
"""Bulletins in the feed."""
public = Door(prefix="/cap", tags=["warnings 预警发布"])
router = Door(prefix="/api/v1", tags=["warnings 预警发布"])


class Confirm(Act):
    """At which level; empty for that of the readings."""

    level: str = Field("", max_length=32)


@public.get("/feed.atom", summary="Feed of warnings 预警信息源", responses=answers.declared(ATOM))
def feed(request: Request, ports: Given) -> Response:
    """Give the latest bulletins as an Atom feed; each entry links to its CAP 1.2 document."""
    rows = ports.warnings.find(case=0, before=0, limit=RECENT)
    return Response(written(request, ports, rows), media_type=f"{ATOM}; charset=utf-8")


@public.get("/{identifier}.xml", summary="One warning 预警信息", responses=answers.declared(CAP))
def document(ports: Given, identifier: str) -> Response:
    """Give a bulletin as it was sent: CAP 1.2, one `info` in each language."""
    return Response(ports.warnings.document(identifier), media_type=f"{CAP}; charset=utf-8")


@router.get("/warnings", summary="Warnings 预警信息列表")
def warnings(
    ports: Given,
    *,
    current: Annotated[bool, Query(description="only those in force")] = False,
    case: Annotated[int, Query(ge=0, description="the id of a case")] = 0,
    before: Annotated[int, Query(ge=0, description="the last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List bulletins to the public, newest first, with `next` to page on."""
    if current:
        rows = ports.warnings.current(ports.clock.now(wall_ms()))
        rows = [row for row in rows if case in {0, row["case_id"]}]
        return answers.json({"next": None, "warnings": [told(ports, row) for row in rows]})
    rows = ports.warnings.find(case=case, before=before, limit=limit)
    following = rows[-1]["id"] if len(rows) == limit else None
    return answers.json({"next": following, "warnings": [told(ports, row) for row in rows]})


@router.post("/cases/{case}/warning", summary="Let warnings out 确认发布预警")
async def confirm(
    ports: Given, who: Operator, case: int, act: Annotated[Confirm, Body()]
) -> Response:
    """Tell the public now, at the level of the readings or at one that you choose."""
    return await asked(ports, "confirm_warning", case, {**act.model_dump(), "by": who})


@router.post("/cases/{case}/warning/withdraw", summary="Take a warning back 撤回预警")
async def withdraw(ports: Given, who: Operator, case: int, act: Annotated[Act, Body()]) -> Response:
    """Cancel the warning of a case; `note` says why. It stays in the feed, and so does the end."""
    return await asked(ports, "withdraw_warning", case, {**act.model_dump(), "by": who})


def told(ports: Ports, row: Row) -> dict[str, object]:
    """Tell a bulletin as a list shows it: where its thing stands, and where its document is."""
    stands = standing(ports.registry, row["thing"])
    return {**row, "stands": stands, "href": f"/cap/{row['identifier']}.xml"}


def written(request: Request, ports: Ports, rows: Sequence[Row]) -> str:
    """Write the feed; its addresses are those under which it was asked for."""
    here, name = str(request.base_url).rstrip("/"), ports.district.name
    feed = ET.Element("feed", xmlns=XMLNS)
    newest = rows[0]["sent_ms"] if rows else ports.district.start_ms
    author = ET.SubElement(_parts(feed, [
        ("id", f"{here}/cap/feed.atom"),
        ("title", f"{name['zh']}预警信息 {name['en']} warnings"),
        ("updated", moment(newest)),
    ]), "author")  # fmt: skip
    _parts(author, [("name", name["zh"])])
    ET.SubElement(feed, "link", rel="self", type=ATOM, href=f"{here}/cap/feed.atom")
    for row in rows:
        entry = _parts(ET.SubElement(feed, "entry"), [
            ("id", f"urn:cap:{row['identifier']}"),
            ("title", f"{row['headline']['zh']} {row['headline']['en']}"),
            ("updated", moment(row["sent_ms"])),
            ("summary", f"{row['kind']} · {row['level_name']}"),
        ])  # fmt: skip
        ET.SubElement(entry, "category", term=row["kind"])
        href = f"{here}/cap/{row['identifier']}.xml"
        ET.SubElement(entry, "link", rel="alternate", type=CAP, href=href)
    ET.indent(feed)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(feed, encoding="unicode")}\n'


def _parts(parent: ET.Element, parts: Sequence[tuple[str, str]]) -> ET.Element:
    for name, text in parts:
        ET.SubElement(parent, name).text = printable(text)
    return parent


def moment(at_ms: int) -> str:
    """Write a moment as Atom wants it."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
