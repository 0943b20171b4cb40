"""What the theorems of proofs/coq rest on: nothing unproved, and no axiom that is not listed.

Run by ``make -C proofs/coq audit``, after the proofs have been compiled.  For each theorem that
INDEX.md names it asks Coq for the axioms in its proof (``Print Assumptions``) and compares them
with ``assumptions.txt``.
"""

import re
import subprocess
import sys
from pathlib import Path

__all__ = ["assumptions", "main", "unproved"]

HERE = Path(__file__).parent
# Theorems whose modules say what is believed: statements, and the definitions that they are about.
THEOREMS = {
    "Tree": ("check_ok",),
    "Subtrees": ("divided_ok",),
    "Reader": (),
    "Theorems": ("invariant", "never_ends", "decreases", "geometric", "converges"),
    "Stability": ("states_converge", "stable"),
    "DiscreteTime": (
        "stays_r",
        "goes_on_r",
        "core_is_reached",
        "core_is_kept",
        "core_is_small",
        "safe",
        "goes_on_s",
        "extension_grows",
        "extension_is_invariant",
        "extension_reaches",
        "extension_converges",
        "paving_reaches",
    ),
    "Invariance": ("differentiable_solution",),
    "ContinuousTime": ("stays_c", "decays_c", "decreases_c", "converges_c", "stable_c"),
    "ContinuousSets": (
        "stays_r",
        "core_is_reached",
        "core_is_kept",
        "core_is_small",
        "safe_c",
    ),
    "LoopClaim": (),
    "FlowClaim": (),
    "OutputClaim": (),
    "SafetyClaim": (),
    "ResidualClaim": (),
    "ExtensionClaim": (),
    "RecoveryClaim": (),
    "RuleClaim": (),
    "Statements": (),
}
# Theorems that make obligations and prove what is said elsewhere: nothing in them is believed.
STEPS = {
    "Quotients": ("quotient_rule_ok",),
    "SecondQuotients": ("near_rule_ok", "square_rule_ok"),
    "Along": ("along_ok",),
    "LinearForms": ("forms_ok",),
    "Regrouped": ("regrouped_ok",),
    "Moves": ("moves_ok",),
    "FallProgram": ("fall_program_ok",),
    "Wishes": ("descent_says",),
    "RayClaims": ("rays_fall", "zero_at_equilibrium", "equilibrium_is_one"),
    "StableLoop": ("stable_if_hold",),
    "Tangents": ("slopes_ok",),
    "FlowProgram": ("flow_slopes", "faces_inward"),
    "StableFlow": ("flow_if_hold",),
    "SafeLoop": ("safe_if_hold", "safe_flow_if_hold"),
    "Outputs": ("bounded_if_hold",),
    "Residuals": ("settling_if_hold", "settling_flow_if_hold"),
    "Crossings": ("cells_reach",),
    "Extended": ("extended_if_stable",),
    "Cases": ("narrow_ok",),
    "Leaves": ("explore_ok", "terms_ok"),
    "Pieces": ("divide_ok", "divide_within", "compact_ok"),
    "StableCases": ("stable_by_parts", "stable_by_obligations"),
    "Recoveries": ("goes_ok", "recovered_if_shown"),
    "Rules": ("case_ok", "ruled_if_hold"),
    "Acceptance": ("accepted_ok", "print_injective", "true_if_hold"),
    "Inside": ("claim_is_true",),
}
UNPROVED = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Conjecture|bypass_check|Unset\s+\w+\s+Checking)\b"
)
COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)


def unproved() -> list[str]:
    """Where a source takes something without proof."""
    found = []
    for path in sorted(HERE.glob("*.v")):
        code = COMMENT.sub("", path.read_text())
        found += [f"{path.name}: {word.group(0)}" for word in UNPROVED.finditer(code)]
    return found


def assumptions() -> set[str]:
    """The names of all axioms that the proofs of the theorems use."""
    asked = {**THEOREMS, **STEPS}
    lines = [f"From Certify Require {module}." for module in asked]
    names = [f"{module}.{name}" for module, theorems in asked.items() for name in theorems]
    # one question: Coq looks through what several theorems rest on once
    lines += [f"Definition asked := ({', '.join(names)}).", "Print Assumptions asked."]
    query = HERE / "build" / "query.v"
    query.parent.mkdir(exist_ok=True)
    query.write_text("\n".join(lines) + "\n")
    command = ["coqc", "-Q", str(HERE), "Certify", "-w", "none", str(query)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^([\w.']+)\s*:", answer, re.MULTILINE)) - {"Axioms"}


def main() -> int:
    """Print what is wrong; the exit status says whether anything is."""
    allowed = {
        line
        for line in (HERE / "assumptions.txt").read_text().split("\n")
        if line[:1] not in ("", "#")
    }
    used = assumptions()
    problems = unproved() + [
        f"an axiom that is not in the list: {a}" for a in sorted(used - allowed)
    ]
    answer = problems or [f"no unproved statement; {len(used)} of {len(allowed)} listed axioms"]
    sys.stdout.write("\n".join(answer) + "\n")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
