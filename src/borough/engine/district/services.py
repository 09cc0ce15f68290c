"""Read what a district offers the public: ``[open311]``, ``services.csv`` and its questions."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from borough.core.errors import BadDistrict
from borough.core.offers import DATATYPES, KINDS, STAGES, Offer, Question, Service
from borough.core.requests import Category
from borough.engine.district.cells import EMPTY, choice, code, maybe, text
from borough.engine.district.findings import Flaw
from borough.engine.district.folder import DECLARED
from borough.engine.district.sheets import Notes, Sheet, read_table, read_toml
from borough.engine.district.tables import SYNTHETIC, Column, table

SERVICES, QUESTIONS = "services.csv", "service_attributes.csv"
LISTS = ("singlevaluelist", "multivaluelist")
DEFAULTS = {
    "jurisdiction": "", "contact": "", "key_service": "", "type": "test",
    "changeset": "1970-01-01T00:00:00+00:00",
}  # fmt: skip


def words(cell: str) -> tuple[str, ...]:
    """Read any number of words with commas between them."""
    return tuple(each.strip() for each in cell.split(",") if each.strip())


def options(cell: str) -> Mapping[str, Mapping[str, str]] | Flaw:
    """Read ``key=中文|English; key=...``; nothing where the cell is empty.

    >>> options("big=大于|larger; small=小|small")["small"]["en"]
    'small'
    """
    read: dict[str, Mapping[str, str]] = {}
    for each in filter(None, map(str.strip, cell.split(";"))):
        key, _, names = each.partition("=")
        zh, _, en = names.partition("|")
        if isinstance(code(key.strip()), Flaw) or not zh.strip() or not en.strip():
            return Flaw(f"{each!r} 应为 键=中文|English", f"{each!r} must be key=Chinese|English")
        if key.strip() in read:
            return Flaw(f"{key.strip()} 重复", f"{key.strip()} is there twice")
        read[key.strip()] = {"zh": zh.strip(), "en": en.strip()}
    return read


def pair(name: str, fit: Any = text) -> tuple[Column, Column]:
    """Two columns: the same in either language."""
    return Column(f"{name}_zh", fit), Column(f"{name}_en", fit)


OFFERED = table(
    Column("code", code), *pair("description"), *pair("group"), Column("keywords", words),
    Column("type", choice(*KINDS)), SYNTHETIC,
)  # fmt: skip
ASKED = table(
    Column("service", code), Column("code", code), Column("datatype", choice(*DATATYPES)),
    Column("required", choice("yes", "no")), *pair("question"), *pair("hint", maybe(text)),
    Column("values", options), SYNTHETIC,
)  # fmt: skip


def read_services(folder: Path, categories: Mapping[str, Category]) -> Offer | None:
    """Read the offer of a district; None where it has no table ``[open311]``.

    Raises `BadDistrict` naming file, row and field.
    """
    notes = Notes()
    declared = read_toml(folder, DECLARED, notes) or {}
    said = declared.get("open311")
    if said is None and not notes:
        return None
    offered, asked = Sheet(SERVICES), Sheet(QUESTIONS)
    if not notes:
        offered = read_table(folder, SERVICES, OFFERED, notes)
        if (folder / QUESTIONS).exists():
            asked = read_table(folder, QUESTIONS, ASKED, notes)
        settled(said, notes)
        matched(offered, asked, categories, notes)
    if notes:
        more = f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
        raise BadDistrict(notes[0].line() + more)
    told = {**DEFAULTS, **(said or {})}
    services = [service(each, asked, categories) for each in offered.cells]
    return Offer(
        services={each.code: each for each in services},
        jurisdiction=told["jurisdiction"],
        contact=told["contact"],
        key_service=told["key_service"],
        changed=told["changeset"],
        stage=told["type"],
    )


def settled(said: Any, notes: Notes) -> None:
    """See that ``[open311]`` says what it may."""
    if not isinstance(said, Mapping):
        notes.add(DECLARED, 0, "open311", "应为表", "it must be a table")
        return
    for name, value in said.items():
        if name not in DEFAULTS or not isinstance(value, str):
            known = ", ".join(DEFAULTS)
            notes.add(
                DECLARED, 0, f"open311.{name}", f"应为文字，且是 {known} 之一",
                f"it must be a text, and one of {known}",
            )  # fmt: skip
    if said.get("type", "test") not in STAGES:
        notes.add(DECLARED, 0, "open311.type", "应为 production 或 test", "production or test")
    try:
        aware = datetime.fromisoformat(str(said.get("changeset", DEFAULTS["changeset"]))).tzinfo
    except ValueError:
        aware = None
    if aware is None:
        notes.add(DECLARED, 0, "open311.changeset", "应为带时区的时刻", "a moment with an offset")


def matched(offered: Sheet, asked: Sheet, categories: Mapping[str, Category], notes: Notes) -> None:
    """See that the tables go together."""
    codes = offered.rows()
    for line, cells in zip(offered.line, offered.cells, strict=True):
        if cells.get("code") not in {None, *categories}:
            each = cells["code"]
            zh, en = f"requests.toml 没有类别 {each}", f"requests.toml has no category {each}"
            notes.add(SERVICES, line, "code", zh, en)
        if "code" in cells and codes[cells["code"]] != offered.cells.index(cells):
            notes.add(SERVICES, line, "code", "重复", "it is there twice")
    seen: set[tuple[str, str]] = set()
    for line, cells in zip(asked.line, asked.cells, strict=True):
        at = cells.get("service", ""), cells.get("code", "")
        if at[0] and at[0] not in codes:
            zh, en = f"{SERVICES} 中没有 {at[0]}", f"{SERVICES} has no {at[0]}"
            notes.add(QUESTIONS, line, "service", zh, en)
        if all(at) and at in seen:
            notes.add(QUESTIONS, line, "code", "重复", "it is there twice")
        seen.add(at)
        if bool(cells.get("values")) != (cells.get("datatype") in LISTS):
            notes.add(QUESTIONS, line, "values", *_values(empty=not cells.get("values")))


def _values(*, empty: bool) -> tuple[str, str]:
    if empty:
        return EMPTY.zh, EMPTY.en
    return "只有列表类型才有选项", "only a list has values"


def service(cells: Mapping[str, Any], asked: Sheet, categories: Mapping[str, Category]) -> Service:
    """Put a service together."""
    mine = [each for each in asked.cells if each["service"] == cells["code"]]
    return Service(
        code=cells["code"],
        name=categories[cells["code"]].name,
        description=both(cells, "description"),
        group=both(cells, "group"),
        keywords=cells["keywords"],
        kind=cells["type"],
        attributes=tuple(
            Question(
                code=each["code"],
                datatype=each["datatype"],
                required=each["required"] == "yes",
                question=both(each, "question"),
                hint=both(each, "hint"),
                values=each["values"],
            )
            for each in mine
        ),
    )


def both(cells: Mapping[str, Any], name: str) -> dict[str, str]:
    """Give a text in both languages."""
    return {"zh": cells[f"{name}_zh"], "en": cells[f"{name}_en"]}
