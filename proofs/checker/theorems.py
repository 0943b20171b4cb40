"""The theorems: which obligations imply which claim.

One function for each theorem id, from a claim to its obligations; the statements and proofs
are in ``proofs/theory/<id>.md``.  What can be decided by exact arithmetic alone (that the
equilibrium is one, that numbers are in range) is decided here, by raising TheoremError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from .blowup import Ray, vanishes
from .calculus import directional, is_continuous, substitute
from .claim import Claim, Interval
from .differences import difference, rewritten
from .errors import LanguageError, TheoremError
from .language import Affine, Node, absolute, const, topological, var, variables
from .obligations import All, Any, Atom, Formula, Obligation
from .statements import (
    BOUNDED,
    CONTINUOUS,
    DISCRETE,
    EXACT,
    EXTENDED,
    MODEL,
    RESIDUAL,
    SAFE,
    STABLE,
)
from .sums import normalised

__all__ = [
    "THEOREMS",
    "Theorem",
    "applicable",
    "closed_loop",
    "decrease",
    "has_exact_equilibrium",
    "is_polynomial",
    "is_ray",
    "obligations",
    "scales",
    "violation",
    "with_radius",
]

_RADIUS = "_radius"
# multipliers theta of f - theta x, with which a step is shown to stay below a limit
_PULLS = (Fraction(0), Fraction(1), Fraction(1, 2), Fraction(4, 5), Fraction(19, 20))
_POLYNOMIAL = frozenset({"const", "var", "add", "sub", "mul", "neg", "pow", "stack", "index"})


@dataclass(frozen=True)
class Theorem:
    """A theorem id with its conclusion in words, its assumptions and its derivation."""

    id: str
    time: str
    conclusion: str
    assumptions: tuple[str, ...]
    functions: frozenset[str]
    numbers: frozenset[str]
    derive: Callable[[Claim, Fraction], list[Obligation]]
    has_radius: bool = False
    has_level: bool = False

    @property
    def has_paving(self) -> bool:
        """Whether a proof has a paving besides its trees."""
        return "volume" in self.numbers


def obligations(claim: Claim, radius: Fraction | None) -> list[Obligation]:
    """The obligations that imply ``claim``.

    ``radius`` is the proof's own choice of the size of the cube around the equilibrium
    that is treated along rays (in units of :func:`scales`), for the theorems that have one.
    """
    theorem = applicable(claim)
    if theorem.has_radius != (radius is not None):
        raise TheoremError(f"{theorem.id} {'needs' if theorem.has_radius else 'has no'} radius")
    if radius is not None and not 0 < radius <= 1:
        raise TheoremError("the radius is not in (0, 1]")
    return _derived(theorem, claim, Fraction(0) if radius is None else radius)


def violation(claim: Claim) -> list[Obligation]:
    """The obligations that must hold for the conditions of the theorem to hold at all.

    They have no proof-specific radius; a point where one is false refutes the conditions.
    """
    return _derived(applicable(claim), claim, Fraction(0))


def _derived(theorem: Theorem, claim: Claim, radius: Fraction) -> list[Obligation]:
    try:
        return theorem.derive(claim, radius)
    except LanguageError as error:
        raise TheoremError(f"{theorem.id} does not apply: {error}") from error


def applicable(claim: Claim) -> Theorem:
    """The theorem of ``claim``, if the claim has exactly the parts that it speaks of."""
    theorem = THEOREMS.get(claim.theorem)
    if theorem is None:
        raise TheoremError(f"there is no theorem {claim.theorem!r}")
    if theorem.time not in (claim.time, "any"):
        raise TheoremError(f"{theorem.id} is about {theorem.time}-time systems")
    if {_kind(f) for f in claim.functions} != theorem.functions:
        raise TheoremError(f"{theorem.id} needs the functions {sorted(theorem.functions)}")
    given = set(claim.numbers)
    wanted = theorem.numbers | {
        f"residual/{x}" for x in claim.states if "residual" in theorem.numbers
    }
    if given != wanted and not (theorem.time == "any" and given and given < wanted):
        raise TheoremError(f"{theorem.id} needs the numbers {sorted(wanted)}")
    stated = (*claim.plant.values(), *claim.controller.values(), *claim.functions.values())
    if any(node.op == "step" for node in topological(stated)):
        # its values are a matter of choice; along rays two choices can become one
        raise TheoremError("step is a derivative: state a jump with select")
    if theorem.time != "any" and not claim.plant:
        raise TheoremError(f"{theorem.id} needs a plant")
    if theorem.has_level != bool(claim.equilibrium):
        raise TheoremError(f"{theorem.id} {'needs' if theorem.has_level else 'has no'} equilibrium")
    return theorem


def _kind(function: str) -> str:
    """``initial`` and ``unsafe`` are numbered from 0; other functions stand alone."""
    kind, slash, number = function.partition("/")
    numbered = slash and kind in ("initial", "unsafe") and number.isdecimal()
    return kind if numbered else function


def closed_loop(claim: Claim) -> dict[str, Node]:
    """The right-hand side of each state, controller in place and differences explicit.

    It has the values of plant and controller as stated, and is defined where they are.
    """
    return {x: rewritten(f) for x, f in _stated_loop(claim).items()}


def _stated_loop(claim: Claim) -> dict[str, Node]:
    return {x: substitute(claim.plant[x], claim.controller) for x in claim.states if claim.plant}


def scales(claim: Claim) -> dict[str, Fraction]:
    """The distance of the equilibrium from the nearer face of the box, for each state."""
    result = {}
    for x in claim.states:
        low, high = claim.box[x]
        result[x] = min(high - claim.equilibrium[x], claim.equilibrium[x] - low)
        if result[x] <= 0:
            raise TheoremError(f"the equilibrium is not inside the domain in {x}")
    return result


def _variables(claim: Claim, *, disturbed: bool = True) -> dict[str, Interval]:
    names = [*claim.states, *(claim.parameters + claim.disturbances if disturbed else ())]
    return {x: claim.box[x] for x in names}


def _positive(e: Node) -> Atom:
    return Atom(">", e)


def _nonnegative(e: Node) -> Atom:
    return Atom(">=", e)


def _defined(*nodes: Node) -> tuple[Formula, ...]:
    return tuple(Atom("defined", e) for e in nodes)


def _stays_inside(claim: Claim, f: Mapping[str, Node]) -> tuple[Formula, ...]:
    """``f`` maps the point into the box, as a convex combination of ``x`` and a limit does.

    ``f - t x <= (1 - t) high`` implies ``f <= high`` for t in [0, 1], because ``x <= high``.
    """
    parts: list[Formula] = []
    for x, (low, high) in ((x, claim.box[x]) for x in claim.states):
        pulled = [(1 - t, normalised(f[x] - const(t) * var(x))) for t in _PULLS]
        parts.append(Any(tuple(_nonnegative(_gap(rest * high, e)) for rest, e in pulled)))
        parts.append(Any(tuple(_nonnegative(e - const(rest * low)) for rest, e in pulled)))
    return tuple(parts)


def _gap(limit: Fraction, e: Node) -> Node:
    return const(limit) - e if limit else -e


def _faces(claim: Claim, f: Mapping[str, Node], guard: Formula) -> list[Obligation]:
    """On every face the guard holds or the vector field points strictly inward."""
    result = []
    for x in claim.states:
        for sign, value in ((1, claim.box[x][1]), (-1, claim.box[x][0])):
            box = _variables(claim)
            box[x] = (value, value)
            inward = _positive(-f[x] if sign > 0 else f[x])
            name = f"face/{x}{'+' if sign > 0 else '-'}"
            end = "upper" if sign > 0 else "lower"
            text = f"no trajectory of the set leaves the domain through the {end} end of {x}"
            result.append(Obligation(name, text, box, Any((guard, inward))))
    return result


def _lyapunov(claim: Claim) -> tuple[Node, Fraction]:
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
    continuous = all(is_continuous(e) for e in closed_loop(claim).values())
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
    for x, f in _stated_loop(claim).items():
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


def _along_rays(claim: Claim, radius: Fraction, v: Node, falling: Node) -> list[Obligation]:
    """Positivity off the equilibrium inside the cube of size ``radius``, with no hole."""
    result = []
    point, size = tuple(claim.equilibrium.items()), tuple(scales(claim).items())
    for (face, sign), formula in _on_faces(claim.states, point, size, v, falling).items():
        box = {_RADIUS: (Fraction(0), radius)}
        box |= {f"_d_{x}": (Fraction(-1), Fraction(1)) for x in claim.states if x != face}
        box |= {x: claim.box[x] for x in (*claim.parameters, *claim.disturbances)}
        name = f"ray/{face}{'+' if sign > 0 else '-'}"
        text = f"V and its decrease are positive near the equilibrium, towards {name[4:]}"
        result.append(Obligation(name, text, box, formula))
    return result


@lru_cache(maxsize=8)
def _on_faces(
    states: tuple[str, ...],
    equilibrium: tuple[tuple[str, Fraction], ...],
    size: tuple[tuple[str, Fraction], ...],
    v: Node,
    falling: Node,
) -> dict[tuple[str, int], Formula]:
    """The quotients along the rays to each face of the cube; remembered, as they are dear."""
    result: dict[tuple[str, int], Formula] = {}
    ray: Ray | None = None
    for face in states:
        for sign in (1, -1):
            direction = {x: const(sign) if x == face else var(f"_d_{x}") for x in states}
            ray = Ray(dict(equilibrium), dict(size), direction, _RADIUS, ray)
            parts = (_positive(ray.quotient(e, ray.order(e))) for e in (v, falling))
            result[face, sign] = All(tuple(parts))
    return result


def is_ray(obligation: Obligation) -> bool:
    """Whether ``obligation`` is one of those near the equilibrium."""
    return _RADIUS in obligation.box


def with_radius(ray: Obligation, radius: Fraction) -> Obligation:
    """The obligation ``ray`` for another radius; it differs in its box alone."""
    return replace(ray, box={**ray.box, _RADIUS: (Fraction(0), radius)})


def _near(claim: Claim, bounds: Mapping[str, Fraction]) -> Formula:
    offsets = ((x, var(x) - const(claim.equilibrium[x])) for x in claim.states)
    return All(tuple(_nonnegative(bounds[x] - absolute(e)) for x, e in offsets))


def _stability(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-STAB-D and T-STAB-C, and the core of T-EXT-D."""
    v, level = _lyapunov(claim)
    f = closed_loop(claim)
    _is_equilibrium(claim, v)
    falling = decrease(claim)
    near = _near(claim, {x: radius * s for x, s in scales(claim).items()})
    guard = _positive(v - const(level))
    inside = _stays_inside(claim, f) if claim.time == "discrete" else ()
    proper = Any((near, All((_positive(v), _positive(falling)))))
    # in continuous time a defined derivative makes V locally Lipschitz, at x* too
    smooth = (falling,) if claim.time == "continuous" else ()
    body = All((*_defined(v, *f.values(), *smooth), *inside, proper))
    text = "where V <= level: V is positive and decreases" + (
        ", and the next state is in the domain" if inside else ""
    )
    descent = Obligation("descent", text, _variables(claim), Any((guard, body)))
    faces = _faces(claim, f, guard) if claim.time == "continuous" else []
    rays = _along_rays(claim, radius, v, falling) if radius else []
    return [descent, *faces, *rays]


