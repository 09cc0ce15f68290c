"""Tables of people: what is read, what is written, and what is refused with its place named."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from hypothesis import given, strategies as st

from borough.adapters.sheets import ERRORS, LIMITS, Sheet, marked, read, write
from borough.core.errors import BadSheet

TABLE = Sheet(
    "things",
    ("key", "lon", "lat", "name.zh", "note"),
    [("m-1", "106.5", "29.6", "水表", "=1+1"), ("m-2", "-12", "0.25", "“引号”, 逗号", "+86 1")],
    [2, 3],
    frozenset({"lon", "lat"}),
)
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)
KINDS = [".csv", ".xlsx", ".geojson"]


def workbook(path: Path, cells: dict[str, Any], merged: str = "", **sheets: str) -> Path:
    """Write a workbook by the names of its cells; each of *sheets* gets one cell."""
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("rows")
        for name, value in cells.items():
            page.write(name, value)
        if merged:
            page.merge_range(merged, "both")
        for name, value in sheets.items():
            book.add_worksheet(name).write("A1", value)
    return path


def with_part(path: Path, name: str, old: bytes, young: bytes) -> Path:
    """Change one part inside a workbook."""
    with zipfile.ZipFile(path) as file:
        parts = {each: file.read(each) for each in file.namelist()}
    assert old in parts[name]
    parts[name] = parts[name].replace(old, young, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each, body in parts.items():
            file.writestr(each, body)
    return path


def refusal(path: Path, sheet: str | None = None) -> BadSheet:
    """Read what cannot be read."""
    with pytest.raises(BadSheet) as caught:
        read(path, sheet)
    assert path.name in caught.value.said["zh"]
    assert any("\u4e00" <= mark <= "\u9fff" for mark in caught.value.said["zh"])
    return caught.value


@pytest.mark.parametrize("suffix", KINDS)
def test_a_table_reads_back_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    """CSV, Excel and GeoJSON of the same table say the same, cell by cell."""
    path = tmp_path / f"things{suffix}"
    write(path, TABLE)
    back = read(path)

    assert {name: back.columns[name] for name in TABLE.header} == TABLE.columns
    assert list(tmp_path.iterdir()) == [path]


@given(st.lists(st.tuples(CELL, CELL), max_size=8), st.sampled_from([".csv", ".xlsx"]))
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], suffix: str
) -> None:
    """Whatever people write into cells comes back, formula or not; empty rows go."""
    kept = [row for row in rows if any(row)]
    path = tmp_path_factory.mktemp("any") / f"any{suffix}"
    write(path, Sheet("any", ("one", "two"), rows))

    assert list(read(path).rows) == kept


def test_a_formula_leaves_as_text(tmp_path: Path) -> None:
    """Nobody's spreadsheet runs what somebody else wrote into a name; numbers stay numbers."""
    write(tmp_path / "out.csv", TABLE)
    text = (tmp_path / "out.csv").read_text("utf-8-sig")
    write(tmp_path / "out.xlsx", TABLE)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as file:
        xml = file.read("xl/worksheets/sheet1.xml")

    assert ",'=1+1" in text
    assert "m-2,-12,0.25" in text
    assert b"<f>" not in xml


@pytest.mark.parametrize(
    "raw",
    [
        "key,名称\nm-1,水表\n".encode("gb18030"),
        "key,名称\nm-1,水表\n".encode("utf-8-sig"),
        "key;名称\r\nm-1;水表\r\n".encode(),
        "key\t名称\nm-1\t水表\n".encode("utf-16"),
        '\n"key","名称"\n\nm-1, 水表 ,\n'.encode(),
    ],
    ids=["gb18030", "bom", "semicolons", "unicode text", "quotes and blanks"],
)
def test_csv_of_any_office_is_understood(tmp_path: Path, raw: bytes) -> None:
    """What Excel and WPS save as text is read, whatever the encoding and the separator."""
    (tmp_path / "a.csv").write_bytes(raw)
    sheet = read(tmp_path / "a.csv")

    assert (sheet.header, list(sheet.rows)) == (("key", "名称"), [("m-1", "水表")])


