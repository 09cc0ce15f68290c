"""Read what is asked for: dates, lists, pages, the jurisdiction, and the language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from borough.api.moments import milliseconds
from borough.api.open311.refusing import MISSING, Refused
from borough.api.open311_ports import Open311
from borough.api.ports import Ports
from borough.core.errors import NotFound
from borough.core.offers import STATUSES

SPAN_MS = 90 * 86_400_000
"""GeoReport v2: a search may not span more than 90 days."""
MOST = 1_000
"""GeoReport v2: the first 1,000 requests."""
DIGITS = 6
"""Digits of a number of a page."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, ms, both included; and which page of how many."""

    since_ms: int
    until_ms: int
    skip: int
    limit: int


def offered(ports: Ports, jurisdiction: str = "") -> Open311:
    """Give the offer of the district; `NotFound` where it has none, or is another's."""
    offer = ports.open311
    if offer is None:
        msg = "本区县未开通 Open311 this district offers no Open311"
        raise NotFound(msg)
    if jurisdiction and jurisdiction != offer.listing.jurisdiction:
        ours = offer.listing.jurisdiction
        msg = f"jurisdiction_id: 没有 there is no {jurisdiction[:80]!r}; 本端点 this is {ours!r}"
        raise NotFound(msg)
    return offer


def language(request: Request) -> str:
    """Give the language of an answer: English where the caller prefers it, else Chinese."""
    said = request.headers.get("accept-language", "").lower()
    return "en" if said.startswith("en") else "zh"


def several(text: str) -> list[str]:
    """Read a list with commas; an empty text is no list at all.

    >>> several(" a,b,,c ")
    ['a', 'b', 'c']
    """
    return [each.strip() for each in text.split(",") if each.strip()]


def statuses(text: str) -> list[str]:
    """Read states of requests; `Refused` for one that is none."""
    said = [each.lower() for each in several(text)]
    if strange := [each for each in said if each not in STATUSES]:
        raise Refused([f"status: {strange[0][:40]!r} 应为 must be open / closed"])
    return said


def span(
    now_ms: int, zone: str, *, start: str, end: str, page: str, page_size: str
) -> Span:  # fmt: skip
    """Read from when to when, by default the last 90 days; `Refused` names what is wrong."""
    wrong: list[str] = []
    since = moment("start_date", start, zone, wrong)
    until = moment("end_date", end, zone, wrong)
    if until is None:
        until = now_ms if since is None else min(since + SPAN_MS, max(now_ms, since))
    if since is None:
        since = until - SPAN_MS
    if not wrong and since > until:
        wrong.append("start_date: 晚于 end_date it is after end_date")
    if not wrong and until - since > SPAN_MS:
        wrong.append("start_date: 跨度超过 90 天 start_date and end_date are over 90 days apart")
    size = whole("page_size", page_size, MOST, MOST, wrong)
    number = whole("page", page, 1, 10**DIGITS, wrong)
    if wrong:
        raise Refused(wrong)
    return Span(since, until, (number - 1) * size, size)


def moment(field: str, text: str, zone: str, wrong: list[str]) -> int | None:
    """Read a W3C date; a day alone begins at midnight in the district."""
    if not text.strip():
        return None
    said = text.strip()
    try:
        if not said.isdecimal():  # a bare number means something else to our own doors
            return milliseconds(said, zone if len(said) == len("2024-07-10") else "")
    except ValueError:
        pass
    says = "应为带时区的 W3C 时间 it must be a W3C date with its zone: 2024-07-10T08:00:00Z"
    wrong.append(f"{field}: {said[:40]!r} {says}")
    return None


def whole(field: str, text: str, usual: int, most: int, wrong: list[str]) -> int:
    """Read a whole number from 1 on."""
    if not text.strip():
        return usual
    number = int(text) if text.isdecimal() and text.isascii() and len(text) <= DIGITS + 1 else 0
    if not 1 <= number <= most:
        wrong.append(f"{field}: 应为 it must be 1..{most}, {text[:20]!r}")
        return usual
    return number


def named(values: Sequence[str], field: str) -> list[str]:
    """Give the values of a list that must hold something and not too much."""
    if not values:
        raise Refused.one(field, MISSING)
    if len(values) > MOST:
        raise Refused.one(field, f"至多 {MOST} 个 at most {MOST}")
    return list(values)


def written(at_ms: int, zone: str) -> str:
    """Write a moment as W3C wants it, in the time of the district.

    >>> written(1_720_569_600_500, "Asia/Shanghai")
    '2024-07-10T08:00:00+08:00'
    """
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_ms // 1000)
    return at.astimezone(ZoneInfo(zone)).isoformat()
