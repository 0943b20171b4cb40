"""The certificate file: one canonical JSON text that holds the claim and its proof.

Reading accepts exactly the bytes that writing produces, but for the compression of the
trees; the sha256 of the file identifies it.  ``sources`` (digests of the files the claim was
read from) and ``tool`` are for people: the kernel carries them, no verdict depends on them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from .claim import Claim
from .coordinates import Coordinates
from .errors import FormatError
from .exact import number_text, parse_number
from .paving import Paving
from .symbols import LARGEST_NUMBER
from .tree import LARGEST_TREES, decode_tree, encode_tree

__all__ = ["FORMAT", "Certificate", "Proof", "read_certificate", "write_certificate"]

FORMAT = "certify-certificate-2"
_OLDER = ("certify-certificate-1",)
_LARGEST_FILE = 1 << 28


@dataclass(frozen=True)
class Proof:
    """The radius of the cube around the equilibrium and a tree for each obligation.

    ``statements`` holds the digest of each obligation that the tree was made for, and
    ``coordinates`` those of the trees that split along other axes than its variables.
    ``symbols`` says how many their models have at most, for trees that state a number.
    ``paving`` is that of a theorem that has one.
    """

    radius: Fraction | None
    trees: Mapping[str, bytes]
    statements: Mapping[str, str]
    coordinates: Mapping[str, Coordinates] = field(default_factory=dict)
    paving: Paving | None = None
    symbols: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Certificate:
    """A claim, the assumptions it rests on, its evidence and where it came from.

    ``evidence`` is ``kernel`` when ``proof`` can be re-checked, or ``solver`` when all there
    is is the word of the solver named in ``tool``.
    """

    claim: Claim
    assumptions: tuple[str, ...]
    evidence: str
    proof: Proof
    sources: Mapping[str, str] = field(default_factory=dict)
    tool: Mapping[str, str] = field(default_factory=dict)


def write_certificate(certificate: Certificate) -> bytes:
    """The canonical bytes of ``certificate``."""
    proof = certificate.proof
    body: dict[str, object] = {
        "format": FORMAT,
        "claim": certificate.claim.to_json(),
        "assumptions": list(certificate.assumptions),
        "evidence": certificate.evidence,
        "proof": {
            "radius": None if proof.radius is None else number_text(proof.radius),
            "trees": {name: _entry(proof, name) for name in proof.trees},
            **({} if proof.paving is None else {"paving": proof.paving.to_json()}),
        },
        "sources": dict(certificate.sources),
        "tool": dict(certificate.tool),
    }
    body["digest"] = hashlib.sha256(_canonical(body)).hexdigest()
    return _canonical(body)


def read_certificate(data: bytes) -> Certificate:
    """The certificate with the bytes ``data``; a FormatError says what is wrong."""
    body = _parse(data)
    if body.get("format") in _OLDER:
        raise FormatError(
            f"the certificate has the older format {body['format']!r} and this checker reads "
            f"{FORMAT!r}: verify the problem again"
        )
    if body.get("format") != FORMAT:
        raise FormatError(
            f"the format is {str(body.get('format'))[:40]!r}, this checker reads {FORMAT!r}"
        )
    if set(body) != _KEYS:
        raise FormatError(f"a certificate has exactly the keys {', '.join(sorted(_KEYS))}")
    stated = body.pop("digest")
    if stated != hashlib.sha256(_canonical(body)).hexdigest():
        raise FormatError("the digest does not fit the contents: the file was changed")
    proof = body["proof"]
    if not (isinstance(proof, dict) and set(proof) - {"paving"} == {"radius", "trees"}):
        raise FormatError("the proof is not a radius and trees, and a paving where there is one")
    trees = proof["trees"]
    if not isinstance(trees, dict):
        raise FormatError("the trees are not an object")
    for name, entry in trees.items():
        if not (isinstance(entry, list) and 2 <= len(entry) <= 4 and isinstance(entry[0], str)):
            raise FormatError(
                f"the tree {name[:40]!r} is not [statement, tree, coordinates, symbols]"
            )
    maps, symbols = _plans(trees)
    radius = proof["radius"]
    certificate = Certificate(
        claim=Claim.from_json(body["claim"]),
        assumptions=_texts(body["assumptions"]),
        evidence=_texts([body["evidence"]])[0],
        proof=Proof(
            radius=None if radius is None else parse_number(radius),
            trees=_trees({name: entry[1] for name, entry in trees.items()}),
            statements={name: entry[0] for name, entry in trees.items()},
            coordinates=maps,
            paving=Paving.from_json(proof["paving"]) if "paving" in proof else None,
            symbols=symbols,
        ),
        sources=_labels(body["sources"]),
        tool=_labels(body["tool"]),
    )
    if certificate.claim.to_json() != body["claim"]:
        raise FormatError("the claim is not in its canonical spelling")
    if _canonical({**body, "digest": stated}) != data:
        raise FormatError("the bytes are not the canonical spelling of their contents")
    return certificate


_KEYS = {
    *("format", "claim", "assumptions", "evidence", "proof", "sources", "tool", "digest"),
}


def _entry(proof: Proof, name: str) -> list[object]:
    """What the file holds of one tree."""
    entry: list[object] = [proof.statements[name], encode_tree(proof.trees[name])]
    if name in proof.coordinates:
        entry.append(proof.coordinates[name].to_json())
    if name in proof.symbols:
        entry.append(proof.symbols[name])
    return entry


def _plans(entries: Mapping[str, list[object]]) -> tuple[dict[str, Coordinates], dict[str, int]]:
    """What the entries of trees end with, either of which may be missing."""
    maps, symbols = dict[str, Coordinates](), dict[str, int]()
    for name, (_, _, *rest) in entries.items():
        if len(rest) == 2 or (rest and isinstance(rest[0], dict)):
            maps[name] = Coordinates.from_json(rest.pop(0))
        if rest:
            symbols[name] = _number_of_symbols(name, rest[0])
    return maps, symbols


def _number_of_symbols(name: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:  # and no truth value
        raise FormatError(
            f"the tree {name[:40]!r} has {str(value)[:40]!r} symbols: what is meant is an integer "
            f"from 0 to {LARGEST_NUMBER}"
        )
    return value


def _trees(packed: Mapping[str, object]) -> dict[str, bytes]:
    """All trees, unpacked within one limit on their bytes together."""
    room, result = LARGEST_TREES, {}
    for name, text in packed.items():
        result[name] = decode_tree(text, room)
        room -= len(result[name])
    return result


def _canonical(body: object) -> bytes:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode() + b"\n"


def _parse(data: bytes) -> dict[str, object]:
    if len(data) > _LARGEST_FILE:
        raise FormatError("the file is larger than 256 MB")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the file is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise FormatError("the file is not a JSON object")
    return body


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise FormatError("the assumptions are not a list of texts")
    return tuple(value)


def _labels(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise FormatError("sources and tool are objects of texts")
    return dict(value)
