"""Evaluations joined together: rule sets of a district, facts and firms of its stores, results."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from borough.core.deadlines import DAY_MS, Limit, Worktime
from borough.core.district import District
from borough.core.errors import BadFact, BadRules, BoroughError, NotFound
from borough.core.evaluations import Draft
from borough.core.facts import Column
from borough.core.formulas import Scheme
from borough.core.periods import Period
from borough.engine.catalog import Found, rule_sets
from borough.engine.evaluate import Evaluated, Snapshot, evaluated, plain
from borough.storage.sql import SqlEvaluations, SqlFacts
from borough.storage.sql.parties import SqlParties

DIFFERENCES = 50
"""Rows told of where a result was worked out again and is not the same."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be evaluated: a scene, with its scheme, and a period."""

    found: Found
    scheme: Scheme
    period: Period


class Evaluating:
    """What desk and api know of evaluations: to work one out, again, otherwise, and to trace it."""

    def __init__(
        self, engine: Engine, found: Iterable[Found], district: District, folder: Path
    ) -> None:
        self.store = SqlEvaluations(engine)
        self.facts = SqlFacts(engine)
        self.parties = SqlParties(engine)
        self.district = district
        self.zone = ZoneInfo(district.zone)
        self.found = {each.scene.id: each for each in found if not each.senses}
        self.folder = folder
        self.sets: dict[str, dict[str, Any]] = {}
        self.chosen: dict[str, str] = {}
        self.wrong: dict[str, str] = {}
        self.read_rules()

    def read_rules(self) -> None:
        """Read the rule sets of the scenes and of the district as they are now.

        Where a file of the district is at fault the scene is left with its own sets, and
        ``wrong`` says why; whoever wants to evaluate is told.
        """
        text = (self.folder / "district.toml").read_text("utf-8")
        named: dict[str, str] = tomllib.loads(text).get("rules", {})
        self.wrong.clear()
        for scene, each in self.found.items():
            sets = {**each.rules}
            try:
                sets |= rule_sets(self.folder / "rules" / scene, below=each.rules)
            except BoroughError as error:
                self.wrong[scene] = str(error)
            self.sets[scene] = json.loads(json.dumps(sets, default=str))
            self.chosen[scene] = named.get(scene, scheme_of(each).rules)

    def asked(self, scene: str, period: str, now_ms: int) -> Asked:
        """Understand what is asked for; raises `NotFound`, or `BadFact` for a period not over."""
        found = self.found.get(scene)
        if found is None:
            msg = f"scene: there is no {scene!r} that evaluates; there are {', '.join(self.found)}"
            raise NotFound(msg)
        scheme = scheme_of(found)
        read = Period.read(period, scheme.period)
        today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self.zone).date()
        if read.end is None or read.end >= today:
            msg = f"period: {read.code} is not over; today is {today}"
            raise BadFact(msg)
        return Asked(found, scheme, read)

    def rules(self, scene: str, name: str = "") -> Mapping[str, Any]:
        """Give a rule set by its name, or the one that the district uses; or `NotFound`."""
        if scene in self.wrong:
            raise BadRules(self.wrong[scene])
        wanted, there = name or self.chosen[scene], self.sets[scene]
        if wanted not in there:
            msg = f"rules: there is no rule set {wanted!r}; there are {', '.join(there)}"
            raise NotFound(msg)
        rules: Mapping[str, Any] = there[wanted]
        return rules

    def draft(self, asked: Asked, rules: str = "") -> Draft:
        """Work a period out from what the fact store says now."""
        scene, period = asked.found.scene.id, asked.period
        wanted = self._wanted(asked.scheme)
        told = self.facts.values(wanted, None, period, region=self.district.adcode)
        if not len(told):
            msg = f"period: nothing has been reported of {period.code}; import the returns first"
            raise BadFact(msg)
        parties = self.parties.ids(told.subjects)
        strange = [key for key in told.subjects if key not in parties]
        if strange:
            msg = f"subject: {strange[0]} has facts of {period.code} and is no {asked.scheme.kind}"
            raise BadFact(msg)
        ties = self.parties.ties(self.start_ms(period))
        place = {key: i for i, key in enumerate(told.subjects)}
        snapshot = {
            "scene": scene,
            "period": period.code,
            "code": asked.found.code(),
            "rules": self.rules(scene, rules),
            "subjects": list(told.subjects),
            "names": [name_of(parties[key][1], key) for key in told.subjects],
            "into": [place.get(ties.get(key, key), i) for key, i in place.items()],
            "inputs": {
                name: laid_down(told.columns.get(each.indicator), each.scale, len(told))
                for name, each in asked.scheme.inputs.items()
            },
        }
        return self.drawn(snapshot)

    def _wanted(self, scheme: Scheme) -> list[str]:
        """Name the indicators of a scheme that the store knows of."""
        known = {each.code for each in self.facts.definitions.indicators()}
        return [each.indicator for each in scheme.inputs.values() if each.indicator in known]

    def worked_out(self, snapshot: Snapshot) -> Evaluated:
        """Work out what a snapshot comes to with the formula as it is now."""
        found = self.found.get(snapshot["scene"])
        if found is None:
            msg = f"scene: there is no {snapshot['scene']!r} any more"
            raise NotFound(msg)
        formula = found.formula(**found.scene.tuned())
        return evaluated(formula, scheme_of(found), found.scene.levels[1:], snapshot)

    def drawn(self, snapshot: Snapshot) -> Draft:
        """Work a snapshot out as a draft."""
        made = self.worked_out(snapshot)
        return Draft(
            scene=snapshot["scene"],
            period=snapshot["period"],
            rules=made.rules.id,
            rules_version=made.rules.version,
            code=snapshot["code"],
            result=made.digest,
            snapshot=snapshot,
            rows=made.rows,
            tally=made.tally(),
        )

    def notice(self, number: int) -> Limit:
        """Say how long an evaluation stays public, by its own rule set."""
        return self.worked_out(self.store.snapshot(number)["snapshot"]).rules.notice

    def until(self, limit: Limit, start_ms: int) -> int:
        """Say when a limit that begins now is over, by the district's own calendar."""
        if self.district.work is not None:
            return Worktime.of(self.district.work).due(limit, start_ms).at_ms
        return start_ms + round(limit.amount * DAY_MS)

    def run_again(self, number: int) -> dict[str, Any]:
        """Work a result out again from its snapshot, and say whether it is the same.

        ``revised`` counts facts of which the store now has a later revision: they change nothing
        here, and would change a new draft.
        """
        kept = self.store.snapshot(number)
        now = self.store.one(number)
        made = self.worked_out(kept["snapshot"])
        stored = {row["subject"]: row for row in self._all(number)}
        differ = [
            {"subject": row["subject"], "was": stored.get(row["subject"]), "now": row}
            for row in made.rows
            if stored.get(row["subject"]) != row
        ]
        code = self.found[now.scene].code()
        return {
            "evaluation": number,
            "draft": kept["number"],
            "same": made.digest == kept["result"] and not differ,
            "result": kept["result"],
            "again": made.digest,
            "rules": made.rules.id,
            "rules_version": made.rules.version,
            "formula_same": code == kept["code"],
            "formula": {"then": kept["code"], "now": code},
            "differences": differ[:DIFFERENCES],
            "revised": self._revised(kept["snapshot"]),
            "log": self.store.verify(number),
        }

    def _all(self, number: int) -> Iterable[dict[str, Any]]:
        start, step = 0, 1000
        while some := self.store.rows(number, start=start, limit=step):
            yield from some
            start += step

    def _revised(self, snapshot: Snapshot) -> int:
        found = self.found[snapshot["scene"]]
        scheme = scheme_of(found)
        period = Period.read(snapshot["period"], scheme.period)
        wanted = self._wanted(scheme)
        now = self.facts.values(wanted, snapshot["subjects"], period, region=self.district.adcode)
        return sum(
            int((now[each.indicator].revision != snapshot["inputs"][name]["revision"]).sum())
            for name, each in scheme.inputs.items()
            if each.indicator in now.columns
        )

    def what_if(self, number: int, rules: str) -> dict[str, Any]:
        """Say what another rule set would make of the same facts; nothing is kept."""
        self.read_rules()
        kept = self.store.snapshot(number)["snapshot"]
        before = {row["subject"]: row for row in self._all(number)}
        made = self.worked_out({**kept, "rules": self.rules(kept["scene"], rules)})
        moved = [
            {
                "subject": row["subject"], "name": row["name"],
                "was": before[row["subject"]]["class"], "class": row["class"],
                "score_was": before[row["subject"]]["score"], "score": row["score"],
            }
            for row in made.rows
            if row["class"] != before[row["subject"]]["class"]
        ]  # fmt: skip
        return {
            "evaluation": number, "rules": made.rules.id, "rules_version": made.rules.version,
            "tally": made.tally(), "moved": moved,
        }  # fmt: skip

    def trace(self, number: int, subject: str) -> dict[str, Any]:
        """Take a score apart: its terms, their measures, their facts, and where each stood."""
        row = self.store.row(number, subject)
        kept = self.store.snapshot(number)["snapshot"]
        scheme = scheme_of(self.found[kept["scene"]])
        own = kept["subjects"].index(subject)
        members = [i for i, into in enumerate(kept["into"]) if into == own]
        used = {name for term in row["terms"] for name in scheme.measures[term["measure"]].inputs}
        inputs = {
            name: {
                "name": scheme.inputs[name].name,
                "unit": scheme.inputs[name].unit,
                "absent": plain(scheme.inputs[name].absent),
                "facts": [self._source(kept, name, i) for i in members or [own]],
            }
            for name in scheme.inputs
            if name in used or any(kept["inputs"][name]["fact"][i] for i in members)
        }
        measures = {
            term["measure"]: {
                "name": scheme.measures[term["measure"]].name,
                "unit": scheme.measures[term["measure"]].unit,
                "inputs": list(scheme.measures[term["measure"]].inputs),
            }
            for term in row["terms"]
        }
        rules = {"id": kept["rules"]["id"], "name": kept["rules"]["name"],
                 "sources": kept["rules"]["sources"]}  # fmt: skip
        return {**row, "measures": measures, "inputs": inputs, "rules": rules,
                "members": [kept["subjects"][i] for i in members]}  # fmt: skip

    def _source(self, kept: Snapshot, name: str, i: int) -> dict[str, Any]:
        said = kept["inputs"][name]
        fact, revision = said["fact"][i], said["revision"][i]
        told = {"subject": kept["subjects"][i], "value": said["value"][i], "fact": fact}
        if not fact:
            return told
        whole = self.facts.one(fact)
        one = next(each for each in whole["revisions"] if each["revision"] == revision)
        return {
            **told,
            "revision": revision,
            "stated": one["stated"],
            "stated_unit": one["stated_unit"],
            "document": whole["document"],
            "file": one["import_name"],
            "sha256": one["sha256"],
            "row": one["row"],
            "recorded_ms": one["recorded_ms"],
            "by": one["by"],
            "note": one["note"],
        }

    def start_ms(self, period: Period) -> int:
        """Say when a period begins in the district, ms UTC."""
        return self._midnight(period)[0]

    def during(self, period: Period) -> tuple[int, int]:
        """Say from when to when a period is in the district, ms UTC."""
        start, end = self._midnight(period)
        return start, end + DAY_MS

    def _midnight(self, period: Period) -> tuple[int, int]:
        ends = (period.start, period.end)
        start, end = (
            0 if day is None
            else round(datetime.combine(day, time(), self.zone).timestamp() * 1000)
            for day in ends
        )  # fmt: skip
        return start, end


def laid_down(column: Column | None, scale: float, size: int) -> dict[str, list[Any]]:
    """Lay a column of the fact store down in a snapshot; None where nothing is known."""
    if column is None:
        return {"value": [None] * size, "fact": [0] * size, "revision": [0] * size}
    return {
        "value": [plain(each / scale) for each in column.value.tolist()],
        "fact": column.fact.tolist(),
        "revision": column.revision.tolist(),
    }


def scheme_of(found: Found) -> Scheme:
    """Give the scheme of a scene that evaluates; `NotFound` where it watches."""
    if found.scene.scheme is None:
        msg = f"scene: {found.scene.id} does not evaluate"
        raise NotFound(msg)
    return found.scene.scheme


def name_of(names: Mapping[str, str], key: str) -> str:
    """Call a thing by its Chinese name, or by its key."""
    return names.get("zh") or names.get("en") or key
