"""What a living district promises about figures: they come in by file, and lead back to it."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from borough.adapters import sheets
from borough.testing.living import Living

COMMAND = (sys.executable, "-m", "borough", "facts")
SHIPPED = 361
HEAD = "indicator,period,region,subject,value,unit,document\n"
GDP = "GDP,2022,500112,,2297.12,亿元,yearbook\n"
SOURCE = {"title": "统计年鉴（合成）", "document": "yearbook"}


@pytest.fixture
def client(living: Living) -> Iterator[httpx.Client]:
    """Give a caller who holds the operator's token."""
    operator = {"Authorization": f"Bearer {living.settings.operator}"}
    with httpx.Client(base_url=living.url, headers=operator, timeout=30) as made:
        yield made


def sent(client: httpx.Client, rows: str, status: int = 200, **how: Any) -> dict[str, Any]:
    """Send a file of figures; give what became of its rows."""
    answer = client.post(
        "/api/v1/facts/imports", params={"name": "gdp.csv", **SOURCE, **how},
        content=(HEAD + rows).encode(),
    )  # fmt: skip
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def got(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    """Get one answer."""
    answer = client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_fresh_district_knows_the_published_figures(client: httpx.Client) -> None:
    """All 361 came in by the same import as any file, and none of them was refused."""
    first = got(client, "facts/imports")["imports"][-1]

    assert got(client, "facts", document="press-2024-12")["total"] == 128
    assert (first["added"], first["refused"], first["by"]) == (SHIPPED, 0, "setup")
    assert got(client, "facts", **{"import": first["id"], "limit": 1000})["total"] == SHIPPED
    gdp = got(client, "facts", indicator="GDP", period="2020", region="500112")["facts"][0]
    assert (gdp["value"], gdp["stated"], gdp["stated_unit"]) == ("200950000000", "2009.5", "亿元")
    told = got(client, f"facts/{gdp['id']}")
    assert told["source"]["title"].startswith("渝北“一区”")
    assert told["revisions"][0]["import_name"] == "facts.csv"
    assert told["region_told"]["successors"] == ["liangjiang-2025", "500109"]
    versions = [each["ref"] for each in got(client, "indicators")["indicators"]]
    assert {"HIGH_LEVEL_TALENT@1", "HIGH_LEVEL_TALENT@2"} <= set(versions)


def test_what_is_wrong_in_the_published_figures_is_marked(client: httpx.Client) -> None:
    """The headline of 40000亿 and the battery plant's 25亿瓦时, each with the sentence why."""
    marked = got(client, "facts", marked=True, limit=1000)["facts"]
    said = {each["statement"]: " ".join(m["said"]["zh"] for m in each["marks"]) for each in marked}

    assert "10 倍" in said["S2-001"]
    assert "每辆车 10 千瓦时" in said["S2-058"]
    body = client.get("/api/v1/facts/export", params={"format": "csv", "indicator": "IND_OUTPUT"})
    assert "10 times off what is said elsewhere" in body.text


def test_the_command_line_brings_figures_in(living: Living, tmp_path: Path) -> None:
    """What is refused is printed, and stands beside its row in a workbook."""
    path, errors = tmp_path / "gdp.csv", tmp_path / "errors.xlsx"
    path.write_text(HEAD + GDP.replace("2022", "2019") + GDP.replace("500112", "x"), "utf-8")
    told = ["--data", str(living.settings.folder), "--given", "document=yearbook"]
    run = partial(subprocess.run, capture_output=True, text=True, check=False)
    done = run([*COMMAND, "import", path, *told, "--title", "年鉴（合成）", "--errors", errors])

    assert done.returncode == 1, done.stderr
    assert "row 3, region: there is no region 'x'" in done.stdout
    assert "nothing was written" in done.stdout
    assert sheets.read(errors).columns[sheets.ERRORS][1].startswith("region: ")
    listed = run([*COMMAND, "list", "--indicator", "GDP", *told[:2]]).stdout
    assert "240000000000 CNY" in listed


def test_a_file_is_tried_taken_corrected_and_withdrawn(client: httpx.Client) -> None:
    """A dry run keeps nothing, the same file twice is once, a correction keeps what it corrects."""
    before = got(client, "facts")["total"]
    assert sent(client, GDP, dry_run=True)["added"] == 1
    assert got(client, "facts")["total"] == before
    first = sent(client, GDP)
    number = first["results"][0]["facts"][0]
    assert sent(client, GDP)["same"] == 1
    then = got(client, f"facts/{number}")["recorded_ms"]
    second = sent(client, GDP.replace("2297.12", "约2300"))
    assert [each["outcome"] for each in second["results"]] == ["revised"]

    told = got(client, f"facts/{number}")
    assert [each["value"] for each in told["revisions"]] == ["229712000000", "230000000000"]
    assert told["comparator"] == "≈"
    known = got(client, "facts", indicator="GDP", period="2022", as_of=then)["facts"]
    assert [each["value"] for each in known] == ["229712000000"]
    back = client.post(f"/api/v1/facts/imports/{second['import']}/withdraw", json={"why": "typo"})
    assert back.json()["set_back"] == 1
    assert got(client, f"facts/{number}")["value"] == "229712000000"
    client.post(f"/api/v1/facts/imports/{first['import']}/withdraw", json={"why": "tidy"})
    assert got(client, "facts")["total"] == before


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        ("NONE,2022,500112,,1,亿元,yearbook\n", "indicator", "there is no definition"),
        ("GDP,2022,500113,,1,亿元,yearbook\n", "region", "no region"),
        ("GDP,2022,500112,,1,公里,yearbook\n", "unit", "is length"),
        ("GDP,2022年13月,500112,,1,亿元,yearbook\n", "period", "not in the calendar"),
        ("GDP,2099,500000,,1,亿元,yearbook\n", "period", "has not happened"),
        ("GDP,2026,500112,,1,亿元,yearbook\n", "region", "see liangjiang-2025, 500109"),
        ("GDP,2022,500112,,=SUM(A1),亿元,yearbook\n", "value", "does not begin"),
        ("GDP,2022,500112,,1,亿元,hearsay\n", "document", "declare it first"),
        ("GDP,2022,500112,,1,亿元,yearbook\nGDP,2022,500112,,2,亿元,yearbook\n", "value", "row 3"),
    ],
)
def test_one_bad_row_keeps_the_whole_file_out(
    client: httpx.Client, row: str, field: str, says: str
) -> None:
    """The refusal names row and field, and nothing of the file is kept unless that is asked for."""
    before = got(client, "facts")["total"]
    done = sent(client, GDP.replace("GDP,2022", "GDP,2021") + row, 422)
    wrong = [each for each in done["results"] if each["outcome"] == "refused"]

    assert not done["written"]
    assert [(each["field"], each["code"]) for each in wrong] == [(field, "bad-fact")]
    assert says in wrong[0]["detail"]
    assert got(client, "facts")["total"] == before


