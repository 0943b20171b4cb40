"""Making the digests and statements of an edited certificate fit again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
from collections.abc import Callable
from typing import Any

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.exact import parse_number
from certify.proofs.checker.theorems import THEOREMS, obligations

__all__ = ["Body", "JsonEdit", "laundered", "sealed"]

Body = dict[str, Any]
JsonEdit = Callable[[Body, random.Random, Body], None]


def sealed(body: Body) -> bytes:
    """The canonical bytes of ``body`` with the digest that fits them."""
    body = {k: v for k, v in body.items() if k != "digest"}
    return _canonical({**body, "digest": hashlib.sha256(_canonical(body)).hexdigest()})


def laundered(body: Body) -> bytes:
    """The same, the claim spelled canonically and every statement and assumption made to fit."""
    with contextlib.suppress(CheckerError):
        claim = Claim.from_json(body["claim"])
        body = {**body, "claim": claim.to_json()}
        radius = body["proof"]["radius"]
        wanted = obligations(claim, None if radius is None else parse_number(radius))
        trees = dict(body["proof"]["trees"])
        if claim.theorem == "T-RULE":  # which obligations there are depends on the numbers
            spare = next(iter(trees.values()))
            trees = {o.name: trees.get(o.name, spare) for o in wanted}
        for obligation in wanted:
            trees[obligation.name] = [obligation.digest(), trees[obligation.name][1]]
        body = {**body, "proof": {**body["proof"], "trees": trees}}
        body["assumptions"] = list(THEOREMS[claim.theorem].assumptions)
    return sealed(body)


def _canonical(body: Body) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"
