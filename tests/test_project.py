"""The repository holds together: names, theorem ids, assumptions, imports, start-up."""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from certify.proofs.checker.claim import Claim
from certify.proofs.checker.language import const, var
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.verifiers import native

ROOT = Path(__file__).parent.parent
THEORY = ROOT / "proofs" / "theory"
FOLDERS: Mapping[str, str] = {
    "certify": "certify",
    "controllers": "certify.controllers",
    "verifiers": "certify.verifiers",
    "proofs": "certify.proofs",
}
HEAVY = ("control", "matplotlib", "onnx", "scipy", "sklearn", "sympy", "torch", "z3")


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    folder, *rest = path.relative_to(ROOT).with_suffix("").parts
    parts = [FOLDERS[folder], *rest]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = [p for p in sources(*FOLDERS) if p.read_text(encoding="utf-8").strip()]


def exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_all_is_explicit_and_its_names_exist(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = exported(tree)
    if names is None:
        # a package or a program that is only prose and imports has nothing to export
        assert path.name in ("__init__.py", "__main__.py")
        assert path.name == "__main__.py" or not _defines(tree)
        return
    assert len(set(names)) == len(names)
    local = _local_names(tree) | _lazy_names(path)
    assert sorted(set(names) - local) == []


def _defines(tree: ast.Module) -> bool:
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.Import, ast.ImportFrom)
    return any(isinstance(node, kinds) for node in tree.body)


def _local_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).split(".")[0] for a in node.names}
    return names


def _lazy_names(path: Path) -> set[str]:
    """Names that a package hands out on first use, checked by importing them."""
    if path != ROOT / "certify" / "__init__.py":
        return set()
    package = importlib.import_module("certify")
    return {name for name in package.__all__ if getattr(package, name) is not None}


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_modules_are_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= (450 if path.parent.name == "checker" else 250)


