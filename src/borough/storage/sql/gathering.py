"""Gathering in SQL: detections of one cause become one outage, and people hear of that.

`SqlGathering.sift` keeps a detection quiet that is shelved, or whose scene gathers; `turn` then
decides: what lies in an area that is out becomes a member of its outage, the rest is told.  Every
detection is recorded whatever becomes of it, and is told once what kept it quiet is over.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, bindparam, func, select

from borough.core.cases import Case
from borough.core.observations import Index
from borough.engine.alarms import ALONE, DISTRICT, LEVELS, Calm, flood, grouped
from borough.storage.sql import tables as t
from borough.storage.sql.bundles import bundling
from borough.storage.sql.counting import upsert
from borough.storage.sql.desk import Decide, SqlDesk, looked_up
from borough.storage.sql.detections import taken_in
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.shelf_tables import gathered, outages, shelves
from borough.storage.sql.shelves import Shelved, SqlShelves, freed

MANY = 500
"""Ids in one query."""
COUNTED = 500
"""So many of the newest cases are looked at to count alarms."""
Edge = Mapping[str, Any]
_D, _G, _O = t.detections.c, gathered.c, outages.c
_KNOWN = (
    select(_D.id, _D.case_id, _D.suppressed_by, _G.detection.label("waits"))
    .join(gathered, _G.detection == _D.id, isouter=True)
    .where(_D.id.in_(bindparam("ids", expanding=True)))
)
_LET_GO = gathered.delete().where(_G.detection.in_(bindparam("ids", expanding=True)))
_GATHERED = (
    select(_G.detection, _G.due_ms, _D.scene, _D.thing, _D.level, _D.level_name, _D.began_ms)
    .add_columns(_D.position, _D.version, _G.at_ms)
    .join(t.detections, _D.id == _G.detection)
    .order_by(_D.began_ms, _D.position)
)
_BY = t.detections.update().where(_D.id == bindparam("own"))
_STILL = select(func.count()).where(_D.suppressed_by == bindparam("by"), _D.ended_ms.is_(None))
_OPEN = select(outages).where(_O.ended_ms.is_(None))
_NEWEST = select(t.cases.c.opened_ms).order_by(t.cases.c.id.desc()).limit(COUNTED)
_OF_SCENE = _NEWEST.where(t.cases.c.scene == bindparam("scene"))
"""Made once: building a statement costs more than running it."""


class Lay(Protocol):
    """How the district lies: in which areas a thing is, and what an area is called."""

    def areas(self, things: Sequence[int], /) -> Index:
        """Give the areas of things: a row for each, a column for each of `LEVELS`."""

    def named(self, level: str, area: int, /) -> Mapping[str, str]:
        """Name an area in each language."""

    def spot(self, level: str, area: int, /) -> tuple[float, float] | None:
        """Say where the middle of an area is, in degrees."""

    def devices(self, things: Sequence[int], /) -> int:
        """Count things and those that speak through them."""

    def key(self, thing: int, /) -> str:
        """Give the key of a thing."""

    def grid(self, thing: int, /) -> int:
        """Give the grid (row) that a thing stands in."""


class SqlGathering:
    """Keeps alarms few; every detection is kept, and told when nothing keeps it quiet."""

    def __init__(
        self, engine: Engine, *, lay: Callable[[], Lay], now: Callable[[], int],
        calm: Calm | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._lay = lay
        self._now = now
        self.calm = calm or Calm.shipped()
        self.shelves = SqlShelves(engine, self.calm)

    def sift(self, connection: Connection, edges: Sequence[Edge], decide: Decide) -> frozenset[int]:
        """Say, by their places, of which edges people are not to hear now."""
        known = _known(connection, edges)
        shelved, quiet = Shelved(connection, self._now()), set[int]()
        waits: dict[str, dict[str, Any]] = {}
        kept: dict[str, str] = {}
        over: list[str] = []
        for place, edge in enumerate(edges):
            name, row = edge["id"], known[edge["id"]]
            if row.case_id is not None:
                continue
            hushed = row.suppressed_by or row.waits or name in waits or name in kept
            if not edge["level"]:
                over.append(name)
                waits.pop(name, None)
            elif not hushed and (shelf := self._shelf(shelved, edge)):
                hushed = kept[name] = shelf
            elif not hushed and (gather_ms := _gather_ms(edge, decide)):
                hushed = waits[name] = _waiting(edge, edge["now"] + gather_ms)
            if hushed:
                quiet.add(place)
        if kept:
            rows = [{"own": name, "suppressed_by": shelf} for name, shelf in kept.items()]
            connection.execute(_BY, rows)
        _let_go(connection, over)
        _wait(connection, list(waits.values()))
        return frozenset(quiet)

    def _shelf(self, shelved: Shelved, edge: Edge) -> str:
        """Name the shelf on which an edge lies, if any is in force."""
        if not shelved:
            return ""
        return shelved.by(edge["scene"], edge["thing"], self._lay().grid(edge["thing"]))

    def turn(self, desk: SqlDesk, decide: Decide, now_ms: int) -> tuple[list[Case], list[Edge]]:
        """Decide on what was gathered, end what is over; gives cases and edges that are news."""
        with reading(self._engine) as connection:
            busy = (
                connection.scalar(select(_G.detection).limit(1)) is not None
                or connection.execute(_OPEN.limit(1)).first() is not None
                or bool(self.shelves.run_out(connection, now_ms))
            )
        if not busy:
            return [], []
        with writing(self._engine) as connection, bundling(connection):
            for number in self.shelves.run_out(connection, now_ms):
                told = self.shelves.ended(connection, number, by="desk", at_ms=now_ms)
                self.tell_again(connection, told, now_ms)
            made = _Turn(self, connection, desk, decide, now_ms)
            made.work()
            return made.cases, made.edges

    def unshelve(self, number: int, *, by: str, at_ms: int) -> int:
        """Take something off the shelf; gives how many detections are told again."""
        told = self.shelves.end(number, by=by, at_ms=at_ms)
        with writing(self._engine) as connection:
            self.tell_again(connection, told, at_ms)
        return len(told)

    def tell_again(
        self, connection: Connection, detections: Sequence[Mapping[str, Any]], at_ms: int
    ) -> None:
        """Have detections told that nothing keeps quiet any more, in the next turn."""
        _wait(connection, [_waiting({**each, "now": at_ms}, at_ms) for each in detections])

    def lay(self) -> Lay:
        """Say how the district lies now."""
        return self._lay()


def standing(engine: Engine, calm: Calm, now_ms: int) -> dict[str, Any]:
    """Say how many alarms there were of late, whether there is a flood, and what is quiet."""
    with reading(engine) as connection:
        recent, since = flood(list(connection.scalars(_NEWEST)), now_ms, calm)
        asked = {
            "gathered": select(func.count()).select_from(gathered),
            "outages": select(func.count()).where(_O.ended_ms.is_(None)),
            "shelves": select(func.count()).where(
                shelves.c.ended_ms.is_(None), shelves.c.until_ms > now_ms
            ),
        }
        counts = {name: connection.scalar(one) or 0 for name, one in asked.items()}
        rows = connection.execute(_OPEN.order_by(_O.began_ms.desc())).mappings()
        listed = [dict(row) for row in rows]
    return {
        "alarms": recent, "window_ms": calm.window_ms, "flood": since is not None,
        "flood_since_ms": since, **counts, "out": listed,
    }  # fmt: skip


class _Turn:
    """One decision on everything gathered, in one transaction."""

    def __init__(
        self, own: SqlGathering, connection: Connection, desk: SqlDesk, decide: Decide, now_ms: int
    ) -> None:
        self.calm, self.lay = own.calm, own.lay()
        self.own, self.connection, self.desk, self.decide = own, connection, desk, decide
        self.now_ms = now_ms
        self.cases: list[Case] = []
        self.edges: list[Edge] = []

    def work(self) -> None:
        """Let what waits join, group or be told; then end what is over."""
        by_scene: dict[str, list[dict[str, Any]]] = {}
        for row in self.connection.execute(_GATHERED).mappings():
            by_scene.setdefault(row["scene"], []).append(dict(row))
        for scene, rows in by_scene.items():
            self._decided(scene, self._joined(scene, rows))
        for row in self.connection.execute(_OPEN).mappings().all():
            self._looked_after(dict(row))

    def _joined(self, scene: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add those that lie in an area that is out already to it; gives the others."""
        still = self.connection.execute(_OPEN.where(_O.scene == scene)).mappings().all()
        for out in still:
            if not rows:
                break
            areas = self.lay.areas([row["thing"] for row in rows])
            inside = areas[:, LEVELS.index(out["level"])] == out["area"]
            self._belong([row for row, its in zip(rows, inside, strict=True) if its], out["id"])
            rows = [row for row, its in zip(rows, inside, strict=True) if not its]
        return rows

    def _decided(self, scene: str, rows: list[dict[str, Any]]) -> None:
        """Group what waits once its first is due, open the outages, and tell who is alone."""
        due = [row for row in rows if row["due_ms"] <= self.now_ms]
        if not due:
            return
        areas = self.lay.areas([row["thing"] for row in rows])
        since = self.now_ms - self.calm.window_ms
        asked = {"scene": scene}
        told = sum(at > since for at in self.connection.scalars(_OF_SCENE, asked))
        recent = select(func.count()).where(_O.scene == scene, _O.began_ms > since)
        room = int(self.calm.most_outages) - (self.connection.scalar(recent) or 0)
        level, area = grouped(areas, self.calm, max(room, 0))
        groups = {*zip(level.tolist(), area.tolist(), strict=True)} - {(ALONE, ALONE)}
        alone = [row for row, place in zip(rows, level, strict=True) if place == ALONE]
        alone = [row for row in alone if row["due_ms"] <= self.now_ms]
        if told + len(groups) + len(alone) > self.calm.most_alarms:
            members = [*alone, *(row for row, at in zip(rows, level, strict=True) if at != ALONE)]
            whole = int(areas[0, DISTRICT])
            self._out(scene, "district", whole, sorted(members, key=_first))
            return
        for place, where in sorted(groups):
            mine = (level == place) & (area == where)
            members = [row for row, its in zip(rows, mine, strict=True) if its]
            self._out(scene, LEVELS[place], where, members)
        self._told(alone)

    def _out(self, scene: str, level: str, area: int, members: list[dict[str, Any]]) -> None:
        """Open an outage with its detection and its case."""
        first, lay = members[0], self.lay
        name, devices = lay.named(level, area), lay.devices([row["thing"] for row in members])
        outage = f"outage-{scene}-{level}-{area}-{first['position']}"
        wish = self.decide({**first, "id": outage, "now": self.now_ms})
        values = {"members": len(members), "devices": devices, "level": LEVELS.index(level)}
        edge = {
            "id": outage, "scene": scene, "thing": 0, "level": first["level"],
            "level_name": first["level_name"], "position": first["position"],
            "time": first["began_ms"], "now": self.now_ms, "values": values, "before": {},
            "after": {"first": lay.key(first["thing"]), "first_detection": first["detection"]},
            "version": self.calm.version, "by": "desk",
        }  # fmt: skip
        taken_in(self.connection, [edge], 0)
        row = {
            "id": outage, "scene": scene, "level": level, "area": area, "name": dict(name),
            "began_ms": self.now_ms, "ended_ms": None, "first": first["detection"],
            "first_ms": first["began_ms"], "members": 0, "still": 0,
        }  # fmt: skip
        self.connection.execute(outages.insert(), row)
        self._belong(members, outage)
        self.edges.append(edge)
        if wish is None:
            return
        words = {"count": devices, "first": lay.key(first["thing"])}
        title = {
            tongue: text.format(
                place=name.get(tongue, ""), level=wish.level_names.get(tongue, ""), **words
            )
            for tongue, text in self.calm.title.items()
        }
        spot = lay.spot(level, area) or (None, None)
        self.cases.append(
            self.desk.outage(
                self.connection, wish, edge, title=title, grid=lay.grid(first["thing"]),
                lon=spot[0], lat=spot[1],
            )
        )  # fmt: skip

    def _belong(self, rows: Sequence[Mapping[str, Any]], outage: str) -> None:
        """Make detections members of an outage; they wait no longer."""
        if not rows:
            return
        ids = [row["detection"] for row in rows]
        self.connection.execute(_BY, [{"own": each, "suppressed_by": outage} for each in ids])
        _let_go(self.connection, ids)
        more = outages.update().where(_O.id == outage)
        counted = {"members": _O.members + len(ids), "still": _O.still + len(ids)}
        self.connection.execute(more.values(counted))

    def _told(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Let people hear of detections as if they had come now."""
        _let_go(self.connection, [row["detection"] for row in rows])
        told = [
            {**row, "id": row["detection"], "now": self.now_ms, "time": row["began_ms"]}
            for row in rows
        ]
        looked_up(self.connection, told)
        cases = (self.desk.follow(self.connection, edge, self.decide) for edge in told)
        self.cases += [case for case in cases if case]
        self.edges += told

    def _looked_after(self, out: Mapping[str, Any]) -> None:
        """Count who is still out; with few left the outage is over, and they are told alone."""
        own = outages.update().where(_O.id == out["id"])
        still = self.connection.scalar(_STILL, {"by": out["id"]}) or 0
        if still > self.calm.over_share * out["members"]:
            if still != out["still"]:
                self.connection.execute(own.values(still=still))
            return
        self.connection.execute(own.values(still=still, ended_ms=self.now_ms))
        left = freed(self.connection, out["id"])
        self.own.tell_again(self.connection, left, self.now_ms)
        position = select(_D.position, _D.level_name, _D.version).where(_D.id == out["id"])
        was = self.connection.execute(position).one()
        edge = {
            "id": out["id"], "scene": out["scene"], "thing": 0, "level": 0, "level_name": "",
            "position": was.position + 1, "time": self.now_ms, "now": self.now_ms,
            "version": was.version, "by": "desk",
        }  # fmt: skip
        taken_in(self.connection, [edge], 0)
        self.edges.append(edge)
        case = self.desk.follow(self.connection, edge, self.decide)
        if case:
            self.cases.append(case)


def _first(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["began_ms"], row["position"]


def _known(connection: Connection, edges: Sequence[Edge]) -> dict[str, Any]:
    """Say of the detections of edges whether they have a case, and what keeps them quiet."""
    known: dict[str, Any] = {}
    ids = list(dict.fromkeys(edge["id"] for edge in edges))
    for start in range(0, len(ids), MANY):
        some = ids[start : start + MANY]
        known |= {row.id: row for row in connection.execute(_KNOWN, {"ids": some})}
    return known


def _gather_ms(edge: Edge, decide: Decide) -> int:
    """Say how long an edge waits for others like it; 0 where people hear of it at once."""
    wish = decide(edge)
    return wish.gather_ms if wish is not None and edge["level"] >= wish.from_level else 0


def _let_go(connection: Connection, ids: Sequence[str]) -> None:
    """Let detections wait no longer."""
    for start in range(0, len(ids), MANY):
        connection.execute(_LET_GO, {"ids": ids[start : start + MANY]})


def _waiting(each: Mapping[str, Any], due_ms: int) -> dict[str, Any]:
    about = {"detection": each["id"], "scene": each["scene"], "thing": each["thing"]}
    return about | {"at_ms": each["now"], "due_ms": due_ms}


def _wait(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(upsert(connection, gathered).on_conflict_do_nothing(), list(rows))