def test_rows_carry_the_numbers_that_people_see(tmp_path: Path) -> None:
    """A line of a file, a row of a workbook: also behind line ends in cells and empty rows."""
    (tmp_path / "a.csv").write_text('key,note\na,"one\ntwo"\n\nb,x\n', "utf-8")
    path = workbook(tmp_path / "a.xlsx", {"B2": "key", "B4": "a"})

    assert read(tmp_path / "a.csv").numbers == [2, 5]
    with pytest.raises(BadSheet, match="column A has no name"):
        read(path)
    assert read(workbook(path, {"A2": "key", "A4": "a"})).numbers == [4]


def test_cells_of_a_workbook_are_written_out(tmp_path: Path) -> None:
    """Whole numbers have no point, and a yes is a yes, as they would in a CSV file."""
    path = workbook(
        tmp_path / "a.xlsx", {"A1": "n", "B1": "x", "C1": "yes", "A2": 5001, "B2": 0.1, "C2": True}
    )

    assert list(read(path).rows) == [("5001", "0.1", "true")]


@pytest.mark.parametrize(
    ("text", "row", "says"),
    [
        ("", 0, "no heading"),
        ("key,kind,key\n", 1, "key twice"),
        ("key,,kind\nm,x,y\n", 1, "column B has no name"),
        ("key,kind\nm-1,a\nm-2,b,c\n", 3, "3 cells where the heading has 2"),
        ("key,kind\nm-1\n", 2, "1 cells where the heading has 2"),
        ('key,kind\nm-1,"open\n', 2, "not good CSV"),
        ('{"type": "Feature"}', 0, "FeatureCollection"),
        ('{"features": [{"properties": {"a": 1}}, {"geometry": {"type": "Polygon"}}]}', 2, "Point"),
        ('{"features": [{"geometry": {"type": "Point", "coordinates": ["1", 2]}}]}', 1, "Point"),
        ('{"features": [', 0, "not good GeoJSON"),
        ("[" * 100_000, 0, "not good GeoJSON"),
    ],
)
def test_a_bad_text_is_refused_by_row(tmp_path: Path, text: str, row: int, says: str) -> None:
    """The refusal says what is wrong, and in which row."""
    path = tmp_path / ("a.geojson" if text.startswith(("{", "[")) else "a.csv")
    path.write_text(text, "utf-8")
    error = refusal(path)

    assert says in str(error)
    assert error.row == row


@pytest.mark.parametrize(
    ("cells", "merged", "row", "says"),
    [
        ({"A1": "key", "B1": "kind", "A2": "m-1"}, "A3:B4", 3, "A3:B4 are merged"),
        ({"A1": "key", "A2": 123456789012345678}, "", 2, "15 digits"),
        ({}, "", 0, "no heading"),
    ],
)
def test_a_bad_workbook_is_refused_by_row(
    tmp_path: Path, cells: dict[str, Any], merged: str, row: int, says: str
) -> None:
    """Merged cells and lost digits are found, where a reader would give blanks and zeros."""
    error = refusal(workbook(tmp_path / "a.xlsx", cells, merged))

    assert says in str(error)
    assert error.row == row


def test_formulas_without_a_value_are_found(tmp_path: Path) -> None:
    """A program wrote the formula and nobody ever computed it; an error is no value either."""
    path = workbook(tmp_path / "a.xlsx", {"A1": "key", "A2": "=1+1"})
    sheet = "xl/worksheets/sheet1.xml"
    assert list(read(path).rows) == [("0",)]
    error = refusal(with_part(path, sheet, b"1</f><v>0</v>", b"1</f><v></v>"))
    assert "A2" in str(error)
    assert error.row == 2

    path = workbook(tmp_path / "b.xlsx", {"A1": "key", "A2": "=1+1"})
    with_part(path, sheet, b'<c r="A2">', b'<c r="A2" t="e">')
    with_part(path, sheet, b"1</f><v>0</v>", b"1</f><v>#DIV/0!</v>")
    assert "gives #DIV/0!" in str(refusal(path))


