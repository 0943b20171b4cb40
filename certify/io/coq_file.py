"""A certificate as a theorem in Coq: a file whose compilation is the check.

For a claim whose obligations the kernel makes, the last theorem is what the claim says
(``true_of stated``, for trajectories or solutions), from a theorem for each obligation that its
tree proves it.  For other claims it is the conjunction of the obligations (``holds statement``)
that :mod:`certify.io.kernel_text` writes.  The kernel runs inside of Coq (``vm_compute``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from certify.errors import UnsupportedError
from certify.io.claim_text import claim_entry
from certify.io.coq_terms import (
    Words,
    formula,
    listed,
    node,
    pair,
    paving,
    rational,
    rationals,
)
from certify.io.kernel_text import entry, in_trees
from certify.proofs.checker.format import Certificate
from certify.proofs.checker.kernel import to_prove
from certify.proofs.checker.obligations import Obligation

__all__ = ["coq_file", "theorem_name"]

_BYTES = 7
_DEPTH = 4096
_HALVINGS = 10
_DEEPER = 20  # the same of cells


def theorem_name(position: int) -> str:
    """What the theorem about the obligation at ``position`` is called."""
    return f"obligation_{position}"


def coq_file(certificate: Certificate, *, whole: bool) -> Iterator[str]:
    """The lines of the file: the ``whole`` claim, or the obligations that the checker derives.

    A CheckerError if trees and obligations do not fit the claim.
    """
    wanted = to_prove(certificate) if whole else in_trees(certificate)
    if certificate.proof.paving is not None and not whole:
        raise UnsupportedError(
            "in Coq cells are shown for the whole claim only: check with --kernel verified"
        )
    claim = certificate.claim
    said = "the claim is true" if whole else f"the obligations of {claim.theorem} hold"
    yield f"(** {_plain(claim.name)}, {_plain(claim.theorem)}: {said}. *)"
    yield "From Coq Require QArith List Uint63."
    modules = (
        "Claims OutputClaim SafetyClaim RuleClaim ResidualClaim ExtensionClaim RecoveryClaim "
        "Statements Inside"
    )
    yield f"From Certify Require Language Tree {modules}."
    yield "Module Certificate.  (* after it the names of axioms are printed in full *)"
    yield f"Import QArith List Uint63 Language Tree {modules} ListNotations."
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
    words = Words(word for line in claim_entry(certificate) for word in line.split())
    yield f"Definition stated : statement := {_statement(words)}."
    words.skip("differences")
    differences = "true" if words.count() else "false"
    words.skip("proofs")
    count = words.count()
    for position in range(count):
        name = words.next()
        yield from (
            "",
            f"(* {_plain(name)} *)",
            f"Definition proof_{position} : option nat * task := (",
        )
        words.skip("names")
        names = "None" if words.next() == "none" else f"Some {words.count()}"
        yield f"  {names}, Task []"
        yield from _tree_lines(words)
        yield ")."
        yield f"Theorem {theorem_name(position)} : "
        yield f"  closes {differences} stated {position} proof_{position} = true."
        yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    proofs = listed(f"proof_{i}" for i in range(count))
    all_close = "".join(f"(conj {theorem_name(i)} " for i in range(count)) + "I" + ")" * count
    yield ""
    yield f"Definition proofs := {proofs}."
    yield f"Theorem as_many : counts {differences} stated (length proofs) = true."
    yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    yield from _cells(words)
    yield "Theorem certificate : true_of stated."
    shown = f"{_DEEPER} names stated proofs hints as_many {all_close} all_cells"
    yield f"Proof. exact (claim_is_true {differences} {shown}). Qed."


def _cells(words: Words) -> Iterator[str]:
    """That the cells are shown, if the claim has any."""
    names, hints = "0", []
    if words.skip_if("cells"):
        name = words.next()
        words.skip("names")
        names = words.next()
        words.skip("hops")
        hints = [f"({words.next()}, {words.next()})" for _ in range(words.count())]
        yield f"(* {_plain(name)} *)"
    yield f"Definition names := {names}."
    yield f"Definition hints : list (nat * nat) := {listed(hints)}."
    yield f"Theorem all_cells : cells_close {_DEEPER} names stated hints = true."
    yield "Proof. vm_cast_no_check (eq_refl true). Qed."


def _statement(words: Words) -> str:
    theorem = words.next()
    if theorem == "T-OUT":
        box, program = _field(words, "inputs", pair), _field(words, "output", node)
        return f"Bounded (OutputClaim {box} {program} {_maybe(words)} {_maybe(words)})"
    if theorem == "T-RULE":
        box, program = _field(words, "domain", pair), _field(words, "decisions", node)
        return f"Ruled (RuleClaim {box} {program}\n  {_field(words, 'rules', _rule)})"
    loop = [_field(words, word, pair) for word in ("states", "others")]
    loop += [_field(words, "plant", node), _field(words, "outputs", Words.next)]
    if theorem.startswith("T-SAFE"):
        parts = [_field(words, "barrier", node)]
        parts += [_field(words, kind, _function) for kind in ("initial", "unsafe")]
        kind = "Guarded" if theorem == "T-SAFE-D" else "Shielded"
        return f"{kind} (SafetyClaim (System {' '.join(loop)})\n  {' '.join(parts)})"
    if theorem == "T-REACH-D":
        parts = [_field(words, kind, _function) for kind in ("target", "initial")]
        words.skip("away")
        parts += [f"(Some {words.next()})" if words.next() == "some" else "None", _cells_of(words)]
        return f"Recovered (RecoveryClaim (System {' '.join(loop)})\n  {' '.join(parts)})"
    parts = [_field(words, "lyapunov", node)]
    for word in ("level", "decay"):
        words.skip(word)
        parts.append(rational(words))
    parts += [_field(words, word, rational) for word in ("rest", "cube")]
    claim = f"(Claim (System {' '.join(loop)})\n  {' '.join(parts)})"
    if theorem in ("T-RES-D", "T-RES-C"):
        words.skip("residual")
        kind = "Settling" if theorem == "T-RES-D" else "Subsiding"
        return f"{kind} (ResidualClaim {claim} {rational(words)})"
    if theorem == "T-EXT-D":
        return f"Extended (ExtensionClaim {claim} {_cells_of(words)})"
    return f"{'Stable' if theorem == 'T-STAB-D' else 'Attracting'} {claim}"


def _cells_of(words: Words) -> str:
    words.skip("steps")
    steps = words.next()
    words.skip("volume")
    volume = rational(words)
    words.skip("paving")
    return f"{steps} {volume} {paving(words)}"


def _function(words: Words) -> str:
    return _field(words, "function", node)


def _rule(words: Words) -> str:
    sides = [_field(words, side, _comparison) for side in ("when", "then")]
    return f"Rule {' '.join(sides)}"


def _comparison(words: Words) -> str:
    strict = "true" if words.next() == "positive" else "false"
    return f"Comparison {strict} {words.next()}"


def _field(words: Words, name: str, part: Callable[[Words], str]) -> str:
    words.skip(name)
    return listed([part(words) for _ in range(words.count())])


def _maybe(words: Words) -> str:
    words.next()
    return "None" if words.next() == "none" else f"(Some {rational(words)})"


def _plain(text: str) -> str:
    """``text`` in ASCII without what could end a comment."""
    return re.sub(r"[^\w .,:/+-]", "?", text[:100], flags=re.ASCII)


def _theorem(certificate: Certificate, obligation: Obligation, position: int) -> Iterator[str]:
    words = Words(word for line in entry(certificate, obligation) for word in line.split())
    words.skip("obligation")
    yield ""
    yield f"(* {_plain(obligation.name)} *)"
    yield f"Definition statement_{position} : obligation := Obligation"
    words.skip("box")
    yield f"  {listed(pair(words) for _ in range(words.count()))}"
    words.skip("program")
    nodes = [node(words) for _ in range(words.count())]
    yield "  [" + ";\n   ".join(nodes) + "]"
    words.skip("goal")
    yield f"  {formula(words)}."
    words.skip("differences", "0", "proofs", "1", obligation.name)
    yield f"Definition proof_{position} : task := Task"
    words.skip("flags")
    digits = words.next() if words.count() else ""
    yield f"  (flags_of {listed(digits)})"
    yield from _tree_lines(words)
    yield "."
    yield f"Theorem {theorem_name(position)} : holds statement_{position}."
    yield f"Proof. apply (check_ok _ proof_{position}). vm_cast_no_check (eq_refl true). Qed."


def _tree_lines(words: Words) -> Iterator[str]:
    """Coordinates and tree of a task, and between them how deep it is looked into."""
    yield f"  {_coordinates(words)} {_DEPTH} {_HALVINGS}"
    words.skip("tree")
    tree = bytes.fromhex(words.next()) if words.count() else b""
    yield f"  (unpacked {listed(_packed(tree))}%uint63)"


def _coordinates(words: Words) -> str:
    words.skip("coordinates")
    n = words.count()
    if n == 0:
        return "None"
    shift = rationals(words, n)
    matrix, inverse = (listed(rationals(words, n) for _ in range(n)) for _ in range(2))
    return f"(Some (Coordinates {shift}\n    {matrix}\n    {inverse}))"


def _packed(tree: bytes) -> Iterator[str]:
    """Machine integers with ``_BYTES`` bytes of ``tree`` in each, and their number on top."""
    for start in range(0, len(tree), _BYTES):
        part = tree[start : start + _BYTES]
        yield hex(int.from_bytes(part, "little") | len(part) << 8 * _BYTES)
