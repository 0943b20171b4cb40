"""Random edits of a certificate's proof, its labels and its shape."""

from __future__ import annotations

import base64
import random
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from sealing import Body, JsonEdit

from certify.proofs.checker.paving import NEVER, Paving

__all__ = ["PROOF_EDITS"]


def _trees(body: Body) -> dict[str, list[str]]:
    trees: dict[str, list[str]] = body["proof"]["trees"]
    return trees


def _tree_bytes(body: Body, rng: random.Random, other: Body) -> None:
    pair = _trees(body)[rng.choice(sorted(_trees(body)))]
    tree = bytearray(zlib.decompress(base64.b64decode(pair[1])))
    i = rng.randrange(len(tree))
    edit = rng.randrange(5)
    if edit == 0:
        tree[i] = rng.choice([0, 1, 2, 3, 0x3F, 0x40, 0x41, 0x42, 0xFF])
    elif edit == 1:
        del tree[i:]
    elif edit == 2:
        tree += bytes(rng.choices([0, 1, 0x40, 0x41], k=rng.randint(1, 5)))
    elif edit == 3:
        tree.insert(i, rng.choice([0, 1, 0x40, 0x41]))
    else:
        tree[:] = rng.choice([b"", b"\x40", b"\x41", b"\x00" * 5000, b"\x00\x41\x41"])
    pair[1] = base64.b64encode(zlib.compress(bytes(tree), 9)).decode()


