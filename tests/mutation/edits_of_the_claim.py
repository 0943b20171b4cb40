"""Random edits of what a certificate claims."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction as Q

from sealing import Body, JsonEdit

from certify.proofs.checker.exact import number_text, parse_number

__all__ = ["CLAIM_EDITS"]


def _nudged(text: str, rng: random.Random) -> str:
    value = parse_number(text)
    step = rng.choice([Q(1), Q(1, 10), Q(1, 1000), Q(1, 10**12), Q(1, 10**40), value, 2 * value])
    return number_text(value + rng.choice([-1, 1]) * (step or Q(1, 7)))


def _number(body: Body, rng: random.Random, other: Body) -> None:
    numbers = body["claim"]["numbers"] or {"level": "1"}
    key = rng.choice(sorted(numbers))
    body["claim"]["numbers"] = {**numbers, key: _nudged(numbers[key], rng)}


def _number_key(body: Body, rng: random.Random, other: Body) -> None:
    numbers = body["claim"]["numbers"]
    if numbers and rng.random() < 0.4:
        del numbers[rng.choice(sorted(numbers))]
    else:
        key = rng.choice(["residual", "residual/x", "level", "decay", "upper", "lower", "", "x"])
        numbers[key] = rng.choice(["0", "1", "0x1p-1", "-1"])


def _constant(body: Body, rng: random.Random, other: Body) -> None:
    rows = [r for r in body["claim"]["graph"] if r[0] in ("const", "affine")]
    row = rng.choice(rows)
    if row[0] == "const":
        row[1] = _nudged(row[1], rng)
    else:
        weights = rng.choice([*row[1][0], row[1][1]])
        i = rng.randrange(len(weights))
        weights[i] = _nudged(weights[i], rng)


def _operator(body: Body, rng: random.Random, other: Body) -> None:
    row = rng.choice([r for r in body["claim"]["graph"] if r[2]])
    families = [
        ["add", "sub", "mul", "max", "quotient"],
        ["neg", "relu", "abs", "sin", "exp", "log", "recip", "sqrt", "step", "tanh"],
    ]
    row[0] = rng.choice(families[len(row[2]) != 2])
    if rng.random() < 0.8:
        row[1] = None


def _power(body: Body, rng: random.Random, other: Body) -> None:
    rows = [r for r in body["claim"]["graph"] if r[0] in ("pow", "index", "var")]
    rng.choice(rows)[1] = rng.choice([2, 3, 64, 65, 0, -1, 10**9, True, 2.0, "x", "w", "_r", None])


def _wire(body: Body, rng: random.Random, other: Body) -> None:
    graph = body["claim"]["graph"]
    row = rng.choice([r for r in graph if r[2]])
    wild = [-1, len(graph), True, 0.0, None, "0", [0]]
    row[2][rng.randrange(len(row[2]))] = rng.choice([*range(len(graph)), *wild])


def _root(body: Body, rng: random.Random, other: Body) -> None:
    claim = body["claim"]
    part = rng.choice([p for p in ("plant", "controller", "functions") if claim[p]])
    key = rng.choice(sorted(claim[part]))
    claim[part][key] = rng.choice([*range(len(claim["graph"])), -1, 10**6, None, "1", 1.0])


def _graph_rows(body: Body, rng: random.Random, other: Body) -> None:
    graph = body["claim"]["graph"]
    i, j = rng.randrange(len(graph)), rng.randrange(len(graph))
    edit = rng.randrange(4)
    if edit == 0:
        graph[i], graph[j] = graph[j], graph[i]
    elif edit == 1:
        graph.append(graph[i])
    elif edit == 2:
        del graph[i]
    else:
        graph.insert(i, rng.choice([[], {}, "const", ["const", "1"], ["exec", "1", []], None]))


def _box(body: Body, rng: random.Random, other: Body) -> None:
    box = body["claim"]["box"]
    name = rng.choice(sorted(box))
    end = rng.randrange(2)
    box[name][end] = _nudged(box[name][end], rng)


def _box_shape(body: Body, rng: random.Random, other: Body) -> None:
    box = body["claim"]["box"]
    name = rng.choice(sorted(box))
    edits: list[Callable[[], object]] = [
        lambda: box.pop(name),
        lambda: box.update({"z": ["0", "1"]}),
        lambda: box[name].reverse(),
        lambda: box[name].append("1"),
        lambda: box.update({name: [box[name][0]] * 2}),
        lambda: box.update({name: None}),
        lambda: box.update({name: [-1, 1]}),
    ]
    rng.choice(edits)()


def _equilibrium(body: Body, rng: random.Random, other: Body) -> None:
    rest = body["claim"]["equilibrium"]
    if rest and rng.random() < 0.7:
        key = rng.choice(sorted(rest))
        rest[key] = _nudged(rest[key], rng)
    else:
        body["claim"]["equilibrium"] = rng.choice([{}, {"x": "0"}, {"z": "0"}, None, []])


def _theorem(body: Body, rng: random.Random, other: Body) -> None:
    ids = [f"T-{kind}-{time}" for kind in ("STAB", "RES", "SAFE") for time in "CD"]
    body["claim"]["theorem"] = rng.choice([t for t in (*ids, "T-OUT", "", "T") if
                                           t != body["claim"]["theorem"]])  # fmt: skip
    if rng.random() < 0.5:
        body["claim"]["time"] = rng.choice(["discrete", "continuous"])
    if rng.random() < 0.3:
        body["assumptions"] = other["assumptions"]


def _time(body: Body, rng: random.Random, other: Body) -> None:
    times = ["discrete", "continuous", "none", "any", "", None]
    body["claim"]["time"] = rng.choice([t for t in times if t != body["claim"]["time"]])


def _names(body: Body, rng: random.Random, other: Body) -> None:
    claim = body["claim"]
    part = rng.choice(["states", "parameters", "disturbances"])
    new = rng.choice(["x", "u", "z", "_radius", "_d_x", "x y", "", "\ud800", "\uff58", 0])
    if claim[part] and rng.random() < 0.5:
        claim[part][rng.randrange(len(claim[part]))] = new
    else:
        claim[part].append(new)


def _roles(body: Body, rng: random.Random, other: Body) -> None:
    claim = body["claim"]
    old = rng.choice([p for p in ("states", "disturbances") if claim[p]])
    name = claim[old].pop()
    claim[rng.choice(["parameters", "disturbances", "states"])].append(name)


def _function_keys(body: Body, rng: random.Random, other: Body) -> None:
    functions = body["claim"]["functions"]
    key = rng.choice(sorted(functions))
    new = rng.choice([f"{key}/1", f"{key}/x", "lyapunov/2", "output", "barrier", "unsafe/1", "/"])
    functions[new] = functions[key] if rng.random() < 0.5 else functions.pop(key)


CLAIM_EDITS: Mapping[str, JsonEdit] = {
    "number": _number,
    "number key": _number_key,
    "constant": _constant,
    "operator": _operator,
    "attribute": _power,
    "wire": _wire,
    "root": _root,
    "graph rows": _graph_rows,
    "box": _box,
    "box shape": _box_shape,
    "equilibrium": _equilibrium,
    "theorem": _theorem,
    "time": _time,
    "names": _names,
    "roles": _roles,
    "function keys": _function_keys,
}
