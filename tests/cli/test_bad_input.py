"""Whatever is given, the answer is a verdict or one message: never a traceback or a bug."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cli_problems import BY_NAME, LOOP, OPEN_LEVEL, PROVED
from cli_runs import Ended, certify
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

QUICK = ("--timeout", "0.05", "--boxes", "300")  # the question is how it fails, not what is true
PROBLEM_VERBS = ("verify", "run", "falsify", "train")
CERTIFICATE_VERBS = ("check", "explain", "report")
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("proved")
    (folder / "problem.toml").write_text(PROVED)
    assert certify("verify", folder / "problem.toml", "-o", folder / "c.json").code == 0
    return (folder / "c.json").read_bytes()


def refused(ended: Ended, code: int = 2, *said: str) -> None:
    """Nothing but a message, which says ``said``."""
    assert (ended.code, ended.out) == (code, ""), ended
    assert ended.err.startswith("certify: ")
    assert len(ended.err) < 4000
    for part in said:
        assert part in ended.err


# files


@pytest.mark.parametrize("verb", [*PROBLEM_VERBS, *CERTIFICATE_VERBS])
def test_no_file_and_no_regular_file(verb: str, tmp_path: Path) -> None:
    refused(certify(verb, tmp_path / "nothing"), 2, "nothing", "no such file")
    refused(certify(verb, tmp_path), 2, str(tmp_path))
    refused(certify(verb, "a" * 5000), 2)
    refused(certify(verb, "nul\0byte"), 2)
    if Path("/dev/zero").exists():
        refused(certify(verb, "/dev/zero"), 2, "/dev/zero", "file")


@pytest.mark.parametrize("verb", PROBLEM_VERBS)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "'name' is missing"),
        (b"\0\1\2\xff", "UTF-8"),
        (b"name = 'caf\xe9'", "1: byte 0xe9 is not UTF-8"),
        (b"\xff\xfen\0a\0", "UTF-8"),
        (b"name = ", ":1: malformed TOML"),
        (b"name = 'a'\nname = 'b'", ":2: malformed TOML"),
        (b"x = " + b"[" * 100_000, ":1:"),
        (b"a." * 50_000 + b"a = 1", "dotted key"),
        (b"x = " + b"9" * 20_000, ":1:"),
        (b"#" * (1 << 21), "larger than 1 MB"),
        (b"system = 3", "expected a table"),
    ],
)
def test_problem_files_that_are_none(verb: str, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(data)
    refused(certify(verb, "p.toml"), 2, "p.toml:" if b"#" not in data else "p.toml", said)


@pytest.mark.parametrize("verb", CERTIFICATE_VERBS)
@pytest.mark.parametrize(
    "data",
    [b"", b"\0\xff", b"{}", b"[]", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b"nul"],
)
def test_certificates_that_are_none(verb: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(data)
    refused(certify(verb, "c.json"), 5, "c.json")


def test_a_problem_is_no_certificate_and_a_certificate_no_problem(
    certificate: bytes, tmp_path: Path
) -> None:
    (tmp_path / "problem.toml").write_text(PROVED)
    (tmp_path / "c.json").write_bytes(certificate)
    for verb in CERTIFICATE_VERBS:
        refused(certify(verb, "problem.toml"), 5, "not JSON")
    for verb in PROBLEM_VERBS:
        refused(certify(verb, "c.json"), 2, "c.json:1:")


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(PROVED)
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    refused(certify("verify", file), 2, "Permission denied")
    refused(certify("explain", file), 2, "Permission denied")


def test_errors_with_json_are_one_object(tmp_path: Path) -> None:
    for verb, code in (("verify", 2), ("run", 2), ("falsify", 2), ("check", 2)):
        ended = certify(verb, "nothing", "--json")
        assert ended.answer.keys() == {"verdict", "error", "exit"}
        assert (ended.code, ended.answer["verdict"], ended.answer["exit"]) == (code, "error", code)


# what a problem says


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('["x", "y"]', '["x", "why"]', 8, "unknown name 'y'; write one of"),
        ("states", "sates", 5, "'sates'; did you mean 'states'"),
        ("stability", "stabilty", 16, "not a kind"),
        ('"0.1"\nlyap', '"-0.1"\nlyap', 17, "positive"),
        ("x = [-1, 1]", "x = [1, -1]", 13, "reversed"),
        ("x = [-1, 1]", "x = [nan, 1]", 13, "nan"),
        ("x = [-1, 1]", "x = [-1, inf]", 13, "inf"),
        ("x = [-1, 1]", "x = [-1]", 13, "two bounds"),
        ('["0.5", "0.6"]', '["0.4", "0.6"]', 18, "not symmetric"),
        ('step = "0.1"', "step = true", 4, "true"),
        ('step = "0.1"', 'step = "1/0"', 4, "divides by zero"),
        ('"-x - 2*y"', "7", 11, "u"),
        ("u = ", "v = ", 11, "'v' is not an input; write one of: u"),
    ],
)
def test_a_mistake_is_shown_with_its_line(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    assert PROVED.count(old) >= 1
    (tmp_path / "p.toml").write_text(PROVED.replace(old, new, 1))
    refused(certify("verify", "p.toml"), 2, f"p.toml:{line}:", said)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch harm')",
        "().__class__.__bases__",
        "x.__class__",
        "open('harm')",
        "eval(x)",
        "lambda: x",
        "x if y else x",
        "[x for x in y]",
        "x; y",
        "x\\u0000",
        "x ** x",
        "x**1e9",
        "9**9**9**9",
        "1e999999999*x",
        "nan*x",
        "inf",
        "0x10*x",
        "x^2",
        "2x",
        "(x",
        "x)",
        "",
        " ",
        "(" * 20_000 + "x" + ")" * 20_000,
        "-" * 20_000 + "x",
        "sin(" * 20_000 + "x" + ")" * 20_000,
        "x**2**" * 500 + "2",
        "+".join(["x"] * 300_000),
        "clip(x)",
        "sin(x, y)",
        "x @ y",
        "\N{GREEK SMALL LETTER LAMDA}",
        "\N{FULLWIDTH LATIN SMALL LETTER X}",
        "\N{RIGHT-TO-LEFT OVERRIDE}x",
        "%s%n{0}",
    ],
)
def test_hostile_expressions(text: str, tmp_path: Path) -> None:
    text = text.replace("\\", "\\\\")
    (tmp_path / "p.toml").write_text(LOOP.replace("-x - 2*y", text) + PROVED[len(LOOP) :])
    refused(certify("verify", "p.toml"), 2, "p.toml")
    assert not (tmp_path / "harm").exists()


def test_a_number_that_is_too_large_or_an_interval_too_narrow_is_named(tmp_path: Path) -> None:
    for old, new, said in (
        ('"0.1"\nlyap', '"1e390"\nlyap', "in the level is too large"),
        ("-x - 2*y", "-1e350*x - 2*y", "in the controller is too large"),
        ("x = [-1, 1]", 'x = ["-1e-390", "1e-390"]', "the interval of 'x' is too narrow"),
    ):
        (tmp_path / "p.toml").write_text(PROVED.replace(old, new, 1))
        for verb in ("verify", "falsify", "run"):
            refused(certify(verb, "p.toml"), 2, said, "rescale")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"0.1"\nlyap', '"1e390"\nlyap'),
        ("x = [-1, 1]", 'x = ["-1e390", "1e390"]'),
        ("-x - 2*y", "-1e350*x - 2*y"),
        ('[["1.5"', '[["1e300"'),
        ("x = [-1, 1]", 'x = ["-1e90", "1e90"]'),
        ("-x - 2*y", "-(1e90*x)**9 - y"),
        ('"0.1"\nlyap', '"1e-390"\nlyap'),
        ("x = [-1, 1]", 'x = ["-1e-390", "1e-390"]'),
        ('step = "0.1"', 'step = "1e-390"'),
        ('step = "0.1"', 'step = "1e90"'),
    ],
)
@pytest.mark.parametrize("level", ["fixed", "open"])
def test_numbers_beyond_every_scale(level: str, old: str, new: str, tmp_path: Path) -> None:
    text = PROVED.replace(old, new, 1)
    if level == "open":
        text = text.replace('level = "0.1"', 'level = "largest"')
    (tmp_path / "p.toml").write_text(text)
    for verb in ("verify", "falsify"):
        options = QUICK if verb == "verify" else ()
        assert certify(verb, "p.toml", *options).code in {0, 1, 2, 3, 4}


# networks


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "cannot be read"),
        (b"", "policy"),
        (b"\0" * 100, "policy"),
        (b"not a network", "policy"),
        (b"\x08\x07\x12\x04test" + b"\xff" * 50, "policy"),
    ],
)
def test_networks_that_are_none(data: bytes | None, said: str, tmp_path: Path) -> None:
    text = LOOP.replace("[controller]", '[networks]\npolicy = "policy.onnx"\n[controller]')
    text = text.replace("-x - 2*y", "policy(x, y)")
    (tmp_path / "p.toml").write_text(text + PROVED[len(LOOP) :])
    if data is not None:
        (tmp_path / "policy.onnx").write_bytes(data)
    refused(certify("verify", "p.toml"), 2, "p.toml:", said)


@pytest.mark.parametrize("name", ["/etc/passwd", "", ".", "a\\u0000b", "../" * 50 + "x"])
def test_network_names_that_are_none(name: str, tmp_path: Path) -> None:
    text = LOOP.replace("[controller]", f'[networks]\npolicy = "{name}"\n[controller]')
    text = text.replace("-x - 2*y", "policy(x, y)")
    (tmp_path / "p.toml").write_text(text + PROVED[len(LOOP) :])
    refused(certify("verify", "p.toml"), 2, "p.toml:")


# anything


def fuzzed(text: str, verb: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p"
        path.write_text(text, encoding="utf-8")
        options = QUICK if verb == "verify" else ()
        ended = certify(verb, path, *options)
        assert ended.err.count("Traceback") == 0


TOKENS = st.sampled_from(
    [
        *"[]{}()=\"'#,.*/+-\n\\",
        *("1e400", "nan", "inf", "-0", "true", "1979-05-27", "0x1F", "1_000"),
        *("x", "u", "sin", "sqrt(", "recip", "**", "[property]", "level", "train"),
        *("\N{RIGHT-TO-LEFT OVERRIDE}", "\N{GRINNING FACE}"),
    ]
)


@FEW
@given(
    name=st.sampled_from(sorted(BY_NAME)),
    cuts=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 30), TOKENS), max_size=3),
)
def test_fuzzed_problem_files(name: str, cuts: list[tuple[int, int, str]]) -> None:
    text = BY_NAME[name].replace('train = { family = "lqr"', 'train = { family = "none"')
    for at, length, token in cuts:
        at %= len(text)
        text = text[:at] + token + text[at + length :]
    fuzzed(text, "verify")


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "1", "0.5", "1e30", "-3", "step"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(st.sampled_from(["sin", "exp", "sqrt", "log", "abs", "tanh", "relu"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        inner.map(lambda e: f"({e})**3"),
    ),
    max_leaves=6,
)


@FEW
@given(control=EXPRESSIONS, function=EXPRESSIONS, level=st.sampled_from(['"largest"', "1", "1e9"]))
def test_fuzzed_expressions(control: str, function: str, level: str) -> None:
    text = LOOP.replace("-x - 2*y", control)
    claim = f'[property]\nkind = "stability"\nlevel = {level}\n'
    fuzzed(f'{text}{claim}lyapunov = {{ expression = "{function}" }}\n', "verify")


@settings(FEW, max_examples=150)
@given(data=st.data())
def test_fuzzed_certificates(data: st.DataObject, certificate: bytes) -> None:
    text = certificate.decode()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        length = data.draw(st.integers(0, 20))
        text = text[:at] + data.draw(st.one_of(TOKENS, st.text(max_size=3))) + text[at + length :]
    fuzzed(text.encode("utf-8", "replace").decode(), "explain")


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from places(inner, (*path, key))


VALUES = st.sampled_from(
    [None, True, 0, -1, 10**400, 1.5, "", "x", "1/0", "nan", "1e400", [], {}, [[]], {"x": {}}]
)


@settings(FEW, max_examples=150)
@given(data=st.data())
def test_certificates_with_a_good_digest_and_wrong_contents(
    data: st.DataObject, certificate: bytes
) -> None:
    body = json.loads(certificate)
    path = data.draw(st.sampled_from([p for p in places(body) if p and p != ("digest",)]))
    target = body
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = data.draw(VALUES)
    del body["digest"]
    plain = json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n"
    body["digest"] = hashlib.sha256(plain.encode()).hexdigest()
    fuzzed(json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n", "explain")


def test_fuzzing_has_something_to_work_on() -> None:
    """The unchanged inputs of the tests above are good ones."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p.toml"
        path.write_text(OPEN_LEVEL)
        assert certify("verify", path).code == 0
