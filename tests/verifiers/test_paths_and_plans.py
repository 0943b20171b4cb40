"""Paths that the native engine follows are those of its trees; what plans share and cost."""

from __future__ import annotations

import os
import time
from fractions import Fraction

import numpy as np
import pytest

from certify.expression import Node, relu, sin, var
from certify.proofs.checker.obligations import Any, Atom, Obligation
from certify.verifiers import native, planning
from certify.verifiers.budget import Budget
from certify.verifiers.interface import Options
from certify.verifiers.native import NativeEngine
from certify.verifiers.paths import followed
from certify.verifiers.planning import estimate, plans
from certify.verifiers.search import ObligationSearch

NO_COMPILER = not native.available() and "CI" not in os.environ
needs_native = pytest.mark.skipif(NO_COMPILER, reason="the native engine was not built")

X, Y = var("x"), var("y")
LOW, HIGH = np.array([-2.0, -3.0]), np.array([2.0, 3.0])
DEGREES = (0, 1, 2)


def bowl(offset: float, name: str = "bowl") -> Obligation:
    """True, and not at once: a kinked bowl outside of a disc, which has no plateau."""
    value = X**2 + Y**2 / 2 + 0.3 * relu(X - Y) * sin(3 * Y) - Fraction(offset)
    box = {"x": (Fraction(-2), Fraction(2)), "y": (Fraction(-3), Fraction(3))}
    guard: Node = Fraction(1, 2) - X**2 - Y**2
    return Obligation(name, "", box, Any((Atom(">", guard), Atom(">", value))))


@needs_native
@pytest.mark.parametrize("count", [1, 7, 8, 21])
def test_points_are_followed_along_the_tree_that_grows(count: int) -> None:
    engine = NativeEngine(bowl(0.01))
    points = np.random.default_rng(count).uniform(LOW, HIGH, (count, 2))
    one_by_one = followed(engine, LOW, HIGH, points, DEGREES, 60)
    together = engine.follow(LOW, HIGH, points, DEGREES, 60)
    assert together.nodes == one_by_one.nodes > count
    assert together.capped == one_by_one.capped is False
    # boxes that share an evaluation pay for what any of them needs
    assert one_by_one.work <= together.work * (1 + 1e-12)
    assert together.work < 20 * one_by_one.work


@needs_native
def test_one_point_costs_what_its_boxes_cost() -> None:
    engine = NativeEngine(bowl(0.01))
    for point in np.random.default_rng(0).uniform(LOW, HIGH, (20, 1, 2)):
        alone = followed(engine, LOW, HIGH, point, DEGREES, 60)
        assert engine.follow(LOW, HIGH, point, DEGREES, 60) == alone


@needs_native
def test_paths_end_at_the_depth_that_is_allowed() -> None:
    engine = NativeEngine(bowl(5.0))  # false, so that there is no leaf around some points
    points = np.array([[0.8, 0.1]])
    deep = engine.follow(LOW, HIGH, points, DEGREES, 12)
    assert deep.capped
    assert deep.nodes == 2.0**12 - 1
    assert followed(engine, LOW, HIGH, points, DEGREES, 12).capped


@needs_native
def test_the_wrong_number_of_coordinates_is_refused() -> None:
    with pytest.raises(ValueError, match="points"):
        NativeEngine(bowl(0.01)).follow(LOW, HIGH, np.zeros((3, 5)), DEGREES, 12)


@needs_native
def test_a_formula_is_compiled_once_for_every_box() -> None:
    first = bowl(0.01)
    smaller = Obligation("half", "", {**first.box, "x": (Fraction(0), Fraction(1))}, first.formula)
    one, two = NativeEngine(first), NativeEngine(smaller)
    assert one._problem is two._problem
    assert one._problem is not NativeEngine(bowl(0.02))._problem


def test_plans_are_in_the_order_of_the_obligations_and_about_them() -> None:
    wanted = [bowl(0.0, "a"), bowl(0.01, "b"), bowl(0.02, "c")]
    found = plans(wanted, Budget(Options()))
    assert [s.obligation for s in found] == wanted
    for search in found:
        whole = ObligationSearch(search.obligation, search.coordinates, search.degrees)
        search.grow(1 << 16)
        whole.grow(1 << 16)
        assert not search.is_open
        assert search.tree == whole.tree  # what a plan has grown is a part of the tree


@needs_native
def test_plans_are_compared_where_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(planning, "estimate", lambda *a: compared.append(a) or estimate(*a))
    (alone,) = plans([bowl(0.0)], Budget(Options()))
    assert not compared
    for name, value in {"_GLANCE": 4, "_FEW": 4, "_TURN": 4, "_LARGE": 1}.items():
        monkeypatch.setattr(planning, name, value)
    (chosen,) = plans([bowl(0.0)], Budget(Options()))
    assert len({(s.coordinates, s.degrees) for s, _ in compared}) > 3
    for search in (alone, chosen):
        search.grow(1 << 16)
        assert not search.is_open


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_time_is_charged_to_the_innermost_account_alone() -> None:
    budget = Budget(Options())
    with budget.account("search"):
        burn(0.05)
        with budget.account("derive"):
            burn(0.2)
        burn(0.05)
    burn(0.2)
    spent = budget.accounts
    assert 0.1 <= spent["search"] < 0.2
    assert 0.2 <= spent["derive"] < 0.3
    assert spent["check"] == 0
    assert sum(spent.values()) < budget.cpu_seconds() - 0.15