@pytest.mark.parametrize("path", [*sources("proofs/checker")], ids=lambda p: p.stem)
def test_the_checker_imports_the_standard_library_numpy_and_flint_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            tops = {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level in (0, 1), "an import from above the checker"
            tops = set() if node.level else {str(node.module).split(".")[0]}
        else:
            continue
        assert tops <= sys.stdlib_module_names | {"flint", "numpy"}


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no section {title}"
    return found[1]


@pytest.mark.parametrize("id_", sorted(THEOREMS))
def test_theorem_has_its_text_with_all_sections(id_: str) -> None:
    text = (THEORY / f"{id_}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {id_}: ")
    for title in ("Statement", "Obligations", "Proof", "References"):
        assert section(text, title).strip()
    assert "QED" in section(text, "Proof")
    function = THEOREMS[id_].derive.__name__
    assert f"`{function}`" in text
    assert f"`{function}`" in index_row(id_)


@pytest.mark.parametrize("id_", sorted(THEOREMS))
def test_assumptions_in_the_text_are_those_of_the_code(id_: str) -> None:
    text = section((THEORY / f"{id_}.md").read_text(encoding="utf-8"), "Assumptions")
    stated = tuple(line[2:] for line in text.splitlines() if line.startswith("- "))
    assert stated == THEOREMS[id_].assumptions


def index_row(id_: str) -> str:
    rows = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8").splitlines()
    return next(row for row in rows if row.startswith(f"| {id_} |"))


def test_index_texts_and_code_have_the_same_theorems() -> None:
    index = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8")
    in_index = set(re.findall(r"^\| (T-[A-Z-]+) \|", index, re.MULTILINE))
    texts = {path.stem for path in THEORY.glob("T-*.md")}
    assert in_index == texts == set(THEOREMS)
    lemmas = set(re.findall(r"^\| (L-[A-Z-]+) \|", index, re.MULTILINE))
    assert lemmas == {path.stem for path in THEORY.glob("L-*.md")}


def test_links_between_the_proofs_lead_somewhere() -> None:
    for path in [*THEORY.glob("*.md"), ROOT / "proofs" / "INDEX.md", ROOT / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\(([^)#:\s]+\.md)[^)]*\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "proofs/INDEX.md"])
def test_files_named_in_prose_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    folders = "certify|controllers|verifiers|proofs|case_studies|benchmarks|tests"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_functions_named_in_the_index_exist() -> None:
    codes = [ast.parse(path.read_text(encoding="utf-8")) for path in sources("proofs/checker")]
    defined = {n.name for code in codes for n in ast.walk(code) if isinstance(n, ast.FunctionDef)}
    for id_ in THEOREMS:
        cell = index_row(id_).split("|")[3]
        assert set(re.findall(r"`(\w+)`", cell)) <= defined


def test_the_index_counts_the_lines_of_the_checker() -> None:
    index = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8")
    stated = re.search(r"about (\d+) lines of Python in `proofs/checker/`", index)
    assert stated
    lines = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in sources("proofs/checker"))
    assert abs(int(stated[1]) - lines) <= 100


def test_the_index_lists_the_modules_of_the_checker() -> None:
    listed = section(
        (ROOT / "proofs/INDEX.md").read_text(encoding="utf-8"), "Modules of the checker"
    )
    named = set(re.findall(r"`(\w+\.py)`", listed))
    assert named == {p.name for p in sources("proofs/checker")} - {"__init__.py"}


def test_lemmas_within_a_text_are_where_the_index_says() -> None:
    index = (ROOT / "proofs" / "INDEX.md").read_text(encoding="utf-8")
    for lemma, text in re.findall(r"^\| (L-[A-Z-]+), in (L-[A-Z-]+) \|", index, re.MULTILINE):
        assert f"\n## {lemma}: " in (THEORY / f"{text}.md").read_text(encoding="utf-8")


@pytest.mark.skipif(
    "CI" not in os.environ or os.environ.get("CERTIFY_ENGINE") == "python",
    reason="an installation may do without the native engine, but not that of CI",
)
def test_the_native_engine_was_built() -> None:
    assert native.available(), "pip install -v -e . says why the compiler failed"


def sample_claim(id_: str) -> Claim:
    x = var("x")
    theorem = THEOREMS[id_]
    time = "discrete" if theorem.time == "any" else theorem.time
    named = {"rule": "rule/r/then/0>", "target": "target/0", "initial": "initial/0"}
    functions = {named.get(kind, kind): x**2 for kind in theorem.functions}
    numbers = {"level": 1, "residual": "1/2", "decay": 0, "lower": 0, "upper": 1}
    numbers |= {"steps": 1, "volume": 1, "away": 0}
    chosen = {name: Fraction(numbers[name]) for name in theorem.numbers}
    if "residual" in theorem.numbers:
        chosen["residual/x"] = Fraction(1)
    return Claim(
        theorem=id_,
        name="sample",
        time=time,
        states=("x",),
        parameters=(),
        disturbances=(),
        box={"x": (Fraction(-1), Fraction(1))},
        plant={"x": const(Fraction(1, 2)) * x if time == "discrete" else -x},
        controller={},
        functions=functions,
        numbers=chosen,
        equilibrium={"x": Fraction(0)} if theorem.has_level else {},
    )


@pytest.mark.parametrize("id_", sorted(THEOREMS))
def test_the_text_names_exactly_the_obligations_of_the_code(id_: str) -> None:
    radius = Fraction(1, 2) if THEOREMS[id_].has_radius else None
    derived = {
        o.name.replace("/x", "/<state>").replace("/r/0", "/<rule>/<case>")
        for o in obligations(sample_claim(id_), radius)
    }
    text = section((THEORY / f"{id_}.md").read_text(encoding="utf-8"), "Obligations")
    items = [line for line in text.splitlines() if line.startswith("- ")]
    names = {name for line in items for name in re.findall(r"`([^`]+)`", line.split(",")[0])}
    assert names == derived


@pytest.mark.parametrize("statement", ["import certify", "import certify.cli"])
def test_start_up_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys\n{statement}\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_verifying_and_checking_load_nothing_heavy(tmp_path: Path) -> None:
    code = f"""
import sys
from certify.cli import main
folder = sys.argv[1]
main(["init", folder])
assert main(["verify", folder + "/problem.toml", "--out", folder + "/c.json"]) == 0
assert main(["check", folder + "/c.json"]) == 0
print("loaded:", *(m for m in {HEAVY!r} if m in sys.modules))
"""
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "loop")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"


FORBIDDEN = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "type: " + "ignore\n", "except Exc" + "eption:")


def test_no_forbidden_words() -> None:
    texts = [*sources(*FOLDERS, "tests", "case_studies"), *ROOT.glob("*.md")]
    texts += [*THEORY.glob("*.md"), *(ROOT / "case_studies").rglob("*.toml")]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in texts
        for word in FORBIDDEN
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []
