"""Read a request that somebody files: whole and sensible, or refused with all that is wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from borough.api.open311.bodies import Body
from borough.api.open311.refusing import MISSING, Refused
from borough.api.open311_ports import Open311
from borough.core.errors import BadRequest, NotFound
from borough.core.offers import MARKUP, Service
from borough.core.requests import LONGEST

ATTRIBUTE = re.compile(r"attribute\[([A-Za-z0-9_-]{1,64})\](\[\])?")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
PHONE = re.compile(r"[0-9+() -]{5,30}")
URL = re.compile(r"https?://\S{1,2000}")
PLACE = 200
"""Characters of an address."""
NAME = 100
"""Characters of a name."""
BOTH = "经纬度须同时给出 lat and long come together"


@dataclass(slots=True)
class Reading:
    """Goes through a form and gathers what is wrong."""

    body: Body
    wrong: list[str]

    def text(self, name: str, most: int) -> str:
        """Read a text without HTML."""
        said = self.body.one(name)
        if len(said) > most:
            self.wrong.append(f"{name}: 超过 {most} 字 longer than {most} characters")
        if MARKUP.search(said):
            self.wrong.append(f"{name}: 不得含 HTML no HTML is allowed")
        return said

    def fit(self, name: str, pattern: re.Pattern[str], says: str) -> str:
        """Read a text of some form."""
        said = self.body.one(name)
        if said and not pattern.fullmatch(said):
            self.wrong.append(f"{name}: {said[:40]!r} {says}")
        return said

    def degrees(self, name: str, most: float) -> float | None:
        """Read a latitude or longitude."""
        said = self.body.one(name)
        if not said:
            return None
        try:
            value = float(said)
        except ValueError:
            value = most + 1
        if not -most <= value <= most:
            self.wrong.append(f"{name}: {said[:40]!r} 不是度数 it is no number of degrees")
        return value


def read(body: Body, offer: Open311, language: str) -> dict[str, Any]:
    """Read what the desk needs of a request; `Refused` tells all that is wrong, by field.

    Raises `NotFound` for a service that is not offered.
    """
    code = body.one("service_code")
    if not code:
        raise Refused([f"service_code: {MISSING}"])
    service = offer.listing.services.get(code)
    if service is None:
        msg = f"service_code: 没有此服务 there is no {code[:80]!r}"
        raise NotFound(msg)
    reading = Reading(body, [])
    description = reading.text("description", LONGEST)
    picture = reading.fit("media_url", URL, "不是网址 it is no address of a picture")
    lines = [description or service.name[language], *answers(reading, service, language)]
    if picture:
        lines.append(f"media_url: {picture}")
    lon, lat, place = where(reading, offer)
    contact = person(reading)
    text = "\n".join(lines)
    if len(text) > LONGEST and not reading.wrong:
        says = f"连同填报项超过 {LONGEST} 字 with its attributes over {LONGEST} characters"
        reading.wrong.append(f"description: {says}")
    if reading.wrong:
        raise Refused(reading.wrong)
    return {
        "text": text, "place": place, "lon": lon, "lat": lat, "channel": "open311",
        "category": code, "contact": contact or None,
    }  # fmt: skip


def where(reading: Reading, offer: Open311) -> tuple[float | None, float | None, str]:
    """Read where it is: a point within the district, an address, or the code of a ground."""
    lat, lon = reading.degrees("lat", 90.0), reading.degrees("long", 180.0)
    place, code = reading.text("address_string", PLACE), reading.body.one("address_id")
    if (lat is None) != (lon is None):
        reading.wrong.append(f"{'lat' if lat is None else 'long'}: {MISSING}; {BOTH}")
    elif lon is None and not place and not code:
        reading.wrong.append(f"lat: {MISSING}; lat + long, address_string or address_id")
    known = lon is not None and lat is not None and not reading.wrong
    if known and not offer.ground.holds(lon or 0.0, lat or 0.0):
        says = "不在本区县范围内（WGS-84）it lies outside of the district (WGS 84)"
        reading.wrong.append(f"lat: {lat:g}, long: {lon:g} {says}")
    if code:
        name = offer.ground.names(code)
        if not name:
            reading.wrong.append(f"address_id: 没有 there is no {code[:40]!r}")
        place = place or name
    return lon, lat, place


def person(reading: Reading) -> dict[str, str]:
    """Read who files it; all of it is personal data."""
    first, last = reading.text("first_name", NAME), reading.text("last_name", NAME)
    name = f"{last}{first}" if (last + first).isascii() is False else f"{first} {last}".strip()
    told = {
        "name": name,
        "phone": reading.fit("phone", PHONE, "不是电话号码 it is no phone number"),
        "email": reading.fit("email", EMAIL, "不是邮箱地址 it is no e-mail address"),
    }
    return {field: value for field, value in told.items() if value}


def answers(reading: Reading, service: Service, language: str) -> list[str]:
    """Read the answers to the questions of a service, a line for each."""
    given: dict[str, list[str]] = {}
    for name, values in reading.body.fields.items():
        if not name.startswith("attribute"):
            continue
        match = ATTRIBUTE.fullmatch(name)
        kept = [each.strip() for each in values if each.strip()]
        if match is None or (match[1] not in {each.code for each in service.attributes}):
            reading.wrong.append(f"{name[:80]}: 没有此填报项 {service.code} does not ask for it")
        elif kept:
            given.setdefault(match[1], []).extend(kept)
    lines: list[str] = []
    for each in service.attributes:
        if each.code not in given:
            if each.required:
                reading.wrong.append(f"attribute[{each.code}]: {MISSING}")
            continue
        try:
            said = each.answer(given[each.code], language)
        except BadRequest as error:
            reading.wrong.append(f"attribute[{each.code}]: {error}")
            continue
        lines.append(f"{each.question[language]}：{said}")
    return lines


def key(program: str, named: str, body: Body, day: str) -> str:
    """Give the key under which a request is taken once.

    A sender's own key *named* (``Idempotency-Key``) holds for ever.  Without it the same program
    sending the very same form on the same day of the district says the same thing again.
    """
    said: Mapping[str, Any] = {
        name: values for name, values in body.fields.items() if name != "api_key"
    }
    files = [sha256(each.content).hexdigest() for each in body.files]
    told = [program, named] if named else [program, day, said, files]
    digest = sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return f"open311-{digest[:40]}"
