"""What the door for observations lets in, and how it says no."""

import json
import string

import numpy as np
import pytest
from hypothesis import given, strategies as st

from borough.api.admission import REASONS, Admission, Admitted, Asked
from borough.api.decoding import from_csv, from_json
from borough.core.errors import BadRequest
from borough.testing.town import START_MS, registry_of

REGISTRY = registry_of(120)
NOW = START_MS
DOOR = Admission(REGISTRY, ahead_ms=60_000, told=1000)
GOOD = {"thing": "m-1", "property": "flow", "time": NOW, "value": 1.5}


def sent(*rows: object, holder: str = "gw-1") -> Admitted:
    """Send rows as JSON."""
    return DOOR.admit(from_json(json.dumps({"observations": rows}).encode()), holder, NOW)


def written(text: str, holder: str = "gw-1") -> Admitted:
    """Send a table as CSV."""
    return DOOR.admit(from_csv(text.encode()), holder, NOW)


def test_a_good_row_becomes_columns_of_its_series() -> None:
    """A row carries its series number, ms UTC and its value as float64."""
    rows = sent(GOOD).rows
    assert rows.series.tolist() == [REGISTRY.series_of("m-1", "flow")]
    assert rows.time.tolist() == [NOW]
    assert rows.value.tolist() == [1.5]
    assert (str(rows.series.dtype), str(rows.time.dtype)) == ("int32", "int64")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"thing": "m-999"}, "thing", "unknown-device"),
        ({"thing": "m-51"}, "thing", "not-yours"),
        ({"property": "colour"}, "property", "unknown-property"),
        ({"property": "rssi"}, "property", "unknown-property"),
        ({"value": "1.5"}, "value", "wrong-type"),
        ({"value": None}, "value", "wrong-type"),
        ({"value": 501}, "value", "out-of-range"),
        ({"value": -0.1}, "value", "out-of-range"),
        ({"time": "yesterday"}, "time", "bad-time"),
        ({"time": "2024-07-10T08:00:00"}, "time", "bad-time"),
        ({"time": -1}, "time", "bad-time"),
        ({"time": 1e30}, "time", "wrong-type"),
    ],
)
def test_a_bad_row_is_named_and_does_not_spoil_its_neighbours(
    change: dict[str, object], field: str, code: str
) -> None:
    """The error says which row, which field and why; the rows around it pass."""
    admitted = sent(GOOD, {**GOOD, **change}, GOOD)
    assert len(admitted.rows.series) == 2
    assert [(e["row"], e["field"], e["code"]) for e in admitted.errors] == [(2, field, code)]
    assert admitted.rejected == {code: 1}


def test_infinity_that_json_can_write_is_refused() -> None:
    """A number beyond float64 is no number that a thing can have."""
    body = b'{"observations":[{"thing":"m-1","property":"flow","value":1e999}]}'
    rejected = DOOR.admit(from_json(body), "gw-1", NOW).rejected
    assert set(rejected) <= {"not-finite", "wrong-type"}
    assert sum(rejected.values()) == 1


def test_a_clock_that_runs_ahead_is_set_to_now_and_counted() -> None:
    """Within a minute a device's clock is believed; beyond, the row gets our time."""
    admitted = sent({**GOOD, "time": NOW + 60_000}, {**GOOD, "time": NOW + 60_001})
    assert admitted.rows.time.tolist() == [NOW + 60_000, NOW]
    assert admitted.clamped == 1


def test_a_row_without_a_time_gets_the_time_of_its_arrival() -> None:
    """A device without a clock may leave the time out."""
    row = {key: GOOD[key] for key in ("thing", "property", "value")}
    assert sent(row, {**row, "time": None}).rows.time.tolist() == [NOW, NOW]


def test_iso_times_count_with_their_offset() -> None:
    """08:00 in the district's zone is midnight in Greenwich."""
    times = ["2024-07-10T08:00:00+08:00", "2024-07-10T00:00:00Z"]
    assert sent(*({**GOOD, "time": each} for each in times)).rows.time.tolist() == [NOW, NOW]


def test_neighbours_about_one_thing_and_moment_are_one_report() -> None:
    """A scene sees flow and pressure of one moment together."""
    pressure = {**GOOD, "property": "pressure", "value": 0.3}
    rows = sent(GOOD, pressure, {**GOOD, "time": NOW + 1}, {**GOOD, "thing": "m-2"}).rows
    assert rows.report.tolist() == [0, 0, 1, 2]


def test_a_device_may_write_for_itself_only() -> None:
    """A meter with a credential of its own is its own gateway, and nobody else's."""
    assert len(sent(GOOD, holder="m-1").rows.series) == 1
    assert sent(GOOD, holder="m-2").rejected == {"not-yours": 1}
    assert sent(GOOD, holder="stranger").rejected == {"not-yours": 1}


def test_a_table_says_the_same_as_json() -> None:
    """Columns of CSV may stand in any order; booleans are written as words."""
    admitted = written(
        f"value,thing,time,property\n1.5,m-1,{NOW},flow\ntrue,m-1,2024-07-10T00:00:00Z,flow\n"
    )
    assert admitted.rows.value.tolist() == [1.5, 1.0]
    assert admitted.rows.time.tolist() == [NOW, NOW]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "NaN", "1e999"])
def test_a_table_cannot_smuggle_in_what_is_not_finite(value: str) -> None:
    """Python reads these as numbers; the district does not."""
    assert written(f"thing,property,value\nm-1,flow,{value}\n").rejected == {"not-finite": 1}


def test_a_table_without_times_or_rows_is_a_table() -> None:
    """Nothing sent is nothing wrong."""
    assert written("thing,property,value\n").received == 0
    assert written("thing,property,value\nm-1,flow,2\n\n").rows.time.tolist() == [NOW]


