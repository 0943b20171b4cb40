"""The options of the controller families, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import ClassVar, TypeVar

from certify.controllers.option_values import READERS, advice
from certify.errors import ProblemError
from certify.expression import Node
from certify.problem import Interval, Problem

__all__ = [
    "LqrOptions",
    "NeuralOptions",
    "PolicyOptions",
    "PolynomialOptions",
    "QuadraticOptions",
    "TreeOptions",
    "read_options",
]


@dataclass(frozen=True)
class LqrOptions:
    """Saturation, equilibrium input and weights of the quadratic regulator.

    In a problem file those in ``[controller] train`` and in the property's ``train`` are one
    set; they reach a trainer with the former under the key ``controller``.

    ``reads`` has expressions of the states for every input, which it is a function of; without it
    all inputs read all states.  ``limits`` is the interval to which an input is clipped (absent:
    not clipped);
    ``u_equilibrium`` the input that holds the equilibrium (default 0).  The cost is
    ``sum w_i (x_i - x*_i)**2 + sum w_j (u_j - u*_j)**2``; by default ``w_i = 1 / h_i**2``
    with half the width of the domain, and ``w_j`` likewise with half the limits, or 1.
    ``samples`` is the number of states at which the level is looked for.
    """

    family: ClassVar[str] = "lqr"
    reads: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    limits: Mapping[str, Interval] = field(default_factory=dict)
    u_equilibrium: Mapping[str, Fraction] = field(default_factory=dict)
    state_weights: Mapping[str, Fraction] = field(default_factory=dict)
    input_weights: Mapping[str, Fraction] = field(default_factory=dict)
    samples: int = 200_000


@dataclass(frozen=True)
class PolynomialOptions(LqrOptions):
    """Effort for a polynomial V of the regulator: its ``degree``, and at most so many ``rounds`` of
    linear programs over three times as many states as ``points``.
    """

    family: ClassVar[str] = "polynomial"
    degree: int = 6
    rounds: int = 40
    points: int = 10_000


@dataclass(frozen=True)
class PolicyOptions(LqrOptions):
    """Size of a policy, and the effort of its training through roll-outs.

    ``hidden`` ReLU units; ``policy_steps`` updates through roll-outs of ``horizon`` steps, from
    half of ``batch`` states.  Roll-outs four times as long from ``judged`` states tell which
    policy is the best.  ``leak`` is the slope that gradients see where an input is at a limit, so
    that it can leave it again.  ``period`` is the time that a step of a roll-out takes, in
    continuous time; it is the unit of time of ``margin`` there too.
    """

    hidden: int = 8
    policy_steps: int = 60
    horizon: int = 60
    batch: int = 1024
    judged: int = 2048
    leak: Fraction = Fraction(0)
    period: Fraction = Fraction(1, 20)


@dataclass(frozen=True)
class NeuralOptions(PolicyOptions):
    """Effort for a neural Lyapunov function.

    V has the ``form`` "squares", "absolute" or "convex" (``form_*.py``), with ``features`` units in
    each of its hidden ``layers``, tanh in the first form and ReLU in the others.  After the
    policy's own training come ``value_steps`` updates of V alone, towards what its roll-outs cost,
    and ``rounds`` of ``steps`` updates of both functions on ``batch`` states, with counterexamples
    added between rounds.  So is what a search for a proof leaves open after ``boxes`` boxes (0: no
    search): there the bounds themselves are trained (``box_bounds.py``), not samples.

    Samples come from the ``first`` part of the domain at first, which grows by the factor
    ``growth`` whenever at most one in a hundred of them fails.
    ``margin`` is the decrease asked for beyond the decay, relative to V; ``penalty`` weighs
    violations against volume, from the part ``penalty_start`` of it on.  In the part ``settle`` of
    the updates, the last ones, volume does not count.  So many states as ``near`` are kept under
    attack at distances of any size from the equilibrium, by steps in proportion to them; the
    linear loop there is judged too, later.
    """

    family: ClassVar[str] = "neural"
    form: str = "squares"
    features: int = 8
    layers: int = 1
    value_steps: int = 0
    rounds: int = 3
    steps: int = 1000
    boxes: int = 0
    first: Fraction = Fraction(1)
    growth: Fraction = Fraction(5, 4)
    margin: Fraction = Fraction(1, 50)
    penalty: Fraction = Fraction(200)
    penalty_start: Fraction = Fraction(1)
    settle: Fraction = Fraction(0)
    near: int = 0


@dataclass(frozen=True)
class QuadraticOptions(PolicyOptions):
    """Effort for a quadratic Lyapunov function, which is that of the linear loop at first.

    ``rounds`` of ``steps`` updates of policy and function on ``batch`` states follow, none by
    default: then V is a small core, for an extension to grow from.  ``margin`` is the decrease
    asked for beyond the decay, relative to that of the linear loop; ``penalty`` weighs violations
    against the logarithm of the volume.

    From the ``start`` "ellipsoid" instead of the "regulator" the policy is at first the linear
    feedback that makes the largest ellipsoid invariant, and without steps of the policy alone V
    is that ellipsoid.  ``reach`` is how far the trained ellipsoid may go in a state, in multiples
    of the distance to the face; without it faces may cut off any part.  ``start_reach`` is that of
    the first ellipsoid, where it is another.  ``share`` is what part of the level without sampled
    failure is suggested.  ``outreach`` weighs the part of roll-outs that
    come to the ellipsoid within ``horizon`` steps against the logarithm of the volume.

    In the first ``tied`` rounds V has a policy of its own, down its steepest descent within the
    limits, which asks for ``steepness`` times half the range of the inputs on the ellipsoid; only
    what else the policy is made of is trained then.

    ``kept`` are the parameters of the "largest" ellipsoid of the reports, or the "last", to which
    more may come than to a larger one.  Next states stay off the faces by ``face_margin``, in what
    a step goes on average; ``face_weight`` weighs that against growth of V.
    """

    family: ClassVar[str] = "quadratic"
    leak: Fraction = Fraction(1, 5)
    rounds: int = 0
    steps: int = 1000
    margin: Fraction = Fraction(1, 20)
    penalty: Fraction = Fraction(100)
    start: str = "regulator"
    reach: Mapping[str, Fraction] = field(default_factory=dict)
    start_reach: Mapping[str, Fraction] = field(default_factory=dict)
    share: Fraction = Fraction(1)
    kept: str = "largest"
    outreach: Fraction = Fraction(0)
    face_margin: Fraction = Fraction(1, 25)
    face_weight: Fraction = Fraction(5)
    tied: int = 0
    steepness: Fraction = Fraction(10)


@dataclass(frozen=True)
class TreeOptions(LqrOptions):
    """How a tree is extracted from the regulator, or from the controller given.

    ``leaves`` is its largest size; ``rounds`` of aggregation follow the first fit, each with
    ``rows`` labelled states at most; ``noise`` is added to the first states, in deviations.
    """

    family: ClassVar[str] = "tree"
    leaves: int = 64
    rounds: int = 4
    rows: int = 4000
    noise: Fraction = Fraction(1, 10)


Options = TypeVar("Options", bound=LqrOptions)


def read_options(kind: type[Options], options: Mapping[str, object], problem: Problem) -> Options:
    """``options`` as ``kind``; an unknown key or a value of the wrong kind is a ProblemError."""
    known = [f.name for f in fields(kind)]
    values: dict[str, object] = {}
    for key, value in _merged(kind, options).items():
        if key not in known:
            raise ProblemError(f"training option {key!r} is not known; {advice(key, known)}")
        values[key] = READERS[key](f"training option {key!r}", value, problem)
    return kind(**values)  # type: ignore[arg-type]  # every value was read for its field


def _merged(kind: type[LqrOptions], options: Mapping[str, object]) -> dict[str, object]:
    """The options with those of the controller's own table beside the others."""
    merged = {key: value for key, value in options.items() if key != "controller"}
    own = options.get("controller", {})
    if not isinstance(own, Mapping):
        raise ProblemError("training option 'controller': write a table")
    if own.get("family", kind.family) != kind.family:
        other = own["family"]
        message = f"the controller cannot be of family {other!r} with a certificate of family"
        raise ProblemError(f"{message} {kind.family!r}; write the same for both")
    for key, value in own.items():
        if key in merged:
            raise ProblemError(f"training option {key!r} is given twice; delete one of them")
        if key != "family":
            merged[key] = value
    return merged