def decrease(claim: Claim) -> Node:
    """What must be positive: how much V falls in a step, or its rate, beyond the decay."""
    v, decay = _lyapunov(claim)[0], claim.numbers["decay"]
    f = closed_loop(claim)
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


def _residual(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-RES-D and T-RES-C."""
    v, level = _lyapunov(claim)
    f = closed_loop(claim)
    scales(claim)
    low = claim.numbers["residual"]
    if not 0 < low < level:
        raise TheoremError("the residual level is not between 0 and the level")
    bounds = {x: claim.numbers[f"residual/{x}"] for x in claim.states}
    if min(bounds.values()) < 0:
        raise TheoremError("a bound of the residual set is negative")
    guard, outside = _positive(v - const(level)), _positive(v - const(low))
    body: list[Formula] = [*_defined(v, *f.values())]
    body.append(Any((_positive(const(low) - v), _positive(decrease(claim)))))
    body.append(Any((outside, _near(claim, bounds))))
    if claim.time == "discrete":
        body += _stays_inside(claim, f)
        body.append(Any((outside, _nonnegative(const(low) - substitute(v, f)))))
    text = "where V <= level: V decreases down to the residual level and stays below it"
    descent = Obligation("descent", text, _variables(claim), Any((guard, All(tuple(body)))))
    point = {x: (claim.equilibrium[x], claim.equilibrium[x]) for x in claim.states}
    text = "the residual set is not empty: it contains the equilibrium that was stated"
    centre = Obligation("centre", text, point, _nonnegative(const(low) - v))
    return [descent, centre, *(_faces(claim, f, guard) if claim.time == "continuous" else [])]


def _safety(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-SAFE-D and T-SAFE-C."""
    h, f = claim.functions["barrier"], closed_loop(claim)
    regions = {
        kind: tuple(
            _positive(e) for key, e in sorted(claim.functions.items()) if key.split("/")[0] == kind
        )
        for kind in ("initial", "unsafe")
    }
    for e in claim.functions.values():
        if set(variables([e])) - set(claim.states):
            raise TheoremError("the barrier, initial and unsafe sets depend on more than the state")
        if not is_continuous(e):
            raise TheoremError("the barrier, initial and unsafe functions must be continuous")
    states = _variables(claim, disturbed=False)
    safe, unsafe = _nonnegative(-h), _positive(h)
    result = [
        Obligation("initial", "the barrier is <= 0 on the initial set", states,
                   Any((*regions["initial"], safe))),
        Obligation("unsafe", "the barrier is > 0 on the unsafe set", states,
                   Any((*regions["unsafe"], unsafe))),
    ]  # fmt: skip
    if claim.time == "discrete":
        after = _nonnegative(-substitute(h, f))
        body: Formula = All((*_stays_inside(claim, f), after))
        text = "where the barrier is <= 0 it stays so after a step, within the domain"
        return [*result, Obligation("step", text, _variables(claim), Any((unsafe, body)))]
    if not all(is_continuous(e) for e in f.values()):
        raise TheoremError("the closed loop is not continuous")
    falling = Any((_positive(-h), _positive(-directional(h, f))))
    body = All((*_defined(h, *f.values()), falling))
    text = "where the barrier is 0 it decreases along trajectories"
    step = Obligation("step", text, _variables(claim), Any((unsafe, body)))
    return [*result, step, *_faces(claim, f, unsafe)]


def _output(claim: Claim, radius: Fraction) -> list[Obligation]:
    """T-OUT."""
    e = claim.functions["output"]
    bounds: list[Formula] = []
    if "lower" in claim.numbers:
        bounds.append(_nonnegative(e - const(claim.numbers["lower"])))
    if "upper" in claim.numbers:
        bounds.append(_nonnegative(const(claim.numbers["upper"]) - e))
    text = "the expression is within its bounds"
    return [Obligation("output", text, _variables(claim), All(tuple(bounds)))]


def _theorems() -> dict[str, Theorem]:
    v, numbers = frozenset({"lyapunov"}), frozenset({"level", "decay"})
    sets = frozenset({"barrier", "initial", "unsafe"})
    result: Sequence[Theorem] = (
        Theorem("T-STAB-D", "discrete", STABLE, DISCRETE, v, numbers, _stability, True, True),
        Theorem("T-STAB-C", "continuous", STABLE, CONTINUOUS, v, numbers, _stability, True, True),
        Theorem("T-EXT-D", "discrete", EXTENDED, DISCRETE, v, numbers | {"steps", "volume"},
                _stability, True, True),
        Theorem("T-RES-D", "discrete", RESIDUAL, DISCRETE, v, numbers | {"residual"},
                _residual, has_level=True),
        Theorem("T-RES-C", "continuous", RESIDUAL, CONTINUOUS, v, numbers | {"residual"},
                _residual, has_level=True),
        Theorem("T-SAFE-D", "discrete", SAFE, DISCRETE, sets, frozenset(), _safety),
        Theorem("T-SAFE-C", "continuous", SAFE, CONTINUOUS, sets, frozenset(), _safety),
        Theorem("T-OUT", "any", BOUNDED, (EXACT, MODEL), frozenset({"output"}),
                frozenset({"lower", "upper"}), _output),
    )  # fmt: skip
    return {t.id: t for t in result}


THEOREMS: Mapping[str, Theorem] = _theorems()
