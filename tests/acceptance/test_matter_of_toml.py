"""A new matter of several agencies is a folder with a plan.toml: no Python is touched."""

from collections.abc import Iterator

import pytest

from borough.app.desk.desk import Desk
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.core.errors import BadRequest, IllegalMove
from borough.testing.living import laid_out
from borough.testing.played import Played

PLAN = """
[[step]]
name   = "handle"
title  = { zh = "处置", en = "Handle it" }
holder = "duty_desk"
within = "2 h"
then   = ["closed"]

[[task]]
name     = "count_heads"
title    = { zh = "视频清点人数", en = "Count heads by camera" }
holder   = "duty_desk"
within   = "5 min"
asks     = ["headcount"]
basis    = "made up for a test"

[[task]]
name     = "hold_back"
title    = { zh = "限流疏导", en = "Hold the crowd back" }
holder   = "traffic_police"
when     = [{ level = 2 }, { answer = { headcount = { from = 500 } } }]
until    = { below = 1 }
within   = "30 min"
acknowledge_within = "1 min"
required = true
basis    = "made up for a test"

[[task.widen]]
after  = "5 min"
to     = ["centre", "public_security"]
unless = "acknowledged"

[review]
title  = { zh = "复盘", en = "Look back" }
holder = "governance"
within = "5工作日"
asks   = ["change"]
basis  = "made up for a test"
"""
START = 1_720_569_600_000
MINUTE = 60_000


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Set a district up beside a folder of plans that holds one text file."""
    folder = tmp_path_factory.mktemp("toml")
    (folder / "scenes" / "footbridge").mkdir(parents=True)
    (folder / "scenes" / "footbridge" / "plan.toml").write_text(PLAN, "utf-8")
    settings = Settings(
        data=str(folder / "data"), district=str(folder_of("yubei")),
        scenes=(str(folder / "scenes"),),
    )  # fmt: skip
    laid_out(settings, share=0.002)
    desk = Desk(settings)
    made = Played(desk, "footbridge", 0, ("quiet",))
    made.at(START)
    yield made
    desk.engine.dispose()


def test_a_folder_with_a_plan_is_a_matter_that_people_play(town: Played) -> None:
    """Begun at a thing, it has tasks, circles, a closing check and a look back."""
    key = town.desk.ground.registry.key[5]
    case = town.asks("matter_begin", plan="footbridge", thing=key, level=1, title="天桥人多")
    assert town.task("count_heads").agency == "duty_desk"
    town.acts("finish", "count_heads", answers={"headcount": "620"})
    town.until(START + 6 * MINUTE)
    task = town.task("hold_back")
    assert task.agency == "traffic_police"
    assert (task.circle[0].startswith("centre_"), task.circle[1]) == (True, "public_security")

    told = {"case": case["id"], "outcome": "true"}
    with pytest.raises(IllegalMove, match="hold_back"):
        town.asks("close", version=town.desk.cases.one(case["id"]).version, **told)
    version = town.desk.cases.one(case["id"]).version
    town.asks("matter_level", case=case["id"], level=0, version=version, note="they have gone")
    assert town.task("hold_back").state == "skipped"
    town.asks("close", version=town.desk.cases.one(case["id"]).version, **told)
    town.acts("finish", "review", answers={"change": "a counter on the bridge"})
    assert town.desk.cases.verify(case["id"]) == []


def test_only_plans_without_a_scene_are_begun_by_people(town: Played) -> None:
    """What devices tell of opens by itself; the answer names what people may begin."""
    key = town.desk.ground.registry.key[5]
    with pytest.raises(BadRequest, match=r"plan: people begin one of .*footbridge"):
        town.asks("matter_begin", plan="slope", thing=key)
