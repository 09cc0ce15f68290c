"""Rosters, leave, patrols and shelves from the door to the desk and back, over a socket."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from borough.adapters import sheets
from borough.api.application import create
from borough.api.ports import Ports
from borough.app.clocks import wall_ms
from borough.app.desk.desk import Desk
from borough.app.desk.verbs import answered
from borough.app.rosters import AlarmDoor, RosterDoor
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.core.cases import Case
from borough.core.deadlines import HOUR_MS
from borough.storage.sql import SqlPosts, roster_tables as r
from borough.storage.sql.engines import writing
from borough.testing.living import laid_out
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, town

MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8, a Wednesday."""
PATROLS = """code,name_zh,name_en,kind,area,rhythm,within_h,synthetic
rain,雨前排查,Before rain,grid_worker,000000001,call,12,yes
twice,每周两巡,Two rounds a week,grid_worker,000000002001,2/week,84,yes
"""


class Line:
    """Asks a desk in this process as the bus would: as JSON, verb by verb."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def ask(self, verb: str, body: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Ask, and give the answer as it comes out of the bus."""
        done = answered(self.desk, verb, msgspec.json.encode(body))
        return dict(msgspec.json.decode(msgspec.json.encode(done.ok)))


def district_in(place: Path) -> Path:
    """Make the folder of the smallest district, with patrols of its own."""
    made = place / "mine"
    made.mkdir()
    for source in folder_of("template").iterdir():
        (made / source.name).write_bytes(source.read_bytes())
    (made / "patrols.csv").write_text(PATROLS, "utf-8")
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give that folder to all tests of this file."""
    return district_in(tmp_path_factory.mktemp("district"))


def desk_in(tmp_path: Path, folder: Path | None = None) -> Desk:
    """Set up a desk of the smallest district, whose clock all but stands still."""
    folder = folder or district_in(tmp_path)
    settings = Settings(
        str(tmp_path / "data"), str(folder), clock_start_ms=MORNING, clock_rate=0.001,
        clock_origin_ms=wall_ms(),
    )  # fmt: skip
    laid_out(settings, share=0.01)
    made = Desk(settings)
    made.weigh()
    return made


def doors_of(desk: Desk, tmp_path: Path) -> Ports:
    """Make the doors of a desk."""
    district = desk.ground.district
    return replace(
        town(5), district=district, clock=desk.clock, registry=desk.ground.registry,
        desk=Line(desk), cases=desk.cases, uploads=tmp_path / "data" / "uploads",
        rosters=RosterDoor(desk.engine, district.zone, district.work),
        alarms=AlarmDoor(desk.engine),
        bench=desk.bench,
    )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, folder: Path) -> Desk:
    """A desk of the smallest district."""
    return desk_in(tmp_path, folder)


@pytest.fixture
def ports(desk: Desk, tmp_path: Path) -> Ports:
    """Its doors."""
    return doors_of(desk, tmp_path)


@pytest.fixture
def client(ports: Ports) -> Iterator[httpx.Client]:
    """Serve them, and connect."""
    headers = {"authorization": f"Bearer {OPERATOR}"}
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1", headers=headers, timeout=60) as made,
    ):
        yield made


def opened(desk: Desk, grid: int = 0) -> Case:
    """Open an urgent case for a grid worker."""
    plan = desk.plans["fire_lane"]
    about = {"scene": "fire_lane", "thing": 0, "title": {}, "level": 1, "detection": ""}
    with writing(desk.engine) as connection:
        case = desk.cases.opened(
            connection, plan, at_ms=desk.now(), grid=grid, urgent=True, **about
        )
    return desk.cases.one(case.id)


def test_posts_tell_who_is_on_duty_until_when_with_how_much(
    client: httpx.Client, desk: Desk
) -> None:
    """Two of six have their shift now; the case counts for whoever has it."""
    case = opened(desk)
    on_duty = client.get("posts", params={"kind": "grid_worker", "on_duty": True}).json()["posts"]
    every = client.get("posts").json()["posts"]

    assert [each["code"] for each in on_duty] == ["G0001", "G0003", "G0004"]
    assert {each["until_ms"] for each in on_duty} == {MORNING + 12 * HOUR_MS}
    assert [each["load"] for each in every if each["code"] == case.post] == [1]
    assert {each["code"]: each["covers"] for each in every}["G0002"] is None
    assert client.get("dispatch").json() == {"waiting": {}}
    named = client.get("district").json()["holders"]
    assert named["grid_worker"] == {"zh": "网格员", "en": "Grid worker", "agency": False}
    assert named["works"]["agency"]


def test_the_tree_of_grids_goes_down_to_the_grid_and_across(client: httpx.Client) -> None:
    """District, streets, communities, grids; a responsibility grid is a set of grids."""
    (top,) = client.get("areas", params={"kind": "district"}).json()["areas"]
    streets = client.get("areas", params={"parent": top["code"]}).json()["areas"]
    below = client.get("areas", params={"parent": "000000001001"}).json()["areas"]

    assert [each["code"] for each in streets] == ["000000001", "000000002"]
    assert top["grids"] == sum(each["grids"] for each in streets) == 12
    assert {each["kind"] for each in below} == {"grid", "responsibility"}
    assert next(e["grids"] for e in below if e["kind"] == "responsibility") == 4


def test_leave_given_now_holds_now_and_hands_the_case_on(client: httpx.Client, desk: Desk) -> None:
    """The answer names the case; taken back, the post is on duty again."""
    case = opened(desk)
    ends = {"to": "2024-07-10T12:00", "why": "病假"}
    told = client.post("leaves", json={"post": case.post, **ends}).json()
    assert told["handed_on"] == [case.code]
    assert desk.cases.one(case.id).post not in {case.post, ""}
    (leave,) = client.get("leaves").json()["leaves"]
    assert (leave["post"], leave["why"], leave["by"]) == (case.post, "病假", "operator")

    asked = {"kind": "grid_worker", "grid": 0}
    assert case.post not in client.get("rosters/duty", params=asked).json()["posts"]
    assert client.post(f"leaves/{leave['id']}/end").status_code == 200
    assert case.post in client.get("rosters/duty", params=asked).json()["posts"]
    again = client.post(f"leaves/{leave['id']}/end")
    assert (again.status_code, again.json()["code"]) == (404, "not-found")


def test_whoever_is_off_shift_cannot_be_given_a_case(client: httpx.Client, desk: Desk) -> None:
    """The problem names post and shift, in both languages."""
    case = opened(desk)
    body = {"case": case.id, "post": "G0002", "version": case.version, "by": "ann"}
    with pytest.raises(Exception, match=r"G0002 is off shift at 07-10 08:00 \(shift night"):
        answered(desk, "assign", msgspec.json.encode(body))
    refused = client.get(
        "rosters/duty", params={"kind": "grid_worker", "grid": 0, "at": "2031-01-01"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "calendar-hole")
    assert "2031-01-01" in refused.json()["detail"]
    assert refused.json()["titles"]["zh"] == "该日未排班"


def test_a_roster_comes_in_as_rows_or_as_a_file(client: httpx.Client) -> None:
    """A swap for a day; a bad row names itself, and nothing of its file is kept."""
    rows = [{"day": "2024-07-10", "post": "G0001", "shift": "day", "worker": "G0002"}]
    assert client.post("rosters/changes", json={"rows": rows}).json() == {"changed": 1}
    asked = {"kind": "grid_worker", "grid": 0}
    assert client.get("rosters/duty", params=asked).json()["posts"][0] == "G0002"

    sheet = "day,post,shift,worker\n2024-07-10,G0001,,\n2024-07-11,G0009,day,\n"
    refused = client.post("rosters/imports", content=sheet.encode())
    assert (refused.status_code, refused.json()["written"]) == (422, False)
    fine, bad = refused.json()["results"]
    assert (fine["row"], fine["outcome"]) == (2, "changed")
    assert (bad["row"], bad["field"], bad["code"]) == (3, "post", "bad-request")
    assert bad["details"]["zh"] == "post：没有这个岗位 'G0009'"
    assert client.get("rosters/duty", params=asked).json()["posts"][0] == "G0002"
    sheet = sheet.replace("G0009", "G0003")
    done = client.post("rosters/imports", content=sheet.encode()).json()
    again = client.post("rosters/imports", content=sheet.encode()).json()
    assert (done["changed"], done["same"], again["changed"], again["same"]) == (2, 0, 0, 2)
    told = client.get("rosters", params={"day": "2024-07-10", "kind": "grid_worker"}).json()
    assert "G0001" not in {each["covers"] for each in told["duties"]}
    assert {each["code"] for each in told["shifts"]} == {"day", "night"}


LEAVE = """post,from,to,stand_in,why
{post},2024-07-10T07:00,2024-07-10T12:00,,病假
G0002,2024-07-11,2024-07-12,G0001,探亲
"""


def test_a_post_sees_its_own_duties_and_its_leave_without_why(
    client: httpx.Client, desk: Desk
) -> None:
    """What is laid out from now on, in order; without a post only which there are."""
    case = opened(desk)
    ends = {"to": "2024-07-11T08:00", "why": "病假"}
    before = client.get("duties", params={"post": case.post}).json()
    assert client.post("leaves", json={"post": case.post, **ends}).status_code == 200
    after = client.get("duties", params={"post": case.post}).json()

    assert case.post in before["posts"]
    first = before["duties"][0]
    assert first["from_ms"] <= before["now_ms"] < first["to_ms"]
    starts = [each["from_ms"] for each in before["duties"]]
    assert starts == sorted(starts)
    assert (before["leaves"], len(after["leaves"])) == ([], 1)
    assert "病假" not in str(after)
    assert all(each["to_ms"] > after["leaves"][0]["to_ms"] for each in after["duties"])
    assert client.get("duties").json()["duties"] == []


def test_leave_comes_in_as_a_file_with_a_result_for_each_row(
    client: httpx.Client, desk: Desk, tmp_path: Path
) -> None:
    """A trial leaves nothing; then it holds at once; the same file again changes nothing."""
    case = opened(desk)
    book = tmp_path / "leave.xlsx"
    rows = [line.split(",") for line in LEAVE.format(post=case.post).splitlines()]
    sheets.write(book, sheets.Sheet("leave", rows[0], rows[1:]))
    url, body = "leaves/imports?name=leave.xlsx", book.read_bytes()

    trial = client.post(f"{url}&dry_run=true", content=body)
    assert trial.status_code == 200, trial.text
    told = trial.json()
    assert (told["added"], told["written"], told["handed_on"]) == (2, False, [])
    assert client.get("leaves").json() == {"leaves": []}
    assert desk.cases.one(case.id).post == case.post

    done = client.post(url, content=body).json()
    assert [each["outcome"] for each in done["results"]] == ["added", "added"]
    assert (done["handed_on"], done["written"]) == ([case.code], True)
    assert desk.cases.one(case.id).post not in {case.post, ""}
    kept = client.get("leaves").json()["leaves"]
    assert [(each["post"], each["stand_in"]) for each in kept] == [
        (case.post, ""),
        ("G0002", "G0001"),
    ]
    again = client.post(url, content=body).json()
    assert (again["same"], again["added"], again["handed_on"]) == (2, 0, [])
    assert client.get("leaves").json()["leaves"] == kept


@pytest.mark.parametrize(
    ("row", "field", "chinese"),
    [
        ("G0009,2024-07-11,2024-07-12,,x", "post", "post：没有这个岗位 'G0009'"),
        ("G0001,2024-07-12,2024-07-11,,x", "to", "to：须晚于 from"),
        ("G0001,yesterday,2024-07-12,,x", "from", "from：'yesterday' 既不是"),
        ("G0001,2024-07-11,2024-07-12,G0001,x", "stand_in", "stand_in：G0001 不能给自己顶班"),
        ("G0001,2024-07-11,2024-07-12,,", "why", "why：请写明理由"),
    ],
)
def test_a_bad_row_of_leave_is_named_and_keeps_the_file_out(
    client: httpx.Client, row: str, field: str, chinese: str
) -> None:
    """Whole or not at all; with `partial` the good rows go in where it is bad."""
    good = "G0002,2024-07-11,2024-07-12,,探亲"
    body = f"post,from,to,stand_in,why\n{good}\n{row}\n".encode()
    refused = client.post("leaves/imports", content=body)
    assert (refused.status_code, refused.json()["added"]) == (422, 1)
    (bad,) = (each for each in refused.json()["results"] if each["outcome"] == "refused")
    assert (bad["row"], bad["field"]) == (3, field)
    assert refused.json()["detail"] == f"row 3: {bad['detail']}"
    assert bad["details"]["zh"].startswith(chinese)
    assert client.get("leaves").json() == {"leaves": []}
    taken = client.post("leaves/imports?partial=true", content=body).json()
    assert (taken["written"], taken["added"], taken["refused"]) == (True, 1, 1)


def test_a_file_of_leave_without_its_columns_is_refused(client: httpx.Client) -> None:
    """The column is named, whether it lacks or nobody knows it."""
    for heading, says in (("post,from,why", "to: the file"), ("post,form,to,why", "form: unknown")):
        refused = client.post("leaves/imports", content=f"{heading}\n".encode())
        assert (refused.status_code, refused.json()["code"]) == (400, "bad-request")
        assert refused.json()["details"]["en"].startswith(says)


def test_a_case_is_taken_up(client: httpx.Client, desk: Desk) -> None:
    """It is noted, and the case does not go to anybody else."""
    case = opened(desk)
    assert client.post(f"cases/{case.id}/take-up", json={"post": case.post}).status_code == 200
    desk.dispatch.turn(desk.now() + HOUR_MS)
    assert desk.cases.one(case.id).post == case.post
    assert desk.cases.events(case.id)[-1].data["note"] == f"已接单 taken up {case.post}"


def test_patrols_make_their_rounds_and_tell_what_was_missed(
    client: httpx.Client, desk: Desk
) -> None:
    """Twice a week in each grid of a community; before rain when somebody says so."""
    rounds = client.get("rounds", params={"patrol": "twice"}).json()["rounds"]
    assert (len(rounds), {each["post"] for each in rounds}) == (4, {"G0004"})
    assert {each["due_ms"] for each in rounds} == {MORNING + 28 * HOUR_MS}

    done = client.post(f"rounds/{rounds[0]['id']}/done", json={"note": "一切正常"}).json()
    assert (done["state"], done["by"]) == ("done", "operator")
    twice = client.post(f"rounds/{rounds[0]['id']}/done", json={})
    assert (twice.status_code, twice.json()["code"]) == (409, "illegal-move")
    assert client.post("patrols/rain/begin").json() == {"rounds": 8}
    assert client.post("patrols/none/begin").status_code == 404

    desk.patrols.turn(MORNING + 29 * HOUR_MS)
    rain, week = client.get("patrols").json()["patrols"]
    assert (week["open"], week["done"], week["missed"]) == (4, 1, 3)
    assert (rain["open"], rain["done"], rain["missed"]) == (0, 0, 8)


def test_shelves_are_put_listed_and_ended_over_the_door(client: httpx.Client, desk: Desk) -> None:
    """With a reason and an end; the load of alarms says how many there are."""
    key = desk.ground.registry.key[0]
    body = {"thing": key, "until": "2024-07-10T12:00", "why": "施工"}
    made = client.post("shelves", json=body).json()
    (listed,) = client.get("shelves").json()["shelves"]
    assert (listed["id"], listed["why"], listed["by"]) == (made["id"], "施工", "operator")
    told = client.get("alarms").json()
    assert (told["shelves"], told["flood"], told["outages"]) == (1, False, 0)

    assert client.post(f"shelves/{made['id']}/end").json() == {"shelf": made["id"], "told": 0}
    assert client.get("shelves").json() == {"shelves": []}
    assert len(client.get("shelves", params={"ended": True}).json()["shelves"]) == 1
    for wrong, says in (({"scene": "nothing"}, "scene"), ({"area": "x"}, "area"), ({}, "scene")):
        bad = client.post("shelves", json={"until": "2024-07-10T12:00", "why": "x", **wrong})
        assert bad.status_code == 400
        assert says in bad.json()["detail"]


def test_a_district_of_an_earlier_release_gets_its_posts_when_the_desk_starts(desk: Desk) -> None:
    """Its database has the tables by then, and nothing in them."""
    with writing(desk.engine) as connection:
        connection.execute(r.area_grids.delete())
        connection.execute(r.areas.delete())
        connection.execute(r.post_skills.delete())
    Desk(desk.settings)
    posts = SqlPosts(desk.engine)
    assert [each["code"] for each in posts.areas("district")] == [desk.ground.district.id]
    assert len(posts.all()) == len(desk.ground.district.posts.code)
