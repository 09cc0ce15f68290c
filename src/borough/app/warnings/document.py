"""Write a bulletin as a CAP 1.2 document (OASIS, urn:oasis:names:tc:emergency:cap:1.2)."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from borough.core.markup import printable
from borough.core.warnings import Bulletin, Extent, Issuer

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
LEVEL = "预警等级"
"""The parameter that holds the colour, under the name that Chinese readers look for."""
Part = tuple[str, str]


def document(bulletin: Bulletin, sender: Issuer) -> str:
    """Write *bulletin*, with one ``info`` in each language; letter for letter what is kept."""
    root = ET.Element("alert", xmlns=NAMESPACE)
    head = [
        ("identifier", bulletin.identifier),
        ("sender", sender.id),
        ("sent", sender.moment(bulletin.sent_ms)),
        ("status", sender.status),
        ("msgType", bulletin.kind),
        ("scope", "Public"),
        *_if("note", bulletin.note),
        *_if("references", " ".join(bulletin.references)),
        ("incidents", bulletin.incident),
    ]
    _fill(root, head)
    for language in LANGUAGES:
        _info(ET.SubElement(root, "info"), bulletin, sender, language)
    ET.indent(root)
    written = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _info(info: ET.Element, bulletin: Bulletin, sender: Issuer, language: str) -> None:
    rule, signal = bulletin.rule, bulletin.signal
    codes = [("eventCode", name, code) for name, code in rule.codes.items()]
    _fill(
        info,
        [
            ("language", LANGUAGES[language]),
            *(("category", each) for each in rule.category),
            ("event", rule.event[language]),
            *(("responseType", each) for each in signal.responses),
            ("urgency", signal.urgency),
            ("severity", signal.severity),
            ("certainty", signal.certainty),
        ],
    )
    _named(info, codes)
    _fill(
        info,
        [
            ("effective", sender.moment(bulletin.sent_ms)),
            ("expires", sender.moment(bulletin.expires_ms)),
            ("senderName", sender.name[language]),
            *((part, getattr(signal, part)[language])
              for part in ("headline", "description", "instruction")),
            *_if("contact", sender.contact),
        ],
    )  # fmt: skip
    _named(info, [("parameter", LEVEL, bulletin.level_name)])
    _area(ET.SubElement(info, "area"), bulletin.area, language)


def _area(into: ET.Element, area: Extent, language: str) -> None:
    _fill(into, [("areaDesc", area.says[language])])
    if area.ring is not None:
        pairs = (f"{lat:.6f},{lon:.6f}" for lon, lat in area.ring.tolist())
        _fill(into, [("polygon", " ".join(pairs))])
    if area.circle is not None:
        lon, lat, radius_m = area.circle
        _fill(into, [("circle", f"{lat:.6f},{lon:.6f} {radius_m / 1000:g}")])
    _named(into, [("geocode", name, code) for name, code in area.codes.items()])


def _fill(parent: ET.Element, parts: list[Part]) -> None:
    for name, text in parts:
        ET.SubElement(parent, name).text = printable(text)


def _named(parent: ET.Element, triples: list[tuple[str, str, str]]) -> None:
    for element, name, value in triples:
        _fill(ET.SubElement(parent, element), [("valueName", name), ("value", value)])


def _if(name: str, text: str) -> Iterator[Part]:
    if text:
        yield name, text
