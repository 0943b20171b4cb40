"""Units multiply, and disagreeing declared units are found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.errors import ProblemError
from certify.expression import var
from certify.expression.parser import parse
from certify.io.units import parse_unit, unit_of

UNITS = {
    "x": parse_unit("m"),
    "v": parse_unit("m/s"),
    "a": parse_unit("rad"),
    "w": parse_unit("rad/s"),
    "t": parse_unit("s"),
    "f": parse_unit("N"),
}
NAMES = {n: var(n) for n in [*UNITS, "unknown"]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("m", "m"),
        ("1", "1"),
        ("m/s**2", "m/s**2"),
        ("m/s^2", "m/s**2"),
        ("rad/s", "rad/s"),
        ("N*m", "m**2*kg/s**2"),
        ("Hz", "1/s"),
        ("N*m*s/rad", "m**2*kg/s/rad"),
        ("1/s", "1/s"),
        ("m**-1", "1/m"),
    ],
)
def test_parse(text: str, shown: str) -> None:
    assert str(parse_unit(text)) == shown


def test_derived_units_agree() -> None:
    for left, right in [("J", "N*m"), ("W", "V*A"), ("Hz", "1/s"), ("N*m/rad", "J"), ("rad", "1")]:
        assert parse_unit(left).agrees(parse_unit(right))
    assert not parse_unit("J").agrees(parse_unit("W"))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("deg", "write rad"),
        ("rpm", "write rad/s"),
        ("km/s", "write m"),
        ("g", "write kg"),
        ("furlong", "write products and powers of m, kg, s"),
        ("", "not a unit"),
        ("m/", "not a unit"),
        ("m s", "not a unit"),
        ("m**x", "small integer"),
        ("m**999", "small integer"),
        ("m**", "small integer"),
        ("2*m", "not a unit here"),
        ("µm", "not a unit"),
        ("m*" * 500 + "m", "not a unit"),
    ],
)
def test_refused(text: str, advice: str) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_unit(text)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("x + t*v", "m"),
        ("v**2/x", "m/s**2"),
        ("sqrt(x**2)", "m"),
        ("1/t", "1/s"),
        ("abs(-x)", "m"),
        ("clip(x, -6, 6)", "m"),
        ("max(x, v*t)", "m"),
        ("sin(a) + cos(x/x)", "1"),
        ("1 - a", "rad"),
        ("a*t + w*t**2", "s*rad"),
        ("x + unknown*v", "m"),
        ("exp(-t*w)", "1"),
    ],
)
def test_unit_of(text: str, unit: str) -> None:
    assert str(unit_of(parse(text, NAMES, {}), UNITS)) == unit


@pytest.mark.parametrize("text", ["unknown*x", "2*x", "unknown + 1", "sin(a)*unknown"])
def test_what_has_no_unit_goes_with_everything(text: str) -> None:
    assert unit_of(parse(text, NAMES, {}), UNITS) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x + w", "adds x in m and w in rad/s"),
        ("x - t", "subtracts x in m and t in s"),
        ("max(x, v)", "compares x in m and v in m/s"),
        ("sin(x)", "sin of x in m, which is not a pure number"),
        ("exp(f*x)", "exp of f*x in m**2*kg/s**2"),
        ("unknown + x + v", "adds unknown + x in m and v in m/s"),
    ],
)
def test_mismatch(text: str, message: str) -> None:
    with pytest.raises(ProblemError) as caught:
        unit_of(parse(text, NAMES, {}), UNITS)
    assert message in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="mskgNradHz*/^().1234- é", max_size=20))
def test_any_text_is_a_unit_or_an_error(text: str) -> None:
    try:
        unit = parse_unit(text)
    except ProblemError:
        return
    assert parse_unit(str(unit)) == unit
