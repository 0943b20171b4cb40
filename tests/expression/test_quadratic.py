"""Quadratic forms as sums of squares: the same function, exactly."""

from fractions import Fraction

import pytest

from certify.expression import var
from certify.expression.quadratic import quadratic_form
from certify.proofs.checker.calculus import substitute
from certify.proofs.checker.language import const, topological

NAMES = "abcde"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("definite", [True, False])
def test_the_form_is_exactly_the_matrix(n: int, definite: bool) -> None:
    rows = [[Fraction(1, 1 + i + j) for j in range(n)] for i in range(n)]  # Hilbert: definite
    if not definite:
        rows[-1][-1] -= 2
    form = quadratic_form(rows, [var(x) for x in NAMES[:n]])
    point = [Fraction(k * k - 3, 7 + k) for k in range(n)]
    value = substitute(form, {x: const(p) for x, p in zip(NAMES, point, strict=False)})
    exact = sum(rows[i][j] * point[i] * point[j] for i in range(n) for j in range(n))
    assert value.value == exact
    products = [m for m in topological([form]) if m.op == "mul" and m.args[0].op != "const"]
    assert not (definite and products), "a definite form has squares only"
