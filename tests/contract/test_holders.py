"""Who is shown to have a case in hand: the agency itself, where no kind of post is named."""

from dataclasses import replace
from functools import cache

import pytest

from borough.api.ground import holding
from borough.api.naming import names
from borough.api.rights import rights
from borough.app.desk import people
from borough.app.desk.verbs import VERBS
from borough.app.setup import folder_of
from borough.core import moves
from borough.core.audit import SUBJECTS
from borough.core.cases import SOURCES, Case, born
from borough.core.district import District
from borough.core.requests import CHANNELS
from borough.engine.district import read
from borough.testing.loops import MORNING, all_plans
from borough.testing.town import town

WRITTEN = {
    "account_added", "account_changed", "link_made", "link_used", "link_failed", "password_changed",
    "signed_in", "signed_out", "sign_in_failed", "token_made", "token_revoked", "person_read",
    "person_erased", "refused",
}  # fmt: skip
"""What stands in the audit log about people, and what doors tell it."""


@cache
def yubei() -> District:
    """Read the district that ships."""
    return read(folder_of("yubei"))


def held(holder: str, agency: str, grid: int) -> Case:
    """Make a case in a grid whose step somebody holds."""
    plan = next(each for each in all_plans() if each.id == "routine")
    told = {"scene": "routine", "thing": 0, "title": {}, "level": 1, "detection": "d"}
    opening = moves.opening(plan, code="T-1", grid=grid, at_ms=MORNING, by="ann", **told)
    return replace(born(1, opening), holder=holder, agency=agency)


@pytest.mark.parametrize(
    ("holder", "agency", "en"),
    [
        ("agency", "housing", "Housing"),
        ("emergency", "housing", "Emergency"),
        ("grid_worker", "housing", None),
        ("agency", "", None),
        ("agency", "nobody", None),
    ],
)
def test_an_agency_that_holds_a_case_is_named(holder: str, agency: str, en: str | None) -> None:
    """The one it was dispatched to, or the one that the step means; a kind of post is none."""
    named = holding(yubei(), held(holder, agency, 3))
    assert named.keys() == ({"zh", "en"} if en else set())
    assert (en or "") in named.get("en", "")


def test_a_kind_of_agency_is_the_one_of_the_street() -> None:
    """A centre is the community centre of the street where the case is; nowhere it is none."""
    district = yubei()
    street = int(district.grids.street[0])
    other = next(g for g, its in enumerate(district.grids.street) if int(its) != street)
    here, there = (holding(district, held("centre", "", grid)) for grid in (0, other))
    assert here
    assert there
    assert here != there
    assert holding(district, held("centre", "", -1)) == {}


def test_whatever_pages_hold_by_code_has_a_name_in_both_languages() -> None:
    """Posts, shifts, skills, roles, channels, places, what plans ask for and the audit log tells.

    Each post has a name of its own.  What the desk does stands in the log by its verb, except
    what it does about people, which tells of itself.
    """
    district = yubei()
    plans = {each.id: each for each in all_plans()}
    told = names(replace(town(1), district=district, plans=plans))
    wanted = {
        "posts": district.posts.code, "shifts": district.shifts.code, "channels": CHANNELS,
        "skills": {one for each in district.posts.skills for one in each},
        "places": (*district.streets.code, *district.communities.code),
        "answers": {
            one for plan in plans.values() for each in (*plan.steps.values(), *plan.tasks.values())
            for one in each.asks
        },
        "sources": SOURCES, "bands": ("green", "blue", "yellow", "orange", "red"),
        "roles": rights().roles.by_code, "actors": ("desk", "web"),
        "verbs": {*VERBS} - {*people.VERBS} | WRITTEN, "subjects": (*SUBJECTS, "token", "link"),
    }  # fmt: skip
    for kind, codes in wanted.items():
        for code in codes:
            assert told[kind][code]["en"], code
            assert told[kind][code]["zh"] not in {"", code}, code
    assert told["verbs"].keys() == wanted["verbs"]
    for each in ("zh", "en"):
        assert len({name[each] for name in told["posts"].values()}) == len(district.posts.code)
