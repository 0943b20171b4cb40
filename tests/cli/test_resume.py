"""``kill -9`` in the middle, then the same command: the same bytes, and it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_problems import BY_NAME, OPEN_LEVEL, TRAINED
from cli_runs import COMMAND, certify

from certify.certificate import load
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint

# Dies by SIGKILL in the middle of the given save, or right after it.
_DYING = """\
import os, signal, sys
from pathlib import Path
from certify.cli import main
from certify.verifiers import checkpoint
saves, save, replace = 0, checkpoint.Checkpoint._save, Path.replace
at, before = int(sys.argv[1]), sys.argv[2] == "during"
def die():
    if saves == at:
        os.kill(os.getpid(), signal.SIGKILL)
def dying_save(self, state):
    global saves
    saves += 1
    save(self, state)
    die()
def dying_replace(self, target):
    if before and self.name.endswith(".checkpoint.part"):
        die()
    return replace(self, target)
checkpoint.Checkpoint._save, Path.replace = dying_save, dying_replace
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The certificate of a search that nothing interrupts."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "problem.toml").write_text(OPEN_LEVEL)
    assert certify("verify", folder / "problem.toml", "-o", folder / "c.json").code == 0
    return (folder / "c.json").read_bytes()


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "problem.toml").write_text(OPEN_LEVEL)
    return ["verify", "problem.toml", "--out", "c.json", "--checkpoint", "0"]


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many boxes each step of a search in this process looks at, as it goes."""
    counts: list[int] = []
    spend = Budget.spend

    def counting(self: Budget, boxes: int) -> None:
        counts.append(boxes)
        spend(self, boxes)

    monkeypatch.setattr(Budget, "spend", counting)
    return counts


def killed(command: list[str], at: int, when: str, folder: Path) -> None:
    """``command`` in a process of its own that dies at a save."""
    script = [sys.executable, "-c", _DYING, str(at), when, *command]
    done = subprocess.run(script, cwd=folder, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("when", ["after", "during"])
@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_a_killed_verify_ends_with_the_bytes_of_an_undisturbed_one(
    at: int, when: str, command: list[str], undisturbed: bytes, tmp_path: Path
) -> None:
    killed(command, at, when, tmp_path)
    assert not (tmp_path / "c.json").exists()
    assert certify(*command).code == 0
    assert (tmp_path / "c.json").read_bytes() == undisturbed
    assert {p.name for p in tmp_path.iterdir()} == {"problem.toml", "c.json"}


def test_it_goes_on_and_does_not_begin_again(
    command: list[str], spent: list[int], tmp_path: Path
) -> None:
    assert certify(*command).code == 0
    whole = sum(spent)
    spent.clear()
    killed(command, 5, "after", tmp_path)
    assert certify(*command).code == 0
    assert sum(spent) < 0.7 * whole


def test_killed_again_and_again(command: list[str], undisturbed: bytes, tmp_path: Path) -> None:
    for _ in range(3):
        killed(command, 2, "after", tmp_path)
    assert certify(*command).code == 0
    assert (tmp_path / "c.json").read_bytes() == undisturbed


def test_a_search_out_of_boxes_is_kept_and_goes_on(
    command: list[str], undisturbed: bytes, tmp_path: Path
) -> None:
    """With nothing proved so far; what has been proved is the answer."""
    assert certify(*command, "--boxes", "200").code == 4
    assert list(tmp_path.glob("*.checkpoint"))
    assert certify(*command).code == 0
    assert (tmp_path / "c.json").read_bytes() == undisturbed


def test_a_search_out_of_boxes_answers_with_what_it_has_proved(
    command: list[str], undisturbed: bytes, tmp_path: Path
) -> None:
    assert certify(*command, "--boxes", "500").code == 0
    smaller = load(tmp_path / "c.json").claim.numbers["level"]
    (tmp_path / "c.json").write_bytes(undisturbed)
    assert 0 < smaller < load(tmp_path / "c.json").claim.numbers["level"]
    assert not list(tmp_path.glob("*.checkpoint"))


def test_a_kill_from_outside_at_any_moment(undisturbed: bytes, tmp_path: Path) -> None:
    (tmp_path / "problem.toml").write_text(OPEN_LEVEL)
    command = ["run", "problem.toml", "--out", "out", "--checkpoint", "0"]
    for delay in (0.0, 0.1):
        with subprocess.Popen([*COMMAND, *command], cwd=tmp_path) as running:
            while not list(tmp_path.glob("out/*.checkpoint")) and running.poll() is None:
                time.sleep(0.001)
            time.sleep(delay)
            running.kill()
        assert running.returncode == -signal.SIGKILL
    assert certify(*command).code == 0
    assert (tmp_path / "out" / "certificate.json").read_bytes() == undisturbed
    assert not list((tmp_path / "out").glob("*.checkpoint*"))


def test_a_run_that_trains_and_is_killed_in_its_search(tmp_path: Path) -> None:
    pytest.importorskip("control")
    pytest.importorskip("torch")
    (tmp_path / "problem.toml").write_text(TRAINED)
    assert certify("run", "problem.toml", "-o", "undisturbed").code == 0
    command = ["run", "problem.toml", "--out", "out", "--checkpoint", "0"]
    killed(command, 2, "after", tmp_path)
    assert certify(*command).code == 0
    files = [tmp_path / name / "certificate.json" for name in ("undisturbed", "out")]
    assert files[0].read_bytes() == files[1].read_bytes()


# checkpoints that are not what they should be


def checkpoint_of(command: list[str], folder: Path) -> Path:
    killed(command, 5, "after", folder)
    (file,) = folder.glob("*.checkpoint")
    return file


def test_a_damaged_checkpoint_is_as_good_as_none(
    command: list[str], undisturbed: bytes, tmp_path: Path
) -> None:
    file = checkpoint_of(command, tmp_path)
    data = file.read_bytes()
    for damaged in (b"", b"not a checkpoint", data[: len(data) // 2], b"\0" * len(data)):
        file.write_bytes(damaged)
        assert certify(*command).code == 0
        assert (tmp_path / "c.json").read_bytes() == undisturbed


def test_a_checkpoint_holds_its_state_and_no_changed_byte_of_it_is_taken(tmp_path: Path) -> None:
    state = {"ceiling": np.array(1.5), "0/rule": np.arange(5), "numbers": np.array("{}")}
    file = tmp_path / "some.checkpoint"
    Checkpoint(file, "claim", 0).offer(lambda: state)
    assert {k: v.tolist() for k, v in Checkpoint(file, "claim").load().items()} == {
        k: v.tolist() for k, v in state.items()
    }
    assert Checkpoint(file, "another claim").load() == {}
    data = np.frombuffer(file.read_bytes(), np.uint8)
    for place in range(len(data)):
        changed = data.copy()
        changed[place] ^= 1 << (place % 8)
        file.write_bytes(changed.tobytes())
        assert Checkpoint(file, "claim").load() == {}


def test_the_checkpoint_of_another_problem_is_not_used(
    command: list[str], undisturbed: bytes, tmp_path: Path
) -> None:
    own = checkpoint_of(command, tmp_path)
    other = tmp_path / "other.toml"
    other.write_text(OPEN_LEVEL.replace("-x - 2*y", "-x - 3*y"))
    killed(["verify", str(other), "--checkpoint", "0"], 2, "after", tmp_path)
    (foreign,) = set(tmp_path.glob("*.checkpoint")) - {own}
    foreign.replace(own)
    assert certify(*command).code == 0
    assert (tmp_path / "c.json").read_bytes() == undisturbed


def test_a_changed_problem_does_not_go_on_where_the_old_one_was(
    command: list[str], undisturbed: bytes, tmp_path: Path
) -> None:
    checkpoint_of(command, tmp_path)
    (tmp_path / "problem.toml").write_text(BY_NAME["output"])
    ended = certify(*command, "--json")
    assert (ended.code, ended.answer["theorem"]) == (0, "T-OUT")


def test_a_folder_that_cannot_be_written(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in ("file/c.json", "file/deeper/c.json", "/proc/nowhere/c.json"):
        ended = certify("verify", "problem.toml", "--out", out)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1
    for out in ("file", "file/deeper"):
        ended = certify("run", "problem.toml", "--out", out)
        assert (ended.code, ended.out) == (2, "")
        assert "folder" in ended.err


def test_a_search_goes_on_without_a_place_for_its_checkpoint(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Checkpoint, state: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoint, "_save", full)
    assert certify(*command).code == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_verify_without_out_needs_no_writable_folder(tmp_path: Path, command: list[str]) -> None:
    tmp_path.chmod(0o500)
    try:
        assert certify("verify", "problem.toml", "--checkpoint", "0").code == 0
    finally:
        tmp_path.chmod(0o700)
