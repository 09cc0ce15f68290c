"""A broken district table gets a clear answer: file, row, field and what is wrong, all at once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings, strategies as st

import borough
from borough.core.errors import BadDistrict
from borough.engine.district import check, read

TEMPLATE = Path(borough.__file__).parent / "districts" / "template"
SPARE = {"event_codes.csv", "standards.csv", "requests.toml"}
"""What a district may do without."""
TABLES = sorted(
    path.name for path in TEMPLATE.iterdir() if path.suffix != ".md" and path.name not in SPARE
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A district of one's own, sound so far."""
    return Path(shutil.copytree(TEMPLATE, tmp_path / "mine"))


def swap(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Make a change of text in a file, once."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), "utf-8", newline="")

    return change


def raw(file: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Make a change of bytes in a file."""

    def written(folder: Path) -> None:
        (folder / file).write_bytes(change((folder / file).read_bytes()))

    return written


def move_grid(folder: Path, east: float) -> None:
    """Push the polygon of the second grid to the east."""
    document = json.loads((folder / "grids.geojson").read_text("utf-8"))
    ring = document["features"][1]["geometry"]["coordinates"][0]
    document["features"][1]["geometry"]["coordinates"][0] = [[x + east, y] for x, y in ring]
    (folder / "grids.geojson").write_text(json.dumps(document), "utf-8")


BROKEN = {
    "missing file": (lambda at: (at / "shifts.csv").unlink(), "shifts.csv: the file is missing"),
    "missing column": (
        swap("streets.csv", "centre_source", "center_source"),
        "streets.csv:1: centre_source: the column is missing",
    ),
    "column twice": (
        swap("streets.csv", "name_en", "name_zh"),
        "streets.csv:1: name_zh: the column is there twice",
    ),
    "code twice": (
        swap("communities.csv", "000000001002,", "000000001001,"),
        "communities.csv:3: code: 000000001001 is already on line 2",
    ),
    "unknown reference": (
        swap("communities.csv", ",000000002,", ",000000009,"),
        "communities.csv:4: street: streets.csv has no 000000009",
    ),
    "bad number": (
        swap("streets.csv", "10.015", "10,015"),
        "streets.csv:3: it has 8 cells and the header has 7",
    ),
    "not a number": (
        swap("classes.csv", ",300,60,3600,", ",five,60,3600,"),
        "classes.csv:2: interval_s: 'five' is not a number",
    ),
    "infinite": (
        swap("properties.csv", ",0,200,", ",0,inf,"),
        "properties.csv:2: high: 'inf' is not a number",
    ),
    "upside down": (
        swap("properties.csv", ",0,600,0,20", ",700,600,0,20"),
        "properties.csv:3: low: 700 is not below high, 600",
    ),
    "normal is impossible": (
        swap("properties.csv", ",0,600,0,20", ",0,600,0,900"),
        "properties.csv:3: normal_low: the normal range leaves the range that can be true",
    ),
    "unknown role": (
        swap("classes.csv", ",gateway,network", ",router,network"),
        "classes.csv:4: role: 'router' is none of: device, gateway, derived, place",
    ),
    "class without property": (
        swap("properties.csv", "gateway,uptime", "slope,uptime"),
        "classes.csv:4: code: properties.csv has no property of it",
    ),
    "too many for the key": (
        swap("classes.csv", ",6,ex-rain-###", ",1000,ex-rain-###"),
        "classes.csv:2: key: 3 digits cannot number 1000",
    ),
    "heartbeat too short": (
        swap("classes.csv", ",300,60,3600,", ",300,60,200,"),
        "classes.csv:2: heartbeat_s: it is shorter than interval_s",
    ),
    "shift without length": (
        swap("shifts.csv", "08:00,20:00", "08:00,08:00"),
        "shifts.csv:2: end: the shift starts and ends at the same time",
    ),
    "no time of day": (
        swap("shifts.csv", "20:00", "25:00"),
        "shifts.csv:2: end: '25:00' is not a time such as 06:30",
    ),
    "no day of the week": (
        swap("shifts.csv", "mon tue", "mon die"),
        "shifts.csv:2: days: 'die' is none of mon tue wed thu fri sat sun",
    ),
    "post on unknown grid": (
        swap("posts.csv", "grid_worker,000000001001001", "grid_worker,000000001001099"),
        "posts.csv:2: grid: grids.csv has no 000000001001099",
    ),
    "grid without a post": (
        swap("posts.csv", "000000001001001 000000001001002", "000000001001001"),
        "grids.csv:3: code: no post of posts.csv covers 000000001001002",
    ),
    "grid in two hands": (
        swap("posts.csv", "000000001001003 000000001001004", "000000001001003 000000001001001"),
        "posts.csv:3: covers: 000000001001001 is already in the charge of line 2",
    ),
    "grid outside": (
        lambda at: move_grid(at, 1.0),
        "grids.csv:3: code: 000000001001002 lies outside the outline",
    ),
    "grids overlap": (
        lambda at: move_grid(at, -0.001),
        "grids.csv:5: code: 000000001001004 overlaps 000000001001002",
    ),
    "centre elsewhere": (
        swap("grids.csv", "10.0", "10.9"),
        "grids.csv:2: lon: the centre is not inside 000000001001001",
    ),
    "street of another community": (
        swap("grids.csv", "000000001,000000001001", "000000002,000000001001"),
        "grids.csv:2: street: community 000000001001 belongs to 000000001",
    ),
    "byte order mark": (
        raw("shifts.csv", lambda data: b"\xef\xbb\xbf" + data),
        "shifts.csv:1: it starts with a BOM; save as plain UTF-8",
    ),
    "other encoding": (
        raw("shifts.csv", lambda data: data.decode("utf-8").encode("gb18030")),
        "shifts.csv:2: it is not UTF-8 text; save it as UTF-8",
    ),
    "rows run together": (
        swap("shifts.csv", "yes\n", "yes,"),
        "shifts.csv:2: it has 14 cells and the header has 7",
    ),
    "a quote left open": (
        swap("shifts.csv", "Night shift", '"Night shift'),
        "shifts.csv:3: it is not good CSV: unexpected end of data",
    ),
    "broken TOML": (
        swap("district.toml", "id          =", "id          :"),
        "district.toml: it is not good TOML: ",
    ),
    "no such zone": (
        swap("district.toml", "Asia/Shanghai", "Asia/Yubei"),
        "district.toml: timezone: it is no time zone",
    ),
    "clock without offset": (
        swap("district.toml", "08:00:00+08:00", "08:00:00"),
        "district.toml: clock_start: it must be a moment with an offset from UTC",
    ),
    "broken GeoJSON": (
        swap("outline.geojson", "[[[", "[[[["),
        "outline.geojson: it is not good JSON: ",
    ),
    "ring left open": (
        swap("outline.geojson", "[[[10.0, 50.0]", "[[[10.0, 50.001]"),
        "outline.geojson:1: geometry: the ring is not closed",
    ),
    "polygon with a hole": (
        swap(
            "outline.geojson",
            "]]]",
            "]], [[10.02, 50.01], [10.03, 50.01], [10.03, 50.02], [10.02, 50.01]]]",
        ),
        "outline.geojson:1: geometry: polygons with holes are not supported",
    ),
    "polygon that crosses itself": (
        swap("outline.geojson", "[10.04, 50.0], [10.05, 50.015]", "[10.05, 50.015], [10.04, 50.0]"),
        "outline.geojson:1: geometry: the polygon crosses itself or has no inside",
    ),
    "range to draw from": (
        swap("parameters.csv", "0.05,0.6", "0.7,0.6"),
        "parameters.csv:3: low: 0.7 is above high, 0.6",
    ),
    "tied to itself": (
        swap("relations.csv", "watches,rain,slope", "watches,rain,rain"),
        "relations.csv:3: to: it is the same as from",
    ),
}


@pytest.mark.parametrize(("change", "line"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_is_named_by_file_row_and_field(
    folder: Path, change: Callable[[Path], None], line: str
) -> None:
    """The operator is told where to look and what to put right, in both languages."""
    change(folder)

    found = check(folder)

    assert any(finding.line().startswith(line) for finding in found)
    assert all(finding.says["zh"] and finding.says["en"] for finding in found)


def test_all_problems_are_found_in_one_pass(folder: Path) -> None:
    """Nobody has to put one thing right to learn of the next."""
    swap("streets.csv", "10.015", "200")(folder)
    swap("shifts.csv", "08:00,20:00", "08:00,08:00")(folder)
    swap("properties.csv", ",0,600,0,20", ",700,600,0,20")(folder)

    assert {(found.file, found.row, found.field) for found in check(folder)} == {
        ("properties.csv", 3, "low"),
        ("shifts.csv", 2, "end"),
        ("streets.csv", 3, "lon"),
    }


@pytest.mark.parametrize("file", TABLES)
def test_a_missing_file_is_one_finding(folder: Path, file: str) -> None:
    """What refers to a table that is not there is not held against it row by row."""
    (folder / file).unlink()

    assert [found.line() for found in check(folder)] == [f"{file}: the file is missing"]


def test_a_district_may_have_no_standards(folder: Path) -> None:
    """Codes and rows are one matter: without either, nothing is missing."""
    for file in ("event_codes.csv", "standards.csv"):
        (folder / file).unlink()

    assert check(folder) == []
    assert not read(folder).standards.rows


def test_standards_are_held_to_codes_agencies_and_hours(folder: Path) -> None:
    """A row for no code, for nobody, in hours that are not kept; a code without a row."""
    swap("standards.csv", "own-1,P0137,单盏", "own-1,P0138,单盏")(folder)
    swap("standards.csv", "own-1,E0501", "own-2,E0501")(folder)
    swap("standards.csv", "4,work_hour,centre", "0,work_hours,nobody")(folder)
    swap("event_codes.csv", "P0137,part", "P0137,thing")(folder)

    assert {(found.file, found.row, found.field) for found in check(folder)} == {
        ("event_codes.csv", 2, "kind"),
        ("event_codes.csv", 4, "code"),
        ("standards.csv", 2, "code"),
        ("standards.csv", 4, "amount"),
        ("standards.csv", 4, "unit"),
        ("standards.csv", 4, "agency"),
        ("standards.csv", 5, "code"),
    }


def test_scenes_report_under_codes_that_there_are(folder: Path) -> None:
    """A code that nobody has is named with its scene; one that is no text is refused as it is."""
    path = folder / "district.toml"
    said = path.read_text("utf-8")
    path.write_text(f'{said}\n[events]\ngas = "own-1:E0501"\nslope = "own-9:E1"\n', "utf-8")
    found = [(each.file, each.field) for each in check(folder)]
    assert found == [("district.toml", "events.slope")]
    path.write_text(f"{said}\n[events]\ngas = 3\n", "utf-8")
    assert ("district.toml", "events") in {(each.file, each.field) for each in check(folder)}


def test_a_byte_order_mark_hides_nothing_else(folder: Path) -> None:
    """A table saved by a spreadsheet is read on past its mark."""
    text = (folder / "shifts.csv").read_bytes()
    (folder / "shifts.csv").write_bytes(b"\xef\xbb\xbf" + text.replace(b"20:00", b"8 pm", 1))

    assert [(found.row, found.field) for found in check(folder)] == [(1, ""), (2, "end")]


def test_reading_a_broken_folder_names_the_first_problem(folder: Path) -> None:
    """A process that starts on a broken table says which, and does not start."""
    swap("streets.csv", "10.015", "200")(folder)

    with pytest.raises(BadDistrict, match=r"streets\.csv:3: lon: 200 is outside -180 \.\. 180"):
        read(folder)


def test_a_folder_that_is_not_there_is_a_finding_too(tmp_path: Path) -> None:
    """A mistyped path is answered, not raised."""
    assert [found.line() for found in check(tmp_path / "nowhere")] == [
        "nowhere: it is not a folder"
    ]
    with pytest.raises(BadDistrict, match="nowhere is not a folder"):
        read(tmp_path / "nowhere")


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_damage_to_a_table_makes_the_check_stumble(data: st.DataObject) -> None:
    """Whatever bytes a file holds, the check answers with findings and never raises."""
    name = data.draw(st.sampled_from(TABLES))
    before = (TEMPLATE / name).read_bytes()
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, min(len(before), start + 80)))
    pieces = st.sampled_from([*b',"\n\r\x00\xff-[{=']).map(lambda byte: bytes([byte]))
    pieces |= st.sampled_from([b"9e99", b"nan", b"null", b"\xe2\x80\xa8"])
    patch = data.draw(st.one_of(st.binary(max_size=12), st.lists(pieces, max_size=6).map(b"".join)))
    with TemporaryDirectory() as kept:
        folder = Path(shutil.copytree(TEMPLATE, Path(kept) / "mine"))
        (folder / name).write_bytes(before[:start] + patch + before[end:])

        found = check(folder)

        if any(each.file in TABLES for each in found):
            assert all(each.says["zh"] and each.line() for each in found)
        else:
            read(folder)
