"""The kernel for node and browsers: its floats and integers, and its answers."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from certify import kernels
from certify.certificate import load
from certify.errors import InputError
from certify.io.kernel_text import kernel_text

ROOT = Path(__file__).parents[2]
COQ = ROOT / "proofs" / "coq"
PROGRAM = COQ / "build" / "certify-kernel.js"
STUDY = ROOT / "case_studies" / "pendulum_onnx" / "certificate.json"
node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
built = pytest.mark.skipif(not PROGRAM.exists(), reason="`make kernel` builds the kernel for node")

_FLOATS = """
const stubs = require("fs").readFileSync(process.argv[1], "utf8");
const f = new Function(stubs + "; return [certify_next_up, caml_frexp_float, caml_ldexp_float];")();
const view = new DataView(new ArrayBuffer(8));
const float = (hex) => (view.setBigUint64(0, BigInt("0x" + hex)), view.getFloat64(0));
const hex = (x) => (view.setFloat64(0, x), view.getBigUint64(0).toString(16).padStart(16, "0"));
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([x, n]) => {
  const parts = f[1](float(x));
  return [hex(f[0](float(x))), hex(parts[1]), parts[2], hex(f[2](float(x), n))];
})));
"""
_INTEGERS = """
const stubs = require("fs").readFileSync(process.argv[1], "utf8");
const [div, mod, left, right] = new Function(
  stubs + "; return [certify_big_div, certify_big_mod, certify_big_shift_left, "
  + "certify_big_shift_right];")();
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([a, b, n]) => {
  const [x, y] = [BigInt(a), BigInt(b)];
  return [div(x, y), mod(x, y), left(x, n), right(x, n)].map(String);
})));
"""


def in_node(program: str, cases: object) -> list[list[object]]:
    done = subprocess.run(
        ["node", "-e", program, str(COQ / "js" / "stubs.js")],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert isinstance(answer, list)
    return answer


def digits(x: float) -> str:
    return struct.pack(">d", x).hex()


def scaled(x: float, n: int) -> float:
    try:
        return math.ldexp(x, n)
    except OverflowError:
        return math.copysign(math.inf, x)


@node
def test_neighbours_and_powers_of_floats_are_those_of_ieee_754() -> None:
    rng = random.Random(1)
    special = [0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, 1.0, -1.0, 1.5, math.inf, -math.inf]
    special += [math.nextafter(2.0**-1022, 0), 1.7976931348623157e308, -1.7976931348623157e308]
    special += [math.nextafter(2.0**k, 0) for k in (-1040, -32, 0, 32)]
    drawn = [struct.unpack(">d", rng.randbytes(8))[0] for _ in range(3000)]
    drawn += [rng.randrange(1 << 52) * 5e-324 for _ in range(500)]
    values = special + [x for x in drawn if not math.isnan(x)]
    powers = [rng.choice((rng.randint(-2200, 2200), rng.randint(-1100, 1100))) for _ in values]
    # products that are on the edge of the subnormal numbers, where rounding twice would show
    for i, x in enumerate(values[len(special) : len(special) + 1000], len(special)):
        powers[i] = rng.randint(-1078, -1020) - math.frexp(x)[1] if math.isfinite(x) else 0
    cases = [(digits(x), n) for x, n in zip(values, powers, strict=True)]
    found = in_node(_FLOATS, cases)
    for x, n, (after, mantissa, exponent, product) in zip(values, powers, found, strict=True):
        assert after == digits(math.nextafter(x, math.inf)) or (x == 0 and after == digits(5e-324))
        assert product == digits(scaled(x, n)), (x, n)
        if math.isfinite(x):
            assert (mantissa, exponent) == (digits(math.frexp(x)[0]), math.frexp(x)[1])


@node
def test_integers_divide_as_those_of_zarith() -> None:
    """The remainder is never negative; shifts round down."""
    rng = random.Random(2)
    cases = []
    for _ in range(500):
        a, b = (rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, 200)) for _ in range(2))
        cases.append((a, b or 1, rng.randint(0, 100)))
    found = in_node(_INTEGERS, [(str(a), str(b), n) for a, b, n in cases])
    for (a, b, n), (quotient, remainder, left, right) in zip(cases, found, strict=True):
        r = a % abs(b)
        assert (int(str(quotient)), int(str(remainder))) == (Fraction(a - r, b), r)
        assert (int(str(left)), int(str(right))) == (a << n, a >> n)


@node
@built
def test_a_certificate_is_accepted_under_node() -> None:
    found = kernels.verified(STUDY, PROGRAM)
    assert found.leaves["descent"] == 247
    assert found.program == PROGRAM


_BROWSER = """
const vm = require("vm"), fs = require("fs");
const page = vm.createContext({ console, TextDecoder, TextEncoder });
vm.runInContext(fs.readFileSync(process.argv[1], "utf8"), page);
for (const text of JSON.parse(fs.readFileSync(0, "utf8"))) console.log(page.certifyKernel(text));
"""


@node
@built
def test_a_page_has_a_function_with_the_answer_of_the_command() -> None:
    """In a context with nothing of node's own."""
    text = "\n".join(kernel_text(load(STUDY))) + "\n"
    damaged = re.sub(r"^tree 1 4\d$", "tree 1 00", text, count=1, flags=re.MULTILINE)
    texts = [text, damaged, "certify-kernel-0 1\n", text[: len(text) // 2]]
    done = subprocess.run(
        ["node", "--stack-size=7000", "-e", _BROWSER, str(PROGRAM)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    first = lines.index("accepted")
    leaves = kernels.verified(STUDY).leaves
    assert sorted(lines[:first]) == sorted(f"proved {x} {n} leaves" for x, n in leaves.items())
    rest = lines[first + 1 :]
    assert "not accepted" in rest
    assert sum("does not cover" in line for line in rest) == 1
    assert 'does not have the format "certify-kernel-0"' in rest[-2]
    assert "malformed" in rest[-1]


def test_without_node_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "kernel.js"
    program.write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs node, which is not installed"):
        kernels.verified(STUDY, program)
