"""A day played through the public API: what people do is done once, whatever dies meanwhile."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import httpx

from borough.app.district import ground
from borough.testing.living import Living, eventually

HOUR_MS = 3_600_000
CITIZENS = "citizen_request"
"""The one plan of the day with stages."""
PATIENCE_S = 300.0
"""How long somebody tries what others may be in the way of."""


@dataclass(frozen=True)
class Size:
    """How large a day is: ``rate`` district seconds to one of ours, and what happens in it.

    ``paces`` are the mm an hour by which the slope moves until it is blue, yellow, orange, red.
    """

    rate: float
    paces: tuple[float, ...]
    poles: int
    each: int
    requests: int
    by_form: int
    by_open311: int
    in_a_file: int

    @property
    def lamps(self) -> int:
        """How many lamps go out."""
        return self.poles * self.each


@dataclass
class Day:
    """A living district and what its people do in it; nothing is done twice, whatever dies."""

    living: Living
    http: httpx.Client
    start_ms: int
    sent: list[tuple[int, int, float]] = field(default_factory=list)
    """Readings that were acknowledged: series, time in ms, value."""
    killing: Event = field(default_factory=Event)
    """Set when its processes are about to be killed."""

    def get(self, path: str, **params: Any) -> Any:
        """Ask until somebody answers."""
        return self.ask("GET", f"/api/v1/{path}", params=params).raise_for_status().json()

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Send something that may come twice until somebody answers."""
        heard: list[httpx.Response] = []

        def answered() -> bool:
            try:
                heard.append(self.http.request(method, path, **how))
            except httpx.TransportError:
                return False
            return heard[-1].status_code < httpx.codes.INTERNAL_SERVER_ERROR

        eventually(answered, path)
        return heard[-1]

    def act(self, path: str, body: Callable[[], Mapping[str, Any] | None]) -> None:
        """Post what *body* gives after a look, until it gives None: done, by us or before."""

        def settled() -> bool:
            said = body()
            if said is None:
                return True
            try:
                answer = self.http.post(f"/api/v1/{path}", json=said)
            except httpx.TransportError:
                return False
            lost = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            stale = answer.status_code == httpx.codes.CONFLICT
            assert answer.is_success or lost or stale, f"{path}: {answer.text}"
            return False  # look again: what counts is what stands there now

        eventually(settled, path, PATIENCE_S)

    def until(self, hour: float) -> None:
        """Wait for an hour of the day."""
        eventually(
            lambda: self.living.now >= self.start_ms + hour * HOUR_MS, f"hour {hour}", PATIENCE_S
        )

    def case_of(self, scene: str) -> dict[str, Any] | None:
        """Find the newest case of a scene."""
        rows = self.get("cases", scene=scene, limit=1)["cases"]
        return self.get(f"cases/{rows[0]['id']}") if rows else None

    def observe(self, key: str, token: str, rows: list[dict[str, Any]]) -> None:
        """Send readings under a key of their own, until they are acknowledged; twice is once."""

        def taken() -> bool:
            try:
                answer = httpx.post(
                    f"{self.living.url}/api/v1/observations", auth=(key, token), timeout=60.0,
                    json={"observations": rows},
                    headers={"idempotency-key": f"{key}-{rows[0]['time']}"},
                )  # fmt: skip
            except httpx.TransportError:
                return False
            partly = {httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.MULTI_STATUS}
            assert answer.status_code not in partly, answer.text
            return answer.is_success

        eventually(taken, f"readings of {key}", PATIENCE_S)
        self.sent += [
            (self.living.series(row["thing"], row["property"]), row["time"], float(row["value"]))
            for row in rows
        ]

    def lamp_posts(self, poles: int, each: int) -> dict[str, str]:
        """Import lamps and the cabinets that they hang on; give the tokens of the cabinets."""
        grids = self.living.held.district.grids
        rows = [["key", "kind", "lon", "lat", "via"]]
        for pole in range(poles):
            at = [f"{grids.lon[pole // 6]:.6f}", f"{grids.lat[pole // 6]:.6f}"]
            rows.append([f"cab-{pole}", "gateway", *at, ""])
            rows += [[f"lamp-{pole}-{n}", "street_light", *at, f"cab-{pole}"] for n in range(each)]
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        how = {"params": {"name": "lamps.csv", "credentials": "true"}}
        path = "/api/v1/things/imports"
        kept = self.http.post(path, content=text.getvalue().encode(), **how)  # type: ignore[arg-type]  # texts
        number = kept.raise_for_status().json()["number"]
        done = f"things/imports/{number}"
        eventually(lambda: self.get(done)["state"] == "done", "lamps imported", PATIENCE_S)
        tokens = self.http.post(f"/api/v1/{done}/tokens").raise_for_status().text
        eventually(lambda: self.get("counts")["things"] > poles * each, "lamps known to the doors")
        self.living.held = ground(self.living.settings)
        told = csv.DictReader(io.StringIO(tokens))
        return {row["key"]: row["token"] for row in told if row["key"].startswith("cab-")}

    def lit(self, pole: int, each: int, tokens: Mapping[str, str]) -> None:
        """Let the lamps of a cabinet say that they are lit, and the cabinet that it is there."""
        at, key = self.living.now, f"cab-{pole}"
        here = {"thing": key, "property": "uptime", "time": at, "value": 60}
        rows = [
            {"thing": f"lamp-{pole}-{n}", "property": "power", "time": at, "value": 90}
            for n in range(each)
        ]
        self.observe(key, tokens[key], [here, *rows])

    def file_once(self, path: str, how: Mapping[str, Any]) -> None:
        """Send something until it is acknowledged; its keys make one of two."""

        def taken() -> bool:
            try:
                answer = self.http.post(path, **how)
            except httpx.TransportError:
                return False
            lost = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            assert answer.is_success or lost, f"{path}: {answer.text}"
            return answer.is_success

        eventually(taken, path, PATIENCE_S)

    def step(self, case: int, to: str, answers: Mapping[str, Any]) -> None:
        """Take the case to a step, once."""

        def body() -> dict[str, Any] | None:
            now = self.get(f"cases/{case}")
            if to in now["trail"]:
                return None
            return {"version": now["version"], "to": to, "answers": answers}

        self.act(f"cases/{case}/move", body)

    def questions(self, service: str) -> dict[str, str]:
        """Answer what a service must know, with the first that it offers."""
        asked = self.ask("GET", f"/open311/v2/services/{service}.json")
        if asked.status_code == httpx.codes.NOT_FOUND:
            return {}
        return {
            f"attribute[{each['code']}]": each["values"][0]["key"] if each["values"] else "1"
            for each in asked.raise_for_status().json()["attributes"]
            if each["required"]
        }

    def program(self) -> str:
        """Make a token with which a program may file requests, and do nothing else."""
        wanted = {"name": "citizen app", "rights": ["requests.file"]}
        made = self.ask("POST", "/api/v1/tokens", json=wanted)
        token: str = made.raise_for_status().json()["token"]
        return token

    def requests(self) -> Iterator[dict[str, Any]]:
        """Page through all requests."""
        before = 0
        while True:
            page = self.get("requests", before=before, limit=200)
            yield from page["requests"]
            if page["next"] is None:
                return
            before = page["next"]


def count_by_hand(hand: Counter[str], case: Mapping[str, Any], until: int) -> None:
    """Read one log as an inspector would; without stages, whoever has it disposes of it."""
    log = [each for each in case["events"] if each["at_ms"] <= until]
    ended = [each["at_ms"] for each in log if each["verb"] == "closed"]
    due = [each["data"]["due_ms"] for each in log if each["verb"] in {"opened", "moved"}][-1]
    sent, done = True, ended
    if case["scene"] == CITIZENS:
        to = {each["data"]["to"]: each for each in log if each["verb"] == "moved"}
        sent, done = "dispose" in to, [to["check"]["at_ms"]] if "check" in to else []
        due = to["dispose"]["data"]["due_ms"] if sent else 0
    hand["reported"] += 1
    hand["to_dispose"] += sent
    hand["disposed"] += bool(sent and done)
    hand["disposed_on_time"] += bool(sent and done and done[0] <= due)
    hand["disposed_late"] += bool(sent and done and done[0] > due)
    hand["to_close"] += bool(sent and (done or due < until))
    hand["closed"] += bool(sent and done and ended)
