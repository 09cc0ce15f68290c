"""What people may ask of the desk about evaluations, from the returns to the frozen result."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.app.desk.facts import uploaded
from borough.app.evaluations.evaluating import Evaluating, name_of, scheme_of
from borough.app.evaluations.returns import imported
from borough.core import evaluations as core, units
from borough.core.cases import Event
from borough.core.errors import BadFact, BadRequest, NotFound
from borough.core.evaluations import Draft, Evaluation
from borough.core.facts import Fact
from borough.core.periods import Period
from borough.engine.merge import asked as wished
from borough.storage.sql import Import, Taken
from borough.storage.sql.desk import Wish
from borough.storage.sql.facts import stated
from borough.storage.sql.verdicts import edges

Ask = Mapping[str, Any]
NOWHERE = -1


def evaluating(desk: Desk) -> Evaluating:
    """Join what evaluations need; the rule sets are read anew each time, as people edit them."""
    folder = Path(desk.settings.district)
    return Evaluating(desk.engine, desk.found.values(), desk.ground.district, folder)


def import_returns(desk: Desk, ask: Ask) -> Answer:
    """Take an uploaded workbook of returns in, whole or not at all."""
    joined, now = evaluating(desk), desk.now()
    done = imported(
        joined,
        joined.asked(ask["scene"], ask["period"], now),
        uploaded(desk, ask["file"]),
        by=ask["by"],
        at_ms=now,
        name=ask.get("name", ""),
        dry_run=bool(ask.get("dry_run")),
        confirmed=bool(ask.get("confirmed")),
    )
    return Answer(done, (("facts", {"import": done["import"], "by": ask["by"]}),))


def begin_evaluation(desk: Desk, ask: Ask) -> Answer:
    """Work out the first draft of a period."""
    joined, now = evaluating(desk), desk.now()
    draft = joined.draft(joined.asked(ask["scene"], ask["period"], now), ask.get("rules", ""))
    return told(joined.store.begin(draft, by=ask["by"], at_ms=now))


def redraft_evaluation(desk: Desk, ask: Ask) -> Answer:
    """Work a draft out anew from what the store says now, by the same rule set or another."""
    joined, now = evaluating(desk), desk.now()
    before = joined.store.one(ask["evaluation"])
    asked = joined.asked(before.scene, before.period, now)
    draft = joined.draft(asked, ask.get("rules") or before.rules)
    return told(
        joined.store.redraft(
            before.id, draft, by=ask["by"], at_ms=now, why=ask["why"],
            expected_version=ask["version"],
        )
    )  # fmt: skip


def publicise_evaluation(desk: Desk, ask: Ask) -> Answer:
    """Make a draft public, for as long as its rule set says."""
    joined, now = evaluating(desk), desk.now()
    until = joined.until(joined.notice(ask["evaluation"]), now)
    return stepped(desk, ask, lambda was: core.publicising(was, until, at_ms=now, by=ask["by"]))


def withdraw_evaluation(desk: Desk, ask: Ask) -> Answer:
    """Take what is public back to a draft."""
    now = desk.now()
    return stepped(
        desk, ask, lambda was: core.withdrawing(was, at_ms=now, by=ask["by"], why=ask["why"])
    )


def appeal_evaluation(desk: Desk, ask: Ask) -> Answer:
    """Take in that a firm objects to a value."""
    joined = evaluating(desk)
    number, subject, name = ask["evaluation"], ask["subject"], ask["input"]
    kept = joined.store.snapshot(number)["snapshot"]
    if subject not in kept["subjects"]:
        msg = f"subject: evaluation {number} has no {subject!r}"
        raise BadRequest(msg)
    if name not in kept["inputs"]:
        msg = f"input: must be one of {', '.join(kept['inputs'])}, not {name!r}"
        raise BadRequest(msg)
    was = kept["inputs"][name]["value"][kept["subjects"].index(subject)]
    row = {
        "subject": subject, "input": name, "stated": "" if was is None else f"{was:.12g}",
        "claimed": units.plain(claimed(ask["claimed"])), "reason": ask["reason"],
    }  # fmt: skip
    now, appeal = joined.store.appeal(number, row, by=ask["by"], at_ms=desk.now())
    return Answer({"evaluation": shown_evaluation(now), "appeal": appeal})


def decide_appeal(desk: Desk, ask: Ask) -> Answer:
    """Accept an appeal, correcting the fact and the score, or reject it; either with a reason."""
    joined, now = evaluating(desk), desk.now()
    appeal = joined.store.appealed(ask["appeal"])
    if appeal["evaluation"] != ask["evaluation"]:
        msg = f"appeal: evaluation {ask['evaluation']} has no {appeal['id']}"
        raise NotFound(msg)
    before = joined.store.one(appeal["evaluation"])
    core.deciding(before, appeal["id"], ask["answer"], None, at_ms=now, by=ask["by"])
    if before.version != ask["version"] or appeal["state"] != core.OPEN:
        draft = None  # the store says what is wrong with it
    else:
        draft = corrected(joined, before, appeal, ask, now) if ask["accepted"] else None
    after = joined.store.decide(
        appeal["id"], ask["answer"], draft, by=ask["by"], at_ms=now,
        expected_version=ask["version"],
    )  # fmt: skip
    return told(after)


def freeze_evaluation(desk: Desk, ask: Ask) -> Answer:
    """End an evaluation, and open a case for every firm that fell to the last class."""
    joined, now = evaluating(desk), desk.now()
    kept = joined.store.snapshot(ask["evaluation"])["snapshot"]
    parties = joined.parties.ids(kept["subjects"])
    names = {number: (key, words) for key, (number, words) in parties.items()}
    scene = desk.scenes[kept["scene"]]

    def decide(edge: Mapping[str, Any]) -> Wish | None:
        key, words = names[edge["thing"]]
        place = {tongue: words.get(tongue) or name_of(words, key) for tongue in ("zh", "en")}
        wish = wished(scene, edge, key, NOWHERE, place)
        if wish is None:
            return None
        plan = desk.plans[wish.plan]
        return Wish(plan, wish.merge_ms, wish.from_level, wish.grid, wish.title)

    def judge(connection: Connection, after: Evaluation) -> Taken:
        things = {key: number for key, (number, _) in parties.items()}
        return desk.desk.within(connection, edges(connection, scene, after, things), 0, decide)

    after, taken = joined.store.step(
        ask["evaluation"],
        lambda was: core.freezing(was, at_ms=now, by=ask["by"]),
        expected_version=ask["version"],
        also=judge,
    )
    said = [("detection", {**each, "key": names[each["thing"]][0]}) for each in taken.edges]
    said += [("case", shown(case)) for case in taken.cases]
    news = (*said, ("evaluation", shown_evaluation(after)))
    return Answer({**shown_evaluation(after), "cases": [each.code for each in taken.cases]}, news)


def run_again(desk: Desk, ask: Ask) -> Answer:
    """Work a result out again from its snapshot, and note in its log whether it is the same."""
    joined, now = evaluating(desk), desk.now()
    done = joined.run_again(ask["evaluation"])
    noted = {name: done[name] for name in ("same", "again", "formula_same", "revised")}
    version = joined.store.one(ask["evaluation"]).version
    joined.store.step(
        ask["evaluation"],
        lambda was: core.running_again(was, noted, at_ms=now, by=ask["by"]),
        expected_version=version,
    )
    return Answer(done)


def corrected(
    joined: Evaluating, before: Evaluation, appeal: Mapping[str, Any], ask: Ask, now: int
) -> Draft:
    """Revise the fact that an appeal is about, and score again with this one value changed."""
    kept = joined.store.snapshot(before.id)["snapshot"]
    scheme = scheme_of(joined.found[before.scene])
    each = scheme.inputs[appeal["input"]]
    i, column = kept["subjects"].index(appeal["subject"]), kept["inputs"][appeal["input"]]
    value = Decimal(appeal["claimed"]) * Decimal(str(each.scale))
    note = f"appeal {appeal['id']}: {ask['answer']}"
    if column["fact"][i]:
        was = stated(joined.facts.one(column["fact"][i]))
        fresh = {"value": value, "stated": appeal["claimed"], "stated_unit": each.unit, "row": 0}
        fact = replace(was, **fresh, note=note)
    else:
        fact = Fact(
            indicator=each.indicator, definition=1, region=joined.district.adcode,
            period=Period.read(before.period, scheme.period), value=value,
            unit=each.counted or each.unit, document=f"{before.scene}-{before.period}",
            subject=appeal["subject"], stated=appeal["claimed"], stated_unit=each.unit, note=note,
        )  # fmt: skip
    about = Import(name=note[:200], sha256="", rows=1)
    _, (done,) = joined.facts.add([fact], about, by=ask["by"], at_ms=now)
    inputs = {name: {key: list(cells) for key, cells in said.items()}
              for name, said in kept["inputs"].items()}  # fmt: skip
    mine = inputs[appeal["input"]]
    mine["value"][i] = float(value) / each.scale
    mine["fact"][i], mine["revision"][i] = done.fact, done.revision
    code = joined.found[before.scene].code()
    return joined.drawn({**kept, "inputs": inputs, "code": code})


def claimed(text: Any) -> Decimal:
    """Read what a firm says the value is; `BadRequest` where it is no number."""
    try:
        return units.exact(str(text))
    except BadFact as error:
        msg = f"claimed: {text!r} is not a number"
        raise BadRequest(msg) from error


def stepped(desk: Desk, ask: Ask, event: Callable[[Evaluation], Event]) -> Answer:
    """Take a step that changes nothing but the state."""
    store = evaluating(desk).store
    after, _ = store.step(ask["evaluation"], event, expected_version=ask["version"])
    return told(after)


def told(now: Evaluation) -> Answer:
    """Answer with an evaluation, and tell everybody of it."""
    return Answer(shown_evaluation(now), (("evaluation", shown_evaluation(now)),))


def shown_evaluation(now: Evaluation) -> dict[str, Any]:
    """Give an evaluation as plain data."""
    plainly: dict[str, Any] = msgspec.to_builtins(now)
    return plainly


VERBS = {
    "import_returns": import_returns,
    "begin_evaluation": begin_evaluation,
    "redraft_evaluation": redraft_evaluation,
    "publicise_evaluation": publicise_evaluation,
    "withdraw_evaluation": withdraw_evaluation,
    "appeal_evaluation": appeal_evaluation,
    "decide_appeal": decide_appeal,
    "freeze_evaluation": freeze_evaluation,
    "run_again": run_again,
}
