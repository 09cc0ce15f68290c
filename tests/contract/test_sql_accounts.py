"""Accounts, links, sessions, tokens and bounds, on both databases."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from borough.core.errors import BadRequest, NotFound, Stale
from borough.core.people import Bounds, Grant, Roles, Who, ranges
from borough.storage.sql import SqlAccounts, SqlAudit, SqlCases, SqlPosts, SqlSessions
from borough.storage.sql.accounts import ENTER, FIRST, RESET
from borough.storage.sql.accounts_bounds import involved
from borough.storage.sql.engines import reading, writing
from borough.testing.town import PLAN, START_MS

DAY_MS = 86_400_000
ADMIN = [{"role": "administrator"}]


def now_ms() -> int:
    """Read the clock on the wall."""
    return time.time_ns() // 1_000_000


def led_by(engine: Engine) -> SqlAccounts:
    """Make the first administrator, by a link."""
    made = SqlAccounts(engine)
    made.link("f" * 64, "", FIRST, by="shell", span=(0, now_ms() + DAY_MS))
    assert made.use("f" * 64, {"account": "wang", "password": "hash"}, at_ms=now_ms()) == "wang"
    return made


def signed_in(engine: Engine, account: str, digest: str, lasts_ms: int = DAY_MS) -> SqlSessions:
    """Open a session."""
    made, now = SqlSessions(engine), now_ms()
    told = {"address": "", "agent": "", "how": "test", "made_ms": now, "expires_ms": now + lasts_ms}
    made.open(account, digest, told)
    return made


def test_a_link_works_once_and_only_in_its_time(engine: Engine) -> None:
    """Used, late, replaced or never made: it opens nothing."""
    people = led_by(engine)
    assert people.led()
    with pytest.raises(NotFound):
        people.use("f" * 64, {"account": "eve", "password": "hash"}, at_ms=now_ms())
    with pytest.raises(BadRequest, match="there is an administrator already"):
        people.link("a" * 64, "", FIRST, by="shell", span=(0, now_ms() + DAY_MS))
    people.add({"account": "li"}, by="wang", at_ms=1)
    people.link("b" * 64, "li", RESET, by="wang", span=(0, now_ms() - 1))
    assert people.linked("b" * 64, now_ms()) is None
    people.link("c" * 64, "li", RESET, by="wang", span=(0, now_ms() + DAY_MS))
    people.link("d" * 64, "li", RESET, by="wang", span=(0, now_ms() + DAY_MS))
    assert people.linked("c" * 64, now_ms()) is None
    with pytest.raises(BadRequest, match="password"):
        people.use("d" * 64, {}, at_ms=now_ms())
    assert people.use("d" * 64, {"password": "other"}, at_ms=now_ms()) == "li"
    assert people.password("li") == "other"
    people.link("e" * 64, "li", ENTER, by="wang", span=(0, now_ms() + DAY_MS))
    assert people.use("e" * 64, {}, at_ms=now_ms()) == "li"
    assert people.linked("e" * 64, now_ms())


def test_a_session_ends_with_its_time_its_account_or_another_password(engine: Engine) -> None:
    """It is looked up at every request, so nothing is open a moment longer."""
    people = led_by(engine)
    people.add(
        {"account": "li", "grants": [{"role": "handler", "agencies": ["water"]}]}, by="w", at_ms=1
    )
    doors = signed_in(engine, "li", "1" * 64)
    who = doors.session("1" * 64)
    assert who == Who("li", "person", (Grant("handler", Bounds(frozenset({"water"}))),), session=1)
    assert signed_in(engine, "li", "2" * 64, lasts_ms=-1).session("2" * 64) is None
    people.set_password("li", "fresh", at_ms=now_ms())
    assert doors.session("1" * 64) is None
    signed_in(engine, "li", "3" * 64)
    (account,) = [each for each in people.all() if each["name"] == "li"]
    people.change("li", {"disabled": True}, version=account["version"], by="wang", at_ms=now_ms())
    assert doors.session("3" * 64) is None
    assert people.password("li") == ""
    assert list(SqlAudit(engine).faults()) == []


def test_an_account_may_have_a_post_which_its_sessions_tell(engine: Engine) -> None:
    """From the next request on it is another, or none; the audit log has each."""
    people = led_by(engine)
    people.add({"account": "li", "post": "G0001"}, by="wang", at_ms=1)
    doors = signed_in(engine, "li", "1" * 64)
    held = []
    for version, post in ((1, "G0002"), (2, "")):
        held.append(getattr(doors.session("1" * 64), "post", None))
        people.change("li", {"post": post}, version=version, by="wang", at_ms=1)
    held.append(getattr(doors.session("1" * 64), "post", None))

    assert held == ["G0001", "G0002", ""]
    told = SqlAudit(engine).find(verb="account_changed")
    assert [row["data"]["post"] for row in told] == ["", "G0002"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"disabled": True}, BadRequest),
        ({"grants": []}, BadRequest),
        ({"grants": [{"role": "administrator", "areas": ["渝北"]}]}, BadRequest),
        ({"grants": "all"}, BadRequest),
        ({"password": "mine"}, BadRequest),
    ],
)
def test_an_administrator_always_remains(
    engine: Engine, change: Mapping[str, Any], error: type[Exception]
) -> None:
    """What would leave none, or makes no sense, changes nothing."""
    people = led_by(engine)
    before = people.all()
    with pytest.raises(error):
        people.change("wang", change, version=1, by="wang", at_ms=1)
    with pytest.raises(Stale):
        people.change("wang", {"title": "x"}, version=7, by="wang", at_ms=1)
    assert people.all() == before


def test_accounts_can_be_set_up_before_there_is_an_administrator(engine: Engine) -> None:
    """Who installs a district enters people first, and may have to take one back."""
    people = SqlAccounts(engine)
    people.add({"account": "li"}, by="shell", at_ms=1)
    people.change("li", {"post": "G0001", "disabled": True}, version=1, by="shell", at_ms=2)

    (account,) = people.all()
    assert (account["post"], account["disabled_ms"]) == ("G0001", 2)


def test_a_token_holds_until_its_day_or_its_revocation(engine: Engine) -> None:
    """It has the rights and bounds that it was given, and no roles."""
    doors = SqlSessions(engine)
    told = {"name": "map", "rights": ["things.read"], "agencies": ["water"], "areas": ["5001"]}
    number = doors.issue("1" * 64, {**told, "made_ms": 0, "expires_ms": now_ms() + DAY_MS}, by="w")
    doors.issue("2" * 64, {**told, "made_ms": 0, "expires_ms": now_ms() - 1}, by="w")
    who = doors.program("1" * 64)
    assert who is not None
    assert who.name == "token:map"
    assert who.reach(Roles({}), "things.read") == (
        Bounds(frozenset({"water"}), frozenset({"5001"})),
    )
    assert who.reach(Roles({}), "cases.read") == ()
    assert doors.program("2" * 64) is None
    doors.revoke(number, by="w")
    assert doors.program("1" * 64) is None
    with pytest.raises(NotFound):
        doors.revoke(number, by="w")


def test_bounds_hold_for_lists_as_for_single_cases(engine: Engine) -> None:
    """A case is its agency's and its post's, within the grids that areas stand for."""
    SqlPosts(engine).save_all([
        {"code": "p-1", "kind": "grid_worker", "grid": 3, "agency": "fire", "shift": ""},
    ])  # fmt: skip
    cases = SqlCases(engine, prefix="T", zone="Asia/Shanghai")
    opened = []
    for grid, agency in ((3, "water"), (4, "water"), (3, "")):
        with writing(engine) as connection:
            told = {"scene": "leak", "thing": 1, "grid": grid, "title": {}, "level": 1}
            case = cases.opened(
                connection, PLAN, **told, detection=f"d{len(opened)}", at_ms=START_MS, agency=agency
            )
            opened.append(case.id)
    last = cases.one(opened[2])
    cases.assign(last.id, "p-1", by="t", at_ms=START_MS, expected_version=last.version)
    water, fire = frozenset({"water"}), frozenset({"fire"})

    def seen(agencies: frozenset[str], areas: str = "") -> list[int]:
        bounds = Bounds(agencies, frozenset({areas} - {""}))
        where = ranges(bounds, ("0", "1", "2", "33", "34"))
        found = [each.id for each in cases.find(within=((agencies, where),))]
        with reading(engine) as connection:
            alone = [
                number for number in sorted(opened, reverse=True)
                if bounds.covers(involved(connection, cases.one(number)),
                                 ("0", "1", "2", "33", "34")[cases.one(number).grid])
            ]  # fmt: skip
        assert found == alone
        return found

    assert seen(water) == [opened[1], opened[0]]
    assert seen(water, "33") == [opened[0]]
    assert seen(fire) == [opened[2]]
    assert seen(fire, "9") == []
    assert len(cases.find()) == len(opened)
