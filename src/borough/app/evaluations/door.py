"""What the HTTP doors need of evaluations, in rows that people can read."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from borough.adapters import sheets
from borough.app.evaluations.evaluating import Evaluating, scheme_of
from borough.storage.sql.paging import MOST

Row = dict[str, Any]
HEAD = {
    "group": "分组 group", "class": "等级 class", "rank": "名次 rank", "subject": "信用代码 key",
    "name": "名称 name", "score": "总分 score", "earned": "评定等级 earned",
    "adjustment": "加减分 adjustment",
}  # fmt: skip
SAYS = "说明 remarks"


class EvaluationDoor(Evaluating):
    """Evaluations as the doors see them; only reading."""

    def find(self, scene: str, period: str, state: str) -> list[Row]:
        """List evaluations, the newest period first."""
        return self.store.find(scene, period, state)

    def full(self, number: int) -> Row:
        """Tell one with its log, its appeals, its rule set, and what is wrong with its log."""
        now = self.store.one(number)
        kept = self.store.snapshot(number)["snapshot"]
        (row,) = [each for each in self.store.find(now.scene, now.period) if each["id"] == number]
        rules = kept["rules"]
        return {
            **row,
            "rule_set": {
                "id": rules["id"], "name": rules["name"], "variant": rules.get("variant", ""),
                "synthetic": rules.get("synthetic", ""), "sources": rules["sources"],
            },
            "groups": {each["id"]: each["name"] for each in rules["group"]},
            "appeals": self.store.appeals(number),
            "log": [msgspec.to_builtins(each) for each in self.store.events(number)],
            "faults": self.store.verify(number),
        }  # fmt: skip

    def rows(
        self, number: int, *, group: str, name: str, level: str,
        sort: str, down: bool, start: int, limit: int,
    ) -> list[Row]:  # fmt: skip
        """Give a page of a result; `NotFound` where there is no such evaluation."""
        self.store.one(number)
        return self.store.rows(
            number, group=group, name=name, level=level, sort=sort, down=down, start=start,
            limit=limit,
        )  # fmt: skip

    def schemes(self) -> list[Row]:
        """List the scenes that evaluate: inputs, measures, classes and rule sets."""
        self.read_rules()
        return [
            {
                "scene": each.scene.id,
                "name": each.scene.name,
                "kind": scheme_of(each).kind,
                "classes": {key: each.scene.level_names.get(key) for key in each.scene.levels[1:]},
                "inputs": {
                    key: {"name": made.name, "unit": made.unit, "indicator": made.indicator}
                    for key, made in scheme_of(each).inputs.items()
                },
                "measures": {
                    key: {"name": made.name, "unit": made.unit, "inputs": list(made.inputs)}
                    for key, made in scheme_of(each).measures.items()
                },
                "chosen": self.chosen[name],
                "wrong": self.wrong.get(name, ""),
                "rules": [
                    {
                        "id": key, "name": text["name"], "variant": text.get("variant", ""),
                        "valid": text["valid"], "synthetic": text.get("synthetic", ""),
                    }
                    for key, text in self.sets[name].items()
                ],
            }
            for name, each in self.found.items()
        ]  # fmt: skip

    def exported(self, number: int, suffix: str) -> bytes:
        """Write a result into a file of the kind that *suffix* says; give its bytes."""
        now = self.store.one(number)
        scheme = scheme_of(self.found[now.scene])
        rows = list(self._each(number))
        measures = dict.fromkeys(term["measure"] for row in rows for term in row["terms"])
        head = [*HEAD.values()]
        for each in measures:
            head += [scheme.measures[each].name["zh"], f"{scheme.measures[each].name['zh']} 得分"]
        table = [tuple(cells(row, list(measures))) for row in rows]
        name = f"{now.scene} {now.period} {now.state}"
        numeric = frozenset(head) - {HEAD["subject"], HEAD["name"]}
        sheet = sheets.Sheet(name, (*head, SAYS), table, range(2, len(table) + 2), numeric)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{now.scene}-{now.period}{suffix}"
            sheets.write(path, sheet)
            return path.read_bytes()

    def _each(self, number: int) -> Iterator[Row]:
        start = 0
        while some := self.store.rows(number, start=start, limit=MOST):
            yield from some
            start += MOST


def cells(row: Row, measures: list[str]) -> Iterator[str]:
    """Write one row of a result as text, empty where there is nothing."""
    for name in HEAD:
        yield spelled(row[name] or ("" if name == "rank" else row[name]))
    terms = {term["measure"]: term for term in row["terms"]}
    for each in measures:
        term = terms.get(each)
        yield spelled(term["value"] if term else None)
        yield spelled(term["points"] if term else None)
    yield "；".join(each["zh"] for each in row["remarks"])


def spelled(value: Any) -> str:
    """Write a number or a word; nothing for None."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
