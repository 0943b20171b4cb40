"""The package as a library: what it exports, and that importing it costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import certify

PROBLEM = """\
name = "bounded"
[system]
time = "discrete"
states = ["x"]
[system.dynamics]
x = "x/2"
[domain]
x = [-2, 2]
[property]
kind = "output"
expression = "x**2 - x"
upper = "6.1"
"""


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    path = tmp_path / "problem.toml"
    path.write_text(PROBLEM)
    return path


def checker(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "certify.proofs.checker", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_exported_name_is_there_and_documented() -> None:
    for name in certify.__all__:
        assert getattr(certify, name).__doc__
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = certify.frobnicate


def test_importing_costs_nothing() -> None:
    script = "import sys, certify; sys.exit('numpy' in sys.modules or 'typer' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_certificate_goes_through_a_file_and_the_checker(problem: Path, tmp_path: Path) -> None:
    outcome = certify.verify(certify.read_problem(problem))
    assert outcome.certificate is not None
    path = tmp_path / "deep" / "certificate.json"
    certify.save(outcome.certificate, path)
    assert certify.load(path) == outcome.certificate
    accepted = certify.check(path)
    assert accepted.certificate == outcome.certificate
    assert set(accepted.leaves) == set(outcome.certificate.proof.trees)
    certify.save(certify.load(path), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_the_checker_alone(problem: Path, tmp_path: Path) -> None:
    outcome = certify.verify(certify.read_problem(problem))
    assert outcome.certificate is not None
    path = tmp_path / "certificate.json"
    certify.save(outcome.certificate, path)
    done = checker(path)
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (answer["verdict"], answer["theorem"]) == ("accepted", "T-OUT")
    assert answer["assumptions"] == list(outcome.certificate.assumptions)
    path.write_bytes(path.read_bytes().replace(b"bounded", b"boundet"))
    done = checker(path)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (5, "rejected")


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["nothing"], ["nothing", "0"], ["."]])
def test_the_usage_of_the_checker(arguments: list[str]) -> None:
    done = checker(*arguments)
    assert (done.returncode, done.stderr) == (2, "")
    assert json.loads(done.stdout)["verdict"] == "usage"
