"""Returns: a workbook of what things of a kind reported of a period, taken in whole or not at all.

Each row is one firm: its key (for firms the credit code), its name, the firm it is evaluated with
where it is a part of one, and a column for each input of the scene, named in either language or by
its indicator.  A column of money or of anything else that people write in tens of thousands says
its unit in the heading: ``评价税收(万元)``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import file_digest
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from borough.adapters import sheets
from borough.adapters.sheets import Sheet
from borough.app.evaluations.evaluating import Asked, Evaluating
from borough.core import credit_code
from borough.core.errors import BadDistrict, BadFact, BadRequest
from borough.core.facts import Fact, Indicator, Region
from borough.core.formulas import Input
from borough.engine.evaluate import merged
from borough.engine.facts import Reader, Refusal, units
from borough.storage.sql import Import

KEY = {"统一社会信用代码", "信用代码", "credit_code", "key", "subject"}
NAME = {"企业名称", "名称", "name"}
WITH = {"并入企业", "并入", "merged_into"}
CODED = "firm"
"""The kind of thing whose key is a unified social credit code."""
COUNTED = {"1", "mu", "t", "tce", "person"}
"""Units that nobody writes in tens of thousands; all others must be said."""


@dataclass(frozen=True, slots=True)
class Returns:
    """What a workbook says: facts, names and ties, or else what is wrong with it.

    ``remarks`` are about what is unlikely and was confirmed.
    """

    facts: Sequence[Fact]
    names: Mapping[str, Mapping[str, str]]
    ties: Mapping[str, str]
    refused: Sequence[Refusal]
    remarks: Sequence[Refusal]
    passed_over: Sequence[str]


def imported(
    desk: Evaluating, asked: Asked, path: Path, *,
    by: str, at_ms: int, name: str = "", dry_run: bool = False, confirmed: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Take a workbook in: firms as things, their returns as facts; nothing where a row is wrong.

    Values that can hardly be, such as a negative value added, are refused unless *confirmed*.
    Gives ``written``, counts, and ``refused`` and ``remarks`` with row, field and detail.  Raises
    `BadSheet` where the file cannot be read, `BadFact` where its heading tells nothing, and
    `BadDistrict` where the district knows no such things as are judged.
    """
    kind = next((each for each in desk.district.kinds if each.code == asked.scheme.kind), None)
    if kind is None:
        msg = f"classes.csv: there is no {asked.scheme.kind!r}, which {asked.found.scene.id} judges"
        raise BadDistrict(msg)
    sheet = sheets.read(path)
    document = f"{asked.found.scene.id}-{asked.period.code}"
    define(desk, asked, document, written=not dry_run)
    told = read(desk, asked, sheet, document, at_ms, confirmed=confirmed)
    writes = not dry_run and not told.refused
    done: dict[str, Any] = {"import": 0, "fresh": 0, "added": 0, "revised": 0, "same": 0}
    if writes:
        during = desk.during(asked.period)
        done["fresh"] = desk.parties.enter(kind, told.names, told.ties, during, at_ms=at_ms)
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        about = Import(name=name or path.name, sha256=digest, rows=len(sheet.rows))
        done["import"], kept = desk.facts.add(told.facts, about, by=by, at_ms=at_ms)
        for each in kept:
            done[each.outcome] += 1
    return {
        **done, "scene": asked.found.scene.id, "period": asked.period.code, "written": writes,
        "rows": len(sheet.rows), "firms": len(told.names), "facts": len(told.facts),
        "refused": [plainly(each) for each in told.refused],
        "remarks": [plainly(each) for each in told.remarks],
        "passed_over": list(told.passed_over),
    }  # fmt: skip


def plainly(refusal: Refusal) -> dict[str, Any]:
    """Give a refusal as plain data."""
    return {"row": refusal.row, "field": refusal.field, "detail": refusal.detail}


def define(desk: Evaluating, asked: Asked, document: str, *, written: bool) -> None:
    """See that the store knows the scene's indicators, the district and the source."""
    if not written:
        return
    scene, known = asked.found.scene, desk.facts.definitions
    regions = {each.code for each in known.regions()}
    district = desk.district
    fresh = Region(code=district.adcode, name=district.name, source="district.toml")
    known.put(
        indicators=indicators(asked),
        regions=[] if district.adcode in regions else [fresh],
        documents=[
            {"code": document, "title": f"{scene.name['zh']} {asked.period.code} 企业填报",
             "publisher": district.name["zh"], "published": "", "note": "returns of firms"}
        ],
    )  # fmt: skip


def indicators(asked: Asked) -> list[Indicator]:
    """Give the definitions of what a scene takes in."""
    return [
        Indicator(
            code=each.indicator, version=1, name=dict(each.name), unit=each.counted or each.unit,
            source=f"scenes/{asked.found.scene.id}/scene.toml",
        )
        for each in asked.scheme.inputs.values()
    ]  # fmt: skip


