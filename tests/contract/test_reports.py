"""Reports read together say what each of them says alone."""

import json
import math
from dataclasses import replace
from itertools import permutations

import numpy as np
from hypothesis import given, settings, strategies as st

from borough.adapters.payloads import UNSAID, read_reports
from borough.adapters.reports import Form
from borough.adapters.shapes import MOST_SHAPES, Reports, Shapes
from borough.core.errors import BadReading
from borough.core.registry import Kind, Property

CODES = ("flow", "pressure", "open")
METER = Kind(
    "meter", {}, "device", tuple(Property(c, {}, "1", -1e9, 1e9, (0, 1)) for c in CODES), 60, 60, 0
)
NUMBER = st.floats(-1e300, 1e300) | st.integers(-(2**60), 2**60) | st.booleans()
REPORT = st.dictionaries(st.sampled_from(CODES), NUMBER, max_size=3).flatmap(
    lambda said: st.sampled_from([said, {"t": 1720569600000, **said}])
)
GOOD = st.one_of(REPORT, st.lists(REPORT, min_size=1, max_size=3)).map(
    lambda said: json.dumps(said).encode()
)
PIECES = st.sampled_from(
    [b"]", b"[", b"]\n,[", b"],[", b'{"flow":1}', b'{"flow":', b"}", b'"', b"\\", b",", b"\n",
     b'{"', b'":1}', b"[[", b"]]", b"null", b'"t":', b"NaN", b'{"stranger":1}', b"\xff"]
)  # fmt: skip
EVIL = st.lists(PIECES, max_size=8).map(b"".join)
GATE = replace(METER, code="gate", properties=METER.properties[:2])
Rows = list[list[tuple[float, dict[str, float]]]]


def alone(payloads: list[bytes]) -> Rows | None:
    """Read payloads one at a time; nothing if one of them does not fit the form."""
    read: Rows = []
    for payload in payloads:
        try:
            reports = read_reports(payload)
        except BadReading as problem:
            if "says nothing" not in str(problem):
                return None
            reports = []
        if any(set(report.values) - set(CODES) for report in reports):
            return None
        read.append([(report.time, dict(report.values)) for report in reports if report.values])
    return read


def together(payloads: list[bytes]) -> Rows | None:
    """Read payloads in one call."""
    table = Form(METER).read(payloads)
    if table is None:
        return None
    read: Rows = [[] for _ in payloads]
    for payload, time, row in zip(table.payload, table.time, table.value, strict=True):
        said = {c: float(v) for c, v in zip(CODES, row, strict=True) if not math.isnan(v)}
        if said:
            read[payload].append((float(time), said))
    return read


@settings(max_examples=300)
@given(st.lists(GOOD | EVIL, max_size=30))
def test_reports_read_together_say_what_each_says_alone(payloads: list[bytes]) -> None:
    """Whatever stands between them: together they give the same rows, or nothing at all."""
    read = together(payloads)

    if read is not None:
        assert read == alone(payloads)


@settings(max_examples=200)
@given(st.lists(GOOD, min_size=1, max_size=30))
def test_plain_reports_are_read_together(payloads: list[bytes]) -> None:
    """The fast way is taken for everything that devices should say."""
    assert together(payloads) is not None


def test_reports_of_a_list_are_numbered_and_keep_their_times() -> None:
    """Twenty-four readings of a day in one payload are twenty-four reports."""
    table = Form(METER).read([b'{"flow":1}', b'[{"t":5,"flow":true},{"t":6,"open":2}]'])

    assert table is not None
    assert table.payload.tolist() == [0, 1, 1]
    assert table.number.tolist() == [0, 0, 1]
    assert table.time.tolist() == [UNSAID, 5, 6]
    assert np.isnan(table.value).sum() == 6


@settings(max_examples=300)
@given(st.lists(st.tuples(GOOD | EVIL, st.integers(0, 1)), max_size=40))
def test_few_reports_of_all_classes_say_what_each_says_alone(said: list[tuple[bytes, int]]) -> None:
    """Payload by payload what the slow way reads, in the order of the class; the rest is left."""
    payloads, kinds = [each for each, _ in said], [kind for _, kind in said]
    table = Reports([METER, GATE]).read(payloads, kinds)

    odd = set(table.odd.tolist())
    rows = list(zip(*(column.tolist() for column in table[:5]), strict=True))
    assert odd.isdisjoint(table.payload.tolist())
    assert rows == [
        (at, number, CODES.index(code), report.time, value)
        for at, payload in enumerate(payloads)
        if at not in odd
        for number, report in enumerate(read_reports(payload))
        for code, value in sorted(report.values.items(), key=lambda each: CODES.index(each[0]))
    ]
    assert all(report.values.keys() <= set(CODES[: 3 - kinds[at]])
               for at in set(range(len(payloads))) - odd for report in read_reports(payloads[at])
               )  # fmt: skip


@settings(max_examples=200)
@given(st.lists(REPORT.filter(lambda said: said.keys() - {"t"}), min_size=1, max_size=40))
def test_none_of_few_plain_reports_is_left(said: list[dict[str, float]]) -> None:
    """The fast way is taken for everything that devices should say."""
    table = Reports([METER]).read([json.dumps(each).encode() for each in said], [0] * len(said))

    assert not len(table.odd)


def test_a_time_that_is_none_is_left_to_the_slow_way() -> None:
    """True is not a millisecond, nor is what lies before 1970 or beyond all years."""
    times = [b"true", b"-2", b"1e17", b"5", b"-1"]
    table = Reports([METER]).read([b'{"flow":1,"t":%s}' % each for each in times], [0] * 5)

    assert table.odd.tolist() == [0, 1, 2]
    assert table.time.tolist() == [5, UNSAID]


def test_names_that_no_class_has_fill_no_table() -> None:
    """Neither strangers nor ever other orders of what is known take memory without end."""
    many = [replace(METER.properties[0], code=f"p{n}") for n in range(8)]
    shapes = Shapes([replace(METER, properties=tuple(many))])
    orders = [dict.fromkeys(each, 1.0) for each in permutations([one.code for one in many])]
    for n in range(100):
        shapes.of([0], [{f"stranger-{n}": 1.0}])
    assert not shapes

    shapes.of([0] * len(orders), orders)
    assert len(shapes) == MOST_SHAPES
