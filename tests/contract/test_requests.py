"""What sorting, placing, merging and rating of requests promise, without a database."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from borough.adapters.text import save
from borough.adapters.text.alike import Rarity, alike
from borough.app.requests.merging import likely
from borough.app.requests.practice import GROUP, written
from borough.app.requests.sorting import Sorter, model_file
from borough.app.triage import trained
from borough.core.errors import BadDistrict
from borough.core.requests import CLOSED, REFUSED, Filing, Request, Spot, rates
from borough.edge.citizens.writing import HALVES, UNSEEN, messages
from borough.engine.district.requests import FILE, read_requests
from borough.engine.gazetteer import Gazetteer
from borough.testing.requesting import MORNING, YUBEI, yubei

RULES = read_requests(YUBEI, yubei().agencies.code)
PLACES = Gazetteer(yubei())
HOUR = 3_600_000


def request(number: int, **changes: object) -> Request:
    """Make a request that was received, contacted in time, answered and revisited."""
    made = Request(
        id=number, code=f"R-{number}", receipt="", key=str(number), channel="web",
        kind="complaint", title="", text="路灯不亮", person=0, place="", lon=None, lat=None,
        street="500112002", community="", grid=0, category="roads", urgent=False,
        agency="urban_management", first_agency="urban_management", state=CLOSED,
        case_id=number, secret=False, received_ms=MORNING, accepted_ms=MORNING,
        contact_due_ms=MORNING + HOUR, answer_due_ms=MORNING + 9 * HOUR,
        contacted_ms=MORNING + HOUR, answered_ms=MORNING + 2 * HOUR, answer="好",
        revisited_ms=MORNING + 3 * HOUR, revisits=1, resolved=True, satisfaction=4, reopened=0,
        excluded="", sorted_by="ann", suggestion={},
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type] # fields are given by name


def test_each_rate_names_what_it_was_counted_from() -> None:
    """By hand: late contact, none yet, unresolved, content on the whole, excluded, refused."""
    now = MORNING + 2 * HOUR
    told = [
        request(1),
        request(2, contacted_ms=MORNING + 2 * HOUR, satisfaction=3),
        request(3, contacted_ms=None, resolved=None, satisfaction=0),
        request(4, contacted_ms=None, contact_due_ms=now, resolved=None, satisfaction=0),
        request(5, resolved=False, satisfaction=2),
        request(6, excluded="malicious", satisfaction=1),
        request(7, state=REFUSED),
    ]
    counted = rates(told, now, RULES.satisfied)

    assert (counted["response"].above, counted["response"].below) == ((1, 5), (1, 2, 3, 5))
    assert (counted["resolution"].above, counted["resolution"].below) == ((1, 2), (1, 2, 5))
    assert (counted["satisfaction"].above, counted["satisfaction"].below) == ((1, 2), (1, 2, 5))
    assert rates([], now, 3)["response"].value is None


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), max_size=30))
@settings(deadline=None)
def test_what_counts_above_counts_below(drawn: list[tuple[bool, bool, int]]) -> None:
    """Whatever happened, a rate lies between 0 and 1 and counts nothing twice."""
    told = [
        request(at, excluded="malicious" if out else "", resolved=done, satisfaction=level)
        for at, (out, done, level) in enumerate(drawn)
    ]
    for rate in rates(told, MORNING + HOUR, 3).values():
        assert set(rate.above) <= set(rate.below)
        assert len(set(rate.below)) == len(rate.below)
        assert rate.value is None or 0 <= rate.value <= 1


@pytest.mark.parametrize(
    ("text", "precision", "why"),
    [
        ("双龙湖街道五星路社区3栋楼下", "community", "五星路社区"),
        ("五星路社区居民委员会", "community", "五星路社区"),
        ("回兴那边的菜市场", "street", "回兴"),
        ("Wuxinglu Community, house 3", "community", "wuxinglu community"),
        ("渝北区某处", "", ""),
        ("", "", ""),
    ],
)
def test_a_place_is_found_by_its_name(text: str, precision: str, why: str) -> None:
    """The longest name counts, with or without what stands behind it, in both languages."""
    found = PLACES.named(text)
    assert (found.precision, found.why) == (precision, why)


def test_a_name_that_two_communities_bear_needs_its_street() -> None:
    """兴隆社区 is in two towns: alone it says nothing."""
    twice = "兴隆社区居民委员会"
    streets = [
        yubei().streets.name_zh[int(yubei().communities.street[row])]
        for row, name in enumerate(yubei().communities.name_zh)
        if name == twice
    ]
    assert len(streets) == 2
    found = [PLACES.named(f"{street}兴隆社区") for street in streets]
    assert found[0].community != found[1].community
    assert all(each.precision == "community" for each in found)


def test_a_point_outside_the_district_is_nowhere_and_its_address_counts() -> None:
    """A point is believed where the district is; else what the address says."""
    sorter = Sorter(Path("nowhere"), yubei(), RULES, PLACES, 0.99)
    inside = Filing("x", "k", lon=106.5763, lat=29.7215)
    assert sorter.place(inside).precision == "point"
    outside = replace(inside, lon=0.0, lat=0.0, place="龙塔街道")
    assert sorter.place(outside).why == "龙塔街道"


def test_the_agency_follows_from_category_and_place() -> None:
    """What belongs to the street goes to the centre of that street; nobody's has a fallback."""
    sorter = Sorter(Path("nowhere"), yubei(), RULES, PLACES, 0.99)
    assert sorter.agency("fire_safety", Spot()) == "fire_rescue"
    assert sorter.agency("community", PLACES.named("龙塔街道")) == "centre_500112013"
    assert sorter.agency("community", Spot()) == ""
    assert sorter.agency("", Spot()) == "governance"


