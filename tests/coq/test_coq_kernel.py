"""The text for the kernel from Coq, and that kernel's answers where it has been built."""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from certify.io.claim_text import claim_entry, claim_text, proof_names
from certify.io.kernel_text import VERSION, kernel_text
from certify.proofs.checker.coordinates import Coordinates
from certify.proofs.checker.format import read_certificate
from certify.proofs.checker.models import Block
from certify.proofs.checker.obligations import atoms
from certify.proofs.checker.symbols import NO_ROLES
from certify.proofs.checker.theorems import obligations

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "proofs" / "coq" / "build" / "certify-kernel"
STUDIES = sorted(
    path.parent.name
    for path in ROOT.glob("case_studies/*/certificate.json")
    if not any(word in path.read_bytes() for word in (b'"paving"', b'"T-RULE"'))  # not all in trees
)
built = pytest.mark.skipif(not KERNEL.exists(), reason="`make kernel` builds the kernel")


def certificate_bytes(study: str) -> bytes:
    return (ROOT / "case_studies" / study / "certificate.json").read_bytes()


def text_of(study: str) -> str:
    return "\n".join(kernel_text(read_certificate(certificate_bytes(study)))) + "\n"


def number(numerator: str, denominator: str) -> Fraction:
    return Fraction(int(numerator, 16), int(denominator, 16))


def test_a_program_has_the_values_of_the_formula() -> None:
    """The double integrator's descent, evaluated from the text and by the checker."""
    text = text_of("double_integrator").split("obligation\n")[1]
    certificate = read_certificate(certificate_bytes("double_integrator"))
    obligation = obligations(certificate.claim, certificate.proof.radius)[0]
    rng = random.Random(1)
    point = [Fraction(rng.randint(-50, 50), 64) for _ in obligation.box]
    values: list[list[Fraction]] = []
    lines = text.split("program ")[1].split("goal")[0].splitlines()[1:]
    for line in lines:
        operator, *words = line.split()
        values.append(evaluated(operator, words, values, point))
    goal = text.split("goal ")[1].splitlines()[0]
    found = [values[-1 - int(k)][0] for k in re.findall(r"\d+", goal)]
    low = np.array([[float(x)] for x in point])
    block = Block(tuple(obligation.box), low, low, 0, NO_ROLES)
    for value, atom in zip(found, atoms(obligation.formula), strict=True):
        reach = block.range(atom.node)
        assert reach.low[0] - 1e-9 <= value <= reach.high[0] + 1e-9


def evaluated(
    operator: str, words: list[str], values: list[list[Fraction]], point: list[Fraction]
) -> list[Fraction]:
    if operator == "const":
        return [number(*words)]
    if operator == "var":
        return [point[int(words[0])]]
    if operator == "affine":
        vector = values[-1 - int(words[-1])]
        result, row = [], words[1:]
        for _ in range(int(words[0])):
            bias, count = number(*row[:2]), int(row[2])
            weights = [number(*row[k : k + 2]) for k in range(3, 3 + 2 * count, 2)]
            result.append(bias + sum(w * v for w, v in zip(weights, vector, strict=True)))
            row = row[3 + 2 * count :]
        return result
    if operator == "index":
        return [values[-1 - int(words[0])][int(words[1])]]
    if operator == "stack":
        return [values[-1 - int(k)][0] for k in words[1:]]
    if operator == "call":
        functions = {"abs": abs, "relu": lambda x: max(x, Fraction(0))}
        (a,) = (values[-1 - int(words[-1])],)
        if words[0] == "pow":
            return [x ** int(words[1]) for x in a]
        return [functions[words[0]](x) for x in a]
    a, b = values[-1 - int(words[0])], values[-1 - int(words[-1])]
    rules = {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "max": max,
        "neg": lambda x, _: -x,
    }
    return [rules[operator](x, y) for x, y in zip(a, b, strict=True)]


