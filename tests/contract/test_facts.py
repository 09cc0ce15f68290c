"""What periods, quantities and units promise, whatever people write."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from borough.core.errors import BadFact
from borough.core.periods import KINDS, POINT, RANGE, UNDATED, Period
from borough.core.units import COMPARATORS, LONGEST, decimal, exact, plain, read
from borough.engine.facts import units

DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15),
                      max_value=10**15)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("2023年", "annual", "2023"),
        ("2023年1-11月", "cumulative", "2023-01/2023-11"),
        ("2023年1—2月", "cumulative", "2023-01/2023-02"),
        ("2024年前11个月", "cumulative", "2024-01/2024-11"),
        ("2024年前三季度", "cumulative", "2024-01/2024-09"),
        ("2024年3-5月", "range", "2024-03/2024-05"),
        ("2024年1-12月", "annual", "2024"),
        ("2024年11月", "month", "2024-11"),
        ("2024-11", "month", "2024-11"),
        ("2023年一季度", "quarter", "2023-Q1"),
        ("2023-Q4", "quarter", "2023-Q4"),
        ("2024年上半年", "half", "2024-H1"),
        ("2024年2月底", "point", "2024-02-29"),
        ("2024年末", "point", "2024-12-31"),
        ("2024年7月10日", "point", "2024-07-10"),
        ("2016-2020年", "range", "2016/2020"),
        ("2016/2021-09", "range", "2016-01/2021-09"),
        ("2018/", "range", "2018/"),
        ("/2024-12", "range", "/2024"),
        ("２０２４年", "annual", "2024"),
    ],
)
def test_periods_are_read_as_people_write_them(text: str, kind: str, code: str) -> None:
    """In Chinese and in ISO 8601, and the text tells what kind of period it is."""
    read_period = Period.read(text)

    assert (read_period.kind, read_period.code) == (kind, code)


@given(DAYS, st.integers(0, 4000))
def test_any_stretch_of_days_is_written_and_read_again(start: date, length: int) -> None:
    """The code of a period says exactly its days, however long it is and wherever it begins."""
    end = start + timedelta(days=length)
    for kind in (RANGE, POINT):
        period = Period(kind, start, end)
        assert Period.read(period.code, kind) == period
    for half_open in (Period(RANGE, start, None), Period(RANGE, None, end)):
        assert Period.read(half_open.code, RANGE) == half_open


@given(st.text(max_size=30), st.sampled_from([*KINDS, "", "week"]))
def test_any_text_is_a_period_or_is_refused(text: str, kind: str) -> None:
    """Nothing but `BadFact`, naming the field, comes of what is no period."""
    try:
        period = Period.read(text, kind)
    except BadFact as error:
        said = str(error)
    else:
        assert Period.read(period.code, period.kind) == period
        return
    assert said.startswith("period")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("2024-02", "annual"), ("2024", "month"), ("2023/2024", "cumulative"), ("2018/", "point"),
     ("", UNDATED), ("x" * 65, UNDATED), ("2024-05/2024-03", ""), ("2024年5-3月", ""),
     ("2024-02-30", ""), ("2024年13月", ""), ("/", "")],
)  # fmt: skip
def test_a_period_that_contradicts_itself_is_refused(text: str, kind: str) -> None:
    """A kind that its days do not fit, an end before its beginning, a day that there is not."""
    with pytest.raises(BadFact, match=r"^period: "):
        Period.read(text, kind)


@pytest.mark.parametrize(
    ("text", "comparator", "value", "unit"),
    [
        ("超2,400亿元", ">", "2400", "亿元"),
        ("2000余家", ">", "2000", "家"),
        ("35.6万余个", ">", "35.6", "万个"),
        ("近3.7万辆", "≈<", "3.7", "万辆"),
        ("约12亿元", "≈", "12", "亿元"),
        ("12%以上", ">=", "12", "%"),
        ("不超过200万元", "<=", "200", "万元"),
        ("不足5%", "<", "5", "%"),
        ("-27％", "=", "-27", "%"),
        ("１０.７亿元", "=", "10.7", "亿元"),
        ("百分之五", "=", "5", "%"),
        ("两千三百零五人", "=", "2305", "人"),
        ("1/4", "=", "0.25", ""),
        (">=3", ">=", "3", ""),
    ],
)
def test_quantities_are_read_as_people_write_them(
    text: str, comparator: str, value: str, unit: str
) -> None:
    """How much, how sure, and in which unit."""
    found = read(text)

    assert (found.comparator, found.value, found.unit) == (comparator, Decimal(value), unit)


@given(NUMBERS, st.sampled_from(COMPARATORS), st.sampled_from(["亿元", "家", "万辆", "%", ""]))
def test_a_number_comes_back_digit_by_digit(value: Decimal, how: str, unit: str) -> None:
    """What is written in plain digits is read exactly, with its comparator and unit."""
    found = read(f"{how}{plain(value)}{unit}")

    assert (found.comparator, found.value, found.unit) == (how, value, unit)
    assert exact(plain(value)) == value
    assert exact(f"{value:,f}") == value


@given(st.text(max_size=40))
def test_any_text_is_a_quantity_or_is_refused(text: str) -> None:
    """Nothing but `BadFact` comes of what is no number."""
    said = "value: "
    for reader in (read, exact):
        try:
            reader(text)
        except BadFact as error:
            said = str(error)
        assert said.startswith("value: ")


@pytest.mark.parametrize("text", ["1" * (LONGEST + 1), "1/0", "NaN", "1e5", "Infinity", "12,34"])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    """Exponents, infinities and commas in the wrong place are nothing that statistics write."""
    with pytest.raises(BadFact):
        exact(text)


@pytest.mark.parametrize(
    ("value", "unit", "to", "gives"),
    [
        ("0.1", "亿元", "CNY", "10000000"),
        ("25", "亿瓦时", "GWh", "2.5"),
        ("25", "Gwh", "GWh", "25"),
        ("3289", "万千瓦时/年", "kWh/year", "32890000"),
        ("50", "万元/亩", "CNY/mu", "500000"),
        ("2", "平方公里", "mu", "3000"),
        ("1", "亩", "m2", "666.666666666667"),
        ("35.6", "万个", "device", "356000"),
        ("20", "万", "entity", "200000"),
        ("5", "%", "pct", "5"),
        ("0.25", "ratio", "pct", "25"),
    ],
)
def test_units_are_converted_without_rounding(value: str, unit: str, to: str, gives: str) -> None:
    """By a table; what decimals cannot say is cut to twelve digits after the point."""
    assert units().convert(Decimal(value), unit, to) == Decimal(gives)


@pytest.mark.parametrize(("unit", "to"), [("亩", "CNY"), ("%", "pp"), ("年", "month"), ("斤", "t")])
def test_what_does_not_measure_the_same_is_refused(unit: str, to: str) -> None:
    """Per cent are not percentage points; a unit in no table is named."""
    with pytest.raises(BadFact, match=r"^unit: "):
        units().convert(Decimal(1), unit, to)


@given(NUMBERS, st.sampled_from(["m2", "km2", "ha"]), st.sampled_from(["m2", "km2", "ha"]))
def test_there_and_back_is_the_same(value: Decimal, one: str, other: str) -> None:
    """Among units that decimals can turn into each other nothing is lost."""
    table = units()
    assert table.convert(table.convert(value, one, other), other, one) == value


@given(st.fractions())
def test_a_fraction_becomes_the_nearest_decimal(ratio: Fraction) -> None:
    """Exactly if it has an end, else within half of the last digit kept."""
    assert abs(Fraction(decimal(ratio)) - ratio) <= Fraction(1, 2 * 10**12)
