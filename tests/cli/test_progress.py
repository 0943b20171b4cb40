"""Progress where nobody watches: a line now and then, and none of short work."""

from __future__ import annotations

import pytest

from certify.controllers.registry import TrainingStep
from certify.progress import Log, Watch, watching


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_each_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    watch = Watch(Log(every=30, clock=clock))
    for now in range(100, 200, 4):
        clock.now = float(now)
        watch.search("descent", (now - 100) / 100)
    clock.now = 300.0
    watch.training(TrainingStep("V", 4, 4, loss=0.125, volume=2.0))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "32 s: descent (32 %)",
        "64 s: descent (64 %)",
        "96 s: descent (96 %)",
        "200 s: V  loss 0.125  volume 2 (100 %)",
    ]


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with watching() as watch:
        watch.search("descent", 0.5)
    assert capsys.readouterr().err == ""