def answer(text: str, folder: Path) -> tuple[int, str]:
    file = folder / "kernel.txt"
    file.write_text(text)
    done = subprocess.run([KERNEL, file], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


@built
@pytest.mark.parametrize("study", STUDIES)
def test_certificates_are_accepted(study: str, tmp_path: Path) -> None:
    status, words = answer(text_of(study), tmp_path)
    assert (status, words.splitlines()[-1]) == (0, "accepted")


@built
@pytest.mark.parametrize("study", STUDIES)
def test_false_statements_are_not_accepted(study: str, tmp_path: Path) -> None:
    """Each relation turned round: ``e > 0`` becomes ``-e > 0`` by a swapped subtraction or sign."""
    text = text_of(study)
    first = text.index("goal ")
    head = text[:first].splitlines()
    count = next(i for i, line in enumerate(head) if line.startswith("program "))
    nodes = int(head[count].split()[1])
    goal = text[first:].splitlines()[0]
    atoms_of = re.findall(r"(positive|nonnegative) (\d+)", goal)
    # a node for each atom: its negative, appended at the end
    extra = []
    for j, (_, k) in enumerate(atoms_of):
        extra.append(f"neg {int(k) + j}")
    head[count] = f"program {nodes + len(extra)}"
    turned = iter(range(len(extra)))
    shift = len(extra)

    def negated(match: re.Match[str]) -> str:
        if match[1] == "defined":
            return f"defined {int(match[2]) + shift}"
        return f"positive {shift - 1 - next(turned)}"

    new_goal = re.sub(r"(positive|nonnegative|defined) (\d+)", negated, goal)
    false = "\n".join([*head, *extra, new_goal, *text[first:].splitlines()[1:]]) + "\n"
    status, words = answer(false, tmp_path)
    assert status == 5, words


@built
@pytest.mark.parametrize("study", STUDIES)
def test_damaged_trees_are_not_accepted(study: str, tmp_path: Path) -> None:
    text = text_of(study)
    tree = re.search(r"^tree (\d+) ([0-9a-f]+)$", text, re.MULTILINE)
    assert tree
    size, digits = int(tree[1]), tree[2]
    for damaged in (digits[:-2], digits + "40", "3f" + digits[2:], "43" + digits[2:]):
        line = f"tree {len(damaged) // 2} {damaged}"
        status, words = answer(text.replace(tree[0], line), tmp_path)
        assert status == 5, (size, words)


@built
def test_texts_for_another_kernel_are_refused(tmp_path: Path) -> None:
    text = text_of("double_integrator")
    for changed, lacking in (
        (text.replace("certify-kernel-5", "certify-kernel-9"), 'the format "certify-kernel-9"'),
        (text.replace("positive", "negative"), 'the relation "negative"'),
        (text.replace("\nneg ", "\nnegate "), 'the operator "negate"'),
        (text.replace("obligation", "claims"), 'the statement "claims"'),
    ):
        assert changed != text
        status, words = answer(changed, tmp_path)
        assert (status, lacking in words) == (4, True), words


@built
def test_malformed_texts_are_refused(tmp_path: Path) -> None:
    text = text_of("double_integrator")
    for damaged in (
        "",
        text[: len(text) // 2],
        text + "more",
        text.replace("tree ", "tree 1", 1),
        text.replace("-0x", "--0x", 1),
        re.sub(r"\nconst (\S+) \S+", r"\nconst \1 0x0", text, count=1),
        re.sub(r"\nconst (\S+) \S+", r"\nconst \1 -0x1", text, count=1),
    ):
        status, words = answer(damaged, tmp_path)
        assert status == 2, words


@built
@pytest.mark.parametrize(
    ("word", "other"),
    [("box 2", "box 02"), ("box 2", "box 0x2"), ("const 0x", "const 0x0"), ("box 2", "box 2\t")],
)
def test_a_statement_has_one_spelling(word: str, other: str, tmp_path: Path) -> None:
    """What the program makes of a text is compared with the text by a function from Coq."""
    text = text_of("double_integrator")
    assert word in text
    assert answer(text.replace(word, other, 1), tmp_path)[0] == 2
    spaced = text.replace("box 2\n", "box  2 \n\n", 1)
    assert spaced != text
    assert answer(spaced, tmp_path)[0] == 0


CLAIMS = ["cruise_control", "double_integrator", "pendulum_onnx", "van_der_pol"]


def claim_of(study: str) -> str:
    return "\n".join(claim_text(read_certificate(certificate_bytes(study)))) + "\n"


@built
@pytest.mark.parametrize("differences", ["differences 0", "differences 1"])
@pytest.mark.parametrize("study", CLAIMS)
def test_whole_claims_are_accepted(study: str, differences: str, tmp_path: Path) -> None:
    """Every obligation is made by the kernel, on faces and near the equilibrium too."""
    text = re.sub(r"^differences .$", differences, claim_of(study), flags=re.MULTILINE)
    status, words = answer(text, tmp_path)
    assert (status, words.splitlines()[-1]) == (0, "accepted")
    names = proof_names(read_certificate(certificate_bytes(study)).claim)
    assert re.findall(r"^proved (\S+)", words, re.MULTILINE) == names
    assert {"van_der_pol": 9, "cruise_control": 7}.get(study, 5) == len(names)


def test_coordinates_along_rays_are_those_of_the_kernels_variables() -> None:
    """Where the checker has (r, d_2), the kernel has (r / radius, d_1, d_2) with d_1 fixed."""
    certificate = read_certificate(certificate_bytes("double_integrator"))
    proof = certificate.proof
    slanted = ((Fraction(1, 2), Fraction(1, 8)), (Fraction(1, 4), Fraction(1)))
    given = Coordinates((Fraction(1, 3), Fraction(1, 5)), slanted)
    changed = replace(proof, coordinates={**proof.coordinates, "ray/position+": given})
    lines = list(claim_entry(replace(certificate, proof=changed)))
    size, *words = lines[lines.index("ray/position+") + 2].removeprefix("coordinates ").split()
    numbers = list(map(number, words[::2], words[1::2]))
    shift, rows = numbers[:3], [numbers[3 * i : 3 * i + 3] for i in range(1, 7)]
    radius = proof.radius
    assert size == "3"
    assert radius is not None
    assert [shift[0] * radius, shift[2]] == [Fraction(1, 3), Fraction(1, 5)]
    assert [[m * radius for m in rows[0]], rows[1], rows[2]] == [
        [Fraction(1, 2), 0, Fraction(1, 8)], [0, 1, 0], [Fraction(1, 4), 0, 1]
    ]  # fmt: skip
    for i, row in enumerate(rows[:3]):
        product = [sum(a * rows[3 + k][j] for k, a in enumerate(row)) for j in range(3)]
        assert product == [int(i == j) for j in range(3)]


FALSE = {
    "a higher level": (r"^level .*$", "level 0x1000000 0x1", 5, 5),
    "a faster decay": (r"^decay .*$", "decay 0x63 0x64", 5, 5),
    "a decay that is none": (r"^decay .*$", "decay -0x1 0x1000", 4, 4),
    "a decay to nothing": (r"^decay .*$", "decay 0x1 0x1", 4, 5),
    "a cube of no size": (r"^cube .*$", "cube 2 0x0 0x1 0x0 0x1", 4, 4),
    "a larger cube": (r"^cube .*$", "cube 2 0x40 0x1 0x40 0x1", 5, 5),
    "another equilibrium": (r"^rest .*$", "rest 2 0x1 0x40 0x1 0x40", 4, 4),
    "an equilibrium outside": (r"^states 2 .*$", "states 2 0x1 0x1 0x2 0x1 -0x1 0x1 0x1 0x1", 4, 4),
    "a larger domain": (r"^states 2 .*$", "states 2" + " -0x100 0x1 0x100 0x1" * 2, 5, 5),
    "a smaller domain": (r"^states 2 .*$", "states 2" + " -0x1 0x8 0x1 0x8" * 2, 5, 5),
    "a negative level": (r"^level .*$", "level -0x1 0x1", 4, 4),
    "too few proofs": (r"^proofs \d$", "proofs 4", 2, 2),
    "an output too few": (r"^outputs 2 \d+ ", "outputs 1 ", 4, 4),
    "an output that is none": (r"^outputs 2 \d+ ", "outputs 2 1000 ", 4, 4),
    "a state that is none": (r"\nvar 0", "\nvar 9", 4, 4),
    "an argument that is none": (r"\nmul ", "\nmul 9", 4, 4),
    "a rational with a space more": (r"^level 0x", "level 0x0", 2, 2),
    "a sign more": (r"^decay ", "decay --", 2, 2),
    "another theorem": (r"^T-STAB-.$", "T-STAB-E", 4, 4),
}


@built
@pytest.mark.parametrize("name", FALSE)
@pytest.mark.parametrize("study", ["double_integrator", "van_der_pol"])
def test_claims_that_are_false_or_damaged_are_not_accepted(
    study: str, name: str, tmp_path: Path
) -> None:
    line, claimed, discrete, continuous = FALSE[name]
    text = claim_of(study)
    false = re.sub(line, claimed, text, count=1, flags=re.MULTILINE)
    assert false != text
    status, words = answer(false, tmp_path)
    assert status == (discrete if study == "double_integrator" else continuous), words
    assert "accepted" not in words.splitlines()


UNSAFE = {
    "a barrier that is smaller": (r"^barrier ", "barrier 1\nconst -0x1 0x1\nbarrier ", 2),
    "a barrier that is always positive": (
        r"^barrier (.*\n)*?initial",
        "barrier 1\nconst 0x1 0x1\ninitial",
        5,
    ),
    "a barrier that is never positive": (
        r"^barrier (.*\n)*?initial",
        "barrier 1\nconst -0x1 0x1\ninitial",
        5,
    ),
    "an initial set that is everything": (r"^initial (.*\n)*?unsafe", "initial 0\nunsafe", 5),
    "an unsafe set that is everything": (
        r"^unsafe (.*\n)*?differences",
        "unsafe 0\ndifferences",
        5,
    ),
    "a plant that is still": (r"^outputs 2 \d+ ", "outputs 2 1000 ", 4),
    "a larger domain": (r"^states 2 .*$", "states 2" + " -0x100 0x1 0x100 0x1" * 2, 5),
    "a word more": (r"^function", "function function", 2),
    "too few proofs": (r"^proofs 7$", "proofs 6", 2),
}


@built
@pytest.mark.parametrize("name", UNSAFE)
def test_barriers_that_are_none_are_not_accepted(name: str, tmp_path: Path) -> None:
    line, claimed, expected = UNSAFE[name]
    text = claim_of("cruise_control")
    false = re.sub(line, claimed, text, count=1, flags=re.MULTILINE)
    assert false != text
    assert answer(false, tmp_path)[0] == expected


@built
def test_a_loop_in_the_other_time_is_not_accepted(tmp_path: Path) -> None:
    """A field is no map, and the trees of one claim are not those of the other."""
    text = claim_of("van_der_pol").replace("T-STAB-C", "T-STAB-D")
    assert answer(text, tmp_path)[0] == 2
    five = re.sub(r"^proofs 9$", "proofs 5", text, flags=re.MULTILINE)
    faces = re.compile(r"^face/.*\nnames none\ncoordinates .*\ntree .*\n", re.MULTILINE)
    assert answer(faces.sub("", five), tmp_path)[0] in (4, 5)


@built
def test_bounds_are_claims_too(tmp_path: Path) -> None:
    """``x y`` on a square is within [-1, 1], and the kernel knows by how much."""
    square = "inputs 2 -0x1 0x1 0x1 0x1 -0x1 0x1 0x1 0x1\noutput 3\nvar 0\nvar 1\nmul 1 0\n"
    proof = "differences 0\nproofs 1\noutput\nnames none\ncoordinates 0\ntree 1 42\n"
    for low, high, expected in (
        ("some -0x101 0x100", "some 0x101 0x100", 0),
        ("none", "some 0x101 0x100", 0),
        ("some -0x101 0x100", "none", 0),
        ("none", "none", 0),
        ("some -0xff 0x100", "some 0x101 0x100", 5),
        ("some -0x101 0x100", "some 0xff 0x100", 5),
        ("perhaps", "none", 2),
    ):
        text = f"{VERSION} 1\nT-OUT\n{square}lower {low}\nupper {high}\n{proof}"
        assert answer(text, tmp_path)[0] == expected, (low, high)
