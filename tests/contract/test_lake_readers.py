"""Many read history at once, also with other engines, while it is written, merged and emptied."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import polars as pl
from deltalake import DeltaTable, QueryBuilder

from borough.core.registry import Kind, Property, Registry
from borough.storage.lake import Lake

START = 1_720_540_800_000
DAY = 86_400_000
ROUNDS = 30


def prop(code: str) -> Property:
    """A property of that name."""
    return Property(code, {"en": code}, "1", 0.0, 1.0, (0.0, 1.0))


def kind(code: str, *properties: str) -> Kind:
    """A class of device that reports these properties."""
    return Kind(code, {"en": code}, "device", tuple(map(prop, properties)), 60.0, 60.0, 0.0)


def test_readers_see_whole_appends_while_files_come_and_go(tmp_path: Path) -> None:
    """No reader sees half an append, a row twice, or a file that was just merged away."""
    lake = Lake(tmp_path, "Asia/Shanghai")
    over = Event()

    def read(number: int) -> int:
        seen = 0
        while not over.is_set():
            rows = lake.many(np.arange(4), START, START + DAY)
            by_bucket = lake.buckets(np.arange(4), START, START + DAY, "day", "count")
            assert len(rows) % 4 == 0
            assert len(rows) >= seen
            assert by_bucket.value.tolist() in ([], [by_bucket.value[:1].sum()] * 4)
            assert len(lake.latest()) in {0, 4}
            assert len(lake.latest(np.array([number]))) == bool(len(rows)) or not seen
            seen = len(rows)
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, number) for number in range(3)]
        for position in range(ROUNDS):
            series = np.tile(np.arange(4), 2)
            time = START + position * 10 + np.repeat([0, 7], 4)
            lake.append(series, time, np.ones(8), 0, position)
            if position % 5 == 4:
                lake.compact(loose=3)
        over.set()
        seen = [reader.result() for reader in readers]

    assert max(seen) <= 8 * ROUNDS
    assert len(lake.many(np.arange(4), START, START + DAY)) == 8 * ROUNDS


def test_several_may_begin_the_same_history(tmp_path: Path) -> None:
    """Processes that start together on an empty folder all end up with one table."""
    for number in range(8):
        folder = tmp_path / str(number)
        together = Barrier(4)

        def begin(position: int, folder: Path = folder, together: Barrier = together) -> int:
            together.wait()
            lake = Lake(folder, "Asia/Shanghai")
            return lake.append([position], [START], [1.0], position, 0)

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(begin, range(4))) == [1] * 4
        assert len(Lake(folder, "Asia/Shanghai").latest()) == 4


def test_the_table_is_one_that_any_engine_reads(tmp_path: Path) -> None:
    """Another engine than ours finds the same rows, days and columns in the table as it stands."""
    lake = Lake(tmp_path, "Asia/Shanghai")
    for position in range(3):
        lake.append([1, 2], [START + position, START + DAY], [0.5, position], 0, position)
    lake.compact(today="2025-01-01")
    engine = QueryBuilder().register("rows", DeltaTable(tmp_path / "observations"))
    found = engine.execute("SELECT day, series, time, value FROM rows ORDER BY series, time")
    table = found.read_all()
    columns = [table[name].to_pylist() for name in ("day", "series", "time", "value")]

    assert list(zip(*columns, strict=True)) == [
        ("2024-07-10", 1, START, 0.5),
        ("2024-07-10", 1, START + 1, 0.5),
        ("2024-07-10", 1, START + 2, 0.5),
        ("2024-07-11", 2, START + DAY, 2.0),
    ]


def test_polars_reads_the_table_with_the_names_of_its_series(tmp_path: Path) -> None:
    """A public engine that shares no code with ours answers the same, before a merge and after."""
    lake = Lake(tmp_path, "Asia/Shanghai")
    lake.publish_series(
        Registry(
            (kind("meter", "flow", "pressure"),), np.array([7]), ("m-1",), np.array([0]),
            np.array([0]), np.zeros(1), np.zeros(1), np.zeros(1, int), np.array([-1]),
        )
    )  # fmt: skip
    for hour in range(3):
        at = START + hour * 3_600_000 + np.arange(100) * 1000
        lake.append(np.arange(100) % 2, at, np.arange(100.0) + hour, 0, hour)
    theirs = []
    for _ in range(2):
        rows = pl.scan_delta(str(tmp_path / "observations"))
        named = rows.join(pl.scan_delta(str(tmp_path / "series")), on="series")
        hour = (pl.col("time") // 3_600_000 * 3_600_000).alias("start")
        mine = named.filter(pl.col("property") == "flow", pl.col("day") == "2024-07-10")
        found = mine.group_by(hour).agg(pl.col("value").mean()).sort("start").collect()
        theirs.append(found.rows())
        lake.compact(today="2025-01-01")
    ours = lake.buckets(np.array([0]), START, START + DAY, "hour")

    assert theirs == [list(zip(ours.start.tolist(), ours.value.tolist(), strict=True))] * 2


def test_series_are_named_beside_the_history(tmp_path: Path) -> None:
    """Who has only the folder can tell what each series number stands for."""
    registry = Registry(
        kinds=(kind("meter", "flow", "pressure"), kind("magnet", "occupied")),
        id=np.array([70, 12, 9]),
        key=("m-1", "p-1", "m-2"),
        kind=np.array([0, 1, 0]),
        first=np.array([3, 0, 1]),
        lon=np.zeros(3),
        lat=np.zeros(3),
        grid=np.zeros(3, int),
        via=np.full(3, -1),
    )
    lake = Lake(tmp_path)
    lake.publish_series(registry)
    lake.publish_series(registry)
    engine = QueryBuilder().register("series", DeltaTable(tmp_path / "series"))
    table = engine.execute("SELECT * FROM series ORDER BY series").read_all()
    names = ("series", "thing", "key", "property", "kind")

    assert list(zip(*(table[name].to_pylist() for name in names), strict=True)) == [
        (0, 12, "p-1", "occupied", "magnet"),
        (1, 9, "m-2", "flow", "meter"),
        (2, 9, "m-2", "pressure", "meter"),
        (3, 70, "m-1", "flow", "meter"),
        (4, 70, "m-1", "pressure", "meter"),
    ]
