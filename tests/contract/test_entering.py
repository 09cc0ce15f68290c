"""What every thing that enters gets from its district, one at a time and many at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from borough.app.intake.intake import Intake
from borough.core.district import District, Setting
from borough.storage.sql import SqlRegistry, SqlThings
from borough.testing.town import district_of, registry_of

REGISTRY = registry_of(60)
AT = 1_720_569_600_000
SILENCE, PACE = ("lost_device", "silence_s"), ("slope", "v0")


def district() -> District:
    """Give a town whose devices may be silent for three heartbeats; a pace is drawn at random."""
    made = district_of(REGISTRY)
    rules = (
        Setting(*SILENCE, -1, "heartbeats", 3.0, 3.0),
        Setting("flow", "most", 0, "fixed", 7.0, 7.0),
        Setting(*PACE, 0, "log_uniform", 0.1, 0.6),
    )
    return replace(made, kinds=REGISTRY.kinds, settings=rules)


def test_things_that_enter_have_what_their_district_gives_their_class(
    engine: Engine, tmp_path: Path
) -> None:
    """Three heartbeats of its class, and not what only a demonstration draws; none for others."""
    SqlRegistry(engine).save_all(REGISTRY)
    town = district()
    intake = Intake(tmp_path / "data", engine, town)
    upload = tmp_path / "upload"
    upload.write_text("key,kind,lon,lat\nn-1,meter,106.61,29.71\nn-2,gateway,106.61,29.71\n")
    job = intake.work(intake.begin(upload, who="ann", file="a.csv"), AT)
    assert job.counts["added"] == 2
    SqlThings(engine, town.given).add(
        key="n-3", kind="meter", lon=None, lat=None, grid=-1, at_ms=AT
    )

    after = intake.registry.load()
    silence = after.parameters[SILENCE]
    for key in ("n-1", "n-2", "n-3"):
        kind = after.kinds[int(after.kind[after.rows[key]])]
        assert silence[after.rows[key]] == 3 * kind.heartbeat_s
    assert np.isnan(silence[: len(REGISTRY.id)]).all()
    first = REGISTRY.kinds[0].code
    most = after.parameters["flow", "most"]
    mine = [after.kinds[int(k)].code == first for k in after.kind]
    assert {after.key[row] for row in np.flatnonzero(~np.isnan(most))} == {
        key for key in ("n-1", "n-2", "n-3") if mine[after.rows[key]]
    }
    assert PACE not in after.parameters