def test_the_good_rows_of_a_bad_file_go_in_on_demand(client: httpx.Client) -> None:
    """With `partial` the others are taken; and the import says how many were not."""
    good = GDP.replace("2022", "2021")
    done = sent(client, good + GDP.replace("500112", "nowhere"), partial=True)
    assert (done["written"], done["added"], done["refused"]) == (True, 1, 1)
    client.post(f"/api/v1/facts/imports/{done['import']}/withdraw", json={"why": "tidy"})


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_goes_out_comes_in_again_the_same(
    client: httpx.Client, form: str, tmp_path: Path
) -> None:
    """An exported file of all figures, sent back, is news in no row."""
    body = client.get("/api/v1/facts/export", params={"format": form}).content
    path = tmp_path / f"out.{form}"
    path.write_bytes(body)
    assert len(sheets.read(path).rows) == SHIPPED
    answer = client.post(
        "/api/v1/facts/imports", params={"name": path.name}, content=BytesIO(body).getvalue()
    ).json()

    assert (answer["same"], answer["refused"], answer["import"]) == (SHIPPED, 0, 0), answer


def test_only_the_operator_brings_figures_in(living: Living) -> None:
    """Reading is open to this machine; importing and withdrawing are not."""
    with httpx.Client(base_url=living.url, timeout=60) as stranger:
        assert stranger.get("/api/v1/facts").status_code == 200
        for path in ("imports", "imports/1/withdraw"):
            answer = stranger.post(f"/api/v1/facts/{path}", json={"why": "?"})
            assert answer.json()["code"] == "not-signed-in"


def test_figures_come_as_a_workbook_with_a_firm_in_each_row(
    client: httpx.Client, tmp_path: Path
) -> None:
    """The wide layout: each column that bears an indicator's name is a fact of the row's firm."""
    path = tmp_path / "returns.xlsx"
    header = ("subject", "投产时间", "REVENUE(万元)", "占地（亩）", "remarks")
    rows = [("firm-1", "2019", "1250.5", "30", "ours"), ("firm-2", "", "980", "12", "")]
    sheets.write(path, sheets.Sheet("returns", header, rows))
    how = {"region": "500112", "period": "2022年", "document": "returns", "title": "报表（合成）"}
    done = client.post(
        "/api/v1/facts/imports", params={"name": path.name, **how}, content=path.read_bytes()
    ).json()

    assert (done["added"], done["refused"], done["passed_over"]) == (2, 0, ["remarks"]), done
    assert [len(each["facts"]) for each in done["results"]] == [3, 2]
    told = got(client, "facts", subject="firm-1", indicator="REVENUE")["facts"][0]
    assert (told["value"], told["unit"], told["row"]) == ("12505000", "CNY", 2)
    client.post(f"/api/v1/facts/imports/{done['import']}/withdraw", json={"why": "tidy"})
