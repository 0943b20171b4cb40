"""The damaged certificates of the mutation suite."""

from __future__ import annotations

import json
import random

from accepted_certificates import CLAIMS, accepted
from edits_of_the_bytes import BYTE_EDITS
from edits_of_the_claim import CLAIM_EDITS
from edits_of_the_proof import PROOF_EDITS
from sealing import laundered, sealed

__all__ = ["JSON_EDITS", "PER_BYTE_EDIT", "PER_JSON_EDIT", "all_mutants", "mutants"]

JSON_EDITS = {**CLAIM_EDITS, **PROOF_EDITS}
PER_JSON_EDIT = 16
PER_BYTE_EDIT = 12
_OF_TREES = frozenset({"tree bytes", "tree packing", "tree keys", "statement", "symbols"})
_LAUNDERED = frozenset(
    {"number", "constant", "operator", "attribute", "wire", "root", "box", "equilibrium", "roles",
     "theorem", "time", "radius", "huge", "number key"}
)  # fmt: skip


def mutants(category: str, count: int) -> list[tuple[str, bytes]]:
    """``count`` deterministic edits of one category, spread over the certificates."""
    rng = random.Random(category)
    names, result = sorted(CLAIMS), []
    if category in _OF_TREES:
        names = [n for n in names if json.loads(accepted(n))["proof"]["trees"]]
    while len(result) < count:
        name = names[len(result) % len(names)]
        data = accepted(name)
        if category in JSON_EDITS:
            other = json.loads(accepted(rng.choice([n for n in names if n != name])))
            body = json.loads(data)
            JSON_EDITS[category](body, rng, other)
            seal = laundered if category in _LAUNDERED and rng.random() < 0.7 else sealed
            changed = seal(body)
        else:
            changed = BYTE_EDITS[category](data, rng)
        if changed != data:
            result.append((name, changed))
    return result


def all_mutants() -> list[tuple[str, bytes]]:
    """Those of every category, each with its category."""
    counts = {
        **dict.fromkeys(JSON_EDITS, PER_JSON_EDIT),
        **dict.fromkeys(BYTE_EDITS, PER_BYTE_EDIT),
    }
    return [(c, data) for c, count in counts.items() for _, data in mutants(c, count)]
