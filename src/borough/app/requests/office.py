"""The request office of the desk: takes requests in, and has people act on them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine

from borough.app.requests.merging import DAY_MS, MOST, OPEN, likely
from borough.app.requests.practice import practised
from borough.app.requests.sorting import Sorter
from borough.app.settings import Settings
from borough.app.triage import precision_of
from borough.core.cases import Plan
from borough.core.district import District
from borough.core.errors import BadRequest, OutsideDistrict
from borough.core.requests import SCENE, Filing, Request, RequestRules, Spot, began_ms
from borough.engine.bands import bands
from borough.engine.district.requests import read_requests
from borough.engine.gazetteer import Gazetteer
from borough.storage.sql import RequestActs, SqlCases, SqlPersons, SqlRequests
from borough.storage.sql.requests import Entry, Wrote
from borough.storage.sql.requests_clocks import RequestClocks
from borough.storage.sql.timers import Fire

PEOPLE_SAY = ("kind", "category", "urgent", "agency", "place")
"""What an acceptor decides of a request."""


def clocks_of(folder: Path, plans: Mapping[str, Plan], district: District) -> RequestClocks:
    """Make what watches over the limits of requests, by the rules of a district."""
    rules = read_requests(folder, district.agencies.code)
    clock = plans[SCENE].clock if SCENE in plans else None
    return RequestClocks(rules, clock, bands(district.bands))


class Office:
    """Everything that requests need, joined for one district."""

    def __init__(
        self, store: SqlRequests, plans: Mapping[str, Plan], district: District,
        folder: Path, data: Path, *, practice: bool = True,
    ) -> None:  # fmt: skip
        self.store = store
        self.plans = plans
        self.district = district
        self.rules: RequestRules = read_requests(folder, district.agencies.code)
        self.gazetteer = Gazetteer(district)
        self.sorter = Sorter(data, district, self.rules, self.gazetteer, precision_of(folder))
        self.acts = RequestActs(store, plans, self.rules)
        self.data = data
        self.practises = practice and self.rules.practice

    @classmethod
    def of(
        cls, engine: Engine, cases: SqlCases, plans: Mapping[str, Plan], district: District,
        settings: Settings,
    ) -> Self:  # fmt: skip
        """Set the office of a district up on its database."""
        told: dict[str, Any] = {"prefix": district.id.upper(), "zone": district.zone}
        clocks = clocks_of(Path(settings.district), plans, district)
        store = SqlRequests(engine, cases=cases, persons=SqlPersons(engine), clocks=clocks, **told)
        clocks.wind_all(engine)
        return cls(store, plans, district, Path(settings.district), settings.common)

    def fires(self, wrote: Wrote) -> dict[str, Fire]:
        """Give what happens when a limit of a request runs out, by kind of timer."""
        return self.store.clocks.fires(wrote) if self.store.clocks else {}

    @property
    def plan(self) -> Plan:
        """The plan of cases that citizens open."""
        if SCENE not in self.plans:
            msg = "requests: this district has no [work] hours, which the plan of requests counts"
            raise BadRequest(msg)
        return self.plans[SCENE]

    def file(self, draft: Filing, *, at_ms: int, by: str) -> Request:
        """Take a request in: sort it, find its matter, and write it down; once for each key."""
        known = self.store.known(draft.key)
        if known:
            return known
        return self.store.file(draft, self.entry(draft, at_ms), self.plan, at_ms=at_ms, by=by)

    def entry(self, draft: Filing, at_ms: int, *, alone: bool = False) -> Entry:
        """Work out what is to be written down of a draft; *alone* gives it a case of its own."""
        if self.practises:  # with the first request: a desk that has none need not learn
            self.practises = False
            practised(self.data, self.district)
        if not alone:
            self._sound(draft)
        made = self.sorter.sort(draft)
        since = at_ms - round(self.rules.join_days * DAY_MS)
        others = [] if alone else self.store.find(state=OPEN, since_ms=since, limit=MOST)
        cases = likely(draft, made.spot, made.category, others, self.rules, now_ms=at_ms)
        join = cases[0].case if cases and cases[0].sure and made.agency else 0
        told = {**made.suggestion, "like": [each.as_json() for each in cases]}
        return Entry(
            spot=made.spot,
            kind=made.kind,
            category=made.category,
            urgent=made.urgent,
            agency=made.agency,
            title=self.title(made.category, made.spot),
            dues=self.dues(made.kind, made.category, at_ms, urgent=made.urgent),
            join=join,
            suggestion=told,
        )

    def triage(
        self, request: int | str, said: Mapping[str, Any], *, at_ms: int, by: str, note: str = ""
    ) -> Request:
        """Sort a request as an acceptor says; what they leave out stays as triage suggests."""
        now = self.store.one(request)
        changes: dict[str, Any] = {
            "kind": self._one_of("kind", said.get("kind") or now.kind, {"", *self.rules.kinds}),
            "category": self._one_of(
                "category", said.get("category") or now.category, self.rules.categories
            ),
            "urgent": now.urgent if said.get("urgent") is None else bool(said["urgent"]),
        }
        spot = Spot(now.street, now.community, now.grid)
        if said.get("place"):
            spot = self.gazetteer.named(said["place"])
            if not spot.precision:
                msg = f"place: no street or community of the district is named in {said['place']!r}"
                raise BadRequest(msg)
            changes |= {"place": said["place"], "street": spot.street}
            changes |= {"community": spot.community, "grid": spot.grid}
        same = changes["category"] == now.category and not said.get("place")
        agency = said.get("agency") or (now.agency if same else "")
        agency = agency or self.sorter.agency(changes["category"], spot)
        if not agency:
            msg = f"agency: 请指定承办单位 say which; none is laid down for {changes['category']!r}"
            raise BadRequest(msg)
        self._one_of("agency", agency, set(self.district.agencies.code))
        dues = self.dues(
            changes["kind"], changes["category"], began_ms(now), urgent=changes["urgent"]
        )
        if now.reopened:
            dues = (now.contact_due_ms, dues[1])
        return self.acts.triage(
            now.id, changes, agency=agency, dues=dues, at_ms=at_ms, by=by, note=note
        )

    def revisit(
        self, request: int | str, *, resolved: bool, satisfaction: int, at_ms: int, by: str,
        note: str = "",
    ) -> Request:  # fmt: skip
        """Note what a caller says of the answer."""
        now = self.store.one(request)
        dues = self.dues(now.kind, now.category, at_ms, urgent=now.urgent)
        return self.acts.revisit(
            now.id, resolved=resolved, satisfaction=satisfaction, at_ms=at_ms, by=by, dues=dues,
            note=note,
        )  # fmt: skip

    def split(self, request: int | str, *, at_ms: int, by: str, note: str) -> Request:
        """Give a request that was merged a case of its own again."""
        now = self.store.one(request)
        draft = Filing(now.text, now.key, title=now.title, place=now.place, lon=now.lon,
                      lat=now.lat, channel=now.channel, category=now.category)  # fmt: skip
        spot = Spot(now.street, now.community, now.grid)
        entry = replace(
            self.entry(draft, at_ms, alone=True), urgent=now.urgent, agency=now.agency, spot=spot,
            title=self.title(now.category, spot),
        )  # fmt: skip
        return self.acts.split(now.id, entry, plan=self.plan, at_ms=at_ms, by=by, note=note)

    def dues(self, kind: str, category: str, at_ms: int, *, urgent: bool) -> tuple[int, int]:
        """Say until when a caller is to be contacted and answered."""
        return self.rules.dues(kind, category, self.plan.clock, at_ms, urgent=urgent)

    def title(self, category: str, spot: Spot) -> dict[str, str]:
        """Name a case by what it is about and where; a citizen's words stay out of the log."""
        what = self.rules.categories.get(category)
        name = what.name if what else {"zh": "待分类", "en": "not sorted yet"}
        streets = self.district.streets
        at = streets.code.index(spot.street) if spot.street in streets.code else -1
        zh = streets.name_zh[at] if at >= 0 else self.district.name["zh"]
        en = streets.name_en[at] if at >= 0 else self.district.name["en"]
        return {"zh": f"{zh}：群众诉求·{name['zh']}", "en": f"{en}: request, {name['en']}"}

    def _sound(self, draft: Filing) -> None:
        """Refuse a draft whose category, kind or point the district does not know."""
        known = self.rules.category_of(draft.category), self.rules.kind_of(draft.kind)
        for field, said, code, among in (
            ("category", draft.category, known[0], self.rules.categories),
            ("kind", draft.kind, known[1], self.rules.kinds),
        ):
            if said and not code:
                self._one_of(field, said, among)
        lon, lat = draft.lon, draft.lat
        if lon is not None and lat is not None and not self.gazetteer.at(lon, lat).precision:
            msg = f"lon, lat: {lon:g}, {lat:g} 不在本区范围内 lies outside of the district"
            raise OutsideDistrict(msg)

    def _one_of(self, field: str, value: str, known: Any) -> str:
        """Refuse what the district does not know."""
        if value not in known:
            among = ", ".join(sorted(filter(None, known)))
            msg = f"{field}: 没有 there is no {value!r}; {among}"
            raise BadRequest(msg)
        return value
