"""Write answers as GeoReport v2 wants them: the same tree as XML or as JSON.

In XML a list is an element that holds one element for each entry, and an empty list an empty
element; in JSON a list is always an array, and every id a text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from xml.etree import ElementTree as ET

from starlette.responses import Response

from borough.core.markup import printable

Form = Literal["xml", "json"]
MEDIA: Mapping[str, str] = {"xml": "text/xml", "json": "application/json"}
ENTRIES = {
    "services": "service", "service_requests": "request", "attributes": "attribute",
    "values": "value", "endpoints": "endpoint", "formats": "format", "errors": "error",
    "service_request_updates": "request_update",
}  # fmt: skip
"""What each entry of a list is called in XML."""


def answer(form: str, name: str, data: Any, status: int = 200) -> Response:
    """Answer with *data*, called *name* in XML."""
    body = json.dumps(data, ensure_ascii=False) if form == "json" else xml(name, data)
    media = f"{MEDIA[form]}; charset=utf-8"
    sent = body.encode("utf-8", "replace")
    return Response(sent, status, media_type=media, headers={"vary": "accept-language"})


def bare(form: str, name: str, data: Any) -> Response:
    """Answer in ASCII and without a charset, which some readers of discovery insist upon."""
    body = json.dumps(data) if form == "json" else xml(name, data)
    sent = body.encode("ascii", "xmlcharrefreplace")
    return Response(sent, headers={"content-type": MEDIA[form]})


def xml(name: str, data: Any) -> str:
    """Write a tree as an XML document."""
    root = ET.Element(name)
    fill(root, data)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}'


def fill(into: ET.Element, data: Any) -> None:
    """Put a mapping, a list or a value into an element."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            fill(ET.SubElement(into, name), value)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        for each in data:
            fill(ET.SubElement(into, ENTRIES[into.tag]), each)
    elif isinstance(data, bool):
        into.text = "true" if data else "false"
    elif data is not None:
        into.text = printable(str(data))


def declared(*refusals: int) -> dict[int | str, dict[str, Any]]:
    """Declare, for the reference, that answers and refusals come in both forms."""
    both: dict[str, Any] = {each: {} for each in MEDIA.values()}
    said = {200: "As asked 按所请求的格式", **dict.fromkeys(refusals, "Refused 拒绝，附原因")}
    return {status: {"description": text, "content": both} for status, text in said.items()}