def test_a_model_decides_alone_only_where_it_is_right_on_wordings_it_never_saw(
    tmp_path: Path,
) -> None:
    """Learned from some phrases, tried on others: above the threshold nearly all are right."""
    path = written(tmp_path / "messages.csv", 900, 3, yubei())
    save(trained(path, "category", group=GROUP).model, model_file(tmp_path, "category"))
    sorter = Sorter(tmp_path, yubei(), RULES, PLACES, 0.95)
    sure = right = 0
    asked = messages(150, 4, half=UNSEEN, places=["龙塔街道"])
    for number, each in enumerate(asked):
        said = sorter.sort(Filing(each.text, str(number), title=each.subject, place="龙塔街道"))
        if not said.suggestion["doubts"]:
            sure += 1
            right += said.category == each.category
            assert said.suggestion["category"]["why"]
    assert sure >= 30
    assert right / sure >= 0.9


def test_synthetic_messages_are_the_same_again_and_the_halves_share_no_phrase() -> None:
    """One seed, one file; a phrase of the unseen half is never learned from."""
    assert messages(50, 7) == messages(50, 7)
    assert messages(50, 7) != messages(50, 8)
    short = {"praise"}  # two phrases each: too few for two halves
    seen, unseen = (
        {
            each.phrase
            for each in messages(2_000, 1, half=half)
            if each.urgent == "no" and each.kind not in short
        }
        for half in HALVES
    )
    assert len(unseen) > 60
    assert not seen & unseen


def test_strangers_who_use_the_same_manners_are_not_one_matter() -> None:
    """What everybody writes makes no two requests alike; what only two write does."""
    usual = Rarity.of([each.text for each in messages(500, 1)])
    polite = "您好，我是附近的居民，请尽快处理，希望相关部门管一管，谢谢。"
    other = alike(f"{polite}电梯坏了", [f"{polite}河水发黑"], [1], usual)
    same = alike("翠屏湾三期电梯又坏了", ["翠屏湾三期的电梯坏了没人修"], [1], usual)
    assert other.get(1, 0.0) < RULES.propose_alike < same[1]


def test_requests_far_apart_or_secret_are_not_put_together() -> None:
    """The same words two kilometres away are another matter; a secret one is compared with none."""
    said = Filing("五星路口的井盖不见了", "n", lon=106.60, lat=29.70)
    there = request(1, text="五星路口的井盖不见了", lon=106.60, lat=29.7005, state="accepted")
    near = likely(said, Spot(), "roads", [there], RULES, now_ms=MORNING)
    assert [(each.case, each.sure) for each in near] == [(1, True)]
    away = replace(there, lat=29.72)
    assert likely(said, Spot(), "roads", [away], RULES, now_ms=MORNING) == []
    assert likely(said, Spot(), "market", [there], RULES, now_ms=MORNING)[0].sure is False
    hidden = replace(there, secret=True)
    assert likely(said, Spot(), "roads", [hidden], RULES, now_ms=MORNING) == []
    late = likely(said, Spot(), "roads", [there], RULES, now_ms=MORNING + 30 * 24 * HOUR)
    assert late[0].sure is False


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('agency = "ecology"', 'agency = "nobody"', "category.7.agency"),
        ('answer  = "2紧急工作时"', 'answer  = "bald"', "urgent"),
        ("satisfied = 3", "satisfied = 9", "satisfaction.satisfied"),
        ("per_hour   = 20", 'per_hour   = "many"', "public.per_hour"),
        ('fallback = "governance"', 'fallback = "nobody"', "fallback"),
        ("[hot]", "[warm]", "warm"),
    ],
)
def test_a_district_that_lays_down_nonsense_is_told_where(
    was: str, becomes: str, says: str, tmp_path: Path
) -> None:
    """An unknown agency, a limit that is none, a missing table: the key is named."""
    text = (YUBEI / FILE).read_text("utf-8")
    assert was in text
    (tmp_path / FILE).write_text(text.replace(was, becomes, 1), "utf-8")
    with pytest.raises(BadDistrict, match=says.replace(".", r"\.")):
        read_requests(tmp_path, yubei().agencies.code)


def test_a_district_that_says_nothing_leaves_all_to_people(tmp_path: Path) -> None:
    """The usual rules name no agency, so nothing is given out by itself."""
    usual = read_requests(tmp_path, ())
    assert usual.fallback == ""
    assert {each.agency for each in usual.categories.values()} <= {"", "street"}
    assert usual.practice is False