def test_several_sheets_have_to_be_named(tmp_path: Path) -> None:
    """Nothing is guessed where a workbook holds rows in two places; an empty sheet is none."""
    path = workbook(tmp_path / "a.xlsx", {"A1": "key", "A2": "x"}, notes="read me")

    assert "rows, notes" in str(refusal(path))
    assert "no sheet other" in str(refusal(path, "other"))
    assert list(read(path, "rows").rows) == [("x",)]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 encrypted", "password"),
        (b"PK\x03\x04 torn", "damaged"),
        (b"key\0kind", "other"),
        (b"key\n\xff\xff\xff\xff\n", "neither UTF-8 nor GB18030"),
        (b"key,kind\n", "not an .xlsx"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, raw: bytes, says: str) -> None:
    """Locked, torn, binary, or a text that calls itself a workbook."""
    path = tmp_path / ("a.xlsx" if says.startswith("not") else "a.csv")
    path.write_bytes(raw)

    assert ("neither text nor" if says == "other" else says) in str(refusal(path))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """What unpacks without end, or spans the whole sheet with two cells, is never set aside."""
    sheet = "xl/worksheets/sheet1.xml"
    path = workbook(tmp_path / "a.xlsx", {"A1": "key", "A2": "x"})
    with_part(path, sheet, b"</worksheet>", b" " * (1 << 24) + b"</worksheet>")
    tight = type(LIMITS)(**{**{n: getattr(LIMITS, n) for n in LIMITS.__slots__},
                            "unpacked_bytes": 1 << 20})  # fmt: skip
    with pytest.raises(BadSheet, match="unpacks to more"):
        read(path, limits=tight)

    for far, says in ((b"XFD1048576", "columns"), (b"B99999999", "rows"), (b"b99999999", "rows")):
        path = workbook(tmp_path / "b.xlsx", {"A1": "key", "A2": "x"})
        with_part(path, sheet, b'r="A2"', b'r="' + far + b'"')
        assert f"{says}; " in str(refusal(path))

    path = workbook(tmp_path / "c.xlsx", {"A1": "key", "A2": "x"})
    with_part(path, "xl/workbook.xml", b"<workbook", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook')
    assert "DOCTYPE" in str(refusal(path))


def test_another_archive_is_not_a_workbook(tmp_path: Path) -> None:
    """A document or a plain archive is told apart by what it holds."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as file:
        file.writestr("word/document.xml", "<a/>")

    assert "not an .xlsx" in str(refusal(tmp_path / "a.xlsx"))


def test_a_returned_sheet_shows_its_errors_and_is_read_again(tmp_path: Path) -> None:
    """The rows come back as they were with a column of errors; mended, they are sent again."""
    path = tmp_path / "back.xlsx"
    marked(path, TABLE, {3: [("lon", "out of bounds"), ("", "no such kind")]})
    back = read(path)
    marked(path, back, {})

    assert back.header == (*TABLE.header, ERRORS)
    assert back.columns[ERRORS] == ("", "lon: out of bounds; no such kind")
    assert read(path).columns["key"] == ("m-1", "m-2")
    assert set(read(path).columns.get(ERRORS, ("",))) == {""}


def test_only_what_can_be_written_is(tmp_path: Path) -> None:
    """Two sheets do not go into one CSV, nor a name that tells nothing into anything."""
    with pytest.raises(BadSheet, match=r"\.xlsx"):
        write(tmp_path / "a.csv", TABLE, TABLE)
    with pytest.raises(BadSheet, match="csv"):
        write(tmp_path / "a.pdf", TABLE)
    with pytest.raises(BadSheet, match="lon and lat"):
        write(tmp_path / "a.geojson", Sheet("x", ("key",), [("a",)]))
    assert list(tmp_path.iterdir()) == []
