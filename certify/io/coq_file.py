"""A certificate as a theorem in Coq: a file whose compilation is the check.

For a claim whose obligations the kernel makes, the last theorem is what the claim says
(``true_of stated``, for trajectories or solutions), from a theorem for each obligation that its
tree proves it.  For other claims it is the conjunction of the obligations (``holds statement``)
that :mod:`certify.io.kernel_text` writes.  The kernel runs inside of Coq (``vm_compute``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from certify.io.claim_text import claim_entry
from certify.io.kernel_text import entry, in_trees
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.obligations import Obligation

__all__ = ["coq_file", "theorem_name"]

_BYTES = 7
_DEPTH = 4096
_HALVINGS = 10
_FIXED: Mapping[str, int] = {  # nodes with so many numbers of nodes, and nothing else
    **{"neg": 1, "add": 2, "sub": 2, "mul": 2, "max": 2, "step": 1, "select": 3},
    **{"var": 1, "index": 2},
}
_CALLS: Mapping[str, int] = {"call": 1, "quotient": 2, "quotient2": 2, "increment": 2}
_ATOMS = ("positive", "nonnegative", "defined")


def theorem_name(position: int) -> str:
    """What the theorem about the obligation at ``position`` is called."""
    return f"obligation_{position}"


def coq_file(certificate: Certificate, *, whole: bool) -> Iterator[str]:
    """The lines of the file: the ``whole`` claim, or the obligations that the checker derives.

    A CheckerError if trees and obligations do not fit the claim.
    """
    wanted = in_trees(certificate)
    claim = certificate.claim
    said = "the claim is true" if whole else f"the obligations of {claim.theorem} hold"
    yield f"(** {_plain(claim.name)}, {_plain(claim.theorem)}: {said}. *)"
    yield "From Coq Require QArith List Uint63."
    yield "From Certify Require Language Tree Claims OutputClaim SafetyClaim Statements Inside."
    yield "Module Certificate.  (* after it the names of axioms are printed in full *)"
    yield "Import QArith List Uint63 Language Tree Claims OutputClaim SafetyClaim."
    yield "Import Statements Inside ListNotations."
    yield "Open Scope nat_scope."
    yield from _whole(certificate) if whole else _obligations(certificate, wanted)
    yield "End Certificate."
    yield "Print Assumptions Certificate.certificate."


def _obligations(certificate: Certificate, wanted: Mapping[str, Obligation]) -> Iterator[str]:
    for position, obligation in enumerate(wanted.values()):
        yield from _theorem(certificate, obligation, position)
    yield "Theorem certificate :"
    yield " /\\\n".join(f"  holds statement_{i}" for i in range(len(wanted))) + "."
    names = [theorem_name(i) for i in range(len(wanted))]
    both = "".join(f"(conj {name} " for name in names[:-1]) + names[-1] + ")" * (len(names) - 1)
    yield f"Proof. exact {both}. Qed."


def _whole(certificate: Certificate) -> Iterator[str]:
    words = _Words(word for line in claim_entry(certificate) for word in line.split())
    yield f"Definition stated : statement := {_statement(words)}."
    words.skip("differences")
    differences = "true" if words.count() else "false"
    words.skip("proofs")
    count = words.count()
    for position in range(count):
        name = words.next()
        yield from ("", f"(* {_plain(name)} *)", f"Definition proof_{position} : task := Task")
        yield from _proof_lines(words)
        yield f"Theorem {theorem_name(position)} : "
        yield f"  closes {differences} stated {position} proof_{position} = true."
        yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    proofs = _listed(f"proof_{i}" for i in range(count))
    all_close = "".join(f"(conj {theorem_name(i)} " for i in range(count)) + "I" + ")" * count
    yield ""
    yield f"Definition proofs := {proofs}."
    yield f"Theorem as_many : counts {differences} stated (length proofs) = true."
    yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    yield "Theorem certificate : true_of stated."
    yield f"Proof. exact (claim_is_true {differences} stated proofs as_many {all_close}). Qed."


def _statement(words: _Words) -> str:
    theorem = words.next()
    if theorem == "T-OUT":
        box, program = _field(words, "inputs", _pair), _field(words, "output", _node)
        return f"Bounded (OutputClaim {box} {program} {_maybe(words)} {_maybe(words)})"
    loop = [_field(words, word, _pair) for word in ("states", "others")]
    loop += [_field(words, "plant", _node), _field(words, "outputs", _Words.next)]
    if theorem.startswith("T-SAFE"):
        parts = [_field(words, "barrier", _node)]
        parts += [_field(words, kind, _function) for kind in ("initial", "unsafe")]
        kind = "Guarded" if theorem == "T-SAFE-D" else "Shielded"
        return f"{kind} (SafetyClaim (System {' '.join(loop)})\n  {' '.join(parts)})"
    parts = [_field(words, "lyapunov", _node)]
    for word in ("level", "decay"):
        words.skip(word)
        parts.append(_rational(words))
    parts += [_field(words, word, _rational) for word in ("rest", "cube")]
    kind = "Stable" if theorem == "T-STAB-D" else "Attracting"
    return f"{kind} (Claim (System {' '.join(loop)})\n  {' '.join(parts)})"


def _function(words: _Words) -> str:
    return _field(words, "function", _node)


def _field(words: _Words, name: str, part: Callable[[_Words], str]) -> str:
    words.skip(name)
    return _listed([part(words) for _ in range(words.count())])


def _maybe(words: _Words) -> str:
    words.next()
    return "None" if words.next() == "none" else f"(Some {_rational(words)})"


def _plain(text: str) -> str:
    """``text`` without what could end a comment."""
    return re.sub(r"[^\w .,:/+-]", "?", text[:100])


def _theorem(certificate: Certificate, obligation: Obligation, position: int) -> Iterator[str]:
    words = _Words(word for line in entry(certificate, obligation) for word in line.split())
    words.skip("obligation")
    yield ""
    yield f"(* {_plain(obligation.name)} *)"
    yield f"Definition statement_{position} : obligation := Obligation"
    words.skip("box")
    yield f"  {_listed(_pair(words) for _ in range(words.count()))}"
    words.skip("program")
    nodes = [_node(words) for _ in range(words.count())]
    yield "  [" + ";\n   ".join(nodes) + "]"
    words.skip("goal")
    yield f"  {_formula(words)}."
    words.skip("differences", "0", "proofs", "1", obligation.name)
    yield f"Definition proof_{position} : task := Task"
    yield from _proof_lines(words)
    yield f"Theorem {theorem_name(position)} : holds statement_{position}."
    yield f"Proof. apply (check_ok _ proof_{position}). vm_cast_no_check (eq_refl true). Qed."


def _proof_lines(words: _Words) -> Iterator[str]:
    """Flags, coordinates and tree of a task."""
    words.skip("flags")
    digits = words.next() if words.count() else ""
    yield f"  (flags_of {_listed(digits)})"
    yield f"  {_coordinates(words)} {_DEPTH} {_HALVINGS}"
    words.skip("tree")
    tree = bytes.fromhex(words.next()) if words.count() else b""
    yield f"  (unpacked {_listed(_packed(tree))}%uint63)."


class _Words:
    """The words of an entry, one after the other."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = iter(words)

    def next(self) -> str:
        return next(self._words)

    def count(self) -> int:
        return int(self.next())

    def skip(self, *expected: str) -> None:
        for word in expected:
            found = self.next()
            if found != word:
                raise AssertionError(f"{found!r} where the text has {word!r}")


