"""Arrow batches at the HTTP door: the same rules as for JSON, without an object for each row."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_ipc_stream
from hypothesis import given, settings, strategies as st

from borough.api.admission import Admission
from borough.api.application import create
from borough.api.arrow_batches import MEDIA, from_arrow
from borough.api.decoding import from_json
from borough.api.limits import LIMITS
from borough.api.ports import Ports
from borough.core.errors import BadRequest
from borough.testing.memory import MemoryDoors
from borough.testing.serving import Served, serving
from borough.testing.town import START_MS, registry_of, town

NAMES = DataType.dictionary(DataType.int32(), DataType.utf8())
INSTANT = DataType.timestamp("us", tz="Asia/Shanghai")
OWN = {"authorization": "Bearer gw-1:secret", "content-type": MEDIA}
ROWS: list[tuple[str | None, str | None, int | None, float | None]] = [
    ("m-1", "flow", START_MS, 1.5),
    ("m-2", "pressure", None, 0.3),
    ("m-2", "smell", START_MS, 1.0),
    ("nobody", "flow", START_MS, 1.0),
    (None, "flow", START_MS, 1.0),
    ("m-1", None, START_MS, 1.0),
    ("m-3", "flow", START_MS, None),
    ("m-3", "flow", START_MS, 9e9),
    ("m-51", "flow", START_MS, 1.0),
    ("m-4", "flow", -5, 1.0),
]
REASONS = {
    3: "unknown-property", 4: "unknown-device", 5: "unknown-device", 6: "unknown-property",
    7: "not-finite", 8: "out-of-range", 9: "not-yours", 10: "bad-time",
}  # fmt: skip
REGISTRY = registry_of(120)
ADMISSION = Admission(REGISTRY, LIMITS.ahead_ms, LIMITS.errors_told)


def packed(table: Table) -> bytes:
    """Write a table as an Arrow stream."""
    file = BytesIO()
    write_ipc_stream(table, file, compression=None)
    return file.getvalue()


def instants(at: Any, kind: DataType) -> Array:
    """Make a column of times of a kind."""
    plain = Array(at, DataType.int64())
    return (
        plain
        if kind == DataType.int64()
        else plain.cast(DataType.timestamp("ms", tz="UTC")).cast(kind)
    )


def stream(names: DataType, time: DataType) -> bytes:
    """Lay `ROWS` out with names and times of a kind."""
    thing, name, at, value = zip(*ROWS, strict=True)
    return packed(
        Table.from_pydict(
            {
                "thing": Array(thing, DataType.utf8()).cast(names),
                "property": Array(name, DataType.utf8()).cast(names),
                "time": instants(at, time),
                "value": Array(value, DataType.float64()),
            }
        )
    )


@pytest.fixture
def ports() -> Ports:
    """Build a town with one credential and a small limit."""
    made = town(120, credentials={"gw-1": sha256(b"secret").hexdigest()})
    return replace(made, limits=replace(LIMITS, body_bytes=65_536))


@pytest.fixture
def served(ports: Ports) -> Iterator[Served]:
    """Serve the town."""
    with serving(create(ports), ports.live) as made:
        yield made


def sent(served: Served, body: bytes, **headers: str) -> httpx.Response:
    """Send a body as a device would."""
    return httpx.post(
        f"{served.url}/api/v1/observations", content=body, headers={**OWN, **headers}, timeout=60
    )


@pytest.mark.parametrize("names", [DataType.utf8(), DataType.large_utf8(), NAMES], ids=str)
@pytest.mark.parametrize("time", [DataType.int64(), INSTANT], ids=str)
def test_rows_are_judged_as_those_of_json_are(
    served: Served, ports: Ports, names: DataType, time: DataType
) -> None:
    """Good rows are durable, each bad one is told by row, field and code."""
    answer = sent(served, stream(names, time))
    said = answer.json()
    assert isinstance(ports.doors, MemoryDoors)
    kept = ports.doors.taken[-1]

    assert answer.status_code == 207, said
    assert {each["row"]: each["code"] for each in said["errors"]} == REASONS
    assert kept.series.tolist() == [
        REGISTRY.series_of("m-1", "flow"), REGISTRY.series_of("m-2", "pressure"),
    ]  # fmt: skip
    assert kept.value.tolist() == [1.5, 0.3]
    assert kept.time[0] == START_MS


def test_series_numbers_may_stand_for_names() -> None:
    """Whoever knows them sends four bytes for a name; a number that nothing has is refused."""
    flow = REGISTRY.series_of("m-2", "flow")
    other = REGISTRY.series_of("m-51", "flow")
    table = Table.from_pydict(
        {
            "series": Array([flow, other, 99_999, -1, None], DataType.int32()),
            "value": Array([2, 2, 2, 2, 2], DataType.int16()),
        }
    )
    admitted = ADMISSION.admit(from_arrow(packed(table)), "gw-1", START_MS)

    assert admitted.rows.series.tolist() == [flow]
    assert admitted.rows.time.tolist() == [START_MS]
    assert {each["row"]: each["code"] for each in admitted.errors} == {
        2: "not-yours", 3: "unknown-device", 4: "unknown-device", 5: "unknown-device",
    }  # fmt: skip


def test_several_record_batches_are_one(served: Served) -> None:
    """Batches of one stream may each have a dictionary of their own."""
    one = Table.from_pydict(
        {
            "thing": Array(["m-1"], DataType.utf8()).cast(NAMES),
            "property": Array(["flow"], DataType.utf8()).cast(NAMES),
            "value": Array([True], DataType.bool()),
        }
    )
    two = Table.from_pydict(
        {
            "thing": Array(["m-2"], DataType.utf8()).cast(NAMES),
            "property": Array(["pressure"], DataType.utf8()).cast(NAMES),
            "value": Array([False], DataType.bool()),
        }
    )
    both = Table.from_batches([*one.to_batches(), *two.to_batches()])
    answer = sent(served, packed(both))

    assert answer.json()["accepted"] == 2, answer.text


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"thing": ["m-1"], "value": [1.0]}, "the columns must be"),
        ({"thing": ["m-1"], "property": ["flow"], "value": [b"x"]}, "value: "),
        ({"series": [1], "value": ["1"]}, "value: "),
        ({"series": [1.5], "value": [1.0]}, "series: a column of another type"),
        ({"series": [1], "value": [1.0], "time": [np.datetime64(1, "ms")]}, "needs a zone"),
        ({"series": [1], "value": [1.0], "depth": [1.0]}, "the columns must be"),
    ],
)
def test_columns_that_cannot_be_are_named(columns: dict[str, Any], says: str) -> None:
    """A body as a whole is refused only for its columns, never for one row."""
    table = {name: made(cells) for name, cells in columns.items()}

    with pytest.raises(BadRequest, match=says):
        from_arrow(packed(Table.from_pydict(table)))


def made(cells: list[Any]) -> Array:
    """Make a column of what its cells are."""
    if isinstance(cells[0], np.datetime64):
        return Array.from_numpy(np.array(cells))
    kinds = {str: DataType.utf8(), int: DataType.int64(), float: DataType.float64()}
    return Array(cells, kinds.get(type(cells[0]), DataType.binary()))


WHOLE = stream(NAMES, INSTANT)


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=8), st.integers(0, 64))
def test_a_damaged_stream_is_refused_and_nothing_worse(at: int, put: bytes, cut: int) -> None:
    """Whatever bytes come, the answer is rows or a refusal; the process stays what it was."""
    body = WHOLE[:at] + put + WHOLE[at + cut :]
    try:
        admitted = ADMISSION.admit(from_arrow(body), "gw-1", START_MS)
    except BadRequest:
        return

    assert admitted.received == len(admitted.rows.series) + sum(admitted.rejected.values())


def test_a_packed_body_is_unpacked_within_limits(served: Served) -> None:
    """Gzip is understood for every form; what unpacks without end, or is cut, is refused."""
    good = sent(served, gzip.compress(WHOLE), **{"content-encoding": "gzip"})
    text = sent(
        served, gzip.compress(b"thing,property,value\nm-1,flow,2\n"),
        **{"content-encoding": "gzip", "content-type": "text/csv"},
    )  # fmt: skip
    bomb = sent(served, gzip.compress(b"0" * 1_000_000), **{"content-encoding": "gzip"})
    cut = sent(served, gzip.compress(WHOLE)[:-9], **{"content-encoding": "gzip"})
    other = sent(served, WHOLE, **{"content-encoding": "br"})

    assert good.json()["accepted"] == 2
    assert text.json()["accepted"] == 1
    assert [each.status_code for each in (bomb, cut, other)] == [413, 400, 400]


@pytest.mark.parametrize("packing", ["lz4", "zstd"])
def test_packed_buffers_are_refused(packing: str) -> None:
    """A packed buffer states how large it will be, and is believed; gzip of the whole is not."""
    file = BytesIO()
    table = Table.from_pydict({"series": Array([1], DataType.int32()),
                               "value": Array([1.0], DataType.float64())})  # fmt: skip
    write_ipc_stream(table, file, compression=packing)

    with pytest.raises(BadRequest, match="gzip instead"):
        from_arrow(file.getvalue())


def test_arrow_and_json_say_the_same() -> None:
    """One batch in both forms gives the same rows, to the bit."""
    values = np.random.default_rng(3).random(50)
    things = [f"m-{number % 50 + 1}" for number in range(50)]
    arrow = Table.from_pydict(
        {
            "thing": Array(things, DataType.utf8()),
            "property": Array(["flow"] * 50, DataType.utf8()),
            "time": Array.from_numpy(np.arange(50) + START_MS),
            "value": Array.from_numpy(values),
        }
    )
    rows = ",".join(
        f'{{"thing": "{thing}", "property": "flow", "time": {START_MS + at}, "value": {value!r}}}'
        for at, (thing, value) in enumerate(zip(things, values.tolist(), strict=True))
    )
    one = ADMISSION.admit(from_arrow(packed(arrow)), "gw-1", START_MS).rows
    two = ADMISSION.admit(from_json(f'{{"observations": [{rows}]}}'.encode()), "gw-1", START_MS)

    for name in ("report", "series", "time", "value"):
        assert np.array_equal(getattr(one, name), getattr(two.rows, name))
