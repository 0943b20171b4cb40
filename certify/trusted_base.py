"""What one has to believe of the kernel that is proved in Coq, counted from its sources.

Specification: the lines of ``Language.v`` and of the modules with the theorems about claims that
are outside of proofs and lemmas.  Glue: the programs around the extracted kernel, which are not
proved.  Axioms: those that the proofs use.  Lines are those with something on them besides
comments.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COQ", "Part", "allowed_axioms", "tools", "trusted_base"]

_ROOT = Path(__file__).parents[1]
COQ = _ROOT / "proofs" / "coq"
_PROGRAM = "Subtrees"  # what the kernel runs: its theorem says that Language.holds
_GLUE = ("main.ml", "command.ml", "judge.ml", "text.ml", "pool.ml", "prelude.ml")
_IN_JS = ("big_int_Z.ml", "uint63.ml", "prelude.ml", "pool.ml", "main.ml", "stubs.js")
_WRITTEN = ("kernel", "claim", "loop", "paving", "rule")
_WRITERS = [_ROOT / "certify" / "io" / f"{name}_text.py" for name in _WRITTEN]
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
_PROOF = re.compile(r"\bProof\b.*?\b(?:Qed|Defined)\.", re.DOTALL)
_LEMMA = re.compile(
    r"^\s*(?:Lemma|Remark|Ltac|Hint|Arguments)\b.*?\.(?=\s)", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Part:
    """``count`` of a part of the trusted base, and the files that it is in."""

    name: str
    count: int
    unit: str
    files: tuple[str, ...]


def trusted_base() -> tuple[Part, ...]:
    """Specification, glue and axioms; empty where the sources of the proofs are not installed."""
    if not (COQ / "audit.py").is_file():
        return ()
    specification = [COQ / f"{module}.v" for module in _statements()]
    glue = [*(COQ / name for name in _GLUE), *_WRITERS]
    in_js = [COQ / "js" / name for name in _IN_JS]
    return (
        Part(
            "specification", sum(map(_stated_lines, specification)), "lines", _names(specification)
        ),
        Part("glue", sum(map(_code_lines, glue)), "lines", _names(glue)),
        Part("more in JavaScript", sum(map(_code_lines, in_js)), "lines", _names(in_js)),
        Part("axioms", len(allowed_axioms()), "axioms", ("assumptions.txt",)),
    )


def allowed_axioms() -> set[str]:
    """The axioms that the proofs may use."""
    return {x for x in _text(COQ / "assumptions.txt").splitlines() if x and x[0] != "#"}


def tools() -> str:
    """Coq and OCaml as they are installed here."""
    asked = {"coq": ["coqc", "--print-version"], "ocaml": ["ocamlfind", "ocamlopt", "-version"]}
    found = []
    for name, command in asked.items():
        if shutil.which(command[0]) is None:
            found.append(f"no {name}")
            continue
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found.append(f"{name} {(done.stdout.split() or ['?'])[0]}")
    return ", ".join(found)


def _statements() -> list[str]:
    """The modules that say what is proved: those of audited theorems, and what they are about."""
    run = _imported(_PROGRAM)
    kernel = {_PROGRAM, *run}
    while run:
        run = {m for module in run for m in _imported(module)}
        kernel |= run
    theorems = _audited()
    stated = dict.fromkeys(m for name in theorems for m in (*sorted(_imported(name)), name))
    return ["Language", *(m for m in stated if m not in kernel)]


def _imported(module: str) -> set[str]:
    """The modules of the proofs that ``module`` imports."""
    code = _COMMENT.sub("", _text(COQ / f"{module}.v"))
    lists = re.findall(r"From Certify Require (?:Import |Export )?([\w\s]+)\.", code)
    return {name for names in lists for name in names.split()}


def _audited() -> list[str]:
    """The modules whose theorems ``audit.py`` asks Coq about."""
    for node in ast.parse(_text(COQ / "audit.py")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "THEOREMS":
            return list(ast.literal_eval(node.value))
    return []


def _stated_lines(path: Path) -> int:
    code = _PROOF.sub("", _COMMENT.sub("", _text(path)))
    return _filled(_LEMMA.sub("", code))


def _code_lines(path: Path) -> int:
    if path.suffix == ".ml":
        return _filled(_COMMENT.sub("", _text(path)))
    if path.suffix == ".js":
        return _filled(re.sub("//.*", "", _text(path)))
    body = ast.parse(_text(path))
    prose = {
        line
        for node in ast.walk(body)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(_text(path).splitlines(), 1)
    return sum(bool(x.split("#")[0].strip()) and i not in prose for i, x in lines)


def _filled(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())


def _names(paths: list[Path]) -> tuple[str, ...]:
    return tuple(path.name for path in paths)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
