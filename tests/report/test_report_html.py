"""Figures and the HTML report: valid, self-contained, escaped and the same every time."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from html.parser import HTMLParser

import pytest

from certify.expression import log, sin, var
from certify.outcome import Counterexample, OpenBox, Outcome, Verdict
from certify.proofs.checker.claim import Claim
from certify.proofs.checker.format import Certificate, Proof
from certify.proofs.checker.theorems import THEOREMS, obligations
from certify.report.figures import figures
from certify.report.html import render_html
from certify.report.model import outcome_of, report_model

pytest.importorskip("matplotlib")

F = Fraction

VOID = {"meta", "br", "path", "use", "rect"}
X, Y, Z = var("x"), var("y"), var("z")


def claim(**changes: object) -> Claim:
    made = Claim(
        theorem="T-STAB-D",
        name="spiral",
        time="discrete",
        states=("x", "y"),
        parameters=(),
        disturbances=(),
        box={"x": (F(-1), F(1)), "y": (F(-2), F(2))},
        plant={"x": F(1, 2) * X + F(1, 4) * Y, "y": F(1, 2) * Y - F(1, 4) * X},
        controller={},
        functions={"lyapunov": X**2 + Y**2},
        numbers={"level": F(1, 2), "decay": F(1, 10)},
        equilibrium={"x": F(0), "y": F(0)},
        step=F(1, 10),
        units={"x": "m", "y": "m/s"},
    )
    return dataclasses.replace(made, **changes)


def proved(made: Claim, tree: bytes = b"\x41") -> Outcome:
    radius = F(1, 2) if THEOREMS[made.theorem].has_radius else None
    wanted = obligations(made, radius)
    trees = {o.name: tree if o.name == "descent" else b"\x41" for o in wanted}
    proof = Proof(radius, trees, {o.name: o.digest() for o in wanted})
    assumptions = THEOREMS[made.theorem].assumptions
    return outcome_of(Certificate(made, assumptions, "kernel", proof))


def complete_tree(depth: int) -> bytes:
    if depth == 0:
        return b"\x41"
    below = complete_tree(depth - 1)
    return bytes([depth % 2]) + below + below


def oscillator() -> dict[str, object]:
    return {"time": "continuous", "plant": {"x": Y, "y": -X - Y}, "step": None}


def safety() -> Claim:
    functions = {
        "barrier": X**2 + Y**2 - F(1, 2),
        "initial/0": X**2 + Y**2 - F(1, 4),
        "unsafe/0": F(9, 10) - X,
    }
    changes = oscillator() | {"functions": functions, "numbers": {}, "equilibrium": {}}
    return claim(theorem="T-SAFE-C", **changes)


def output(states: tuple[str, ...]) -> Claim:
    return claim(
        theorem="T-OUT",
        states=states,
        box={s: (F(-1), F(1)) for s in states},
        plant={},
        functions={"output": sum((sin(var(s)) for s in states), start=X)},
        numbers={"lower": F(-9), "upper": F(1, 2)},
        equilibrium={},
    )


def three() -> Claim:
    names = ("x", "y", "z")
    return claim(
        states=names,
        box={s: (F(-1), F(1)) for s in names},
        plant={s: F(1, 2) * var(s) for s in names},
        functions={"lyapunov": X**2 + Y**2 + Z**2 + X * Z},
        equilibrium={s: F(0) for s in names},
    )


def scalar() -> Claim:
    return claim(
        states=("x",),
        box={"x": (F(-1), F(1))},
        plant={"x": F(1, 2) * X},
        functions={"lyapunov": X**2},
        equilibrium={"x": F(0)},
    )


def residual() -> Claim:
    numbers = {"level": F(1, 2), "decay": F(0), "residual": F(1, 10)}
    numbers |= {"residual/x": F(1, 2), "residual/y": F(1, 2)}
    return claim(theorem="T-RES-D", numbers=numbers)


def refuted() -> Outcome:
    point = Counterexample({"x": F(1, 3), "y": F(1, 3)}, "descent")
    made = claim(plant={"x": 2 * X, "y": Y})
    return Outcome(Verdict.REFUTED, made, "falsifier", counterexample=point)


def unknown() -> Outcome:
    boxes = tuple(OpenBox("descent", {"x": (k / 8, k / 4), "y": (0.0, 0.5)}) for k in range(1, 4))
    made = claim(**oscillator(), numbers={"decay": F(0)}, theorem="T-STAB-C")
    return Outcome(Verdict.UNKNOWN, made, "bisection", open_boxes=boxes, advice="Wait <longer>.")


def undefined() -> Outcome:
    made = claim(functions={"lyapunov": log(X - 5) + Y**2}, plant={"x": log(X - 5), "y": Y})
    return Outcome(Verdict.TIMED_OUT, made, "bisection")


CASES = {
    "discrete": lambda: proved(claim()),
    "continuous": lambda: proved(claim(theorem="T-STAB-C", **oscillator())),
    "residual": lambda: proved(residual()),
    "safety": lambda: proved(safety()),
    "output": lambda: proved(output(("x", "y"))),
    "output-1": lambda: proved(output(("x",))),
    "output-3": lambda: proved(output(("x", "y", "z"))),
    "slices": lambda: proved(three()),
    "scalar": lambda: proved(scalar()),
    "refuted": refuted,
    "unknown": unknown,
    "undefined": undefined,
}


class Checker(HTMLParser):
    """Tags that close in order, no repeated ids, nothing fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert tag not in ("script", "link", "iframe", "img", "object")
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if tag == "svg":
            self.images += 1
            assert found.get("role") == "img"
            assert found.get("aria-label")
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert str(value).startswith(("#", "data:image/png;base64,"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_outcome_has_a_sound_page(case: str):
    outcome = CASES[case]()
    model, pictures = report_model(outcome), figures(outcome)
    page = render_html(model, pictures)
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert not checker.open
    assert len(set(checker.ids)) == len(checker.ids)
    assert checker.headings[0] == "h1"
    assert checker.headings.count("h1") == 1
    assert checker.images == len(pictures) >= 1
    for assumption in model.assumptions:
        assert assumption.replace("<=", "\N{LESS-THAN OR EQUAL TO}") in page
    for picture in pictures:
        ET.fromstring(picture.svg)
        assert picture.caption
    assert set(re.findall(r"https?://[^\"' )]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_two_renders_are_the_same_bytes():
    outcome = proved(claim(), complete_tree(12))  # enough leaves to embed a raster image
    first = render_html(report_model(outcome), figures(outcome))
    second = render_html(report_model(outcome), figures(outcome))
    assert first == second
    assert "data:image/png;base64," in first


def test_text_from_a_file_is_escaped():
    evil = "<script>alert(1)</script>$x^2$ --> `"
    made = claim(name=evil, units={"x": evil[:20], "y": "$\\frac$"})
    outcome = proved(made)
    page = render_html(report_model(outcome, certificate_path=evil), figures(outcome))
    checker = Checker()
    checker.feed(page)
    assert "<script" not in page


def test_only_what_the_kernel_can_check_is_drawn_as_certified():
    assert any("certified region, solid" in p.caption for p in figures(proved(claim())))
    solver = dataclasses.replace(
        proved(claim()).certificate, evidence="solver", proof=Proof(None, {}, {})
    )
    for outcome in (
        Outcome(Verdict.PROVED, claim(), "z3", certificate=solver),
        Outcome(Verdict.UNKNOWN, claim(), "bisection"),
    ):
        assert all("certified" not in p.caption for p in figures(outcome))
