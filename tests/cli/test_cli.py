"""Every verb of the command line: what it prints, writes and exits with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_problems import (
    BY_NAME,
    EXTENDED,
    OPEN_LEVEL,
    PROVED,
    REFUTED,
    RESIDUAL,
    SLOW,
    TRAINED,
)
from cli_runs import COMMAND, Ended, certify, process

from certify.proofs.checker import kernel

VERBS = ("run", "verify", "train", "check", "explain", "report", "falsify", "init", "doctor",
         "rules", "repair", "chances")  # fmt: skip
KEYS = {  # what DESIGN.md promises of --json
    *("verdict", "property", "theorem", "level", "volume", "residual", "seconds"),
    *("cpu_seconds", "leaves", "certificate"),
}
VERDICTS = [
    ("proved", 0, "proved", "T-STAB-D"),
    ("extended", 0, "proved", "T-EXT-D"),
    ("open-level", 0, "proved", "T-STAB-D"),
    ("refuted", 1, "refuted", "T-STAB-D"),
    ("unknown", 3, "unknown", "T-STAB-D"),
    ("safety", 0, "proved", "T-SAFE-D"),
    ("output", 0, "proved", "T-OUT"),
    ("residual", 0, "proved", "T-RES-D"),
]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    return written(tmp_path, PROVED)


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The folder of ``certify init`` after ``certify run``, and how that ended."""
    folder = tmp_path_factory.mktemp("starter") / "loop"
    begun = certify("init", folder)
    assert begun.code == 0
    assert f"certify run {folder / 'problem.toml'}" in begun.out
    return folder, certify("run", folder / "problem.toml", "-o", folder / "out", "--json")


