"""Trainers and constructions of controllers, one file per family."""

from certify.controllers.registry import (
    Candidate,
    Counterexamples,
    Trainer,
    TrainingStep,
    families,
    trainer,
)

__all__ = ["Candidate", "Counterexamples", "Trainer", "TrainingStep", "families", "trainer"]
