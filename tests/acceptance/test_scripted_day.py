"""A day of a district, played through the public API alone, with every process killed in it.

A slope goes from blue to red and back with many agencies at work side by side; citizens ask for
something; a power cut silences a district's lamps; and every process dies while they speak.  What
stands in the evening is compared with what was done, with a count by hand, and with what a twin
that was never killed says of the same readings.

The suite plays a small day.  The whole one takes five minutes on a machine of its own::

    SCRIPTED_DAY=whole python -m pytest tests/acceptance/test_scripted_day.py
"""

import csv
import io
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
import xmlschema

from borough.app.clocks import wall_ms
from borough.app.requests.practice import learned
from borough.app.tuning.replays import replayed
from borough.edge.citizens.writing import UNSEEN, Message, messages
from borough.storage.sql import SqlCases, connect
from borough.testing.day import HOUR_MS, PATIENCE_S, Day, Size, count_by_hand
from borough.testing.living import ROLES, Living, eventually

MIN_MS = 60_000
RED = 4
NOISE_MM, V0 = 0.05, 24.0
"""How sure the script is of how far the slope moved, and the pace of its creep, mm a day."""
AGENCIES = ("planning", "emergency", "centre", "traffic_police", "gas_utility", "economy",
            "water_utility", "fire_rescue", "housing", "geologist", "grid_worker",
            "community_worker", "duty_desk")  # fmt: skip
DONE = {"lift_red": "yes", "lift_orange": "yes", "headcount": 48, "reason": "looked at"}
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
OPEN311 = "/open311/v2"
SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "data" / "cap" / "CAP-v1.2.xsd")