def _listed(parts: Iterable[str]) -> str:
    return f"[{'; '.join(parts)}]"


def _rational(words: _Words) -> str:
    numerator = words.next()
    return f"(({numerator}) # {words.next()})%Q"


def _pair(words: _Words) -> str:
    low = _rational(words)
    return f"({low}, {_rational(words)})"


def _rationals(words: _Words, count: int) -> str:
    return _listed(_rational(words) for _ in range(count))


def _fn(words: _Words) -> str:
    name = words.next()
    return f"(Pow {words.count()})" if name == "pow" else name.capitalize()


def _node(words: _Words) -> str:
    kind = words.next()
    if kind == "const":
        return f"Const {_rational(words)}"
    if kind in _CALLS:
        function = _fn(words)
        return _applied(kind, [function, *(words.next() for _ in range(_CALLS[kind]))])
    if kind == "stack":
        return f"Stack {_listed(words.next() for _ in range(words.count()))}"
    if kind == "affine":
        listed = _listed(_row(words) for _ in range(words.count()))
        return f"Affine {listed} {words.next()}"
    return _applied(kind, [words.next() for _ in range(_FIXED[kind])])


def _applied(kind: str, arguments: Sequence[str]) -> str:
    return " ".join([kind.capitalize(), *arguments])


def _row(words: _Words) -> str:
    bias = _rational(words)
    return f"({_rationals(words, words.count())}, {bias})"


def _formula(words: _Words) -> str:
    kind = words.next()
    if kind in _ATOMS:
        return f"({kind.capitalize()} {words.next()})"
    first = _formula(words)
    return f"({kind.capitalize()} {first} {_formula(words)})"


def _coordinates(words: _Words) -> str:
    words.skip("coordinates")
    n = words.count()
    if n == 0:
        return "None"
    shift = _rationals(words, n)
    matrix, inverse = (_listed(_rationals(words, n) for _ in range(n)) for _ in range(2))
    return f"(Some (Coordinates {shift}\n    {matrix}\n    {inverse}))"


def _packed(tree: bytes) -> Iterator[str]:
    """Machine integers with ``_BYTES`` bytes of ``tree`` in each, and their number on top."""
    for start in range(0, len(tree), _BYTES):
        part = tree[start : start + _BYTES]
        yield hex(int.from_bytes(part, "little") | len(part) << 8 * _BYTES)
