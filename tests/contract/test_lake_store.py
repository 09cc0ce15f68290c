"""What a history in an object store promises; the store is a real one that speaks S3."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from borough.core.errors import BadSetting, HistoryDamaged, HistoryFull, Stale
from borough.storage.lake import Lake
from borough.testing import object_store
from borough.testing.living import eventually

START, HOUR = 1_720_569_600_000, 3_600_000
numbers = count(1)


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """Give the address of a bucket; its keys are in the environment."""
    with object_store.running() as run, pytest.MonkeyPatch.context() as patch:
        for name, value in run.environment.items():
            patch.setenv(name, value)
        eventually(lambda: object_store.stores(run.address), "a store that stores", 120.0)
        yield run.address


@pytest.fixture
def address(store: str) -> str:
    """Give a place in the store that nobody has used."""
    return f"{store}/history-{next(numbers)}"


def fill(lake: Lake, hours: int = 3) -> None:
    """Append an hour of ten series so many times."""
    for hour in range(hours):
        time = START + hour * HOUR + np.arange(10) * 1000
        lake.append(np.arange(10), time, np.full(10, float(hour)), 0, hour + 1)


def test_what_one_machine_stores_another_reads(address: str, tmp_path: Path) -> None:
    """Rows, the newest of each series, buckets, merges and expiry are the same as in a folder."""
    writer = Lake(tmp_path / "one", "Asia/Shanghai", at=address)
    fill(writer)
    assert writer.append([0], [START], [9.0], 0, 3) == 0  # that far it is committed already
    reader = Lake(tmp_path / "two", "Asia/Shanghai", at=address)
    plain = Lake(tmp_path / "three", "Asia/Shanghai")
    fill(plain)
    for _ in range(2):
        for lake in (reader, plain):
            assert lake.one(3, START, START + 9 * HOUR).value.tolist() == [0.0, 1.0, 2.0]
            assert lake.latest().value.tolist() == [2.0] * 10
            hours = lake.buckets(np.arange(10), START, START + 9 * HOUR, "hour", together=True)
            assert hours.count.tolist() == [10, 10, 10]
            assert lake.compact(today="2024-07-11").days in {("2024-07-10",), ()}
    assert reader.days() == writer.days()
    assert writer.vacuum(0.0) == 3
    assert reader.one(3, START, START + 9 * HOUR).value.tolist() == [0.0, 1.0, 2.0]


def test_what_is_kept_here_may_go(address: str, tmp_path: Path) -> None:
    """The files on this machine are copies: without them the answer is the same."""
    lake = Lake(tmp_path, "Asia/Shanghai", at=address)
    fill(lake)
    lake.compact(today="2024-07-11")
    shutil.rmtree(tmp_path / "kept")
    again = Lake(tmp_path, "Asia/Shanghai", at=address)
    assert again.one(3, START, START + 9 * HOUR).value.tolist() == [0.0, 1.0, 2.0]
    assert again.latest().value.tolist() == [2.0] * 10


@pytest.mark.parametrize("kept_mb", [0, 1])
def test_no_more_is_kept_here_than_was_asked_for(
    address: str, tmp_path: Path, kept_mb: int
) -> None:
    """Of what was long unused as much goes as is beyond, who reads makes room, too."""
    lake = Lake(tmp_path, "Asia/Shanghai", at=address, kept_mb=kept_mb)
    fill(lake)
    kept = sorted((tmp_path / "kept" / "observations").rglob("*.parquet"))
    for each in kept:
        os.utime(each, (0, 0))
    lake.append([0], [START + 8 * HOUR], [8.0], 0, 9)
    assert [each.exists() for each in kept] == [bool(kept_mb)] * 3
    assert lake.one(0, START, START + 9 * HOUR).value.tolist() == [0.0, 1.0, 2.0, 8.0]
    assert [each.exists() for each in kept] == [True] * 3

    for each in kept[1:]:
        os.utime(each, (0, 0))
    kept[0].unlink()
    assert lake.one(0, START, START + HOUR).value.tolist() == [0.0]
    assert [each.exists() for each in kept] == [True, bool(kept_mb), bool(kept_mb)]


def test_of_two_owners_of_a_partition_one_is_stale(address: str, tmp_path: Path) -> None:
    """Both saw the same table; the store takes the commit of one, and no row twice."""
    one, two = (Lake(tmp_path / name, at=address) for name in ("one", "two"))
    fill(one, 1)
    before = two.table.committed(0)
    one.append([1], [START + HOUR], [5.0], 0, 7)
    with pytest.raises(Stale):
        two.table.commit([], mark=(0, before, 6))
    assert two.append([1], [START + HOUR], [5.0], 0, 7) == 0
    assert len(two.one(1, START, START + 9 * HOUR)) == 2


def test_another_engine_reads_the_store(address: str, tmp_path: Path) -> None:
    """Polars opens the tables by their address and sees what we see."""
    lake = Lake(tmp_path, "Asia/Shanghai", at=address)
    fill(lake)
    rows = pl.scan_delta(f"{address}/observations").filter(pl.col("series") == 3).collect()
    assert sorted(rows["value"].to_list()) == [0.0, 1.0, 2.0]


def test_a_file_that_is_gone_is_named(address: str, tmp_path: Path) -> None:
    """A store that lost a file says which; nothing is made up."""
    lake = Lake(tmp_path, "Asia/Shanghai", at=address)
    fill(lake, 1)
    [path] = lake.table.listing().path.tolist()
    lake.table.place.forget(path)
    with pytest.raises(HistoryDamaged, match="day=2024-07-10"):
        lake.one(3, START, START + HOUR)


def test_a_store_that_is_away_takes_nothing_half(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append fails whole, is told as history that is full, and works once the store is back."""
    lake = Lake(tmp_path, "Asia/Shanghai", at=address)
    fill(lake, 1)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        here = tmp_path / "kept" / "observations"
        lake.table.place = type(lake.table.place)(here, address, 1)
        with pytest.raises(HistoryFull):
            lake.append([1], [START + HOUR], [5.0], 0, 2)
    again = Lake(tmp_path, "Asia/Shanghai", at=address)
    assert again.committed(0) == 1
    assert again.append([1], [START + HOUR], [5.0], 0, 2) == 1


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    """Only s3:// and a bucket; what it should be is said."""
    for wrong in ("gs://bucket", "s3://", "/srv/history"):
        with pytest.raises(BadSetting, match="is not s3://bucket/prefix"):
            Lake(tmp_path, at=wrong)
