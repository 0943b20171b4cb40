"""T-STAB: obligations of Lyapunov functions, up to the equilibrium itself.

What exact arithmetic decides, that the equilibrium is one and numbers are in range, is decided
here, by raising TheoremError.  Statements and proofs: ``proofs/theory/T-STAB-D.md`` and
``T-STAB-C.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from .blowup import Ray, vanishes
from .branches import positive_by_branches
from .calculus import directional, is_continuous, substitute
from .cases import Range, decided, with_choices
from .claim import Claim
from .differences import difference
from .errors import LanguageError, TheoremError
from .language import Affine, Node, const, topological, var, variables
from .loops import (
    bounded,
    closed_loop,
    defined,
    faces,
    near,
    nonnegative,
    positive,
    scales,
    stated_loop,
    stays_inside,
)
from .obligations import All, Any, Atom, Formula, Obligation

__all__ = [
    "decrease",
    "has_exact_equilibrium",
    "is_polynomial",
    "is_ray",
    "lyapunov_and_level",
    "stability",
    "with_radius",
]

_RADIUS = "_radius"
_POLYNOMIAL = frozenset({"const", "var", "add", "sub", "mul", "neg", "pow", "stack", "index"})


def stability(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-STAB-D and T-STAB-C, and the core of T-EXT-D."""
    f = closed_loop(claim)
    v, level = lyapunov_and_level(claim, f)
    _is_equilibrium(claim, v)
    falling = decrease(claim, f)
    close = near(claim, {x: radius * s for x, s in scales(claim).items()})
    guard = positive(v - const(level))
    inside = stays_inside(claim, f, v) if claim.time == "discrete" else ()
    proper = Any((close, All((positive(v), positive_by_branches(falling)))))
    # in continuous time a defined derivative makes V locally Lipschitz, at x* too
    smooth = (falling,) if claim.time == "continuous" else ()
    body = All((*defined(v, *f.values(), *smooth), *inside, proper))
    text = "where V <= level: V is positive and decreases" + (
        ", and the next state is in the domain" if inside else ""
    )
    descent = Obligation("descent", text, bounded(claim), Any((guard, body)))
    inward = faces(claim, f, guard) if claim.time == "continuous" else []
    rays = _along_rays(claim, radius, v, falling) if radius else []
    return [descent, *inward, *rays]


def decrease(claim: Claim, loop: Mapping[str, Node] | None = None) -> Node:
    """What must be positive: how much V falls in a step, or its rate, beyond the decay.

    ``loop`` is the :func:`closed_loop` of ``claim``, where that is at hand.
    """
    f = closed_loop(claim) if loop is None else loop
    v, decay = lyapunov_and_level(claim, f)[0], claim.numbers["decay"]
    if claim.time == "continuous":
        change = directional(v, f)
    elif is_polynomial(v):
        # models of degree 2 keep what cancels between two polynomials
        return const(1 - decay) * v - substitute(v, f)
    else:
        change = difference(substitute(v, f), v)
    return -change if decay == 0 else -change - const(decay) * v


def is_polynomial(v: Node) -> bool:
    """Whether ``v`` is a polynomial by its operators alone."""
    return all(n.op in _POLYNOMIAL or isinstance(n.data, Affine) for n in topological([v]))


def lyapunov_and_level(
    claim: Claim, loop: Mapping[str, Node] | None = None
) -> tuple[Node, Fraction]:
    """V and the level of its set; a TheoremError if V, the numbers or the loop do not fit.

    ``loop`` is as in :func:`decrease`.
    """
    v = claim.functions["lyapunov"]
    level, decay = claim.numbers["level"], claim.numbers["decay"]
    if set(variables([v])) - set(claim.states):
        raise TheoremError("the Lyapunov function depends on more than the state")
    if not is_continuous(v):
        raise TheoremError("the Lyapunov function is not continuous")
    if level <= 0:
        raise TheoremError("the level is not positive")
    if decay < 0 or (decay >= 1 and claim.time == "discrete"):
        raise TheoremError("the decay is out of range")
    f = closed_loop(claim) if loop is None else loop
    continuous = all(is_continuous(e) for e in f.values())
    if not continuous and claim.time == "continuous":
        raise TheoremError("the right-hand side is not continuous in the state")
    if not continuous and decay == 0:
        raise TheoremError("the closed loop is not continuous: state a positive decay rate")
    return v, level