SMALL = Size(1800.0, (1.3, 30, 30, 30), 50, 50, 40, 5, 5, 10)
WHOLE = Size(300.0, (1.3, 3, 8, 30), 60, 500, 500, 15, 15, 47)
SIZE = WHOLE if os.environ.get("SCRIPTED_DAY") == "whole" else SMALL


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Start a small district by itself; its fleet is silent, so all that is heard is the script."""
    living = Living.made(tmp_path_factory.mktemp("day") / "data", rate=SIZE.rate)
    learned(living.settings.folder, living.held.district)
    living.settings = replace(living.settings, clock_origin_ms=wall_ms())
    living.settings.write()
    living.start()
    signed = {"authorization": f"Bearer {living.settings.operator}"}
    with httpx.Client(base_url=living.url, headers=signed, timeout=60.0) as http:
        yield Day(living, http, living.now)
    living.stop()
    assert living.left_over() == []


def test_a_day_of_slope_requests_and_power_cut_ends_as_it_was_played(day: Day) -> None:
    """Everything at once, all processes killed in the middle, and the evening is as it must be."""
    prepare(day)
    lamps = day.lamp_posts(SIZE.poles, SIZE.each)
    parts = (slope_moves, slope_is_dealt_with, citizens_ask, lambda at: power_cut(at, lamps))
    with ThreadPoolExecutor(len(parts)) as people:
        played = [people.submit(part, day) for part in parts]
        eventually(lambda: some_heard(day, played), "a third of the lamps heard")
        day.killing.set()
        day.living.kill(*ROLES)
        day.living.await_all()
        for each in as_completed(played):
            each.result()
    the_slope_was_followed_to_the_end(day)
    the_public_was_warned(day)
    every_citizen_was_answered(day)
    few_alarms_told_of_the_power_cut(day)
    the_appraisal_is_what_a_hand_counts(day)
    nothing_was_lost_or_doubled(day)


def some_heard(day: Day, played: Iterable[Future[None]]) -> bool:
    """Tell whether a third of the lamps was heard; whatever failed meanwhile is raised."""
    for each in played:
        if each.done():
            each.result()
    return len(day.sent) > SIZE.lamps / 3


def prepare(day: Day) -> None:
    """Let the slope be judged from three hours instead of a day, so that a day is enough."""
    for thing, values in (
        ("", {"least": 3, "short_share": 0.67, "fall_s": 0}),
        ("yb-slope-0001", {"window_s": 10_800, "noise_mm": NOISE_MM, "v0": V0}),
    ):
        change = {"values": values, "thing": thing, "why": "a day on fast forward"}

        def body(change: dict[str, Any] = change, thing: str = thing) -> dict[str, Any] | None:
            told = day.get("scenes/slope")
            done = [each for each in told["history"] if each["thing"] == thing]
            return None if done else {**change, "last_change": told["last_change"]}

        put_parameters(day, body)


def put_parameters(day: Day, body: Callable[[], dict[str, Any] | None]) -> None:
    """Change parameters; they are put, not posted."""
    said = body()
    assert said is not None
    day.http.put("/api/v1/scenes/slope/parameters", json=said).raise_for_status()


def slope_moves(day: Day) -> None:
    """The one station on the slope reports every hour: faster until it is red, then no more."""
    registry = day.living.held.registry
    station = next(key for key in registry.key if key.startswith("yb-gnss"))
    gateway = registry.key[int(registry.via[registry.rows[station]])]
    moved = 100.0
    while True:
        case = day.case_of("slope") or {"level": 0, "worst": 0}
        if case["worst"] == RED and not case["level"]:
            return
        day.until((day.living.now - day.start_ms) // HOUR_MS + 1)
        moved += (*SIZE.paces, 0.0)[case["worst"]]
        row = {"thing": station, "property": "d_h", "time": day.living.now, "value": moved}
        day.observe(gateway, day.living.token, [row])


def slope_is_dealt_with(day: Day) -> None:
    """Each agency does its own tasks as they come, side by side; then the case goes its way."""
    eventually(lambda: day.case_of("slope"), "a case of the slope", 300.0)
    case = day.case_of("slope")
    assert case is not None
    number = case["id"]
    day.step(number, "judge", {"photo": "looked at"})

    def over() -> bool:
        now = day.get(f"cases/{number}")
        return bool(now["worst"] == RED and not now["level"])

    with ThreadPoolExecutor(len(AGENCIES)) as agencies:
        for _ in agencies.map(lambda holder: works(day, number, holder, over), AGENCIES):
            pass
    day.step(number, "leave", {})
    day.step(number, "seal", {"headcount": 48})
    day.step(number, "keep_watch", {})
    day.step(number, "lift", {"reason": "stands still"})

    def close() -> dict[str, Any] | None:
        finish(day, number, "")
        now = day.get(f"cases/{number}")
        closing = {"outcome": "true", "answers": {"reason": "experts have met"}}
        return None if now["closed_ms"] else {"version": now["version"], **closing}

    day.act(f"cases/{number}/close", close)


def works(day: Day, case: int, holder: str, over: Callable[[], bool]) -> None:
    """Finish whatever a holder has to do on a case, until the day is over."""
    while not over():
        finish(day, case, holder)
        time.sleep(0.5)


def finish(day: Day, case: int, holder: str) -> None:
    """Acknowledge and finish the tasks of a holder that run now."""
    for task in day.get("tasks", case=case, **({"holder": holder} if holder else {}))["tasks"]:
        if "finish" not in task["may"]:
            continue

        def body(task: dict[str, Any] = task) -> dict[str, Any] | None:
            rows = day.get("tasks", case=case, name=task["name"], all=True, limit=1000)["tasks"]
            now = next(each for each in rows if each["id"] == task["id"])
            if "finish" not in now["may"]:
                return None
            answers = {name: DONE.get(name, 1) for name in now["asks"]}
            return {"version": now["version"], "answers": answers}

        day.act(f"tasks/{task['id']}/finish", body)


@cache
def written_for(streets: tuple[str, ...]) -> list[Message]:
    """Write what citizens want; synthetic, and in wordings that no model has learned from."""
    return messages(SIZE.requests, 7, half=UNSEEN, places=streets)


def wanted(day: Day) -> list[Message]:
    """Give what citizens want in this district."""
    return written_for(tuple(day.living.held.district.streets.name_zh))


def citizens_ask(day: Day) -> None:
    """Many ask: by the form, through Open311, and in a file of the hotline."""
    written = {f"day-{n}": message for n, message in enumerate(wanted(day))}
    keys = list(written)
    day.until(1)
    for key in keys[: SIZE.by_form]:
        said = written[key]
        day.file_once("/api/v1/requests", {"json": {"key": key, "text": said.text}})
    token = day.program()
    for key in keys[SIZE.by_form : SIZE.by_form + SIZE.by_open311]:
        grid = day.living.held.district.grids
        form = {
            "service_code": written[key].category, "description": written[key].text,
            "lat": f"{grid.lat[40]:.5f}", "long": f"{grid.lon[40]:.5f}", "api_key": token,
        }  # fmt: skip
        form |= day.questions(written[key].category)
        headers = {"idempotency-key": key}
        day.file_once(f"{OPEN311}/requests.json", {"data": form, "headers": headers})
    calls = [(key, written[key].text, "hotline") for key in keys[SIZE.by_form + SIZE.by_open311 :]]
    for at in range(0, len(calls), SIZE.in_a_file):
        file_of_calls(day, calls[at : at + SIZE.in_a_file])
    everyone = list(day.requests())
    with ThreadPoolExecutor(3) as agencies:
        list(agencies.map(lambda each: dealt_with(day, each), everyone))
        cases = sorted({each["case_id"] for each in day.requests()})
        list(agencies.map(lambda case: close_request(day, case), cases))


def file_of_calls(day: Day, calls: Iterable[Sequence[str]]) -> None:
    """Bring in what the hotline wrote down, as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([("key", "text", "channel"), *calls])
    day.file_once("/api/v1/requests/imports", {"content": text.getvalue().encode()})


