"""The README's program runs, and what it says about commands, exit codes and files is so."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from certify.cli import app
from certify.outcome import Verdict
from certify.verifiers.registry import verifiers

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def program() -> str:
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return blocks[0]


def test_the_program_runs_and_proves_something(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": ""}
    command = [sys.executable, "-W", "error", "-c", program()]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"proved up to level \d+\.\d+\naccepted: \{.*'ray/", done.stdout)


def test_the_program_has_twelve_lines() -> None:
    assert len(program().splitlines()) == 12


@pytest.mark.parametrize("verdict", Verdict)
def test_exit_codes_of_the_verdicts(verdict: Verdict) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| {verdict.exit_code} |"))
    assert verdict.word in row


def test_links_lead_to_files_that_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []


def test_make_has_the_targets_it_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_commands_and_options_it_names_exist() -> None:
    commands = vars(typer.main.get_command(app))["commands"]
    names = {o for command in commands.values() for p in command.params for o in p.opts}
    table = [line for line in TEXT.splitlines() if line.startswith("certify ")]
    listed = [line.split("  ")[0] for line in table]
    verbs = {w for line in listed for w in re.findall(r"(?<![-\w])[a-z]+", line)} - {"certify"}
    assert verbs == set(commands)
    prose = re.sub(r"^```sh$.*?^```$", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"`certify (\w+)", prose)) <= verbs
    assert set(re.findall(r"(?<!-)--[a-z]+", prose)) <= names


def test_the_extras_it_names_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {*project["optional-dependencies"]}
    assert set(re.findall(r"(?:certify|\.)\[(\w+)\]", TEXT)) <= extras
    sentence = re.search(r"A bare `pip install -e \.`.*?extras", TEXT, re.DOTALL)
    assert sentence
    assert set(re.findall(r"`(\w+)`", sentence[0])) == extras - {"all", "dev"}


@pytest.mark.parametrize("engine", re.findall(r"`(?:CERTIFY_ENGINE=)?(python|plain|avx\d+)`", TEXT))
def test_doctor_knows_the_engines_it_names(engine: str) -> None:
    environment = {**os.environ, "CERTIFY_ENGINE": engine}
    command = [sys.executable, "-m", "certify", "doctor"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("engine "))
    assert engine in row


def test_the_help_names_the_verifiers() -> None:
    command = [sys.executable, "-m", "certify", "verify", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert all(verifier.name in done.stdout for verifier in verifiers())
