"""Citizens' requests 诉求: what people ask of the district, and how well it answers them.

A request belongs to a case; merging lets several belong to one.  Its row says what it is now,
and each act on it is an event of its case.  The caller is known by the id of a person only.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from borough.core.deadlines import Limit, Worktime
from borough.core.district import DEGREE_M
from borough.core.errors import BadRequest, IllegalMove

SCENE = "citizen_request"
"""The scene, and the plan, of cases that citizens open."""
CHANNELS = ("web", "hotline", "open311", "import", "letter", "visit", "app", "grid")
WAITING, ACCEPTED, ANSWERED, CLOSED, REFUSED = STATES = (
    "waiting", "accepted", "answered", "closed", "refused",
)  # fmt: skip
"""待受理, 已受理, 已答复, 已办结, 不予受理."""
WAYS: Mapping[str, tuple[str, ...]] = {
    "triaged": (WAITING, ACCEPTED),
    "refused": (WAITING, ACCEPTED),
    "contacted": (WAITING, ACCEPTED, ANSWERED),
    "answered": (ACCEPTED,),
    "revisited": (ANSWERED, CLOSED),
}
"""From which states each act is possible."""
LIMITED = CONTACT, ANSWER = ("contact", "answer")
"""What a request has limits for: to call back, and to answer."""
TICKS = WARNED, OVERDUE = ("request_warned", "request_late")
"""Verbs with which the log of a case says what the limit of a request has come to."""
LEVELS = {False: 1, True: 2}
"""The level of a case by whether its request is urgent."""
LONGEST = 4_000
"""Characters of a request: what GeoReport v2 allows for a description."""


@dataclass(frozen=True, slots=True)
class Filing:
    """A request as it comes in; ``key`` is the sender's own, so that sent twice is taken once.

    ``contact`` is personal data (``name``, ``phone``, ``email``): it goes to the store of persons
    and nowhere else.  ``category`` and ``kind`` are what the sender chose, or empty.
    """

    text: str
    key: str
    title: str = ""
    place: str = ""
    lon: float | None = None
    lat: float | None = None
    channel: str = "web"
    kind: str = ""
    category: str = ""
    contact: Mapping[str, str] | None = None
    secret: bool = False

    def __post_init__(self) -> None:
        for field, wrong, says in (
            ("text", not (self.text + self.title).strip(), "say what it is about"),
            ("text", len(self.text) > LONGEST, f"{LONGEST} characters are allowed"),
            ("title", len(self.title) > 200, "200 characters are allowed"),  # noqa: PLR2004 - said here
            ("place", len(self.place) > 200, "200 characters are allowed"),  # noqa: PLR2004 - said here
            ("key", not 0 < len(self.key) <= 128, "it needs a key of its sender's"),  # noqa: PLR2004 - any length will do
            ("channel", self.channel not in CHANNELS, f"it is one of {', '.join(CHANNELS)}"),
            ("lat", (self.lon is None) != (self.lat is None), "lon and lat come together"),
            ("lon", self.lon is not None and not -180 <= self.lon <= 180, "it is no longitude"),  # noqa: PLR2004 - degrees
            ("lat", self.lat is not None and not -90 <= self.lat <= 90, "it is no latitude"),  # noqa: PLR2004 - degrees
        ):
            if wrong:
                msg = f"{field}: {says}"
                raise BadRequest(msg)

    @property
    def whole(self) -> str:
        """What is read to understand it: subject and text."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a request is about: codes of street and community, the row of a grid or -1.

    ``precision`` is ``point``, ``community``, ``street`` or empty; ``why`` the words it stands on.
    """

    street: str = ""
    community: str = ""
    grid: int = -1
    precision: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a request is now; times in ms, None where it has not come to that.

    ``person`` is an id or 0.  ``first_agency`` 首接单位 was given it first and stays;
    ``agency`` has it now.  ``contact_due_ms`` and ``answer_due_ms`` were set when it came in or
    was sorted.  ``satisfaction`` is 1 (worst) to 5, 0 unknown; ``suggestion`` what triage said.
    """

    id: int
    code: str
    receipt: str
    key: str
    channel: str
    kind: str
    title: str
    text: str
    person: int
    place: str
    lon: float | None
    lat: float | None
    street: str
    community: str
    grid: int
    category: str
    urgent: bool
    agency: str
    first_agency: str
    state: str
    case_id: int
    secret: bool
    received_ms: int
    accepted_ms: int | None
    contact_due_ms: int
    answer_due_ms: int
    contacted_ms: int | None
    answered_ms: int | None
    answer: str
    revisited_ms: int | None
    revisits: int
    resolved: bool | None
    satisfaction: int
    reopened: int
    excluded: str
    sorted_by: str
    suggestion: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Category:
    """A category of requests: who answers for it, and within which time where it has its own.

    ``agency`` is a code, or `STREET` for the centre of the street it happened in.
    """

    code: str
    name: Mapping[str, str]
    agency: str
    answer: Limit | None = None


STREET = "street"