def dealt_with(day: Day, request: Mapping[str, Any]) -> None:
    """Sort a request where triage was not sure, answer it, and hear what the caller says."""
    number = request["id"]
    wish = message_of(day, request)

    def now(state: str) -> bool:
        return bool(day.get(f"requests/{number}")["state"] == state)

    def sort() -> dict[str, Any] | None:
        said = {"category": wish.category, "kind": wish.kind}
        if not request["street"]:  # whoever accepts it has to ask
            said["place"] = day.living.held.district.streets.name_zh[0]
        return said if now("waiting") else None

    def answer() -> dict[str, Any] | None:
        return {"text": "已处理，谢谢。"} if now("accepted") else None

    def revisit() -> dict[str, Any] | None:
        return {"resolved": True, "satisfaction": 4 + number % 2} if now("answered") else None

    day.act(f"requests/{number}/triage", sort)
    day.act(f"requests/{number}/answer", answer)
    day.act(f"requests/{number}/revisit", revisit)


def message_of(day: Day, request: Mapping[str, Any]) -> Message:
    """Find what the writer of a request meant; Open311 adds what the service asked for."""
    return next(each for each in wanted(day) if request["text"].startswith(each.text.strip()))


def close_request(day: Day, case: int) -> None:
    """Let the agency report back and the desk close the case of a request, once."""
    day.step(case, "check", {})

    def body() -> dict[str, Any] | None:
        now = day.get(f"cases/{case}")
        return None if now["closed_ms"] else {"version": now["version"], "outcome": "true"}

    day.act(f"cases/{case}/close", body)


def power_cut(day: Day, cabinets: Mapping[str, str]) -> None:
    """All lamps speak once, the most of them while processes die, and then never again."""
    day.until(3)

    def lit(pole: int) -> None:
        if pole > SIZE.poles / 2:
            day.killing.wait(PATIENCE_S)
        day.lit(pole, SIZE.each, cabinets)

    with ThreadPoolExecutor(2) as senders:
        list(senders.map(lit, range(SIZE.poles)))


def the_slope_was_followed_to_the_end(day: Day) -> None:
    """One case, red and closed; at red six agencies were at it at once; nothing was done twice."""
    rows = day.get("cases", scene="slope")["cases"]
    assert len(rows) == 1
    case = day.get(f"cases/{rows[0]['id']}")
    assert (case["worst"], case["outcome"]) == (RED, "true")
    told = [each for each in case["events"] if each["verb"] in {"opened", "joined", "level"}]
    levels = [each["data"]["level"] for each in told]
    assert (levels[0], levels[-1]) == (1, 0)
    begun = [each for each in case["events"] if each["verb"] == "task_started"]
    ended = [each for each in case["events"] if each["verb"] == "task_done"]
    assert len({each["data"]["task"] for each in begun}) == len(begun)
    assert len({each["data"]["task"] for each in ended}) == len(ended)
    red = next(
        e["at_ms"] for e in case["events"] if e["verb"] == "level" and e["data"]["level"] == RED
    )
    holders = {each["data"]["holder"] for each in begun if each["at_ms"] == red}
    assert len(holders) >= 6