def test_a_line_of_the_wrong_length_is_named() -> None:
    """A comma too many breaks its own line only."""
    admitted = written("thing,property,value\nm-1,flow,1,5\nm-1,flow,2\n")
    assert [each["row"] for each in admitted.errors] == [1]
    assert admitted.rows.value.tolist() == [2.0]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"observations": 3}', b"\xff\xfe", b"null"])
def test_a_body_that_is_no_batch_is_refused_whole(body: bytes) -> None:
    """There is no row to name, so the request itself is at fault."""
    with pytest.raises(BadRequest):
        from_json(body)


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b'thing,property,value\n"m'])
def test_a_table_that_is_none_is_refused_whole(body: bytes) -> None:
    """A wrong heading, another encoding, a quote that never ends."""
    with pytest.raises(BadRequest):
        from_csv(body)


def test_errors_beyond_those_told_are_still_counted() -> None:
    """An answer stays small however much is wrong."""
    admitted = sent(*({**GOOD, "value": 999} for _ in range(1500)))
    assert len(admitted.errors) == 1000
    assert admitted.rejected == {"out-of-range": 1500}


FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
ROW = ANY | st.fixed_dictionaries(
    {},
    optional={
        "thing": st.sampled_from(["m-1", "m-2", "m-77", "gw-1"]) | ANY,
        "property": st.sampled_from(["flow", "pressure", "rssi"]) | ANY,
        "value": st.floats(0, 2, allow_nan=False) | st.booleans() | ANY,
        "time": st.integers(0, 2 * NOW) | st.just("2024-07-10T08:00:00+08:00") | ANY,
    },
)


@given(st.lists(ROW, max_size=12))
def test_whatever_is_sent_every_row_is_taken_or_refused(rows: list[object]) -> None:
    """Received = accepted + rejected, errors name real rows, and what is taken can be true."""
    admitted = sent(*rows)
    assert admitted.received == len(rows)
    assert len(admitted.rows.series) + sum(admitted.rejected.values()) == len(rows)
    assert len({each["row"] for each in admitted.errors}) == len(admitted.errors)
    assert {each["code"] for each in admitted.errors} <= set(REASONS)
    low, high = REGISTRY.limits
    value, series = admitted.rows.value, admitted.rows.series
    assert ((value >= low[series]) & (value <= high[series])).all()
    assert ((admitted.rows.time >= 0) & (admitted.rows.time <= NOW + 60_000)).all()


@given(st.binary(max_size=200) | st.text(string.printable, max_size=200).map(str.encode))
def test_no_bytes_break_the_decoders(body: bytes) -> None:
    """Any body is either columns or a `BadRequest`."""
    for read in (from_json, from_csv):
        try:
            claims = read(body)
        except BadRequest:
            continue
        DOOR.admit(claims, "gw-1", NOW)


@given(st.lists(ROW, min_size=1, max_size=6))
def test_rows_read_together_and_one_by_one_are_the_same(rows: list[object]) -> None:
    """One unreadable row makes the door read slowly, and changes nothing else."""
    alone, beside = sent(*rows), sent(*rows, 17)
    assert beside.rows.series.tolist() == alone.rows.series.tolist()
    assert beside.rows.value.tolist() == alone.rows.value.tolist()
    assert beside.rows.time.tolist() == alone.rows.time.tolist()


def test_minus_nought_is_nought() -> None:
    """What rounding makes of a small negative number is kept as 0, in every form."""
    admitted = sent({**GOOD, "value": -0.0}, {**GOOD, "value": 1.5})
    assert not np.signbit(admitted.rows.value).any()


HOLDERS = ["gw-1", "gw-2", "m-1", "nobody"]
BEYOND = st.sampled_from([0.0, np.inf, -np.inf])
STRANGE = FINITE | st.sampled_from([np.nan, np.inf, -np.inf])
SERIES = st.integers(-1, len(REGISTRY.row_of_series) - 1)


@given(
    st.lists(st.tuples(SERIES, st.integers(0, 1), BEYOND, st.none() | STRANGE), max_size=30),
    st.sampled_from(HOLDERS),
)
def test_what_columns_let_pass_is_what_judging_row_by_row_lets_pass(
    rows: list[tuple[int, int, float, float | None]], holder: str
) -> None:
    """The fast way through and the readable one refuse the same rows, also at the very limits."""
    series = np.array([each for each, *_ in rows], np.int64)
    limit = [float(REGISTRY.limits[end][each]) for each, end, *_ in rows]
    near = [
        each if side == 0 else float(np.nextafter(each, side))
        for each, (_, _, side, _) in zip(limit, rows, strict=True)
    ]
    value = np.array(
        [each if said is None else said for each, (*_, said) in zip(near, rows, strict=True)],
        np.float64,
    )
    row = np.append(REGISTRY.row_of_series, -1)[series]
    every = np.ones(len(rows), bool)
    reason = DOOR.judged(Asked(row, series, value, every, every), holder)
    assert DOOR.fits(series, value, holder).tolist() == (reason == len(REASONS)).tolist()


CELL = st.text("m-1flow.,5\r \"'x", max_size=6)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=5))
def test_a_table_read_fast_says_what_one_read_with_care_says(lines: list[list[str]]) -> None:
    """A quoted heading forces the careful reading of the same lines."""
    text = "".join(",".join(line) + "\n" for line in lines)

    def read(head: str) -> object:
        try:
            claims = from_csv(f"{head}\n{text}".encode())
        except BadRequest:
            return "refused"
        return [list(map(str, c)) for c in (claims.at, claims.thing, claims.property, claims.value)]

    assert read("thing,property,value") == read('"thing",property,value')
