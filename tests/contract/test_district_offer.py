"""What a district offers the public is checked before anybody is offered it."""

import shutil
from pathlib import Path

import pytest

from borough.engine.district import check
from borough.testing.requesting import YUBEI

TEMPLATE = YUBEI.parent / "template"
OFFER = """[open311]
jurisdiction = "example"
contact      = "desk"
key_service  = "ask"
changeset    = "2026-11-01T00:00:00+08:00"
type         = "test"

[[source]]"""
HEAD = "code,description_zh,description_en,group_zh,group_en,keywords,type,synthetic"
ROW = "roads,路,Road,街,Street,pothole,realtime,yes"
ASKS = "service,code,datatype,required,question_zh,question_en,hint_zh,hint_en,values,synthetic"
ASK = "roads,WHAT,singlevaluelist,yes,哪里,Where,,,a=甲|A; b=乙|B,yes"


def made(folder: Path, **files: str) -> Path:
    """Copy the template and put an offer into it; *files* replace those of the offer."""
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
    path = folder / "district.toml"
    offer = files.get("offer", OFFER)
    path.write_text(path.read_text("utf-8").replace("[[source]]", offer, 1), "utf-8")
    (folder / "services.csv").write_text(files.get("services", f"{HEAD}\n{ROW}\n"), "utf-8")
    asks = files.get("asks", f"{ASKS}\n{ASK}\n")
    (folder / "service_attributes.csv").write_text(asks, "utf-8")
    return folder


def test_a_good_offer_passes(tmp_path: Path) -> None:
    """The tables of the test are sound, and so are those that are shipped."""
    assert check(made(tmp_path)) == []


@pytest.mark.parametrize(("files", "says"), [
    ({"offer": OFFER.replace("2026-11-01T00:00:00+08:00", "yesterday")}, "open311.changeset"),
    ({"offer": OFFER.replace('"test"', '"demo"')}, "open311.type"),
    ({"offer": OFFER.replace("contact ", "phone ")}, "open311.phone"),
    ({"offer": OFFER.replace("[open311]", "[[open311]]")}, "open311"),
    ({"offer": OFFER.replace("[open311]", '[warnings]\nsender = "a b"\n[open311]')}, "sender"),
    ({"services": f"{HEAD}\nnowhere{ROW[5:]}\n"}, "services.csv:2: code: requests.toml has no"),
    ({"services": f"{HEAD}\n{ROW}\n{ROW}\n"}, "services.csv:2: code: it is there twice"),
    ({"services": f"{HEAD}\n{ROW.replace('realtime', 'soon')}\n"}, "services.csv:2: type"),
    ({"services": f"{HEAD}\n{ROW.replace('Road,', ',')}\n"}, "services.csv:2: description_en"),
    ({"asks": f"{ASKS}\n{ASK.replace('roads', 'drainage')}\n"}, "attributes.csv:2: service"),
    ({"asks": f"{ASKS}\n{ASK.replace('a=甲|A; b=乙|B', '')}\n"}, "attributes.csv:2: values"),
    ({"asks": f"{ASKS}\n{ASK.replace('a=甲|A', 'a=甲')}\n"}, "attributes.csv:2: values"),
    ({"asks": f"{ASKS}\n{ASK.replace('singlevaluelist', 'text')}\n"}, "attributes.csv:2: values"),
    ({"asks": f"{ASKS}\n{ASK}\n{ASK}\n"}, "attributes.csv:3: code: it is there twice"),
])  # fmt: skip
def test_a_bad_offer_is_told_with_file_row_and_field(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    """Whoever wrote it finds the place."""
    (found,) = check(made(tmp_path, **files))
    assert says in found.line()