def the_public_was_warned(day: Day) -> None:
    """The CAP chain is valid, each message refers to those before, and the last one ends it."""
    rows = list(reversed(day.get("warnings")["warnings"]))
    assert rows
    kinds = []
    for row in rows:
        text = day.http.get(row["href"]).raise_for_status().text
        SCHEMA.validate(text)
        alert = ET.fromstring(text)  # noqa: S314 - our own server wrote it, and it is valid
        kinds.append(alert.findtext(f"{CAP}msgType"))
        assert alert.findtext(f"{CAP}status") == "Exercise"
        assert (alert.find(f"{CAP}references") is None) == (kinds[-1] == "Alert")
    assert kinds[0] == "Alert"
    assert kinds[-1] == "Cancel"
    assert set(kinds[1:-1]) <= {"Update"}


def every_citizen_was_answered(day: Day) -> None:
    """Every request once, each to the agency it belongs to, each answered and rated once."""
    rules = day.get("requests/rules")
    rows = list(day.requests())
    assert len(rows) == SIZE.requests
    assert Counter(each["state"] for each in rows) == {"closed": SIZE.requests}
    alone = [each for each in rows if each["sorted_by"] == "desk"]
    agency = {code: each["agency"] for code, each in rules["categories"].items()}
    right = sum(each["category"] == message_of(day, each).category for each in alone)
    assert all(each["agency"] for each in rows)
    assert len(alone) > SIZE.requests / 4
    assert right >= 0.9 * len(alone)
    for each in rows:
        named = agency[each["category"]]
        assert named == "street" or each["agency"] in {named, rules["fallback"]}
    (rates,) = day.get("requests/rates", since=day.start_ms, until=day.living.now)["groups"]
    assert rates["requests"] == SIZE.requests
    verbs: Counter[str] = Counter()
    for case in {each["case_id"] for each in rows}:
        verbs.update(each["verb"] for each in day.get(f"cases/{case}")["events"])
    assert (verbs["answered"], verbs["revisited"]) == (SIZE.requests, SIZE.requests)
    assert verbs["closed"] == len({each["case_id"] for each in rows})


def few_alarms_told_of_the_power_cut(day: Day) -> None:
    """All cabinets are silent, and in no ten minutes were there more than ten alarms of it."""
    eventually(lambda: day.get("counts")["detections_open"] >= SIZE.poles, "the silence noticed")
    eventually(lambda: not day.get("alarms")["gathered"], "the silence told")
    opened = sorted(each["opened_ms"] for each in day.get("cases", scene="lost_device")["cases"])
    assert opened
    windows = [sum(at <= other < at + 10 * MIN_MS for other in opened) for at in opened]
    assert max(windows) <= 10


def the_appraisal_is_what_a_hand_counts(day: Day) -> None:
    """The evening's indicators are counted again from the logs, with nothing but a loop."""
    until = day.living.settled()  # what is written of that time is written by then
    told = day.get("appraisals", **{"from": day.start_ms, "to": until, "as_of": until})
    numbers = {name: each["value"] for name, each in told["rows"][0]["numbers"].items()}
    hand: Counter[str] = Counter()
    for row in day.get("cases", limit=1000)["cases"]:
        count_by_hand(hand, day.get(f"cases/{row['id']}"), until)
    assert {name: numbers[name] for name in hand} == dict(hand)
    assert hand["closed"] > 0


def nothing_was_lost_or_doubled(day: Day) -> None:
    """Each reading is kept once, a twin that was never killed says the same, and logs hold."""
    living = day.living
    assert living.journalled() == Counter(day.sent)
    until = living.settled()
    twin = replayed(living.settings).compared(0, until)
    assert (twin.missing, twin.extra) == ([], [])
    assert twin.same
    cases = SqlCases(connect(living.settings.store))
    assert [cases.verify(each.id) for each in cases.find(limit=1000) if cases.verify(each.id)] == []