def written(folder: Path, text: str, name: str = "problem.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


# help and usage


@pytest.mark.parametrize("verb", VERBS)
def test_help_says_what_a_verb_does(verb: str) -> None:
    ended = certify(verb, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"certify {verb}" in ended.out


def test_help_names_every_verb_and_comes_with_exit_2_when_nothing_is_asked() -> None:
    asked, silent = certify("--help"), certify()
    assert (asked.code, silent.code) == (0, 2)
    assert asked.out.split() == silent.out.split()
    assert all(verb in asked.out for verb in VERBS)


def test_version() -> None:
    ended = certify("--version")
    assert ended.code == 0
    assert ended.out.startswith("certify ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["verify"], "PROBLEM"),
        (["verify", "a.toml", "b.toml"], "b.toml"),
        (["verify", "problem.toml", "--nope"], "--nope"),
        (["verify", "problem.toml", "--timeout", "soon"], "--timeout"),
        (["verify", "problem.toml", "--timeout", "nan"], "--timeout"),
        (["verify", "problem.toml", "--timeout", "-1"], "--timeout"),
        (["verify", "problem.toml", "--workers", "0"], "--workers"),
        (["verify", "problem.toml", "--boxes", "1.5"], "--boxes"),
        (["verify", "problem.toml", "--seed", "-1"], "--seed"),
        (["falsify", "problem.toml", "--seed", str(2**64)], "--seed"),
        (["verify", "problem.toml", "--engine", "z4"], "branch-and-bound"),
        (["check", "problem.toml", "--kernel", "abacus"], "python"),
    ],
)
def test_usage_errors_are_one_line_with_exit_2(
    arguments: list[str], said: str, problem: Path
) -> None:
    ended = certify(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.startswith("certify: ")
    assert ended.err.count("\n") == 1


def test_a_usage_error_with_json_is_json_too(problem: Path) -> None:
    ended = certify("verify", problem, "--timeout", "soon", "--json")
    assert ended.answer["verdict"] == "error"
    assert ended.answer["exit"] == ended.code == 2


# verify


@pytest.mark.parametrize(("name", "code", "verdict", "theorem"), VERDICTS)
def test_verify_answers_in_one_json_object_and_its_exit_code(
    name: str, code: int, verdict: str, theorem: str, tmp_path: Path
) -> None:
    path = written(tmp_path, BY_NAME[name])
    certificate = tmp_path / "certificate.json"
    ended = certify("verify", path, "--json", "--out", certificate)
    answer = ended.answer
    assert (ended.code, ended.err) == (code, "")
    assert answer.keys() >= KEYS
    assert (answer["verdict"], answer["theorem"]) == (verdict, theorem)
    assert certificate.exists() == (verdict == "proved")
    assert answer["certificate"] == (str(certificate) if verdict == "proved" else None)
    assert (answer["counterexample"] is None) == (verdict != "refuted")
    assert not list(tmp_path.glob("*.checkpoint"))


@pytest.mark.parametrize(("name", "word"), [("output", "PROVED"), ("refuted", "REFUTED")])
def test_verify_says_the_verdict_first(name: str, word: str, tmp_path: Path) -> None:
    ended = certify("verify", written(tmp_path, BY_NAME[name]))
    assert ended.out.startswith(word)
    assert ended.err == ""


def test_a_search_out_of_time_or_boxes_is_timed_out(tmp_path: Path) -> None:
    path = written(tmp_path, OPEN_LEVEL)
    for option in (["--timeout", "0.01"], ["--boxes", "5"]):
        ended = certify("verify", path, "--json", *option)
        assert (ended.code, ended.answer["verdict"]) == (4, "timed-out")
        assert "not enough" in str(ended.answer["advice"])


def test_verify_gives_the_same_bytes_again_and_with_more_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, OPEN_LEVEL)
    monkeypatch.setattr(kernel, "_WORTH_SHARING", 0)  # so that two workers really share
    files = [tmp_path / f"{name}.json" for name in "abc"]
    for file, workers in zip(files, (1, 1, 2), strict=True):
        assert certify("verify", path, "--out", file, "--workers", workers).code == 0
    assert len({file.read_bytes() for file in files}) == 1


def test_the_certificate_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    certificates = []
    for folder in (tmp_path / "one", tmp_path / "two" / "deep"):
        folder.mkdir(parents=True)
        path = written(folder, PROVED)
        assert certify("verify", path, "-o", folder / "c.json").code == 0
        certificates.append((folder / "c.json").read_bytes())
    assert certificates[0] == certificates[1]


# run


def test_run_proves_checks_and_reports_the_starter(starter: tuple[Path, Ended]) -> None:
    folder, ended = starter
    out = folder / "out"
    assert (ended.code, ended.err) == (0, "")
    assert ended.answer.keys() >= KEYS
    assert ended.answer["rechecked"] is True
    assert ended.answer["volume"] is not None
    assert {p.name for p in out.iterdir()} == {"certificate.json", "report.html", "summary.json"}
    assert json.loads((out / "summary.json").read_text()) == ended.answer
    assert "<svg" in (out / "report.html").read_text()


def test_run_and_verify_write_the_same_certificate(starter: tuple[Path, Ended]) -> None:
    folder, _ = starter
    other = folder / "verified.json"
    assert certify("verify", folder / "problem.toml", "--out", other).code == 0
    assert other.read_bytes() == (folder / "out" / "certificate.json").read_bytes()


def test_a_refuted_run_puts_the_certificate_of_an_earlier_run_aside(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "certificate.json").write_text("of an earlier problem")
    ended = certify("run", written(tmp_path, REFUTED), "-o", out)
    assert ended.code == 1
    assert ended.out.startswith("REFUTED")
    assert not (out / "certificate.json").exists()
    assert (out / "certificate.json.old").read_text() == "of an earlier problem"
    assert json.loads((out / "summary.json").read_text())["certificate"] is None


def test_run_says_in_words_what_it_wrote(tmp_path: Path) -> None:
    ended = certify("run", written(tmp_path, BY_NAME["output"]), "-o", tmp_path / "out")
    assert ended.code == 0
    assert "accepted the certificate in a process of its own" in ended.out
    for name in ("certificate.json", "report.html", "summary.json"):
        assert str(tmp_path / "out" / name) in ended.out


# train


def test_train_prints_what_it_found_and_proves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("control")
    pytest.importorskip("torch")
    ended = certify("train", written(tmp_path, TRAINED), "-o", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("u = ")
    assert "sampled, not proved" in ended.out
    assert list((tmp_path / "out").iterdir()) == []


def test_verify_of_what_is_to_be_trained_says_run(tmp_path: Path) -> None:
    ended = certify("verify", written(tmp_path, TRAINED))
    assert ended.code == 2
    assert "certify run" in ended.err


# certificates


def test_check_accepts_in_words_and_in_json(starter: tuple[Path, Ended]) -> None:
    certificate = starter[0] / "out" / "certificate.json"
    said, answered = certify("check", certificate), certify("check", certificate, "--json")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("ACCEPTED  my-loop: T-STAB-D")
    assert answered.answer["verdict"] == "accepted"


def test_check_of_a_changed_certificate_is_exit_5(
    starter: tuple[Path, Ended], tmp_path: Path
) -> None:
    data = (starter[0] / "out" / "certificate.json").read_bytes()
    changed = tmp_path / "changed.json"
    changed.write_bytes(data.replace(b'"my-loop"', b'"my-hoop"'))
    for verb in ("check", "explain", "report"):
        ended = certify(verb, changed)
        assert (ended.code, ended.out) == (5, "")
        assert "digest" in ended.err
    assert certify("check", changed, "--json").answer["exit"] == 5


def test_the_checker_is_not_what_lies_in_the_current_folder(
    starter: tuple[Path, Ended], tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not the module you look for')")
    (tmp_path / "certify").mkdir()
    (tmp_path / "certify" / "__init__.py").touch()
    certificate = starter[0] / "out" / "certificate.json"
    assert process("check", certificate, cwd=tmp_path).code == 0


def test_explain_tells_claim_assumptions_and_how_to_check(starter: tuple[Path, Ended]) -> None:
    certificate = starter[0] / "out" / "certificate.json"
    ended = certify("explain", certificate)
    assert ended.code == 0
    for part in ("T-STAB-D", "ASSUMPTIONS", f"certify check {certificate}"):
        assert part in ended.out
    assert max(map(len, ended.out.replace(str(certificate), "").splitlines())) <= 88


def test_report_checks_first_and_writes_the_file(
    starter: tuple[Path, Ended], tmp_path: Path
) -> None:
    ended = certify("report", starter[0] / "out" / "certificate.json", "-o", tmp_path / "r")
    assert (ended.code, ended.out.strip()) == (0, str(tmp_path / "r" / "report.html"))
    assert "<svg" in (tmp_path / "r" / "report.html").read_text()


# extensions


def test_an_extension_is_verified_checked_explained_and_drawn(tmp_path: Path) -> None:
    path, out = written(tmp_path, EXTENDED), tmp_path / "out"
    ended = certify("run", path, "-o", out, "--json")
    assert (ended.code, ended.answer["theorem"]) == (0, "T-EXT-D")
    found = ended.answer["extension"]
    assert isinstance(found, dict)
    assert ended.answer["volume"] < found["volume"] <= found["sampled_interval"][1]
    assert found["volume_kind"] == "certified"
    assert found["sampled_interval"][0] <= found["sampled"]
    certificate = out / "certificate.json"
    checked = certify("check", certificate, "--json")
    assert checked.answer["leaves"]["paving"] == found["cells"]
    explained = certify("explain", certificate).out
    for part in (
        "Volume, extended",
        f"within {found['steps']} steps",
        "T-EXT-D",
        "enters that set",
    ):
        assert part in " ".join(explained.split())
    page = (out / "report.html").read_text()
    assert "Extended region" in page
    for label in ("Volume, core", "Volume, core, sampled", "Volume, extended",
                  "Volume of all that reaches it, sampled"):  # fmt: skip
        assert label in page
    assert certify("falsify", path).code == 3


def test_an_extension_needs_an_exact_equilibrium(tmp_path: Path) -> None:
    asked = RESIDUAL.replace('level = "largest"', 'level = "largest"\nextend = { depth = 6 }')
    ended = certify("verify", written(tmp_path, asked))
    assert ended.code == 2
    assert "extend needs an equilibrium that is exactly one: subtract" in ended.err


# the other verbs


def test_falsify_refutes_a_level_and_only_bounds_an_open_one(tmp_path: Path) -> None:
    refuted = certify("falsify", written(tmp_path, REFUTED), "--json")
    assert (refuted.code, refuted.answer["verdict"]) == (1, "refuted")
    bounded = certify("falsify", written(tmp_path, OPEN_LEVEL), "--json")
    assert (bounded.code, bounded.answer["verdict"]) == (3, "unknown")
    assert "no level from there on can be proved" in str(bounded.answer["advice"])
    assert certify("falsify", written(tmp_path, PROVED)).code == 3


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert certify("init", tmp_path / "new").code == 0
    ended = certify("init", tmp_path / "new")
    assert (ended.code, ended.out) == (2, "")
    assert "another folder" in ended.err


def test_doctor_lists_libraries_and_verifiers() -> None:
    ended = certify("doctor")
    assert (ended.code, ended.err) == (0, "")
    names = ("engine", "python-flint", "numpy", "torch", "auto_LiRPA", "branch-and-bound", "z3")
    for name in names:
        assert f"\n{name} " in ended.out
    assert certify("doctor", "--json").answer.keys() == {"findings"}


# the process


def test_nothing_heavy_is_loaded_to_verify_and_check(problem: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from certify.cli import main\n"
        "assert main(['verify', 'problem.toml', '--out', 'c.json']) == 0\n"
        "assert main(['check', 'c.json']) == 0\n"
        "heavy = {'torch', 'sympy', 'matplotlib', 'scipy', 'sklearn', 'control', 'z3', 'onnx'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    command = [COMMAND[0], "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_goes_away_is_no_verdict(starter: tuple[Path, Ended]) -> None:
    certificate = starter[0] / "out" / "certificate.json"
    with subprocess.Popen(
        [*COMMAND, "explain", certificate], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_said(starter: tuple[Path, Ended]) -> None:
    certificate = starter[0] / "out" / "certificate.json"
    with Path("/dev/full").open("w") as full:
        command = [*COMMAND, "explain", certificate]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def _heed_interrupts() -> None:
    """For a child process: a shell has what it starts in the background ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_ends_a_search_with_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, SLOW)
    command = [*COMMAND, "verify", path, "--checkpoint", "0"]
    slowly = {**os.environ, "CERTIFY_ENGINE": "python"}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=slowly,
        preexec_fn=_heed_interrupts,
    ) as running:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("*.checkpoint")) and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        said = running.stderr.read()
    assert running.returncode == 130
    assert said == "certify: interrupted; the same command goes on where it was\n"


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_an_interrupt_from_the_terminal_reaches_the_workers_quietly(tmp_path: Path) -> None:
    path = written(tmp_path, SLOW.replace('"largest"', '"0.03"'))
    script = (  # the workers import it too, and take their time over the first leaves
        "import os, sys, time; from certify.cli import main\n"
        "from certify.proofs.checker import kernel\n"
        "kernel._WORTH_SHARING = 0\n"
        "def evaluate(*given): print(os.getpid(), flush=True); time.sleep(600)\n"
        "kernel._Job.evaluate = evaluate\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))"
    )
    (tmp_path / "script.py").write_text(script)
    command = [COMMAND[0], "script.py", "verify", path, "--workers", "2"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    ) as running:
        assert running.stdout is not None
        first, second = running.stdout.readline(), running.stdout.readline()
        assert first.strip().isdigit()
        assert second.strip().isdigit()
        assert first != second
        os.killpg(running.pid, signal.SIGINT)
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert "Traceback" not in said


def test_file_names_need_not_be_text(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system has text names only")
    shutil.copy(written(tmp_path, BY_NAME["output"]), folder / "p.toml")
    ended = process("run", folder / "p.toml", "-o", folder / "out", cwd=tmp_path)
    assert ended.code == 0
    assert "report.html" in ended.out
