"""Claims with known answers, small enough for every verifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction as Q

from certify.expression import (
    Node,
    absolute,
    affine,
    as_node,
    clip,
    const,
    dot,
    recip,
    relu,
    select,
    sin,
    stack,
    var,
)
from certify.proofs.checker.claim import Claim

X, Y, P, W = var("x"), var("y"), var("p"), var("w")


@dataclass(frozen=True)
class Case:
    """A claim, whether it is true, and whether a point can show it where it is false."""

    claim: Claim
    true: bool
    shown_by_a_point: bool = True

    @property
    def name(self) -> str:
        return self.claim.name


def claim(theorem: str, name: str, plant: Mapping[str, Node], **changes: object) -> Claim:
    """A claim on ``[-1, 1]`` in every state unless told otherwise."""
    states = changes.get("states") or tuple(plant) or ("x", "y")
    fields: dict[str, object] = {
        "theorem": theorem,
        "name": name,
        "time": {"D": "discrete", "C": "continuous"}.get(theorem[-1], "discrete"),
        "states": states,
        "parameters": (),
        "disturbances": (),
        "box": {},
        "plant": plant,
        "controller": {},
        "functions": {},
        "numbers": {},
    } | changes
    box = {x: (Q(-1), Q(1)) for x in states} | dict(fields["box"])
    result = Claim(**(fields | {"box": box}))
    result.check()
    return result


def stable(
    theorem: str, name: str, plant: Mapping[str, Node], v: Node, level: Q | str, **changes: object
) -> Claim:
    numbers = {"level": Q(level), "decay": Q(str(changes.pop("decay", "0")))}
    rest = {x: Q(0) for x in plant}
    return claim(theorem, name, plant, functions={"lyapunov": v}, numbers=numbers,
                 equilibrium=rest, **changes)  # fmt: skip


def extended(name: str, plant: Mapping[str, Node], level: str, **numbers: str) -> Claim:
    """T-EXT-D for ``V = x**2``, with the volume and the steps that are claimed."""
    core = stable("T-EXT-D", name, plant, X**2, level)
    return replace(core, numbers={**core.numbers, **{k: Q(v) for k, v in numbers.items()}})


def reaching(name: str, plant: Mapping[str, Node], steps: str, away: str | None = None) -> Claim:
    """T-REACH-D from the whole box to |x| <= 1/4."""
    numbers = {"steps": Q(steps)} | ({} if away is None else {"away": Q(away)})
    functions = {"initial/0": X - 2, "target/0": absolute(X) - Q(1, 4)}
    return claim("T-REACH-D", name, plant, functions=functions, numbers=numbers)


def safe(theorem: str, name: str, plant: Mapping[str, Node], *parts: Node) -> Claim:
    """A claim from the barrier, the initial set and the unsafe set."""
    barrier, initial, unsafe = parts
    functions = {"barrier": barrier, "initial/0": initial, "unsafe/0": unsafe}
    return claim(theorem, name, plant, functions=functions)


def bounded(
    name: str, e: Node, lower: Q | str | None, upper: Q | str | None, **changes: object
) -> Claim:
    numbers = {k: Q(v) for k, v in (("lower", lower), ("upper", upper)) if v is not None}
    return claim("T-OUT", name, {}, functions={"output": e}, numbers=numbers, **changes)


def _c(text: str) -> Node:
    return const(Q(text))


def ruled(name: str, controller: Node, when: Node, relation: str = ">") -> Claim:
    """Where ``when`` is positive the controller decides for more than y."""
    functions = {f"rule/r/when/0{relation}": when, "rule/r/then/0>": var("u") - Y}
    return claim("T-RULE", name, {}, controller={"u": controller}, functions=functions)


DISC = X**2 + Y**2
TREE = select(X - Q(1, 4), const(2), const(-2))
SKEW = X**2 + X * Y + Y**2
LINEAR_D = {"x": _c("0.5") * X + _c("0.2") * Y, "y": _c("-0.2") * X + _c("0.6") * Y}
LINEAR_C = {"x": Y, "y": -X - Y}
ROTATION = {"x": _c("0.6") * X - _c("0.8") * Y, "y": _c("0.8") * X + _c("0.6") * Y}
CUBIC_D = {"x": _c("0.5") * X + _c("0.6") * X**3}
CUBIC_C = {"x": -X + X * Y**2, "y": -Y}
SPRING_C = {"x": -X + X**3}
INTEGRATOR = {"x": X + _c("0.5") * clip(-X, _c("-0.25"), _c("0.25"))}
HELD = {"x": X + _c("0.1") * Y, "y": Y + _c("0.1") * var("u")}
POLICY = {"u": clip(_c("-3") * X - _c("4") * Y, -2, 2)}
GRAMIAN = _c("2") * X**2 + X * Y + Y**2
NETWORK = dot(
    [1, -1, Q("0.5")],
    relu(affine([[1, 1], [1, -1], [Q("-0.5"), 2]], [0, Q("0.25"), Q("-0.5")], stack([X, Y]))),
)

TRUE = (
    stable("T-STAB-D", "linear map", LINEAR_D, DISC, "0.9", decay="0.3"),
    stable("T-STAB-D", "cubic map", {"x": _c("0.5") * X + _c("0.4") * X**3}, X**2, "0.9"),
    stable("T-STAB-D", "saturated integrator", INTEGRATOR, X**2, "0.9"),
    stable("T-STAB-D", "saturated double integrator", HELD, GRAMIAN, "0.3", controller=POLICY),
    stable("T-STAB-D", "V with a kink", {"x": _c("0.5") * X}, absolute(X), "0.9", decay="0.4"),
    stable("T-STAB-D", "uncertain gain", {"x": P * X}, X**2, "0.5",
           parameters=("p",), box={"p": (Q("-0.5"), Q("0.75"))}),
    stable("T-STAB-C", "linear flow", LINEAR_C, SKEW, "0.7"),
    stable("T-STAB-C", "cubic flow", CUBIC_C, DISC, "0.8", decay="0.2"),
    stable("T-STAB-C", "disturbed damping", {"x": -X + W * X}, X**2, "0.9",
           disturbances=("w",), box={"w": (Q("-0.5"), Q("0.5"))}),
    stable("T-STAB-C", "flow and V with kinks", {"x": -relu(X) + relu(-X)}, absolute(X), "0.9",
           decay="0.5"),
    extended("core extended", CUBIC_D, "0.25"),
    extended("core extended by so much", CUBIC_D, "0.25", volume="1.8", steps="20"),
    extended("integrator extended", INTEGRATOR, "0.01", volume="2", steps="20"),
    safe("T-SAFE-D", "rotation with damping", LINEAR_D, DISC - _c("0.5"), DISC - _c("0.25"),
         _c("0.64") - DISC),
    safe("T-SAFE-C", "swirl inside a disc", {"x": -X + Y, "y": -X - Y}, DISC - _c("0.5"),
         DISC - _c("0.25"), _c("0.64") - DISC),
    safe("T-SAFE-D", "saturated approach", INTEGRATOR, X**2 - _c("0.25"), X**2 - _c("0.09"),
         _c("0.36") - X**2),
    reaching("tree that brings back", {"x": _c("0.5") * X - TREE * _c("0.05")}, "5", "0"),
    reaching("target on the way", {"x": _c("0.45") * X}, "3"),
    ruled("tree off its tie", TREE, X - _c("0.25")),
    bounded("relu network", NETWORK, "-2.26", "2.32"),
    bounded("product", X * Y, -1, 1),
    bounded("defined quotient", recip(X + 2), "0.3", 1),
    bounded("branch not taken", select(X - 2, recip(X), Y), -1, 1),
    bounded("pole in another component", relu(stack([recip(X), Y]))[1], 0, 1),
    bounded("clipped", clip(3 * X + Y, -2, 2), -2, 2),
)  # fmt: skip

FALSE = (
    stable("T-STAB-D", "slow at large x", {"x": _c("0.5") * X + _c("0.6") * X**3}, X**2, "0.99"),
    stable("T-STAB-D", "decay too fast", LINEAR_D, DISC, "0.9", decay="0.7"),
    stable("T-STAB-D", "V negative somewhere", {"x": _c("0.5") * X}, X**2 - X**4 * 2, "0.9"),
    stable("T-STAB-D", "leaves the domain", {"x": _c("-1.5") * X, "y": _c("0.1") * Y},
           X**2 * 0 + Y**2 + X**2 * _c("0.1"), "0.2"),
    stable("T-STAB-D", "gain above one", {"x": P * X}, X**2, "0.5",
           parameters=("p",), box={"p": (Q(0), Q("1.01"))}),
    extended("core too large", CUBIC_D, "0.9"),
    stable("T-STAB-C", "level too large", SPRING_C, X**2, "1.5"),
    stable("T-STAB-C", "repelled", {"x": X + Y, "y": -Y}, DISC, "0.5"),
    stable("T-STAB-C", "V with a kink grows", {"x": _c("0.1") * X}, absolute(X), "0.9"),
    safe("T-SAFE-D", "barrier on the unsafe set", LINEAR_D, DISC - _c("0.5"), DISC - _c("0.25"),
         _c("0.4") - DISC),
    safe("T-SAFE-C", "initial set outside", {"x": -X}, X**2 - _c("0.25"), X**2 - _c("0.3"),
         _c("0.64") - X**2),
    safe("T-SAFE-D", "initial set too large", INTEGRATOR, X**2 - _c("0.25"), X**2 - _c("0.3"),
         _c("0.36") - X**2),
    ruled("tree in both leaves", TREE, X),
    bounded("relu network just below", NETWORK, "-2.24", "2.32"),
)  # fmt: skip

# False, but only at points that are hard to hit or where rounding cannot say so: a verifier
# may answer unknown.
SUBTLE = (
    stable("T-STAB-D", "rotation", ROTATION, DISC, "0.9"),
    stable("T-STAB-D", "V only semidefinite", {"x": _c("0.5") * X, "y": _c("0.5") * Y},
           X**2, "0.5"),
    extended("extended beyond a fixed point", CUBIC_D, "0.25", volume="1.8258"),
    extended("extended in too few steps", CUBIC_D, "0.25", volume="1.8", steps="4"),
    stable("T-STAB-C", "undamped", {"x": Y, "y": -X}, DISC, "0.9"),
    stable("T-STAB-C", "unstable very near 0",
           {"x": X * _c("1e-10") - X**3}, X**2, "0.9"),
    safe("T-SAFE-C", "pushed out", {"x": X, "y": Y}, DISC - _c("0.5"), DISC - _c("0.25"),
         _c("0.64") - DISC),
    reaching("target beyond a fixed point", {"x": _c("0.5") * X + _c("0.2")}, "9"),
    reaching("tree that is too strong", {"x": _c("0.5") * X - TREE * _c("0.25")}, "9", "0"),
    ruled("tree on the wrong side", TREE, X - _c("0.25"), ">="),
    bounded("narrow bump", relu(_c("1e-6") - absolute(X - _c("0.123457"))), None, "5e-7"),
    bounded("pole", recip(X), None, 10**9),
    bounded("pole times zero", as_node(0) * recip(X), -1, 1),
    bounded("pole times weight zero", dot([0, 1], stack([recip(X), Y])), -2, 2),
    bounded("square below zero", X**2, "1e-30", None),
    bounded("difference of steps", absolute(X) - relu(X) - relu(-X), "1e-30", None),
)  # fmt: skip

# True and tight: ``(sum x)**2 >= 4 sum over edges of x_i x_j`` for ``x >= 0`` on a graph without
# triangles (Motzkin and Straus, 1965), here the Petersen graph and ``x`` squares.
_PETERSEN = [(i, (i + 1) % 5) for i in range(5)] + [(i, i + 5) for i in range(5)]
_PETERSEN += [(5 + i, 5 + (i + 2) % 5) for i in range(5)]
_TEN = tuple(f"z{i}" for i in range(10))
_SQUARES = [(var(z) - const(Q(i, 100))) ** 2 for i, z in enumerate(_TEN)]
_EDGES = sum((_SQUARES[i] * _SQUARES[j] for i, j in _PETERSEN), start=const(0))
HARD = claim("T-OUT", "copositive form", {}, states=_TEN, numbers={"lower": Q(0)},
             functions={"output": sum(_SQUARES, start=const(0)) ** 2 - 4 * _EDGES})  # fmt: skip

TRANSCENDENTAL = bounded("sine", sin(X), -1, 1)
ANOTHER_TIME = stable("T-STAB-D", "wrong time", LINEAR_D, DISC, "0.9", time="continuous")
NO_REST = stable("T-STAB-C", "no equilibrium", {"x": const(Q("1e-9")) - X}, X**2, "0.5")

CASES = (
    *(Case(c, true=True) for c in TRUE),
    *(Case(c, true=False) for c in FALSE),
    *(Case(c, true=False, shown_by_a_point=False) for c in SUBTLE),
)
