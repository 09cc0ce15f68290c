"""Checks run over the fact store whenever something in it has changed."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from borough.engine.facts.checks import findings, judged, told
from borough.engine.facts.rules import named, rules
from borough.storage.sql import SqlFacts

CHECKS = "checks.csv"
Row = Mapping[str, Any]


def checked(store: SqlFacts, district: Path, touched: Collection[str], *, at_ms: int) -> list[Row]:
    """Check every figure of the indicators *touched*, and those that they are held against.

    Marks are kept where something is found and cleared where nothing is any more.  Gives what
    was found: fact, rule, verdict, said (zh, en) and others.
    """
    if not touched:
        return []
    held = rules()
    codes = set(touched)
    for relation in held.relations:
        if codes & set(relation.codes):
            codes |= set(relation.codes)
    rows = store.standing(indicators=sorted(codes))
    found = [_row(each) for each in findings(rows, held)]
    store.put_marks(told(held), found, at_ms=at_ms, indicators=sorted(codes))
    by_name = named(district / CHECKS)
    wanted = {name for check in by_name for name in check.statements}
    stated = {row["statement"]: row for row in store.standing(statements=sorted(wanted))}
    judgements = [_row(each) for each in judged(by_name, stated)]
    if by_name:
        store.put_marks([each.id for each in by_name], judgements, at_ms=at_ms)
    return [*found, *judgements]


def _row(finding: Any) -> dict[str, Any]:
    row = asdict(finding)
    return {**row, "said": dict(row["said"]), "others": list(row["others"])}
