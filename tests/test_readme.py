"""The README's program runs, and what it says about exit codes and files is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from certify.outcome import Verdict

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
