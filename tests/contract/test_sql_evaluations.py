"""Evaluations in both databases: every step in the log, drafts kept, what is frozen untouched."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine, select, text

from borough.app.evaluations.evaluating import Evaluating
from borough.app.evaluations.returns import imported
from borough.core import evaluations as core
from borough.core.errors import BadDistrict, BadRequest, IllegalMove, NotFound, Stale
from borough.core.evaluations import Draft, Evaluation
from borough.core.registry import Kind
from borough.engine.catalog import BUILT_IN, find
from borough.engine.district import read
from borough.storage.sql import SqlEvaluations
from borough.storage.sql.engines import writing
from borough.storage.sql.evaluation_tables import evaluation_drafts, evaluation_log
from borough.storage.sql.parties import SqlParties
from borough.testing.firms import SAMPLE

NOW = 1_720_569_600_000
FIRM = Kind("firm", {"zh": "企业", "en": "Firm"}, "party", (), 0, 0, 0)


def draft(
    result: str = "one", period: str = "2023", scores: tuple[float, ...] = (3, 2, 1)
) -> Draft:
    """Make a draft of three firms."""
    rows = [
        {
            "subject": f"firm-{i}", "name": f"企业{i}", "group": "above", "class": "ABD"[i],
            "level": (1, 2, 4)[i], "rank": i + 1, "score": score, "terms": [], "remarks": [],
        }
        for i, score in enumerate(scores)
    ]  # fmt: skip
    return Draft(
        "per_mu", period, "trial", "v1", "c0de", result, {"subjects": [result]}, rows,
        {"above": {"A": 1}},
    )  # fmt: skip


def test_a_whole_life_is_in_the_log(engine: Engine) -> None:
    """Draft, notice, appeal, decision and freeze: each is an entry, and the chain holds."""
    store = SqlEvaluations(engine)
    now = store.begin(draft(), by="ann", at_ms=NOW)
    now = store.redraft(
        now.id, draft("two"), by="ann", at_ms=NOW, why="a column was late", expected_version=1
    )
    now, _ = store.step(
        now.id, lambda was: core.publicising(was, NOW + 9, at_ms=NOW, by="ann"), expected_version=2
    )
    told = {"subject": "firm-2", "input": "tax", "stated": "1", "claimed": "2", "reason": "late"}
    now, appeal = store.appeal(now.id, told, by="firm-2", at_ms=NOW + 1)
    with pytest.raises(IllegalMove, match="1 appeals are open"):
        store.step(
            now.id, lambda was: core.freezing(was, at_ms=NOW + 9, by="ann"), expected_version=4
        )
    now = store.decide(
        appeal["id"], "so it is", draft("three", scores=(3, 2, 2.5)), by="bob", at_ms=NOW + 2,
        expected_version=now.version,
    )  # fmt: skip
    with pytest.raises(IllegalMove, match="another"):
        store.step(
            now.id, lambda was: core.freezing(was, at_ms=NOW + 3, by="ann"), expected_version=5
        )
    now, _ = store.step(
        now.id, lambda was: core.freezing(was, at_ms=NOW + 9, by="ann"), expected_version=5
    )

    assert (now.state, now.draft, now.result) == ("frozen", 3, "three")
    assert [each.verb for each in store.events(now.id)] == [
        "drafted", "redrafted", "publicised", "appealed", "decided", "frozen",
    ]  # fmt: skip
    assert store.verify(now.id) == []
    assert store.row(now.id, "firm-2")["score"] == 2.5
    assert store.snapshot(now.id, 1)["snapshot"] == {"subjects": ["one"]}
    assert store.appeals(now.id)[0]["state"] == "accepted"
    with pytest.raises(IllegalMove):
        store.redraft(now.id, draft(), by="x", at_ms=NOW, why="no", expected_version=6)


def test_two_clerks_cannot_both_win(engine: Engine) -> None:
    """Who saw an older version is told so, and nothing has changed; a period is evaluated once."""
    store = SqlEvaluations(engine)
    now = store.begin(draft(), by="ann", at_ms=NOW)
    store.redraft(now.id, draft("two"), by="ann", at_ms=NOW, why="why", expected_version=1)
    with pytest.raises(Stale):
        store.redraft(now.id, draft("three"), by="bob", at_ms=NOW, why="why", expected_version=1)
    with pytest.raises(IllegalMove, match="has evaluation"):
        store.begin(draft(), by="bob", at_ms=NOW)
    with pytest.raises(NotFound):
        store.one(now.id + 1)
    with pytest.raises(NotFound):
        store.row(now.id, "nobody")
    with pytest.raises(BadRequest, match="sort"):
        store.rows(now.id, sort="luck")

    assert store.one(now.id).result == "two"
    assert len(store.find("per_mu")) == 1


def test_what_else_happens_happens_with_the_step_or_not_at_all(engine: Engine) -> None:
    """Where opening cases fails, nothing is frozen."""
    store = SqlEvaluations(engine)
    now = store.begin(draft(), by="ann", at_ms=NOW)

    def fails(*_given: Any) -> None:
        msg = "no case for you"
        raise IllegalMove(msg)

    with pytest.raises(IllegalMove, match="no case"):
        store.step(
            now.id, lambda was: core.publicising(was, NOW, at_ms=NOW, by="ann"),
            expected_version=1, also=fails,
        )  # fmt: skip

    assert store.one(now.id) == now
    assert len(store.events(now.id)) == 1


def test_a_page_of_a_result_is_sorted_and_chosen(engine: Engine) -> None:
    """By rank or score, up or down, of one class, and by a part of the name."""
    store = SqlEvaluations(engine)
    number = store.begin(draft(), by="ann", at_ms=NOW).id

    def subjects(**choice: Any) -> list[str]:
        return [row["subject"][-1] for row in store.rows(number, **choice)]

    assert subjects(sort="score") == ["2", "1", "0"]
    assert subjects(sort="score", down=True) == ["0", "1", "2"]
    assert subjects(sort="rank", start=1, limit=1) == ["1"]
    assert subjects(level="D") == ["2"]
    assert subjects(name="企业1") == ["1"]
    assert subjects(group="below") == []


def test_a_log_that_was_changed_is_noticed(engine: Engine) -> None:
    """Whoever rewrites an entry breaks the chain, and it is said which entry."""
    store = SqlEvaluations(engine)
    number = store.begin(draft(), by="ann", at_ms=NOW).id
    with writing(engine) as connection:
        connection.execute(evaluation_log.update().values(actor="bob"))
    changed = store.verify(number)
    with writing(engine) as connection:
        connection.execute(text("UPDATE evaluations SET state = 'frozen'"))

    assert changed == ["entry 1 was changed after it was written"]
    assert "state is not what the log says" in store.verify(number)
    with writing(engine) as connection:
        kept = connection.execute(select(evaluation_drafts.c.snapshot)).scalar_one()
    assert kept == '{"subjects":["one"]}'


def test_parties_are_entered_once_and_tied_for_a_time(engine: Engine) -> None:
    """Known keys keep their ids and take new names; ties of a year replace those of that year."""
    store, year = SqlParties(engine), (100, 200)
    names = {key: {"zh": key, "en": key} for key in ("A", "B", "C")}
    fresh = store.enter(FIRM, names, {"B": "A"}, year, at_ms=NOW)
    ids = store.ids(names)
    names["A"] = {"zh": "甲", "en": "A"}
    again = store.enter(FIRM, names, {"C": "A"}, year, at_ms=NOW)

    assert (fresh, again) == (3, 0)
    assert {key: number for key, (number, _) in store.ids(names).items()} == {
        key: number for key, (number, _) in ids.items()
    }
    assert store.ids(["A"])["A"][1]["zh"] == "甲"
    assert store.ties(150) == {"C": "A"}
    assert store.ties(200) == store.ties(99) == {}
    other = Kind("plot", {}, "party", (), 0, 0, 0)
    with pytest.raises(BadRequest, match="taken, and not by a plot"):
        store.enter(other, {"A": {"zh": "a", "en": "a"}}, {}, year, at_ms=NOW)


STEPS = st.lists(st.sampled_from(["redraft", "publicise", "withdraw", "appeal", "accept", "reject",
                                  "freeze", "later"]), max_size=25)  # fmt: skip


ALLOWED = {
    "redraft": {"draft"}, "publicise": {"draft"}, "withdraw": {"public"}, "appeal": {"public"},
    "accept": {"draft", "public"}, "reject": {"draft", "public"}, "freeze": {"public"},
}  # fmt: skip
"""In which state each step may be taken."""


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_no_order_of_steps_leads_where_it_must_not(steps: list[str]) -> None:
    """Only what was public long enough, with no appeal open, is frozen; then nothing changes it."""
    made = core.drafting(draft(), at_ms=0, by="x")
    now, log, clock = core.begun(1, made), [made], 0
    for step in steps:
        clock += 10 if step == "later" else 1
        before = now
        try:
            event = tried(step, now, clock)
        except IllegalMove:
            assert now == before
            continue
        if event is None:
            continue
        assert before.state in ALLOWED[step]
        if step == "freeze":
            assert before.appeals == 0
            assert before.until_ms is not None
            assert clock >= before.until_ms
        now, log = now.then(event), [*log, event]

    assert core.folded(1, log) == now
    assert now.appeals >= 0


def tried(step: str, now: Evaluation, clock: int) -> Any:
    """Try one step; None where there is nothing to try."""
    about: dict[str, Any] = {"at_ms": clock, "by": "x"}
    if step == "redraft":
        return core.redrafting(now, draft("two"), why="why", **about)
    if step == "publicise":
        return core.publicising(now, clock + 8, **about)
    if step == "withdraw":
        return core.withdrawing(now, why="why", **about)
    if step == "appeal":
        return core.appealing(now, {"reason": "r"}, **about)
    if step in {"accept", "reject"} and now.appeals:
        return core.deciding(now, 1, "so", draft("n") if step == "accept" else None, **about)
    return core.freezing(now, **about) if step == "freeze" else None


def test_a_district_without_firms_refuses_their_returns_by_name(engine: Engine) -> None:
    """Who has no such class of things is told which table lacks it; nothing is written."""
    folder = BUILT_IN.parent / "districts" / "template"
    district = read(folder)
    bare = replace(district, kinds=[each for each in district.kinds if each.code != FIRM.code])
    evaluating = Evaluating(engine, [find(BUILT_IN / "per_mu")], bare, folder)
    asked = evaluating.asked("per_mu", "2023", NOW)

    with pytest.raises(BadDistrict, match=r"classes\.csv: there is no 'firm'"):
        imported(evaluating, asked, SAMPLE / "returns-2023.csv", by="ann", at_ms=NOW)

    assert evaluating.facts.definitions.indicators() == []
