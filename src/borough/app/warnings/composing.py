"""Compose what the public is told: who sends it, about which ground, in the final wording."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from borough.app.district import Ground
from borough.app.settings import Settings
from borough.app.warnings.document import document
from borough.core.cases import Case
from borough.core.warnings import (
    ACTUAL,
    EXERCISE,
    Bulletin,
    Cue,
    Extent,
    Issuer,
    WarningRule,
    composed,
)
from borough.engine.catalog import Found
from borough.engine.district.issuer import read_issuer
from borough.storage.sql import SqlRegistry, SqlWarnings
from borough.storage.sql.warnings import Wrote

MADE_UP = "演练：数据为合成 Exercise: the data are synthetic"
TRIAL = "演练 Exercise"


class Composer:
    """Writes the bulletins of a district.

    Where *synthetic* says that data are made up, nothing goes out as ``Actual``, whatever the
    district says.
    """

    def __init__(
        self,
        ground: Callable[[], Ground],
        rules: Mapping[str, WarningRule],
        sender: Issuer,
        *,
        synthetic: bool,
    ) -> None:
        self._ground = ground
        self._rules = rules
        self._sender = replace(sender, status=EXERCISE) if synthetic else sender
        self._note = MADE_UP if synthetic else "" if sender.status == ACTUAL else TRIAL

    def __call__(self, case: Case, due: Cue, at_ms: int) -> tuple[Bulletin, str, str]:
        """Give the bulletin, its document, and how later bulletins refer to it."""
        rule, ground = self._rules[case.scene], self._ground()
        row = ground.row(case.thing)
        thing = case.code if row is None else ground.registry.key[row]
        area = extent_of(ground, case, row, rule.around_m)
        bulletin = composed(rule, case, due, area, thing=thing, at_ms=at_ms, note=self._note)
        return bulletin, document(bulletin, self._sender), bulletin.reference(self._sender)


def extent_of(ground: Ground, case: Case, row: int | None, around_m: float) -> Extent:
    """Say which ground a case is about: a circle around its thing or place, or else its grid."""
    district, grids = ground.district, ground.district.grids
    if row is None:
        grid, spot = case.grid, (case.lon, case.lat)
    else:
        registry = ground.registry
        grid = int(registry.grid[row])
        spot = float(registry.lon[row]), float(registry.lat[row])
    codes = {"GB/T 2260": district.adcode}
    ring = None
    if 0 <= grid < len(grids.code):
        codes["grid"], ring = grids.code[grid], grids.ring[grid]
    says = ground.place_of(grid if ring is not None else -1)
    lon, lat = spot
    if around_m and lon is not None and lat is not None and np.isfinite([lon, lat]).all():
        return Extent(says, circle=(lon, lat, around_m), codes=codes)
    return Extent(says, ring=ring, codes=codes)


def keeper(
    settings: Settings,
    engine: Engine,
    ground: Callable[[], Ground],
    found: Iterable[Found],
    wrote: Wrote,
) -> SqlWarnings:
    """Make the keeper of a district's warnings, of the scenes that warn the public."""
    rules = {each.scene.id: each.warning for each in found if each.warning}
    synthetic = bool(SqlRegistry(engine).meta().get("synthetic"))
    sender = read_issuer(Path(settings.district))
    compose = Composer(ground, rules, sender, synthetic=synthetic)
    return SqlWarnings(engine, rules=rules, compose=compose, wrote=wrote)
