"""The report model, the terminal text and the JSON summary on small hand-made claims."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction

import pytest

from certify.errors import CertificateError, InputError
from certify.expression import const, var
from certify.outcome import Counterexample, OpenBox, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate, Proof, read_certificate, write_certificate
from certify.proofs.checker.kernel import check_certificate
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.report.json import summary
from certify.report.leaves import drawn_leaves, statistics
from certify.report.model import outcome_of, report_model
from certify.report.text import explain
from certify.report.volume import VolumeEstimate
from certify.report.words import rounded

F = Fraction
ONE = F(1)
KEYS = {
    *("verdict", "property", "theorem", "level", "volume", "residual", "seconds", "cpu_seconds"),
    *("leaves", "certificate", "evidence", "advice", "counterexample", "volume_interval"),
    "volume_kind",
}


def halving(**changes: object) -> Claim:
    x = var("x")
    claim = Claim(
        theorem="T-STAB-D",
        name="halving",
        time="discrete",
        states=("x",),
        parameters=(),
        disturbances=(),
        box={"x": (F(-1), F(1))},
        plant={"x": F(1, 2) * x},
        controller={},
        functions={"lyapunov": x**2},
        numbers={"level": F(1, 2), "decay": F(1, 10)},
        equilibrium={"x": F(0)},
        units={"x": "m"},
    )
    return dataclasses.replace(claim, **changes)


def certificate(claim: Claim, radius: F | None = ONE) -> Certificate:
    wanted = obligations(claim, radius)
    proof = Proof(
        radius=radius,
        trees={o.name: b"\x41" for o in wanted},
        statements={o.name: o.digest() for o in wanted},
    )
    assumptions = THEOREMS[claim.theorem].assumptions
    return Certificate(claim, assumptions, "kernel", proof, {"problem.toml": "ab" * 32})


def residual() -> Claim:
    plant = {"x": F(1, 2) * var("x") + const(F(1, 100))}
    numbers = {"level": F(1, 2), "decay": F(0), "residual": F(1, 100), "residual/x": F(1, 10)}
    return halving(theorem="T-RES-D", plant=plant, numbers=numbers)


def refuted() -> Outcome:
    claim = halving(plant={"x": 2 * var("x")})
    point = Counterexample({"x": F(1, 3)}, "descent")
    return Outcome(Verdict.REFUTED, claim, "falsifier", counterexample=point)


def unknown() -> Outcome:
    boxes = tuple(OpenBox("descent", {"x": (0.25, 0.5)}) for _ in range(30))
    return Outcome(
        Verdict.UNKNOWN, halving(), "bisection", open_boxes=boxes, advice="Allow more boxes."
    )


def test_a_rechecked_proof_is_called_so_and_tells_all():
    found = certificate(halving())
    accepted = check_certificate(read_certificate(write_certificate(found)))
    model = report_model(outcome_of(found), accepted=accepted, certificate_path="halving.cert")
    assert model.headline == "Proved and re-checked"
    assert "V <= 0.5" in model.lead
    assert "10 % a step" in model.lead
    assert "no neighbourhood of it is left out" in model.lead
    assert [row.leaves for row in model.obligations] == [1, 1, 1]
    text = explain(model)
    folded = " ".join(text.split())
    for assumption in model.assumptions:
        assert assumption in folded
    for row in model.obligations:
        assert f"{row.name}: {row.statement}" in folded
    assert "certify check halving.cert" in text
    assert model.digests[0][1] in text
    assert "problem.toml" in text
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 100
    json.dumps(model.to_json(), allow_nan=False)


def test_nothing_is_called_rechecked_without_the_checker():
    model = report_model(outcome_of(certificate(halving())))
    assert not model.rechecked
    assert "re-checked" not in model.headline.replace("not re-checked", "")


def test_the_answer_about_another_certificate_is_refused():
    accepted = check_certificate(certificate(halving()))
    other = certificate(halving(numbers={"level": F(1, 4), "decay": F(1, 10)}))
    with pytest.raises(InputError, match="another certificate"):
        report_model(outcome_of(other), accepted=accepted)


def test_a_certificate_that_does_not_fit_its_theorem_is_an_error():
    found = certificate(halving())
    broken = dataclasses.replace(found, proof=dataclasses.replace(found.proof, radius=None))
    with pytest.raises(CertificateError):
        report_model(outcome_of(broken))
    short = dataclasses.replace(found.proof, trees={"descent": b"\x41"})
    with pytest.raises(CertificateError, match="proof trees"):
        report_model(outcome_of(dataclasses.replace(found, proof=short)))


def test_a_solver_s_word_is_never_called_proved():
    found = dataclasses.replace(
        certificate(halving()), evidence="solver", proof=Proof(None, {}, {})
    )
    model = report_model(Outcome(Verdict.PROVED, found.claim, "z3", certificate=found))
    assert "roved" not in model.headline
    assert "not re-checkable" in model.headline
    assert not model.commands
    assert "According to it" in explain(model)


def test_refuted_shows_the_point_and_what_the_functions_are_there():
    model = report_model(refuted())
    assert model.verdict == "refuted"
    assert model.counterexample is not None
    assert model.counterexample.coordinates == {"x": "1/3"}
    values = dict(model.counterexample.values)
    assert float(values["V"]) == pytest.approx(1 / 9)
    assert float(values["V after one step"]) == pytest.approx(4 / 9)
    assert values["fall of V / V"] == "-3, claimed: at least 0.1"
    assert values["x after one step"] == "0.666666667"
    assert "not the behaviour of the loop" in " ".join(explain(model).split())
    assert "WHAT WAS ASKED" in explain(model)


def test_a_next_state_outside_the_domain_is_marked():
    claim = halving(plant={"x": 2 * var("x")}, numbers={"level": F(1, 2), "decay": F(0)})
    point = Counterexample({"x": F(2, 3)}, "descent")
    model = report_model(Outcome(Verdict.REFUTED, claim, "falsifier", counterexample=point))
    assert model.counterexample is not None
    values = dict(model.counterexample.values)
    assert values["x after one step"] == "1.33333333, outside its domain [-1, 1]"


def test_unknown_lists_boxes_and_advice():
    model = report_model(unknown())
    assert model.open_total == 30
    text = explain(model)
    assert "Allow more boxes." in text
    assert "x in [0.25, 0.5]" in text
    assert "and 10 more boxes" in text
    assert "Nothing is claimed" in text


def test_a_level_still_to_be_found_can_be_reported():
    claim = halving(numbers={"decay": F(0)})
    model = report_model(Outcome(Verdict.TIMED_OUT, claim, "bisection"))
    assert model.headline == "Timed out"
    assert "to be found" in explain(model)


def test_a_residual_set_is_never_called_convergence_to_the_equilibrium():
    found = certificate(residual(), None)
    model = report_model(outcome_of(found))
    assert model.property == "convergence to a residual set"
    assert "equilibrium itself is not claimed" in model.lead
    assert "x within 0.1 m" in model.lead
    assert model.residual.startswith("Convergence to a residual set.")
    assert "x moves by up to 0.01" in model.residual


def test_names_from_a_file_cannot_steer_the_terminal():
    claim = halving(name="\x1b[31mred\x1b[0m\n" + "y" * 1000, units={"x": "\x07m"})
    text = explain(report_model(outcome_of(certificate(claim))))
    assert all(c.isprintable() or c == "\n" for c in text)


def test_sentences_round_to_the_safe_side():
    third = F(1, 3)
    assert F(rounded(third, "down")) < third < F(rounded(third, "up"))
    assert F(rounded(-third, "down")) < -third < F(rounded(-third, "up"))
    assert rounded(F("0.001"), "down") == "0.001"


@pytest.mark.parametrize("outcome", [outcome_of(certificate(halving())), refuted(), unknown()])
def test_the_summary_has_its_keys_and_is_strict_json(outcome: Outcome):
    data = summary(outcome, certificate_path="c.cert")
    assert set(data) >= KEYS
    assert data["verdict"] == outcome.verdict.word
    json.dumps(data, allow_nan=False)


def test_the_summary_grades_its_volume():
    sampled = VolumeEstimate(1.5, (1.4, 1.6), 0.75, 1000)
    data = summary(outcome_of(certificate(halving())), volume=sampled)
    assert data["volume_kind"] == "statistical"
    assert data["volume_interval"] == [1.4, 1.6]
    assert data["leaves"] == 3
    found = summary(outcome_of(certificate(residual(), None)))["residual"]
    assert found == {"level": 0.01, "bounds": {"x": 0.1}}


def test_tree_statistics_count_depth_and_degree():
    tree = bytes([0, 0x40, 0, 0x41, 0x41])
    found = statistics(tree)
    assert (found.leaves, found.deepest) == (3, 2)
    assert found.degrees == {"degree 0": 1, "degree 1": 2}
    boxes = [leaf.box["x"] for leaf in drawn_leaves(tree, {"x": (F(0), F(1))})]
    assert boxes == [(0.0, 0.5), (0.5, 0.75), (0.75, 1.0)]
    for damaged in (b"", b"\x00\x40", b"\x40\x40"):
        with pytest.raises(CertificateError):
            statistics(damaged)


def test_only_drawing_needs_matplotlib():
    code = (
        "import sys, certify.report.json, certify.report.text, certify.report.volume\n"
        "assert not {'matplotlib', 'jinja2'} & set(sys.modules)\n"
        "import certify.report.html\n"
        "assert not {'matplotlib', 'scipy', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
