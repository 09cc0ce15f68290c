"""The tables of a district folder: which columns each has, and what a cell of it may say."""

from collections.abc import Mapping
from dataclasses import dataclass

from borough.core.deadlines import UNITS
from borough.core.standards import KINDS
from borough.engine.district import cells
from borough.engine.district.cells import Fit, choice, code, codes, number, text, whole

ROLES = ("device", "gateway", "derived", "place", "party")
SERVES = ("grid", "community", "street", "district")
"""How far a post looks after what lies around its home, beside the grids that it covers."""
MANY = 10_000_000
MINUTE_H = 1 / 60
LONG_S = 31_622_400.0
"""A leap year: no interval is longer."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``refers`` names the table whose codes its cells must be.

    A ``spare`` one may be missing, which is as good as empty cells.
    """

    name: str
    fit: Fit
    refers: str = ""
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, and those that no two rows may share.  Other columns are notes.

    A ``spare`` one may be missing, which is as good as one without rows.
    """

    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ("code",)
    spare: bool = False


def table(*columns: Column, unique: tuple[str, ...] = ("code",)) -> Table:
    """Put columns together."""
    return Table(columns, unique)


CODE = Column("code", code)
NAMES = (Column("name_zh", text), Column("name_en", text))
SPOT = (Column("lon", number(-180, 180)), Column("lat", number(-85, 85)))
SYNTHETIC = Column("synthetic", choice("yes", "no"))
SECONDS = tuple(
    Column(name, number(0, LONG_S)) for name in ("interval_s", "sample_s", "heartbeat_s", "late_s")
)
RANGE = tuple(Column(name, number()) for name in ("low", "high", "normal_low", "normal_high"))

TABLES: Mapping[str, Table] = {
    "streets.csv": table(
        CODE, *NAMES, Column("kind", text), *SPOT, Column("centre_source", choice("real", "guess"))
    ),
    "communities.csv": table(CODE, Column("street", code, "streets.csv"), *NAMES),
    "grids.csv": table(
        CODE,
        Column("street", code, "streets.csv"),
        Column("community", code, "communities.csv"),
        *SPOT,
        Column("area_m2", number(1, 1e12)),
        SYNTHETIC,
    ),
    "agencies.csv": table(
        CODE,
        *NAMES,
        Column("kind", code),
        Column("street", cells.maybe(code), "streets.csv"),
        SYNTHETIC,
    ),
    "shifts.csv": table(
        CODE,
        *NAMES,
        Column("days", cells.days),
        Column("start", cells.clock),
        Column("end", cells.clock),
        SYNTHETIC,
    ),
    "posts.csv": table(
        CODE,
        Column("kind", code),
        Column("grid", code, "grids.csv"),
        Column("agency", code, "agencies.csv"),
        Column("shift", code, "shifts.csv"),
        Column("covers", codes, "grids.csv"),
        Column("serves", cells.maybe(choice(*SERVES)), spare=True),
        Column("skills", codes, spare=True),
        SYNTHETIC,
    ),
    "classes.csv": table(
        CODE,
        *NAMES,
        Column("role", choice(*ROLES)),
        Column("domain", code),
        Column("count", whole(0, MANY)),
        Column("key", cells.key),
        Column("spread", choice("grid", "area")),
        *SECONDS,
        Column("report_mode", text),
        Column("access_network", cells.maybe(text)),
        Column("owner", code, "agencies.csv"),
        SYNTHETIC,
    ),
    "properties.csv": table(
        Column("class", code, "classes.csv"),
        CODE,
        *NAMES,
        Column("unit", text),
        *RANGE,
        unique=("class", "code"),
    ),
    "relations.csv": table(
        Column("relation", code),
        Column("from", code, "classes.csv"),
        Column("to", code, "classes.csv"),
        Column("pick", choice("dealt", "nearest")),
        Column("each", whole(1, 1000)),
        Column("sign", choice("1", "-1")),
        Column("within_m", number(0, 1e6)),
        SYNTHETIC,
        unique=(),
    ),
    "parameters.csv": table(
        Column("scene", code),
        Column("parameter", code),
        Column("class", cells.code_or_all, "classes.csv"),
        Column("rule", choice("heartbeats", "fixed", "log_uniform")),
        Column("low", number()),
        Column("high", number()),
        Column("unit", text),
        SYNTHETIC,
        unique=("scene", "parameter", "class"),
    ),
    "event_codes.csv": Table(
        (
            Column("scheme", code),
            Column("version", text),
            CODE,
            Column("kind", choice(*KINDS)),
            *(Column(name, code) for name in ("major", "minor")),
            *(Column(name, text) for name in ("major_zh", "major_en")),
            *NAMES,
            Column("extension", choice("yes", "no")),
            Column("same_as", cells.maybe(text)),
        ),
        unique=("scheme", "code"),
        spare=True,
    ),
    "standards.csv": Table(
        (
            Column("id", code),
            Column("scheme", code),
            CODE,
            *(Column(name, text) for name in ("open_zh", "open_en", "close_zh", "close_en")),
            Column("amount", number(MINUTE_H, MANY)),
            Column("unit", choice(*UNITS)),
            Column("agency", code),
            Column("supervisor", cells.maybe(code), "agencies.csv"),
            Column("urgent", choice("yes", "no")),
            Column("basis", text),
        ),
        unique=("id",),
        spare=True,
    ),
}
"""Every table by the name of its file."""
