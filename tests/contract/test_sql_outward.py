"""What messages, notices, files and shares promise in SQL, on SQLite and on PostgreSQL."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine

from borough.app.outward.limits import LIMITS
from borough.app.outward.wording import digest, rules
from borough.core.cases import Case
from borough.core.errors import BadRequest, BadSetting, Forbidden, NotFound
from borough.core.files import Attachment, carried
from borough.core.moves import noting
from borough.core.notices import NoticeRule, Recipient
from borough.core.outbox import DEAD, HOOK, SENT, WAITING, Delivery, Message, Retry
from borough.core.shares import Share
from borough.storage.sql import (
    SqlCases,
    SqlDesk,
    SqlFiles,
    SqlHooks,
    SqlNotices,
    SqlOutbox,
    SqlRecipients,
    SqlShares,
)
from borough.storage.sql.engines import writing
from borough.testing.desks import MORNING, PLAN, ZONE, edge, wish

RETRY = Retry(1_000, 2.0, 8_000, 0.0, 3)
FILE = Attachment("a.jpg", "image/jpeg", 9, "a" * 64, "b" * 64, "c" * 64, 3, 2)
GOOD, BAD = Delivery(good=True, status=200), Delivery(good=False, status=500, says="500")
RULE = NoticeRule.declared(
    {
        "id": "opened", "on": ["opened", "level"], "to": ["role:duty"], "answer_s": 60,
        "then": [["role:nobody"], ["role:chief"]],
        "title": {"zh": "案卷 {code}", "en": "Case {code}"},
        "text": {"zh": "{title}：{step}", "en": "{title}: {step}"},
    }
)  # fmt: skip


def desk(engine: Engine, *follow: Any) -> tuple[SqlDesk, SqlCases]:
    """Set up a desk whose events are followed."""
    cases = SqlCases(engine, prefix="YB", zone=ZONE, follow=follow)
    return SqlDesk(engine, cases=cases), cases


def opened(engine: Engine, *follow: Any) -> tuple[SqlCases, Case]:
    """Let a detection open a case."""
    takes, cases = desk(engine, *follow)
    (case,) = takes.take([edge(7, 1, 10)], 1, wish).cases
    return cases, case


def waiting(engine: Engine, at_ms: int = MORNING * 2) -> list[Message]:
    """Give what is due."""
    return SqlOutbox(engine).due(at_ms, 100)


def test_a_message_stands_where_its_event_stands_or_neither(engine: Engine) -> None:
    """What fails takes its messages along; what is written has one for each hook that wants it."""
    hooks = SqlHooks(engine)
    wanted = hooks.add({"url": "http://a", "events": ["noted"]}, by="ann", at_ms=1)
    hooks.add({"url": "http://b", "scenes": ["elsewhere"]}, by="ann", at_ms=2)
    cases, case = opened(engine, hooks.follow)
    assert waiting(engine) == []

    with pytest.raises(RuntimeError), writing(engine) as connection:  # noqa: PT012 - the block is one transaction
        cases.wrote(connection, case, noting(case, "never", at_ms=MORNING, by="ann"))
        raise RuntimeError
    assert waiting(engine) == []
    cases.note(case.id, "kept", by="ann", at_ms=MORNING)
    (message,) = waiting(engine)
    assert message.id == f"msg_{wanted.id}_{case.id}_{cases.one(case.id).version}"
    assert "kept" not in message.body


def test_a_secret_that_is_exchanged_stays_for_its_time_and_is_told_to_nobody(
    engine: Engine,
) -> None:
    """Kept over a restart; a second exchange ends the oldest; lists show neither."""
    hooks = SqlHooks(engine)
    made = hooks.add({"url": "http://a"}, by="ann", at_ms=1)
    first = hooks.rotate(made.id, 100)
    second = hooks.rotate(made.id, 200)
    kept = SqlHooks(engine).one(made.id)
    assert first.secrets(99) == (first.secret, made.secret)
    assert first.secrets(100) == (first.secret,)
    assert kept == second == hooks.known(made.id)
    assert kept.secrets(199) == (second.secret, first.secret)
    assert len({made.secret, first.secret, second.secret}) == 3
    assert not {*kept.secrets(0)} & {*kept.told().values()}
    with pytest.raises(NotFound, match="hook"):
        hooks.rotate("nobody", 1)


def test_a_hook_hears_a_case_in_order_and_the_dead_hold_nothing_up(engine: Engine) -> None:
    """Only the first that waits is due; after so many tries it is dead, and the next comes."""
    hooks, outbox = SqlHooks(engine), SqlOutbox(engine)
    hooks.add({"url": "http://a", "events": ["noted"]}, by="ann", at_ms=1)
    cases, case = opened(engine, hooks.follow)
    for text in "abc":
        cases.note(case.id, text, by="ann", at_ms=MORNING)
    now = MORNING + 1
    ids = []
    for pause in (1_000, 2_000, None):
        (first,) = waiting(engine, now)
        ids.append(first.id)
        outbox.settle([(first, BAD)], RETRY, now, 0.5)
        assert waiting(engine, now) == [] or pause is None
        now += pause or 0
    assert len(set(ids)) == 1
    assert outbox.one(ids[0]).state == DEAD
    (second,) = waiting(engine, now)
    outbox.settle([(second, GOOD)], RETRY, now, 0.5)
    assert outbox.one(second.id).state == SENT

    outbox.resend(ids[0], now)
    with pytest.raises(BadRequest, match="waits already"):
        outbox.resend(ids[0], now)
    assert waiting(engine, now)[0].id == ids[0]
    outbox.settle([(outbox.one(ids[0]), GOOD)], RETRY, now, 0.5)
    assert [each["good"] for each in outbox.tries(ids[0])] == [False, False, False, True]
    assert outbox.forget(now + 1) == 2
    assert outbox.tries(ids[0]) == []


def test_what_is_laid_down_twice_is_there_once(engine: Engine) -> None:
    """An id that is known is left as it is, even where it went already."""
    outbox = SqlOutbox(engine)
    one = Message("m", HOOK, "h", 1, 1, "{}", 1, 1)
    outbox.lay([one])
    outbox.settle([(one, GOOD)], RETRY, 2, 0.5)
    outbox.lay([replace(one, body="other")])
    assert (outbox.one("m").state, outbox.one("m").body) == (SENT, "{}")
    with pytest.raises(NotFound):
        outbox.one("n")


@given(st.integers(1, 20), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_bound_and_end(tries: int, chance: float) -> None:
    """No pause is longer than the longest with its jitter, and after the last try there is none."""
    retry = LIMITS.retry(LIMITS.first_s)
    pause = retry.pause_ms(tries, chance)
    assert (pause is None) == (tries >= retry.tries)
    assert pause is None or 0 < pause <= retry.most_ms * (1 + retry.jitter)


def notices(engine: Engine, **told: Mapping[str, Any]) -> SqlNotices:
    """Set up notices with some recipients."""
    recipients = SqlRecipients(engine)
    for code, given_of in told.items():
        recipients.put(code, {"language": "en", **given_of}, by="ann", at_ms=1)
    return SqlNotices(
        engine, recipients, [RULE], plans={PLAN.id: PLAN}, zone=ZONE, wall=lambda at_ms: at_ms
    )


def test_who_does_not_answer_is_followed_by_the_next_circle_that_has_anybody(
    engine: Engine,
) -> None:
    """Each circle is told once; an answer stops it, for all who were told the same."""
    told = notices(
        engine, duty={"roles": ["duty"]}, deputy={"roles": ["duty"]}, chief={"roles": ["chief"]}
    )
    _, case = opened(engine, told.follow)
    assert {row["recipient"] for row in told.find(case=case.id)} == {"duty", "deputy"}
    begun = told.find(case=case.id)[0]["at_ms"]
    assert told.widen(begun + 60_000) == 0
    assert told.widen(begun + 60_001) == 2
    assert told.widen(begun + 60_001) == 0
    rows = told.find(case=case.id, unanswered=True)
    assert [row["recipient"] for row in rows if row["circle"] == 2] == ["chief"]
    chief = next(row for row in rows if row["recipient"] == "chief")
    assert chief["urgent"]
    with pytest.raises(NotFound):
        told.answer(case.id + 1, chief["id"], by="chief", at_ms=begun + 70_000)
    told.answer(case.id, chief["id"], by="chief", at_ms=begun + 70_000)
    assert told.find(case=case.id, unanswered=True) == []
    with pytest.raises(BadRequest, match="answered by chief"):
        told.answer(case.id, chief["id"], by="duty", at_ms=begun + 70_001)


def test_whoever_acts_has_heard(engine: Engine) -> None:
    """A case that was moved needs no answer to what was said before."""
    told = notices(engine, duty={"roles": ["duty"]})
    cases, case = opened(engine, told.follow)
    cases.move(
        case.id, "move", plan=PLAN, by="G1", at_ms=MORNING + 60_000, expected_version=case.version
    )
    assert told.widen(MORNING + 10_000_000) == 0
    assert [row["answered_by"] for row in told.find(case=case.id)] == ["G1"]


def test_quiet_holds_back_all_but_what_is_urgent(engine: Engine) -> None:
    """What waits for the morning is due when the quiet ends, and marked for the digest."""
    told = notices(engine, duty={"roles": ["duty"], "quiet": "00:00-23:59"})
    opened(engine, told.follow)
    assert waiting(engine, MORNING + 60_000) == []
    (held,) = SqlOutbox(engine).find()
    assert held.held
    assert held.due_ms > MORNING
    told.widen(MORNING + 10_000_000)
    assert SqlOutbox(engine).find(state=WAITING) == [held]


def test_quiet_ends_where_the_day_says() -> None:
    """Over midnight or within a day, by the district's own clock."""
    zone = ZoneInfo("Asia/Shanghai")
    night, noon = Recipient("a", quiet="22:00-07:00"), Recipient("b", quiet="12:00-14:00")
    at = 1_720_569_600_000  # 2024-07-10 08:00 there
    hour = 3_600_000
    assert night.rests_until(at, zone) is None
    assert night.rests_until(at + 15 * hour, zone) == at + 23 * hour
    assert night.rests_until(at - 2 * hour, zone) == at - hour
    assert noon.rests_until(at + 5 * hour, zone) == at + 6 * hour
    assert Recipient("c").rests_until(at, zone) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"to": ["anybody"]}, "is none of"), ({"then": [["role:x"]], "answer_s": 0}, "answer_s"),
        ({"when": {"moon": "full"}}, "when: may hold"), ({"urgent": "often"}, "urgent"),
        ({"text": {"zh": "{phone}", "en": "x"}}, "phone"), ({"title": {"zh": "x"}}, "words in en"),
        ({"colour": "red"}, "unknown key colour"), ({"to": ["role:"]}, "is none of"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_refused(change: dict[str, Any], says: str) -> None:
    """The message names the rule and the key."""
    told = {
        "id": "r", "on": ["opened"], "to": ["post"], "title": {"zh": "x", "en": "x"},
        "text": {"zh": "x", "en": "x"},
    }  # fmt: skip
    with pytest.raises(BadSetting, match=f"notice rule r: .*{says}"):
        NoticeRule.declared({**told, **change})


def test_a_district_has_rules_of_its_own(tmp_path: Path) -> None:
    """A rule of the same id stands in for ours, and `off` silences it; a digest has an end."""
    usual = {each.id for each in rules(tmp_path)}
    (tmp_path / "notices.toml").write_text('[[rule]]\nid = "late"\noff = true\n', "utf-8")
    assert usual - {each.id for each in rules(tmp_path)} == {"late"}
    rows = [{"title": f"t{n}", "text": "x"} for n in range(LIMITS.digest_lines + 2)]
    title, text = digest(rows, "en")
    assert title.startswith(str(len(rows)))
    assert text.endswith("and 2 more.")


def test_a_file_is_an_event_of_its_case_and_stays_one_when_it_goes(engine: Engine) -> None:
    """The table is what the log says, the chain holds, and answers name files that are there."""
    files = SqlFiles(engine)
    cases, case = opened(engine, files.follow)
    _, kept = files.attach(cases, case.id, FILE, by="ann", at_ms=MORNING)
    with pytest.raises(BadRequest, match=r"answers\.photo: .* has no file 'f1-99'"):
        move(cases, case.id, "f1-99")
    assert cases.one(case.id).step == case.step
    assert files.needed({FILE.sha256, "f" * 64}) == {FILE.sha256}
    move(cases, case.id, kept.id)
    files.detach(cases, case.id, kept.id, why="wrong", by="bob", at_ms=MORNING + 9)
    with pytest.raises(BadRequest, match="has no file"):
        move(cases, case.id, kept.id, "check")
    (other,) = SqlDesk(engine, cases=cases).take([edge(8, 1, 11)], 2, wish).cases
    _, foreign = files.attach(cases, other.id, FILE, by="ann", at_ms=MORNING)
    with pytest.raises(BadRequest, match="has no file"):
        move(cases, case.id, foreign.id, "check")
    with pytest.raises(BadRequest, match="already"):
        files.detach(cases, case.id, kept.id, why="again", by="bob", at_ms=MORNING + 10)
    with pytest.raises(NotFound):
        files.one(case.id + 1, kept.id)

    assert {each.id: each for each in files.of_case(case.id)} == carried(
        case.id, cases.events(case.id)
    )
    assert files.needed({FILE.sha256}) == {FILE.sha256}
    assert cases.verify(case.id) == []


def move(cases: SqlCases, case: int, photo: str, to: str = "move") -> Case:
    """Take a case on with a photo as the answer."""
    now = cases.one(case)
    return cases.move(
        case, to, plan=PLAN, by="G1", at_ms=MORNING, expected_version=now.version, note="again",
        answers={"photo": photo},
    )  # fmt: skip


def share(**change: Any) -> dict[str, Any]:
    """Say what a partner asks for."""
    return {
        "partner": "city", "level": "city", "dataset": "cases", "fields": ["id", "grid"],
        "masks": {}, "areas": [], "kinds": [], "basis": "law", "purpose": "to know",
        "from_ms": 0, "to_ms": 10, **change,
    }  # fmt: skip


def test_a_share_gives_what_was_granted_and_writes_down_who_read(engine: Engine) -> None:
    """Rows come by rising id from its own grids; a state that cannot follow is refused."""
    shares = SqlShares(engine)
    takes, _ = desk(engine)
    takes.take([edge(thing, 1, thing) for thing in (7, 8, 9)], 1, wish)
    one = shares.ask(share(), by="token:city", at_ms=1)
    with pytest.raises(Forbidden, match="is asked"):
        one.open_at(5)
    with pytest.raises(BadRequest, match="note: say why"):
        shares.decide(one.id, "refused", by="ann", at_ms=2, why=" ")
    granted = shares.decide(one.id, "granted", by="ann", at_ms=2, why="")
    granted.open_at(5)
    with pytest.raises(Forbidden, match="does not hold now"):
        granted.open_at(10)
    with pytest.raises(BadRequest, match="cannot become"):
        shares.decide(one.id, "granted", by="ann", at_ms=3, why="")

    ids = [row["id"] for row in shares.rows(granted, None, after=0, limit=2)]
    ids += [row["id"] for row in shares.rows(granted, None, after=ids[-1], limit=2)]
    assert len(set(ids)) == len(ids) == 3
    assert len(shares.rows(granted, [(3, 3)], after=0, limit=9)) == 3
    assert shares.rows(granted, [(4, 9)], after=0, limit=9) == []
    assert shares.rows(granted, [], after=0, limit=9) == []
    told = [granted.told(row) for row in shares.rows(granted, None, after=0, limit=1)]
    assert told == [{"id": ids[0], "grid": 3}]
    shares.note(one.id, who="token:city", at_ms=5, rows=2, after=0, form="csv")
    assert [row["rows"] for row in shares.reads(one.id)] == [2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dataset": "people"}, "dataset"), ({"fields": []}, "fields"),
        ({"fields": ["id", "note"]}, "fields"), ({"masks": {"id": "shout"}}, "masks"),
        ({"areas": ["5001x"]}, "areas"), ({"basis": " "}, "basis"), ({"to_ms": 0}, "to_ms"),
        ({"level": "moon"}, "level"), ({"purpose": ""}, "purpose"),
    ],
)  # fmt: skip
def test_a_share_that_cannot_be_is_refused(change: dict[str, Any], says: str) -> None:
    """The message names the field."""
    with pytest.raises(BadRequest, match=f"^{says}: "):
        Share(id="s", **share(**change))