def has_exact_equilibrium(claim: Claim) -> bool:
    """Whether exact arithmetic shows that the equilibrium is one, for all parameters."""
    return not _moving_states(claim)


def _moving_states(claim: Claim) -> list[str]:
    """The states whose equation does not structurally hold at the equilibrium."""
    ray = Ray(claim.equilibrium, scales(claim), {x: const(1) for x in claim.states}, _RADIUS)
    moving = []
    for x, f in stated_loop(claim).items():
        rest = const(claim.equilibrium[x]) if claim.time == "discrete" else const(0)
        try:
            still = vanishes(ray.centre[f] - rest)
        except LanguageError:
            still = False
        if not still:
            moving.append(x)
    return moving


def _is_equilibrium(claim: Claim, v: Node) -> None:
    """Exact arithmetic: the equilibrium is one for all parameters, and V is 0 there."""
    if moving := _moving_states(claim):
        raise TheoremError(f"the equilibrium is not exactly one: see {', '.join(moving)}")
    ray = Ray(claim.equilibrium, scales(claim), {x: const(1) for x in claim.states}, _RADIUS)
    if not ray.starts_at_zero(v):
        raise TheoremError("the Lyapunov function is not exactly 0 at the equilibrium")


def _at_rest(claim: Claim) -> tuple[Claim, tuple[Atom, ...]]:
    """The loop as its trees decide at the equilibrium, and where they decide so."""
    if claim.time != "discrete":
        return claim, ()
    box = {x: Range(*ends) for x, ends in bounded(claim).items()}
    box |= {x: Range(c, c) for x, c in claim.equilibrium.items()}
    loop = stated_loop(claim)
    leaves, conditions = decided(tuple(loop.values()), box)
    if not leaves:
        return claim, ()
    here = {x: with_choices(f, leaves) for x, f in loop.items()}
    there = dict.fromkeys(positive(e) if strict else nonnegative(e) for e, strict in conditions)
    return replace(claim, plant=here, controller={}), tuple(there)


def _along_rays(claim: Claim, radius: Fraction, v: Node, falling: Node) -> list[Obligation]:
    """Positivity off the equilibrium inside the cube of size ``radius``, with no hole."""
    result = []
    local, conditions = _at_rest(claim)
    if conditions:
        falling = decrease(local)
    point, size = tuple(claim.equilibrium.items()), tuple(scales(claim).items())
    for (face, sign), formula in _on_faces(point, size, v, falling, conditions).items():
        box = {_RADIUS: (Fraction(0), radius)}
        box |= {f"_d_{x}": (Fraction(-1), Fraction(1)) for x in claim.states if x != face}
        box |= {x: claim.box[x] for x in (*claim.parameters, *claim.disturbances)}
        name = f"ray/{face}{'+' if sign > 0 else '-'}"
        text = f"V and its decrease are positive near the equilibrium, towards {name[4:]}"
        result.append(Obligation(name, text, box, formula))
    return result


@lru_cache(maxsize=8)
def _on_faces(
    equilibrium: tuple[tuple[str, Fraction], ...],
    size: tuple[tuple[str, Fraction], ...],
    v: Node,
    falling: Node,
    conditions: tuple[Atom, ...],
) -> dict[tuple[str, int], Formula]:
    """The quotients along the rays to each face of the cube; remembered, as they are dear.

    They are those of the loop where the ``conditions`` hold, which is to be shown too.
    """
    states = [x for x, _ in equilibrium]
    result: dict[tuple[str, int], Formula] = {}
    ray: Ray | None = None
    for face in states:
        for sign in (1, -1):
            direction = {x: const(sign) if x == face else var(f"_d_{x}") for x in states}
            ray = Ray(dict(equilibrium), dict(size), direction, _RADIUS, ray)
            parts = (positive(ray.quotient(e, ray.order(e))) for e in (v, falling))
            moved = {
                x: const(c) + const(s) * var(_RADIUS) * direction[x]
                for (x, c), (_, s) in zip(equilibrium, size, strict=True)
            }
            there = (Atom(a.relation, substitute(a.node, moved)) for a in conditions)
            result[face, sign] = All((*there, *parts))
    return result


def is_ray(obligation: Obligation) -> bool:
    """Whether ``obligation`` is one of those near the equilibrium."""
    return _RADIUS in obligation.box


def with_radius(ray: Obligation, radius: Fraction) -> Obligation:
    """The obligation ``ray`` for another radius; it differs in its box alone."""
    return replace(ray, box={**ray.box, _RADIUS: (Fraction(0), radius)})
