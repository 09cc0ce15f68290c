"""综合评价 joined: the logs of a period, the ground they happened on, and the definitions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from borough.core.cases import Event, Plan
from borough.core.district import Agencies, Communities, District, Streets
from borough.core.errors import BadRequest
from borough.core.lives import Life, Stay, lived
from borough.engine.appraisal import WAYS, Appraisal, Definitions, Score

Row = dict[str, Any]
LEVELS = ("street", "community", "grid")
"""Areas by which an evaluation may be told apart, from the largest to the smallest."""
QUANTILES = (0.5, 0.9)
MIN_MS = 60_000


@dataclass(frozen=True, slots=True)
class Period:
    """Which cases are counted, and how they stand: reported in it, cut at ``until_ms``; ms."""

    from_ms: int
    to_ms: int
    until_ms: int

    def __post_init__(self) -> None:
        if not self.from_ms < self.to_ms:
            msg = "to: it must be after from"
            raise BadRequest(msg)
        if self.until_ms < self.from_ms:
            msg = "as_of: it must not be before from"
            raise BadRequest(msg)


class Logs(Protocol):
    """The logs of the cases that were reported in a stretch of time, ms."""

    def logs(self, from_ms: int, to_ms: int, /) -> Iterable[tuple[int, str, Sequence[Event]]]:
        """Give (id, plan, log) of each case, by id."""
        ...

    def began(self, from_ms: int, to_ms: int, /) -> Mapping[int, int]:
        """Say when the first detection behind each case began, by case id."""
        ...

    def agencies(self) -> Mapping[str, str]:
        """Name the agency of each post."""
        ...


class AppraisalDoor:
    """What the doors and the command line ask about how well cases were handled; only reading."""

    def __init__(self, logs: Logs, plans: Mapping[str, Plan], district: District) -> None:
        self.logs = logs
        self.plans = plans
        self.district = district

    def lives(self, period: Period) -> list[Life]:
        """Read what became of each case of a period."""
        agencies = self.logs.agencies()
        found = [
            lived(case, log, self.plans.get(plan), period.until_ms)
            for case, plan, log in self.logs.logs(period.from_ms, period.to_ms)
        ]
        return [
            replace(life, agency=life.agency or agencies.get(life.post, ""))
            for life in found
            if life
        ]

    def indicators(
        self, from_ms: int, to_ms: int, until_ms: int, *, by: str, level: str, scene: str
    ) -> Row:
        """Work out every indicator by group; with what each means, and how it was made."""
        period = Period(from_ms, to_ms, until_ms)
        made = self._appraisal(period, by, level, scene)
        return {
            "cases": len(made.lives),
            "by": by,
            "indicators": [_definition(each) for each in made.definitions.indicators.values()],
            "rows": [{**row, "name": self._name(by, level, row["group"])} for row in made.rows()],
        }

    def scores(self, from_ms: int, to_ms: int, until_ms: int, *, score: str) -> Row:
        """Score collectors, acceptors, shift leaders, dispatchers or agencies."""
        definitions = Definitions.shipped()
        if score not in definitions.scores:
            msg = f"score: must be one of {', '.join(definitions.scores)}, not {score!r}"
            raise BadRequest(msg)
        lives = self.lives(Period(from_ms, to_ms, until_ms))
        wanted = definitions.scores[score]
        keys, actors = self._holders(lives, wanted)
        made = Appraisal(lives, until_ms, keys, actors)
        rows = sorted(made.scored(wanted), key=_points, reverse=True)
        return {"score": wanted.id, "name": wanted.name, "source": wanted.source, "rows": rows}

    def behind(
        self, from_ms: int, to_ms: int, until_ms: int, *, count: str, by: str, level: str,
        group: str, scene: str,
    ) -> list[Row]:  # fmt: skip
        """List the cases that a count took, so that a number can be checked by hand."""
        made = self._appraisal(Period(from_ms, to_ms, until_ms), by, level, scene)
        names = ("id", "code", "scene", "reported_ms", "due_ms", "disposed_ms", "closed_ms")
        return [{name: getattr(life, name) for name in names} for life in made.behind(count, group)]

    def records(self, from_ms: int, to_ms: int, until_ms: int) -> list[Row]:
        """Tell of each scene its precision from outcomes, and its times to open, arrive, close."""
        period = Period(from_ms, to_ms, until_ms)
        began = self.logs.began(from_ms, to_ms)
        by_scene: dict[str, list[Life]] = {}
        for life in self.lives(period):
            by_scene.setdefault(life.scene, []).append(life)
        return [_record(name, lives, began) for name, lives in sorted(by_scene.items())]

    def _appraisal(self, period: Period, by: str, level: str, scene: str) -> Appraisal:
        if by not in WAYS:
            msg = f"by: must be one of {', '.join(each for each in WAYS if each)}, not {by!r}"
            raise BadRequest(msg)
        lives = [each for each in self.lives(period) if not scene or each.scene == scene]
        return Appraisal(lives, period.until_ms, [self._group(by, level)(each) for each in lives])

    def _group(self, by: str, level: str) -> Callable[[Life], str]:
        if by == "area":
            return lambda life: self._area(life.grid, level)
        if by:
            return lambda life: str(getattr(life, by))
        return lambda _life: self.district.id

    def _area(self, grid: int, level: str) -> str:
        if level not in LEVELS:
            msg = f"level: must be one of {', '.join(LEVELS)}, not {level!r}"
            raise BadRequest(msg)
        held = self.district.grids
        if not 0 <= grid < len(held.code):
            return ""
        if level == "grid":
            return held.code[grid]
        table = self.district.streets if level == "street" else self.district.communities
        return table.code[int(getattr(held, level)[grid])]

    def _name(self, by: str, level: str, group: str) -> Mapping[str, str]:
        held = self.district
        named: Mapping[str, Streets | Communities | Agencies] = {
            "street": held.streets, "community": held.communities, "agency": held.agencies,
        }  # fmt: skip
        table = named.get(level if by == "area" else by)
        if table is None or group not in table.code:
            return {"zh": group, "en": group}
        row = table.code.index(group)
        return {"zh": table.name_zh[row], "en": table.name_en[row]}

    def _holders(self, lives: Sequence[Life], score: Score) -> tuple[list[str], list[str] | None]:
        """Say to whom each case and each stay belong when *score* is given."""
        if score.by == "agency":
            return [each.agency for each in lives], None
        stays = [stay for life in lives for stay in life.stays]
        if score.by == "keeper":
            return [self._keeper(each.grid) for each in lives], [each.post for each in stays]
        own = [_last_by(life.stays, score.stage) for life in lives]
        return own, [each.by for each in stays]

    def _keeper(self, grid: int) -> str:
        held = self.district.grids
        row = int(held.post[grid]) if 0 <= grid < len(held.code) else -1
        return self.district.posts.code[row] if row >= 0 else ""


def _points(row: Row) -> float:
    """Say by what scores are ordered: whoever has none comes last."""
    return -1.0 if row["points"] is None else float(row["points"])


def _last_by(stays: Sequence[Stay], stage: str) -> str:
    return next((each.by for each in reversed(stays) if each.stage == stage), "")


def _definition(indicator: Any) -> Row:
    names = ("id", "name", "of", "by", "scale", "unit", "means", "source")
    return {name: getattr(indicator, name) for name in names}


def _record(scene: str, lives: Sequence[Life], began: Mapping[int, int]) -> Row:
    tally = {each: sum(life.outcome == each for life in lives) for each in ("true", "false")}
    judged = sum(tally.values())
    return {
        "scene": scene,
        "cases": len(lives),
        **tally,
        "duplicate": sum(life.outcome == "duplicate" for life in lives),
        "precision": tally["true"] / judged if judged else None,
        "open_min": _spread(
            [life.reported_ms - began[life.id] for life in lives if life.id in began]
        ),
        "arrive_min": _spread(
            [life.first_ms - life.reported_ms for life in lives if life.first_ms is not None]
        ),
        "close_min": _spread(
            [life.closed_ms - life.reported_ms for life in lives if life.closed_ms is not None]
        ),
    }


def _spread(lasted_ms: Sequence[int]) -> Row | None:
    """Give median and 90th percentile in minutes, and of how many; None of none."""
    if not lasted_ms:
        return None
    half, most = np.quantile(np.array(lasted_ms) / MIN_MS, QUANTILES)
    return {"median": round(float(half), 2), "p90": round(float(most), 2), "of": len(lasted_ms)}