@dataclass(frozen=True, slots=True)
class RequestKind:
    """A kind of request (咨询, 求助 ...), with the time to call back and the time to answer."""

    code: str
    name: Mapping[str, str]
    contact: Limit
    answer: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRules:
    """What a district lays down for requests; see its ``requests.toml``.

    Requests join a case by themselves when alike by ``join_alike`` within ``join_metres`` and
    ``join_days``, and are proposed from ``propose_alike`` on.  ``satisfied`` is the lowest of the
    levels of satisfaction, from 1, that counts as such.  Cases of one code within
    ``similar_metres`` and ``similar_hours`` are offered for merging; 0 offers none.  With
    ``practice``, models are learned from synthetic messages until there are others.
    """

    kinds: Mapping[str, RequestKind]
    urgent: RequestKind
    categories: Mapping[str, Category]
    exclusions: Mapping[str, Mapping[str, str]]
    satisfaction: Sequence[Mapping[str, str]]
    satisfied: int
    weights: Mapping[str, float]
    fallback: str
    acceptor: str
    urgent_words: Sequence[str]
    join_alike: float
    join_metres: float
    join_days: float
    propose_alike: float
    hot_days: float
    hot_people: int
    public: Mapping[str, int]
    practice: bool = False
    similar_metres: float = 0
    similar_hours: float = 0

    def dues(
        self, kind: str, category: str, clock: Worktime | None, at_ms: int, *, urgent: bool
    ) -> tuple[int, int]:
        """Say until when a caller is to be contacted and answered, ms UTC."""
        contact, answer = self.limits(kind, category, urgent=urgent)
        return due(contact, clock, at_ms), due(answer, clock, at_ms)

    def limits(self, kind: str, category: str, *, urgent: bool) -> tuple[Limit, Limit]:
        """Give the limits for calling back and for answering, as `LIMITED` has them."""
        by_kind = self.kinds.get(kind) or next(iter(self.kinds.values()))
        own = self.categories[category].answer if category in self.categories else None
        chosen = self.urgent if urgent else by_kind
        return chosen.contact, chosen.answer if urgent else own or chosen.answer

    def category_of(self, said: str) -> str:
        """Give the code of a category by code or by name; empty where there is none of it."""
        return _code(self.categories, said)

    def kind_of(self, said: str) -> str:
        """Give the code of a kind by code or by name; empty where there is none of it."""
        return _code(self.kinds, said)


def _code(known: Mapping[str, Category] | Mapping[str, RequestKind], said: str) -> str:
    if said in known:
        return said
    return next((each.code for each in known.values() if said in each.name.values()), "")


def apart_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Give the distance of two points (degrees) in metres, as on a plane."""
    east = (lon - other_lon) * math.cos(math.radians(lat))
    return math.hypot(east, lat - other_lat) * DEGREE_M


def due(limit: Limit, clock: Worktime | None, at_ms: int) -> int:
    """Say when a limit is over; without office hours it must be one that runs day and night."""
    return clock.due(limit, at_ms).at_ms if clock else at_ms + limit.lasts_ms


def allowed(request: Request, act: str) -> None:
    """Raise `IllegalMove` where a request is in no state for an act."""
    if request.state not in WAYS[act]:
        msg = f"request {request.code} is {request.state}; it can be {act} while it is "
        raise IllegalMove(msg + " or ".join(WAYS[act]))


def began_ms(request: Request) -> int:
    """Say since when its limits run: since it came in, or was opened again."""
    return (request.revisited_ms if request.reopened else None) or request.received_ms


def running(request: Request, limit: str) -> tuple[int, int] | None:
    """Say from when to when (ms) a limit of a request runs; None where it runs no more."""
    done = request.contacted_ms if limit == CONTACT else request.answered_ms
    if done is not None or request.state not in {WAITING, ACCEPTED}:
        return None
    due_ms = request.contact_due_ms if limit == CONTACT else request.answer_due_ms
    return began_ms(request), due_ms


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate, and the requests it was counted from: ids above and below the line."""

    above: tuple[int, ...]
    below: tuple[int, ...]

    @property
    def value(self) -> float | None:
        """The share, or None where there is nothing to count."""
        return len(self.above) / len(self.below) if self.below else None


def rates(requests: Iterable[Request], now_ms: int, satisfied: int) -> dict[str, Rate]:
    """Work out 响应率, 解决率 and 满意率.

    Response: contacted in time, of those contacted or past their time.  Resolution: said to be
    resolved, of those revisited.  Satisfaction: *satisfied* or better, of those who were asked
    and answered.  Refused and excluded requests count nowhere.
    """
    counted = [each for each in requests if not each.excluded and each.state != REFUSED]
    due_now = [e for e in counted if e.contacted_ms is not None or e.contact_due_ms < now_ms]
    in_time = [
        e for e in due_now if e.contacted_ms is not None and e.contacted_ms <= e.contact_due_ms
    ]
    visited = [each for each in counted if each.resolved is not None]
    rated = [each for each in counted if each.satisfaction]
    pairs = {
        "response": (in_time, due_now),
        "resolution": ([each for each in visited if each.resolved], visited),
        "satisfaction": ([each for each in rated if each.satisfaction >= satisfied], rated),
    }
    return {
        name: Rate(tuple(e.id for e in above), tuple(e.id for e in below))
        for name, (above, below) in pairs.items()
    }
