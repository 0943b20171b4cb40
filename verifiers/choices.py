"""What a proof chooses: its radius at the equilibrium, and what the claim leaves open."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.theorems import THEOREMS
from certify.verifiers.budget import Budget
from certify.verifiers.checkpoint import Checkpoint, State
from certify.verifiers.closing import Closing
from certify.verifiers.doubts import Doubts
from certify.verifiers.endings import EndingError, UnprovedError
from certify.verifiers.interface import Options
from certify.verifiers.largest import LargestSearch, resumed_number
from certify.verifiers.open_number import OpenNumber, Tick, open_box, open_decay, open_level
from certify.verifiers.parameters import (
    choose_radius,
    missing_numbers,
    provisional,
    with_numbers,
)
from certify.verifiers.residual import residual_numbers
from certify.verifiers.search import ObligationSearch

__all__ = ["Choice", "choose", "left_open", "open_numbers"]

_OPENED: Mapping[str, Callable[[Claim, int, Tick], OpenNumber]] = {
    "level": open_level,
    "decay": open_decay,
    "box": open_box,
}


@dataclass(frozen=True)
class Choice:
    """A complete claim and the radius of its proof.

    ``false_from`` is a value of what was open from which on the conditions are known to fail.
    """

    claim: Claim
    radius: Fraction | None = None
    false_from: float | None = None

    def state(self) -> np.ndarray:
        """The choice for a checkpoint of a search for the same claim."""
        data = {
            "numbers": {k: str(v) for k, v in self.claim.numbers.items()},
            "box": {x: [str(a), str(b)] for x, (a, b) in self.claim.box.items()},
            "radius": None if self.radius is None else str(self.radius),
            "false_from": self.false_from,
        }
        return np.array(json.dumps(data))

    @classmethod
    def restored(cls, asked: Claim, state: np.ndarray) -> Choice:
        """Read :meth:`state` back."""
        data = json.loads(str(state))
        numbers = {k: Fraction(v) for k, v in data["numbers"].items()}
        box = {x: (Fraction(a), Fraction(b)) for x, (a, b) in data["box"].items()}
        radius = None if data["radius"] is None else Fraction(data["radius"])
        return cls(replace(asked, numbers=numbers, box=box), radius, data["false_from"])


def open_numbers(claim: Claim, options: Options) -> set[str]:
    """What ``claim`` leaves open, with ``box`` if that is to be as large as possible."""
    return missing_numbers(claim) | ({"box"} if options.largest_box else set())


def left_open(claim: Claim, options: Options) -> str | None:
    """Which number is to be as large as possible: the level, the decay or the box.

    Raises ``UnprovedError`` if there are several.
    """
    names = sorted(_OPENED.keys() & open_numbers(claim, options))
    if len(names) > 1:
        raise UnprovedError(f"{' and '.join(names)} are open: state all of them but one")
    return names[0] if names else None


def choose(
    asked: Claim, options: Options, closing: Closing, budget: Budget, checkpoint: Checkpoint,
    doubts: Doubts, shown: list[ObligationSearch],
) -> tuple[Choice, list[ObligationSearch]]:  # fmt: skip
    """Complete the claim; with the trees grown on the way.  ``shown`` has those tried last."""
    state, name = checkpoint.load(), left_open(asked, options)
    if "chosen" in state:
        return Choice.restored(asked, state["chosen"]), []
    claim = asked
    if any(x.startswith("residual") for x in missing_numbers(claim)):
        if name == "decay":
            raise UnprovedError("the equilibrium is not exactly one: state a decay")
        found = residual_numbers(provisional(claim), budget, options.seed)
        claim = with_numbers(claim, found)
    if name is not None:
        return _largest(name, claim, state, options, closing, budget, checkpoint, doubts, shown)
    if not THEOREMS[claim.theorem].has_radius:
        return Choice(claim), []
    radius, searches = choose_radius(
        claim, budget, shown,
        look=lambda: doubts.again(claim, shown), suspect=partial(doubts.suspect, claim),
    )  # fmt: skip
    return Choice(claim, radius), searches


def _largest(
    name: str, claim: Claim, state: State, options: Options, closing: Closing, budget: Budget,
    checkpoint: Checkpoint, doubts: Doubts, shown: list[ObligationSearch],
) -> tuple[Choice, list[ObligationSearch]]:  # fmt: skip
    if "open" in state:
        number = resumed_number(name, claim, state)
    else:
        budget.tell("attack", 0.5)
        number = _OPENED[name](claim, options.seed, lambda: budget.spend(0))
    search = LargestSearch(number, closing, budget, checkpoint, doubts, options)
    if "open" in state:
        search.resume(state)
    try:
        found = search.run()
    except EndingError:
        shown[:] = search.shown
        raise
    return Choice(found.claim, found.radius, number.false_from), found.searches
