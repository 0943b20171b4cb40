"""Several kernels judge the same certificates, thousands if this is run as a program.

``python tests/coq/cross_examination.py CASES [--from SEED] [PROGRAM ...]`` prints what became of
them.  A false claim that any kernel accepts, and a certificate of the search that not all accept,
are failures.  Cases are those of seeds from SEED (1) on: parts of a long run can be repeated.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count, islice
from pathlib import Path

from random_claims import twins
from random_loops import loop_twins
from random_pavings import extended_certificates, recovered_certificates

from certify.errors import UnsupportedError
from certify.io.claim_text import claim_text, derived_text, has_claim_text
from certify.io.kernel_text import VERSION, entry, in_trees, is_in_trees
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.errors import CheckerError
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.kernel import check_certificate
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.verifiers.branch_and_bound import BranchAndBound
from certify.verifiers.interface import Options

__all__ = ["PROGRAMS", "Case", "Judged", "examine", "forged", "random_cases", "table"]

_BUILD = Path(__file__).parents[2] / "proofs" / "coq" / "build"
PROGRAMS = tuple(p for p in (_BUILD / "certify-kernel", _BUILD / "certify-kernel.js") if p.exists())
_BATCH = 100
_SEARCH = Options(timeout=5, boxes=3000)
_RADIUS = Fraction(1, 8)
_WORDS = {True: "the program", False: "none"}


@dataclass(frozen=True)
class Case:
    """A certificate and what is known of it: ``searched`` (the search ended with it),
    ``damaged`` (true, with a worse tree) or ``false``."""

    kind: str
    certificate: Certificate


@dataclass(frozen=True)
class Judged:
    """A case, which of the kernels accept it, and whether the first program does ``as_claim``,
    with obligations of its own; None where it makes none."""

    case: Case
    accepted: Mapping[str, bool]
    as_claim: bool | None = None

    @property
    def answer(self) -> str:
        """Those that accept, in words."""
        accepting = [name for name, word in self.accepted.items() if word]
        if len(accepting) == len(self.accepted):
            return "all"
        return "only " + ", ".join(accepting) if accepting else "none"


def examine(cases: Iterable[Case], programs: Sequence[Path] = PROGRAMS) -> Iterator[Judged]:
    """Each case with the answers of the checker in Python and of every program."""
    batch: list[Case] = []
    for case in cases:
        batch.append(case)
        if len(batch) == _BATCH:
            yield from _judged(batch, programs)
            batch = []
    yield from _judged(batch, programs)


def _judged(batch: Sequence[Case], programs: Sequence[Path]) -> Iterator[Judged]:
    answers = {"python": [_accepts(case.certificate) for case in batch]}
    for program in programs:
        answers[program.name] = _accepted_by(program, batch)
    if programs:
        claims = _accepted_as_claims(programs[0], batch)
    for i, case in enumerate(batch):
        as_claim = claims[i] if programs else None
        yield Judged(case, {name: words[i] for name, words in answers.items()}, as_claim)


def _accepts(certificate: Certificate) -> bool:
    try:
        check_certificate(certificate)
    except CheckerError:
        return False
    return True


def _accepted_by(program: Path, batch: Sequence[Case]) -> list[bool]:
    wanted: list[set[str] | None] = []
    lines: list[str] = []
    count = 0
    for i, case in enumerate(batch):
        try:
            alone = _alone(case.certificate)
            needed = {} if alone else in_trees(case.certificate)
        except (CheckerError, UnsupportedError):  # nothing is given to a program
            wanted.append(None)
            continue
        if alone:
            wanted.append(set() if _run(program, alone)[0] == 0 else None)
            continue
        for obligation in needed.values():
            lines += entry(case.certificate, obligation, f"{i}:")
        wanted.append({f"{i}:{name}" for name in needed})
        count += len(needed)
    proved = _proved(program, [f"{VERSION} {count}", *lines])
    return [names is not None and names <= proved for names in wanted]


def _alone(certificate: Certificate) -> list[str]:
    """A text of its own for what is more than obligations with trees: pavings and cases."""
    if not is_in_trees(certificate) and has_claim_text(certificate):
        return list(claim_text(certificate))
    return [] if certificate.proof.paving is None else list(derived_text(certificate))


def _accepted_as_claims(program: Path, batch: Sequence[Case]) -> list[bool | None]:
    """One text for each claim: the program stops at one of which it makes no obligations."""
    answers: list[bool | None] = []
    for case in batch:
        try:
            whole = has_claim_text(case.certificate)
            text = list(claim_text(case.certificate)) if whole else []
        except (CheckerError, UnsupportedError):
            text = []
        if not text:
            answers.append(None)
            continue
        status, _ = _run(program, text)
        if status not in (0, 4, 5):
            raise RuntimeError(f"{program} ended with {status}: {case.certificate.claim}")
        answers.append({0: True, 5: False}.get(status))
    return answers


def _proved(program: Path, lines: Sequence[str]) -> set[str]:
    status, said = _run(program, lines)
    if status not in (0, 5):
        raise RuntimeError(f"{program} ended with {status}: {said[-500:]}")
    words = [line.split() for line in said.splitlines()]
    assert len(words) == int(lines[0].split()[1]) + 1, "not every obligation was answered"
    return {w[1] for w in words if w[0] == "proved"}


def _run(program: Path, lines: Sequence[str]) -> tuple[int, str]:
    """The exit status of ``program`` on a text, and what it says."""
    node = [shutil.which("node") or "node", "--stack-size=7000"] if program.suffix == ".js" else []
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "kernel.txt")
        text.write_text("\n".join(lines) + "\n")
        command = [*node, str(program), "--all", str(text)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout or done.stderr


def forged(claim: Claim, tree: bytes, given: Proof | None = None) -> Certificate:
    """A certificate of ``claim`` in which all fits but the trees: ``tree``, or those ``given``."""
    radius = given.radius if given else _RADIUS if THEOREMS[claim.theorem].has_radius else None
    wanted = obligations(claim, radius)
    proof = Proof(
        radius,
        {o.name: given.trees.get(o.name, tree) if given else tree for o in wanted},
        {o.name: o.digest() for o in wanted},
        {o.name: given.coordinates[o.name] for o in wanted if o.name in given.coordinates}
        if given
        else {},
    )
    return Certificate(claim, THEOREMS[claim.theorem].assumptions, "kernel", proof)


def random_cases(seeds: Iterable[int]) -> Iterator[Case]:
    """Certificates that the search finds for random claims, damaged ones, and false twins."""
    for seed in seeds:
        rng = random.Random(seed)
        for kind, certificate in recovered_certificates(seed):
            yield Case(kind, certificate)
        for pair in (*twins(seed), *loop_twins(seed)):
            found = BranchAndBound().verify(pair.true, _SEARCH).certificate
            proof = None
            if found is not None and found.evidence == "kernel":
                proof = found.proof
                yield Case("searched", found)
                yield from (Case("damaged", _damaged(found, rng)) for _ in proof.trees and (1,))
                yield from _forged(pair.false, b"\x42", proof)
            # an obligation may be about states alone
            axes = len(rng.choice((pair.false.states, pair.false.box)))
            yield from _forged(pair.false, _uniform(axes, rng.randint(0, 7), rng))
            if found is not None and pair.true.theorem == "T-STAB-D":
                for kind, certificate in extended_certificates(pair.true, rng):
                    yield Case(kind, certificate)


def _forged(claim: Claim, tree: bytes, given: Proof | None = None) -> Iterator[Case]:
    try:
        yield Case("false", forged(claim, tree, given))
    except CheckerError:  # refused as a claim
        return


def _uniform(axes: int, depth: int, rng: random.Random) -> bytes:
    if depth == 0:
        return bytes([0x40 + rng.choice((0, 1, 2, 2, 2))])
    return bytes([depth % axes]) + b"".join(_uniform(axes, depth - 1, rng) for _ in range(2))


def _damaged(certificate: Certificate, rng: random.Random) -> Certificate:
    """With leaves of lower degree, or with a part of a tree cut down to a leaf."""
    proof = certificate.proof
    trees = {}
    for name, tree in proof.trees.items():
        if rng.random() < 0.5:
            lower = (b - (b > 0x40 and rng.random() < 0.3) for b in tree)
            trees[name] = bytes(lower)
        else:
            start = rng.randrange(len(tree))
            trees[name] = tree[:start] + b"\x42" + tree[_after(tree, start) :]
    return replace(certificate, proof=replace(proof, trees=trees))


def _after(tree: bytes, start: int) -> int:
    """Where the subtree at ``start`` ends."""
    missing = 1
    while missing:
        missing += 1 if tree[start] < 0x40 else -1
        start += 1
    return start


def table(judged: Iterable[Judged]) -> tuple[str, list[Judged]]:
    """The counts as a text, and the cases that must not be."""
    answers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    as_claims: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    bad = []
    for found in judged:
        theorem, kind = found.case.certificate.claim.theorem, found.case.kind
        answers[theorem, kind][found.answer] += 1
        if found.as_claim is not None:
            as_claims[theorem, kind][_WORDS[found.as_claim]] += 1
        expected = {"searched": "all", "false": "none"}.get(kind, found.answer)
        # with its own obligations the program may need another tree, but proves nothing false
        if found.answer != expected or (kind == "false" and found.as_claim):
            bad.append(found)
    lines = [
        f"  {theorem:9} {kind:8}  accepted by {_listed(found)};"
        f" as claims by {_listed(as_claims[theorem, kind])}"
        for (theorem, kind), found in sorted(answers.items())
    ]
    total = (
        f"cross-examination: {_sum(answers)} certificates, {_sum(as_claims)} also as claims,"
        f" {len(bad)} failures"
    )
    return "\n".join([total, *lines]), bad


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{who} {n}" for who, n in sorted(found.items())) or "none 0"


def _sum(counts: Mapping[object, Counter[str]]) -> int:
    return sum(found.total() for found in counts.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine as many random cases as asked for; exit status 1 if one must not be."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("cases", type=int)
    parser.add_argument("programs", nargs="*", type=Path, default=PROGRAMS)
    parser.add_argument("--from", type=int, default=1, dest="seed")
    given = parser.parse_intermixed_args(arguments)
    said = ", ".join(["the checker in Python", *(p.name for p in given.programs)])
    sys.stdout.write(f"judges: {said}\n")
    text, bad = table(examine(islice(random_cases(count(given.seed)), given.cases), given.programs))
    sys.stdout.write(text + "\n")
    for found in bad[:10]:
        sys.stdout.write(f"{found.case.kind}, {found.answer}: {found.case.certificate.claim}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
