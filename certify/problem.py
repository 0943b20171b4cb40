"""What the user states: a plant, a controller, a domain and a property.

All numbers are exact rationals and all functions are expressions over the names of the
states, inputs, disturbances and uncertain parameters.  Parameters with one value and named
intermediates (``[system.let]``) are already substituted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from certify.expression import Node
from certify.proofs.checker.obligations import Atom

__all__ = [
    "Extension",
    "Interval",
    "Output",
    "Problem",
    "Property",
    "Recovery",
    "Rule",
    "Rules",
    "Safety",
    "Stability",
    "System",
    "Training",
]

Interval: TypeAlias = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class System:
    """``x+ = f(x, u, w, p)`` (discrete) or ``dx/dt = f(x, u, w, p)`` (continuous).

    ``dynamics`` maps every state to its next value or derivative; ``parameters`` holds the
    uncertain ones only (constant in time, anywhere in their interval), ``disturbances`` may
    vary in time within their interval of the domain.
    """

    time: Literal["discrete", "continuous"]
    states: tuple[str, ...]
    dynamics: Mapping[str, Node]
    inputs: tuple[str, ...] = ()
    disturbances: tuple[str, ...] = ()
    parameters: Mapping[str, Interval] = field(default_factory=dict)
    step: Fraction | None = None
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """A request to train what is not given; ``options`` belong to the named family."""

    family: str = "neural"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Extension:
    """A request to pave what reaches the level set, in discrete time.

    Trajectories are followed for at most ``steps`` steps at a time, from cells that are the domain
    halved at most ``depth`` times.
    """

    steps: int = 32
    depth: int = 18


@dataclass(frozen=True)
class Stability:
    """Stability of ``equilibrium`` with region of attraction ``{V <= level}``.

    Discrete: ``V(x+) <= (1 - decay) V(x)``; continuous: ``dV/dt <= -decay V``; ``decay = 0``
    means strict decrease.  None asks for the largest level, or for the largest decay.
    ``extend`` asks for more than the level set: for what reaches it within the domain.
    """

    lyapunov: Node | Training
    equilibrium: Mapping[str, Fraction]
    decay: Fraction | None = Fraction(0)
    level: Fraction | None = None
    extend: Extension | None = None


@dataclass(frozen=True)
class Safety:
    """From ``{all initial <= 0}`` the set ``{all unsafe <= 0}`` is never reached.

    ``initial`` and ``unsafe`` each hold at least one expression; a set is the intersection
    of ``expression <= 0``.  ``barrier <= 0`` on the invariant set that proves it.
    """

    initial: tuple[Node, ...]
    unsafe: tuple[Node, ...]
    barrier: Node | Training


@dataclass(frozen=True)
class Recovery:
    """``{all target <= 0}`` is reached, in discrete time, from ``{all initial <= 0}``.

    That takes at most ``steps`` steps (None: as many as are found).  With ``away`` it is out of
    the target for at most so many steps in a row from then on; 0: it is never left.  Without
    ``initial`` the largest set is looked for from which this is so.  Cells are the domain halved at
    most ``depth`` times, followed for at most ``hops`` steps at a time.  ``distribution`` is for
    ``certify chances`` alone: pieces ``(low, high, probability)`` on which a variable is uniform.
    """

    target: tuple[Node, ...]
    initial: tuple[Node, ...] = ()
    steps: Fraction | None = None
    away: Fraction | None = None
    depth: int = 14
    hops: int = 16
    distribution: Mapping[str, tuple[tuple[Fraction, Fraction, Fraction], ...]] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Output:
    """``lower <= expression <= upper`` on the whole domain (either bound may be absent)."""

    expression: Node
    lower: Fraction | None = None
    upper: Fraction | None = None


@dataclass(frozen=True)
class Rule:
    """Where all of ``when`` hold, all of ``then`` do: ``expression > 0`` or ``>= 0`` each."""

    when: tuple[Atom, ...]
    then: tuple[Atom, ...]


@dataclass(frozen=True)
class Rules:
    """Every rule, by name, holds on the whole domain, for what the controller decides there.

    ``decisions`` are those that a repair may take, a value for each input; None: those that the
    tree takes already.
    """

    rules: Mapping[str, Rule]
    decisions: tuple[tuple[Fraction, ...], ...] | None = None


Property: TypeAlias = Stability | Safety | Recovery | Output | Rules


@dataclass(frozen=True)
class Problem:
    """One claim about one closed loop, before it is proved.

    ``controller`` gives every input as an expression over states (and is empty when the
    property asks to train one); ``domain`` bounds every state and disturbance.
    The claim is about ``box`` times the domain, states only, scaled about the equilibrium or
    the middle; None asks for the largest part of the domain for which it can be proved.
    ``sources`` maps each file read to the sha256 of its bytes.
    """

    name: str
    system: System
    controller: Mapping[str, Node]
    domain: Mapping[str, Interval]
    property: Property
    box: Fraction | None = Fraction(1)
    sources: Mapping[str, str] = field(default_factory=dict)
