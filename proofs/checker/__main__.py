"""``python -m certify.proofs.checker CERTIFICATE [WORKERS]``: the checker by itself.

Prints one JSON object.  Exit codes: 0 accepted, 2 usage, 5 not accepted.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

from .errors import CheckerError
from .kernel import check
from .theorems import THEOREMS


def main(arguments: list[str]) -> int:
    """Check the file named first in ``arguments`` and print the answer."""
    if len(arguments) not in (1, 2) or not all(
        re.fullmatch("[1-9][0-9]{0,3}", a) for a in arguments[1:]
    ):
        return _answer({"verdict": "usage", "reason": "give a certificate, then workers"}, 2)
    try:
        data = Path(arguments[0]).read_bytes()
    except (OSError, MemoryError) as error:
        return _answer({"verdict": "usage", "reason": f"{arguments[0]}: {error}"}, 2)
    workers = int(arguments[1]) if len(arguments) == 2 else 1
    try:
        accepted = check(data, workers, _progress if sys.stderr.isatty() else None)
    except (CheckerError, RecursionError, MemoryError, OverflowError) as error:
        reason = str(error) or type(error).__name__
        return _answer({"verdict": "rejected", "reason": reason}, 5)
    claim = accepted.certificate.claim
    theorem = THEOREMS[claim.theorem]
    return _answer(
        {
            "verdict": "accepted",
            "sha256": hashlib.sha256(data).hexdigest(),
            "claim": claim.name,
            "theorem": theorem.id,
            "conclusion": theorem.conclusion,
            "assumptions": list(theorem.assumptions),
            "leaves": dict(accepted.leaves),
        },
        0,
    )


def _answer(answer: dict[str, object], code: int) -> int:
    sys.stdout.write(json.dumps(answer, indent=1) + "\n")
    return code


def _progress(fraction: float) -> None:
    sys.stderr.write(f"\rchecking {fraction:4.0%}" + "\n" * (fraction == 1))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
