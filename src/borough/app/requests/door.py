"""What the api reads of requests: lists, rates, hot topics, and files of them."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Engine, select

from borough.adapters import sheets
from borough.adapters.text import Requests as Columns, hot, merged
from borough.app.requests.addressing import forms
from borough.core import requests as core
from borough.core.district import District
from borough.core.errors import BadRequest, BadSheet
from borough.core.forgetting import Telling
from borough.core.people import Bounds, ranges
from borough.core.requests import Request, RequestRules
from borough.engine.district.requests import read_requests
from borough.storage.sql import SqlCases, SqlRequests
from borough.storage.sql.engines import reading
from borough.storage.sql.requests_reach import Reached
from borough.storage.sql.requests_table import requests
from borough.storage.sql.requests_traces import as_json, newest, traces
from borough.storage.sql.similar import Similar, SqlSimilar

DAY_MS = 86_400_000
BY = ("agency", "first_agency", "street", "month", "category", "kind", "all")
MOST = 5_000
"""Requests among which topics are looked for: some seconds of work."""
TOPICS = 20
PAGE = 1_000
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "编号", "工单号", "order_no"),
    "text": ("text", "诉求内容", "内容", "content"),
    "title": ("title", "subject", "标题", "主题"),
    "place": ("place", "地址", "地点", "address"),
    "lon": ("lon", "经度", "longitude"),
    "lat": ("lat", "纬度", "latitude"),
    "channel": ("channel", "渠道"),
    "kind": ("kind", "诉求类型", "类型"),
    "category": ("category", "类别", "分类"),
    "name": ("name", "姓名", "诉求人"),
    "phone": ("phone", "电话", "联系电话"),
    "secret": ("secret", "保密"),
}
"""What a column of a file may be called."""
CONTACT = ("name", "phone")
YES = {"1", "true", "yes", "是"}


class RequestDoor:
    """The requests of a district, to be read."""

    def __init__(self, engine: Engine, cases: SqlCases, district: District, folder: Path) -> None:
        self._engine = engine
        self._store = SqlRequests(engine, cases=cases)
        self._similar, self._cases = SqlSimilar(engine), cases
        self._district = district
        self.rules: RequestRules = read_requests(folder, district.agencies.code)
        self.one = self._store.one
        self.acts = self._store.acts

    def find(self, *, reach: Sequence[Bounds] = (), **wanted: Any) -> list[Request]:
        """Give the requests that fit, newest first, of those within *reach*; empty is all."""
        return self._store.find(within=self._within(reach), **wanted)

    def counts(self, late_at_ms: int, reach: Sequence[Bounds] = ()) -> dict[str, int]:
        """Count those within *reach* by state, and late ones."""
        return self._store.counts(late_at_ms, self._within(reach))

    def traces(self, person: int, fields: Mapping[str, str]) -> dict[str, Any]:
        """Find whose requests speak of a person of whom *fields* are known; nothing is changed.

        ``own`` are codes of their own, ``found`` those of others, ``after`` the last number looked
        at.
        """
        with reading(self._engine) as connection:
            after = newest(connection)
            telling = Telling.of(fields, forms())
            found = list(traces(connection, person, fields, telling))
            chosen = select(requests.c.code).where(requests.c.person == person)
            own = list(connection.scalars(chosen.order_by(requests.c.id)))
        callers = {each.request: each.person for each in found}
        return {"own": own, "after": after, "found": [as_json(each) for each in found],
                "callers": callers}  # fmt: skip

    def _within(self, reach: Sequence[Bounds]) -> Reached:
        """Lay bounds out as the store needs them."""
        if any(each.everywhere for each in reach):
            return ()
        codes = self._district.grids.code
        return [
            (each.agencies, tuple(row for row in ranges(each, codes) if row[0] >= 0), each.areas)
            for each in reach
        ]

    def similar(self, case: int) -> list[Similar]:
        """List open cases that may be the same matter as one, nearest first."""
        found, rules = self._cases.one(case), self.rules
        if not rules.similar_metres or not rules.similar_hours:
            return []
        return self._similar.near(found, metres=rules.similar_metres, hours=rules.similar_hours)

    def rates(
        self, since_ms: int, until_ms: int, by: str, now_ms: int, reach: Sequence[Bounds] = ()
    ) -> dict[str, Any]:
        """Work out the three rates of those received in a period, by agency, street or month.

        Only those within *reach* count; empty is everywhere.
        """
        if by not in BY:
            msg = f"by: must be one of {', '.join(BY)}, not {by!r}"
            raise BadRequest(msg)
        groups: dict[str, list[Request]] = defaultdict(list)
        for each in self._all(since_ms, until_ms, reach):
            groups[self._group(each, by)].append(each)
        return {
            "by": by, "since_ms": since_ms, "until_ms": until_ms, "now_ms": now_ms,
            "weights": dict(self.rules.weights), "satisfied": self.rules.satisfied,
            "formulas": FORMULAS,
            "groups": [self._told(name, rows, now_ms) for name, rows in sorted(groups.items())],
        }  # fmt: skip

    def _told(self, group: str, rows: Sequence[Request], now_ms: int) -> dict[str, Any]:
        counted = core.rates(rows, now_ms, self.rules.satisfied)
        values = {name: each.value for name, each in counted.items()}
        whole = all(value is not None for value in values.values())
        score = sum(self.rules.weights[name] * (value or 0) for name, value in values.items())
        out: dict[str, list[int]] = defaultdict(list)
        for each in rows:
            if each.excluded:
                out[each.excluded].append(each.id)
        return {
            "group": group, "requests": len(rows), "score": round(score, 4) if whole else None,
            "excluded": dict(out),
            **{
                name: {
                    "value": each.value, "above": len(each.above), "below": len(each.below),
                    "above_ids": each.above, "below_ids": each.below,
                }
                for name, each in counted.items()
            },
        }  # fmt: skip

    def _group(self, request: Request, by: str) -> str:
        if by == "month":
            zone = ZoneInfo(self._district.zone)
            at = datetime.fromtimestamp(request.received_ms / 1000, UTC).astimezone(zone)
            return f"{at:%Y-%m}"
        return "all" if by == "all" else str(getattr(request, by))

    def _all(self, since_ms: int, until_ms: int, reach: Sequence[Bounds]) -> list[Request]:
        found: list[Request] = []
        before, span = 0, {"since_ms": since_ms, "until_ms": until_ms}
        while True:
            page = self.find(reach=reach, **span, before=before, limit=PAGE)
            found += page
            if len(page) < PAGE:
                return found
            before = page[-1].id

    def hot(self, until_ms: int, days: float, reach: Sequence[Bounds] = ()) -> list[dict[str, Any]]:
        """List topics by how many people raised them, among the newest requests within *reach*."""
        rows = self._all(until_ms - round(days * DAY_MS), until_ms, reach)[:MOST]
        rows = [each for each in rows if not each.secret and not each.excluded]
        if not rows:
            return []
        nowhere = np.full(len(rows), np.nan)
        times = np.array([each.received_ms for each in rows], np.int64)
        subjects, bodies = [each.title for each in rows], [each.text for each in rows]
        matter = merged(Columns(subjects, bodies, times, nowhere, nowhere)).matter
        people = [f"p{each.person}" if each.person else f"r{each.id}" for each in rows]
        topics = hot(matter, people, times, since_ms=0, until_ms=until_ms)
        wanted = [each for each in topics if each.people >= self.rules.hot_people][:TOPICS]
        return [self._topic(each, [rows[i] for i in np.flatnonzero(matter == each.matter)])
                for each in wanted]  # fmt: skip

    def _topic(self, topic: Any, rows: Sequence[Request]) -> dict[str, Any]:
        first = min(rows, key=lambda each: each.received_ms)
        streets: dict[str, int] = defaultdict(int)
        for each in rows:
            streets[each.street] += 1
        return {
            "people": topic.people, "requests": topic.requests, "first_ms": topic.first_ms,
            "last_ms": topic.last_ms, "category": first.category,
            "says": (first.title or first.text)[:60], "streets": dict(streets),
            "ids": [each.id for each in rows], "cases": sorted({each.case_id for each in rows}),
        }  # fmt: skip

    def drafts(self, path: Path) -> list[dict[str, Any]]:
        """Read a file of requests: for each row its number, its draft and what is wrong."""
        sheet = sheets.read(path)
        names = {field: next((way for way in ways if way in sheet.columns), "")
                 for field, ways in COLUMNS.items()}  # fmt: skip
        for field in ("key", "text"):
            if not names[field]:
                among = ", ".join(COLUMNS[field])
                said = {
                    "zh": f"缺少此列，应为 {among} 之一",
                    "en": f"there is no such column: {among}",
                }
                raise BadSheet(said, file=path.name, field=field)
        made = []
        for at, number in enumerate(sheet.numbers):
            said_ = {
                f: sheet.columns[n][at] for f, n in names.items() if n and sheet.columns[n][at]
            }
            made.append({"row": number, **_draft(said_)})
        return made

    def marked(self, path: Path, results: Sequence[Mapping[str, Any]]) -> bytes:
        """Give a workbook back with what was wrong beside each row."""
        sheet = sheets.read(path)
        faults = {
            each["row"]: [("", str(each["detail"]))]
            for each in results
            if each["outcome"] == "refused"
        }
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "errors.xlsx"
            sheets.marked(told, sheet, faults)
            return told.read_bytes()


FORMULAS = {
    "response": {
        "zh": "响应率 = 在时限内联系诉求人件数 / 应响应件数（已联系的，或联系时限已过的）",
        "en": "response = contacted in time / contacted, or past the time for it",
    },
    "resolution": {
        "zh": "解决率 = 回访认定已解决件数 / 回访件数",
        "en": "resolution = said to be resolved / revisited",
    },
    "satisfaction": {
        "zh": "满意率 = 回访满意（含基本满意）件数 / 回访中作出评价的件数",
        "en": "satisfaction = content on the whole or better / revisited and rated",
    },
    "excluded": {
        "zh": "恶意、不合理、已依法终结及不予受理的不计入",
        "en": "malicious, unreasonable, settled and refused requests count nowhere",
    },
}


def _draft(said: Mapping[str, str]) -> dict[str, Any]:
    """Make a draft of the cells of a row; what cannot be read is told as ``wrong``."""
    draft: dict[str, Any] = {name: cell for name, cell in said.items() if name not in CONTACT}
    draft["key"] = f"import:{said.get('key', '')}" if said.get("key") else ""
    draft.setdefault("channel", "import")
    draft["secret"] = said.get("secret", "").lower() in YES
    draft["contact"] = {name: said[name] for name in CONTACT if name in said}
    for axis in ("lon", "lat"):
        if axis in draft:
            try:
                draft[axis] = float(draft[axis])
            except ValueError:
                return {"draft": draft, "wrong": f"{axis}: {draft[axis]!r} is no number"}
    return {"draft": draft, "wrong": ""}
