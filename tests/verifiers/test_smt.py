"""What Z3 is asked is what the language means."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction as Q

import pytest

from certify.errors import UnsupportedError
from certify.expression import (
    Node,
    absolute,
    affine,
    as_node,
    const,
    index,
    maximum,
    recip,
    relu,
    select,
    sin,
    stack,
    tanh,
    var,
)
from certify.outcome import Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import build, increment, step
from certify.proofs.checker.obligations import All, Atom, Obligation
from certify.verifiers import smt
from certify.verifiers.interface import Options
from certify.verifiers.smt import Z3Verifier

X, Y = var("x"), var("y")
Z3 = Z3Verifier()


def verdict(
    e: Node, lower: Q | int, upper: Q | int, low: Q | int = -1, high: Q | int = 1
) -> Verdict:
    box = {x: (Q(low), Q(high)) for x in ("x", "y")}
    return Z3.verify(bounds(e, lower, upper, box), Options(timeout=20)).verdict


def bounds(e: Node, lower: Q | int, upper: Q | int, box: dict[str, tuple[Q, Q]]) -> Claim:
    numbers = {"lower": Q(lower), "upper": Q(upper)}
    return Claim(
        "T-OUT", "bounds", "discrete", ("x", "y"), (), (), box, {}, {}, {"output": e}, numbers
    )


VECTOR = affine([[1, -2], [Q(1, 3), 4], [0, 0]], [Q(1, 7), 2, -1], stack([X, Y]))
OPERATORS: dict[str, tuple[Node, Callable[[Q, Q], Q]]] = {
    "arithmetic": (
        (X + Y) * (X - const(Q(1, 3))) - -Y,
        lambda x, y: (x + y) * (x - Q(1, 3)) + y,
    ),
    "power": (X**5 + Y**2 + (X - Y) ** 11, lambda x, y: x**5 + y**2 + (x - y) ** 11),
    "quotient": (recip(X + 3) * Y, lambda x, y: y / (x + 3)),
    "kinks": (
        maximum(absolute(X), relu(-Y)) - relu(X) + absolute(Y - 2),
        lambda x, y: max(abs(x), -y, Q(0)) - max(x, Q(0)) + abs(y - 2),
    ),
    "branches": (
        select(X - Y, X, select(Y, Y * 2, const(5))),
        lambda x, y: x if x > y else 2 * y if y > 0 else Q(5),
    ),
    "vectors": (
        index(relu(VECTOR) * VECTOR - VECTOR, 1) + index(recip(VECTOR), 2),
        lambda x, y: _rectified_square(x / 3 + 4 * y + 2) - (x / 3 + 4 * y + 2) - 1,
    ),
}


def _rectified_square(a: Q) -> Q:
    return max(a, Q(0)) * a


@pytest.mark.parametrize("name", OPERATORS)
def test_values_at_points_are_exact(name: str) -> None:
    e, exact = OPERATORS[name]
    for x, y in ((Q(1, 3), Q(-2, 7)), (Q(0), Q(0)), (Q(-1), Q(1)), (Q(5, 11), Q(5, 11))):
        box, known = {"x": (x, x), "y": (y, y)}, exact(x, y)
        right = bounds(e, known, known, box)
        wrong = bounds(e, known + Q(1, 10**12), known + 1, box)
        assert Z3.verify(right, Options(timeout=20)).verdict is Verdict.PROVED
        assert Z3.verify(wrong, Options(timeout=20)).verdict is Verdict.REFUTED


@pytest.mark.parametrize(("name", "power"), [("relu", 0), ("abs", 0), ("recip", 0), ("pow", 3)])
def test_increments_are_differences_of_two_values(name: str, power: int) -> None:
    from certify.verifiers.smt_encode import Encoder

    def g(a: Node) -> Node:
        return build(name, (a,), power or None)

    step, box = increment(name, power, X + 3, Y), {"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}
    gap = step - (g(X + 3 + Y) - g(X + 3))
    for formula, holds in (
        (All((Atom(">=", gap), Atom(">=", -gap))), True),
        (Atom(">=", gap - const(Q(1, 10**9))), False),
    ):
        encoder = Encoder(Obligation("step", "", box, formula))
        assert encoder.solve(strict=False, seconds=20, seed=0).is_none is holds


def test_a_stated_step_is_refused() -> None:
    """Only derivatives have steps; the conformance suite has kinked functions in flows."""
    with pytest.raises(UnsupportedError, match="step is a derivative"):
        verdict(step(X), 0, 1)


def test_an_expression_without_a_value_satisfies_nothing() -> None:
    assert verdict(recip(X) * X, 1, 1) is not Verdict.PROVED
    assert verdict(recip(X) * X, 1, 1, Q(1, 10), 1) is Verdict.PROVED
    assert verdict(as_node(0) * recip(X), 0, 0) is not Verdict.PROVED
    assert verdict(index(relu(stack([recip(X), Y])), 1), -1, 1) is Verdict.PROVED
    assert verdict(index(recip(stack([X, Y + 2])), 1), 0, 1) is Verdict.PROVED
    assert verdict(index(recip(stack([X, Y + 2])), 0), -(10**9), 10**9) is not Verdict.PROVED
    assert (
        verdict(index(affine([[0, 1]], None, stack([recip(X), Y])), 0), -1, 1) is not Verdict.PROVED
    )


def test_only_the_chosen_branch_has_to_have_a_value() -> None:
    assert verdict(select(X, recip(X), const(1)), 1, 10**9, -1, 1) is not Verdict.PROVED
    assert verdict(select(Y - X - 5, recip(X), X), -1, 1) is Verdict.PROVED
    assert verdict(select(absolute(X), recip(absolute(X)), const(1)), 1, 10**9) is Verdict.REFUTED
    assert verdict(select(relu(X), X * recip(X), const(1)), 1, 1) is Verdict.PROVED


def test_a_counterexample_on_an_irrational_set_is_not_claimed() -> None:
    outcome = Z3.verify(
        bounds(
            absolute(X**2 - Q(1, 2)) - Q(1, 10**40), 0, 1, {"x": (Q(-1), Q(1)), "y": (Q(0), Q(0))}
        ),
        Options(timeout=20),
    )
    assert outcome.verdict in (Verdict.REFUTED, Verdict.UNKNOWN)
    assert outcome.verdict is not Verdict.UNKNOWN or "replay" in outcome.advice


def test_what_is_not_exact_is_refused_by_name() -> None:
    box = {"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))}
    for e, op in ((sin(X), "sin"), (tanh(VECTOR)[0], "tanh")):
        claim = bounds(e, -1, 1, box)
        assert op in (Z3.unsupported(claim) or "")
        with pytest.raises(UnsupportedError, match=op):
            Z3.verify(claim, Options())


def test_a_missing_solver_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smt, "find_spec", lambda name: None)
    claim = bounds(X, -1, 1, {"x": (Q(-1), Q(1)), "y": (Q(-1), Q(1))})
    with pytest.raises(UnsupportedError, match=r"certify\[smt\]"):
        Z3.verify(claim, Options())


def test_the_solver_is_imported_only_when_it_is_used() -> None:
    code = (
        "import sys, certify.verifiers.smt, certify.verifiers.registry;"
        "sys.exit('z3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