def read(
    desk: Evaluating, asked: Asked, sheet: Sheet, document: str, at_ms: int, *, confirmed: bool
) -> Returns:
    """Read a sheet; what is wrong is told row by row."""
    heads = headed(sheet, asked)
    today = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(desk.zone).date()
    check = credit_code.checked if asked.scheme.kind == CODED else str
    taken = _reader(desk, asked, document, today, check).read(
        [heads.get(name, name) for name in sheet.header], sheet.rows, sheet.numbers
    )
    refused, remarks, names, ties = list(taken.refused), list[Refusal](), {}, {}
    first: dict[str, int] = {}
    where = {meaning: name for name, meaning in heads.items()}
    for number, cells in zip(sheet.numbers, sheet.rows, strict=True):
        said = dict(zip(sheet.header, cells, strict=True))
        key, into = said[where["subject"]].strip(), said.get(where.get("", ""), "").strip()
        if key in first:
            row = f"row {first[key]} has the same: {key}"
            refused.append(Refusal(number, where["subject"], row))
        first.setdefault(key, number)
        called = said.get(where.get("name", ""), "").strip() or key
        names[key] = {"zh": called, "en": called}
        if into:
            ties[key] = into
    column = where.get("", "")
    for key, into in ties.items():
        if into not in names or into in ties or into == key:
            says = (
                f"{into} is evaluated with another itself"
                if into in ties
                else f"{into!r} has no row of its own here"
            )
            refused.append(Refusal(first[key], column, says))
    (remarks if confirmed else refused).extend(doubtful(asked, taken.facts))
    refused += _baseless(asked, taken.facts, ties)
    refused.sort(key=lambda each: each.row)
    passed = [name for name in taken.passed_over if name not in heads.values()]
    return Returns(taken.facts, names, ties, refused, remarks, passed)


def headed(sheet: Sheet, asked: Asked) -> dict[str, str]:
    """Say what each heading means to the reader of facts; `BadFact` where the key is missing."""
    meant: dict[str, str] = {}
    inputs = asked.scheme.inputs.values()
    by_name = {narrow(each.name[tongue]): each for each in inputs for tongue in ("zh", "en")}
    by_name |= {each.indicator: each for each in inputs}
    for head in sheet.header:
        bare = narrow(head)
        if head in KEY:
            meant[head] = "subject"
        elif head in NAME:
            meant[head] = "name"
        elif head in WITH:
            meant[head] = ""
        elif (found := longest(bare, by_name)) is not None:
            rest = bare.removeprefix(found[0]).strip()
            if not rest and (found[1].counted or found[1].unit) not in COUNTED:
                msg = f"{head}: say the unit in the heading, as {head}({found[1].unit})"
                raise BadFact(msg)
            meant[head] = found[1].indicator + rest
    if "subject" not in meant.values():
        msg = f"{sorted(KEY)[-2]}: the column is missing; there are {', '.join(sheet.header)}"
        raise BadFact(msg)
    return meant


def narrow(text: str) -> str:
    """Write Chinese brackets as plain ones, so that both are understood."""
    return text.replace("（", "(").replace("）", ")")


def longest(head: str, names: Mapping[str, Input]) -> tuple[str, Input] | None:
    """Find the input that a heading begins with, the longest name first."""
    for name in sorted(names, key=len, reverse=True):
        rest = head.removeprefix(name).strip()
        if head.startswith(name) and (not rest or rest.startswith("(")):
            return name, names[name]
    return None


def _reader(desk: Evaluating, asked: Asked, document: str, today: date, check: Any) -> Reader:
    def find(said: str) -> str:
        try:
            return str(check(said))
        except BadRequest as error:
            msg = f"subject: {error}"
            raise BadFact(msg) from error

    known = desk.facts.definitions
    adcode = desk.district.adcode
    regions = [*known.regions()]
    if adcode not in {each.code for each in regions}:
        regions.append(Region(code=adcode, name=desk.district.name))
    return Reader(
        units=units(), indicators=indicators(asked), regions=regions, documents=[document],
        today=today, find=find,
        given={"period": asked.period.code, "period_kind": asked.period.kind,
               "region": adcode, "document": document},
    )  # fmt: skip


def doubtful(asked: Asked, facts: Sequence[Fact]) -> list[Refusal]:
    """Say which values can hardly be: those outside the limits of their input."""
    inputs = {each.indicator: (name, each) for name, each in asked.scheme.inputs.items()}
    found: list[Refusal] = []
    for fact in facts:
        _, each = inputs[fact.indicator]
        value = float(fact.value) / each.scale
        if not each.low <= value <= each.high:
            bound = f"below {each.low:g}" if value < each.low else f"above {each.high:g}"
            said = f"{each.name['en']} of {fact.subject} is {value:g} {each.unit}, {bound}"
            found.append(Refusal(fact.row, each.name["zh"], f"{said}; confirm it if it is so"))
    return found


def _baseless(asked: Asked, facts: Sequence[Fact], ties: Mapping[str, str]) -> list[Refusal]:
    """Find of whom too little was reported, such as no land: nothing can be judged of them."""
    subjects = sorted({fact.subject for fact in facts})
    place = {key: i for i, key in enumerate(subjects)}
    into = np.array([place.get(ties.get(key, key), i) for key, i in place.items()], np.int64)
    rows = {fact.subject: fact.row for fact in reversed(facts)}
    name_of = {each.indicator: name for name, each in asked.scheme.inputs.items()}
    columns = {name: {"value": [None] * len(subjects)} for name in asked.scheme.inputs}
    for fact in facts:
        value = float(fact.value) / asked.scheme.inputs[name_of[fact.indicator]].scale
        columns[name_of[fact.indicator]]["value"][place[fact.subject]] = value  # type: ignore[call-overload]  # None or a number
    formula = asked.found.formula(**asked.found.scene.tuned())
    worked = formula.measures(merged(asked.scheme, columns, into))
    alone = into == np.arange(len(into))
    return [
        Refusal(
            rows[subjects[i]],
            each.name["zh"],
            f"{each.name['en']} of {subjects[i]} is {worked[name][i]:g} {each.unit}; it must be "
            f"above {each.above:g}".replace("nan", "not known,"),
        )
        for name, each in asked.scheme.measures.items()
        if each.above > -inf
        for i in np.flatnonzero(alone & ~(worked[name] > each.above)).tolist()
    ]