def _tree_packing(body: Body, rng: random.Random, other: Body) -> None:
    pair = _trees(body)[rng.choice(sorted(_trees(body)))]
    packed = base64.b64decode(pair[1])
    tree = zlib.decompress(packed)
    pair[1] = rng.choice(
        [
            base64.b64encode(zlib.compress(tree, 0)).decode(),
            base64.b64encode(zlib.compress(tree, 1)).decode(),
            base64.b64encode(packed).decode().rstrip("=") + "====",
            base64.b64encode(packed + b"x").decode(),
            base64.b64encode(packed[:-1]).decode(),
            base64.b64encode(packed[: len(packed) // 2]).decode(),
            base64.b64encode(zlib.compress(b"\x00" * (1 << 24), 9)).decode(),
            base64.b64encode(zlib.compress(zlib.compress(tree))).decode(),
            base64.b64encode(tree).decode(),
            pair[1] + "\n",
            pair[1][:-1],
            "é" + pair[1],
            "",
        ]
    )


def _tree_keys(body: Body, rng: random.Random, other: Body) -> None:
    trees = _trees(body)
    a, b = rng.choice(sorted(trees)), rng.choice(sorted(trees))
    edit = rng.randrange(5)
    if edit == 0:
        trees[a], trees[b] = trees[b], trees[a]
    elif edit == 1:
        trees[a][1], trees[b][1] = trees[b][1], trees[a][1]
    elif edit == 2:
        del trees[a]
    elif edit == 3:
        trees["extra"] = trees[a]
    else:
        trees[a] = rng.choice([[], None, "x", [trees[a][0]], [1, 2], [*trees[a], ""]])


def _symbols(body: Body, rng: random.Random, other: Body) -> None:
    entry = _trees(body)[rng.choice(sorted(_trees(body)))]
    number = rng.choice([0, 1, 60, -1, 61, 1 << 70, 8.0, True, "8", None, [], {"most": 8}])
    entry[:] = rng.choice([[*entry, number], [*entry, 8, number], [*entry[:2], number, *entry[2:]]])


def _statement(body: Body, rng: random.Random, other: Body) -> None:
    pair = _trees(body)[rng.choice(sorted(_trees(body)))]
    digits = list(pair[0])
    i = rng.randrange(len(digits))
    digits[i] = "0" if digits[i] != "0" else "1"
    pair[0] = rng.choice(["".join(digits), "", pair[0].upper() + "f", pair[0][:-1]])


def _radius(body: Body, rng: random.Random, other: Body) -> None:
    radii = ["1", "2", "0", "-1", "0x1p-1", "0x1p-3", "0x1p-30", "1/3", "1/2", None, 1, 0.25]
    body["proof"]["radius"] = rng.choice([r for r in radii if r != body["proof"]["radius"]])


def _assumptions(body: Body, rng: random.Random, other: Body) -> None:
    given = body["assumptions"]
    i = rng.randrange(len(given))
    edits = [given[:i] + given[i + 1 :], [*given, "The moon is up."], given[::-1], [], None]
    edits += [[*given[:i], given[i] + " ", *given[i + 1 :]], given + given]
    body["assumptions"] = rng.choice(edits)


def _evidence(body: Body, rng: random.Random, other: Body) -> None:
    body["evidence"] = rng.choice(["solver", "Kernel", "kernel ", "", None, ["kernel"]])


def _metadata(body: Body, rng: random.Random, other: Body) -> None:
    claim = body["claim"]
    edits: list[Callable[[], object]] = [
        lambda: claim.update(name=rng.choice(["", "renamed", "\u202e", "\ud800", "a" * 9000])),
        lambda: claim.update(step=rng.choice([None, "0x1p-5", "7", "-1", "1/3"])),
        lambda: claim["units"].update({rng.choice(["x", "q"]): rng.choice(["m", "rad", ""])}),
        lambda: body["sources"].update({"problem.toml": f"{rng.getrandbits(256):064x}"}),
        lambda: body["tool"].update({"name": "other", "version": str(rng.random())}),
    ]
    rng.choice(edits)()


def _metadata_types(body: Body, rng: random.Random, other: Body) -> None:
    wild = rng.choice([None, 7, float("nan"), float("inf"), [[]], {"a": 1}, True, "a" * 20_000])
    place = rng.choice(["name", "step", "units", "sources", "tool", "format"])
    (body["claim"] if place in body["claim"] else body)[place] = wild


def _keys(body: Body, rng: random.Random, other: Body) -> None:
    where = rng.choice([body, body["claim"], body["proof"]])
    key = rng.choice(sorted(where))
    edit = rng.randrange(4)
    if edit == 0:
        del where[key]
    elif edit == 1:
        where[rng.choice(["comment", "", key + "2"])] = rng.choice(["x", None, where[key]])
    elif edit == 2:
        where[key] = rng.choice([None, [], {}, "", 0, "text", [1], {"a": "b"}])
    else:
        where[key.upper()] = where.pop(key)


def _swapped_part(body: Body, rng: random.Random, other: Body) -> None:
    edits: list[Callable[[], object]] = [
        lambda: body.update(proof=other["proof"]),
        lambda: body.update(claim=other["claim"]),
        lambda: body["claim"].update(graph=other["claim"]["graph"]),
        lambda: body["claim"].update(functions=other["claim"]["functions"]),
        lambda: body["claim"].update(plant=other["claim"]["plant"]),
        lambda: body["claim"].update(box=other["claim"]["box"]),
        lambda: body["claim"].update(numbers=other["claim"]["numbers"]),
    ]
    rng.choice(edits)()


def _huge(body: Body, rng: random.Random, other: Body) -> None:
    huge = rng.choice(["1" + "0" * 15_000 + "/3", "-1" + "0" * 6000 + "/7", "1/1" + "0" * 15_000,
                       "0x1p+1023", "0x0.0000000000001p-1022", "9" * 15])  # fmt: skip
    claim = body["claim"]
    place = rng.randrange(4)
    if place == 0:
        rows = [r for r in claim["graph"] if r[0] == "const"]
        if rows:
            rng.choice(rows)[1] = huge
    elif place == 1:
        name = rng.choice(sorted(claim["box"]))
        claim["box"][name][huge[0] != "-"] = huge
    elif place == 2 and claim["numbers"]:
        claim["numbers"][rng.choice(sorted(claim["numbers"]))] = huge
    else:
        body["proof"]["radius"] = huge


_FOREIGN = Paving(b"\x00\x41\x41", b"\x01\x01", b"\x01\x00\x01\x00").to_json()


def _paving(body: Body, rng: random.Random, other: Body) -> None:
    """Times, hops and splits, each of which the proof needs as it is or in part."""
    given = body["proof"].get("paving")
    if given is None:
        body["proof"]["paving"] = {**_FOREIGN, "hops": rng.choice([_FOREIGN["hops"], ""])}
        return
    paving = Paving.from_json(given)
    tree, hops = bytearray(paving.tree), bytearray(paving.hops)
    times = np.frombuffer(paving.times, "<u2").copy()
    i, j = rng.randrange(len(hops)), rng.randrange(len(hops))
    edit = rng.randrange(9)
    if edit == 0:
        times[i] -= times[i] > 0
    elif edit == 1:
        times[i] = rng.choice([0, 1, 16, NEVER])
    elif edit == 2:
        hops[i], hops[j] = hops[j], hops[i]
    elif edit == 3:
        hops[i] = rng.choice([0, 1, 2, 254])
    elif edit == 4:
        times[:] = times[::-1]
    elif edit == 5:
        times[:] = rng.choice([0, 1, 15])
    elif edit == 6:
        hops[:] = bytes(len(hops))
    elif edit == 7:
        del tree[rng.randrange(len(tree)) :]
    else:
        tree[rng.randrange(len(tree))] = rng.choice([0, 1, 0x40, 0x41, 0x43])
    changed = Paving(bytes(tree), bytes(hops), times.astype("<u2").tobytes())
    body["proof"]["paving"] = changed.to_json()


PROOF_EDITS: Mapping[str, JsonEdit] = {
    "tree bytes": _tree_bytes,
    "tree packing": _tree_packing,
    "tree keys": _tree_keys,
    "symbols": _symbols,
    "statement": _statement,
    "radius": _radius,
    "assumptions": _assumptions,
    "evidence": _evidence,
    "metadata": _metadata,
    "metadata types": _metadata_types,
    "keys": _keys,
    "paving": _paving,
    "swapped part": _swapped_part,
    "huge": _huge,
}
