"""problem.toml states exactly one problem, or every mistake has a line and advice."""

import hashlib
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certify.errors import CertifyError, InputError, NetworkError, ProblemError
from certify.expression import Node, affine, clip, cos, sin, stack, topological, var, variables
from certify.io.toml import read_problem
from certify.problem import Extension, Output, Problem, Safety, Stability, Training

PENDULUM = """\
name = "pendulum"
[system]
time = "discrete"
step = "0.05"
states = ["theta", "omega"]
inputs = ["u"]
parameters = { m = "0.15", l = "0.5", b = 0.1, g = 9.81, p = "1e-400" }
[system.units]
theta = "rad"
omega = "rad/s"
u = "N*m"
m = "kg"
l = "m"
b = "N*m*s"
g = "m/s**2"
[system.dynamics]
theta = "theta + step*omega"
omega = "omega + step*(g/l*sin(theta) - b/(m*l**2)*omega + u/(m*l**2))"
[system.let]
energy = "m*l**2*omega**2/2 + m*g*l*(1 - cos(theta))"
[controller]
u = "clip(-2*theta - omega, -6, 6)"
[domain]
theta = [-1, 1]
omega = ["-2.5", 2.5]
[property]
kind = "stability"
decay = "0.001"
level = "largest"
[property.lyapunov]
expression = "energy + theta**2"
"""
CUT = PENDULUM.index("[property]")
THETA, OMEGA = var("theta"), var("omega")


class Net:
    """A stand-in for a network that was read: a sum of its inputs, ``outputs`` times."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs

    def __call__(self, args: Sequence[Node]) -> Node:
        return affine([[1] * self.inputs] * self.outputs, None, stack(args))


@pytest.fixture
def read(tmp_path: Path):
    def reader(text: str, networks=None) -> Problem:
        path = tmp_path / "problem.toml"
        path.write_text(text, encoding="utf-8")
        return read_problem(path, networks=networks)

    return reader


@pytest.fixture
def refused(read, tmp_path: Path):
    """The errors of a text as ``line: message`` with the folder removed."""

    def reader(text: str, networks=None) -> str:
        with pytest.raises(InputError) as caught:
            read(text, networks)
        return str(caught.value).replace(f"{tmp_path}/problem.toml:", "")

    return reader


def with_property(text: str) -> str:
    return PENDULUM[:CUT] + text


def test_pendulum(read) -> None:
    problem = read(PENDULUM)
    system = problem.system
    twenty = Fraction(1, 20)
    assert (problem.name, system.time, system.step) == ("pendulum", "discrete", twenty)
    assert system.states == ("theta", "omega")
    assert system.inputs == ("u",)
    assert system.parameters == {}
    assert system.units == {"theta": "rad", "omega": "rad/s", "u": "N*m"}
    assert system.dynamics["theta"] is THETA + twenty * OMEGA
    assert problem.controller == {"u": clip(-2 * THETA - OMEGA, -6, 6)}
    assert problem.domain["omega"] == (Fraction(-5, 2), Fraction(5, 2))
    energy = Fraction(3, 80) * OMEGA**2 / 2 + Fraction(11772, 16000) * (1 - cos(THETA))
    claim = problem.property
    assert isinstance(claim, Stability)
    assert claim.lyapunov is energy + THETA**2
    assert claim.equilibrium == {"theta": 0, "omega": 0}
    assert (claim.decay, claim.level) == (Fraction(1, 1000), None)
    assert problem.sources == {"problem.toml": hashlib.sha256(PENDULUM.encode()).hexdigest()}


def test_numbers_are_exact_however_they_are_written(read) -> None:
    texts = ["0.1", '"0.1"', '"1e-1"', '"1/10"', "1e-1", "0.1_0", '" 0.10 "']
    for text in texts:
        claim = read(PENDULUM.replace('decay = "0.001"', f"decay = {text}")).property
        assert claim.decay == Fraction(1, 10)


def test_uncertain_parameters_and_disturbances_stay_variables(read) -> None:
    text = PENDULUM.replace('m = "0.15"', 'm = ["0.1", 0.2]').replace(
        'inputs = ["u"]', 'inputs = ["u"]\ndisturbances = ["w"]'
    )
    text = text.replace("theta + step*omega", "theta + step*omega + w")
    text = text.replace("[domain]", "[domain]\nw = [-0.1, 0.1]").replace("energy +", "")
    problem = read(text)
    assert problem.system.parameters == {"m": (Fraction(1, 10), Fraction(1, 5))}
    assert problem.system.disturbances == ("w",)
    assert problem.system.dynamics["theta"] is THETA + Fraction(1, 20) * OMEGA + var("w")


def test_quadratic_around_an_equilibrium(read) -> None:
    problem = read(
        with_property(
            '[property]\nkind = "stability"\nequilibrium = { theta = "0.5" }\nlevel = 2\n'
            '[property.lyapunov]\nquadratic = [[2, "0.5"], [0.5, 1]]\n'
        )
    )
    offset = THETA - Fraction(1, 2)
    claim = problem.property
    assert claim.equilibrium == {"theta": Fraction(1, 2), "omega": 0}
    assert claim.level == 2
    # the same form as a sum of squares: 1 - 1/8 is the pivot that is left
    expected = 2 * (offset + Fraction(1, 4) * OMEGA) ** 2 + Fraction(7, 8) * OMEGA**2
    assert claim.lyapunov is expected


def test_networks(read, tmp_path: Path) -> None:
    (tmp_path / "policy.onnx").write_bytes(b"weights")
    (tmp_path / "v.onnx").write_bytes(b"other weights")
    asked: list[str] = []

    def reader(path: Path) -> Net:
        asked.append(path.name)
        return Net(2, 1 if path.name == "v.onnx" else 2)

    text = PENDULUM.replace("[controller]", '[networks]\npolicy = "policy.onnx"\n[controller]')
    text = text.replace("-2*theta - omega", "policy(theta, omega)[1]")
    text = text.replace('expression = "energy + theta**2"', 'network = "v.onnx"')
    problem = read(text, reader)
    assert problem.controller["u"] is clip(Net(2, 2)([THETA, OMEGA])[1], -6, 6)
    assert problem.property.lyapunov is Net(2, 1)([THETA, OMEGA])[0]
    assert asked == ["policy.onnx", "v.onnx"]
    assert problem.sources["policy.onnx"] == hashlib.sha256(b"weights").hexdigest()
    assert set(problem.sources) == {"problem.toml", "policy.onnx", "v.onnx"}


def test_onnx_is_the_default_reader(read, refused, tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])]
        for name, size in [("v", 2), ("w", 1)]
    ]
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [2, 1], [0.1, 2.0])
    node = helper.make_node("MatMul", ["v", "weight"], ["w"])
    graph = helper.make_graph([node], "policy", *sides, [weight])
    save(helper.make_model(graph), tmp_path / "policy.onnx")
    text = PENDULUM.replace("[controller]", '[networks]\npolicy = "policy.onnx"\n[controller]')
    text = text.replace("-2*theta - omega", "policy(theta, omega)")
    tenth = Fraction(0xCCCCCD, 1 << 27)  # the binary32 number nearest 1/10
    used = topological([read(text).controller["u"]])
    assert [n.data.weight for n in used if n.op == "affine"] == [((tenth, Fraction(2)),)]
    (tmp_path / "policy.onnx").write_bytes(b"not onnx")
    assert refused(text).startswith("22: policy: ")


def test_training(read) -> None:
    trained = 'expression = "energy + theta**2"'
    text = PENDULUM.replace(trained, "train = { width = 8, rate = 0.5, deep = { x = [1, 2.5] } }")
    assert read(text).property.lyapunov == Training(
        "neural", {"width": 8, "rate": 0.5, "deep": {"x": [1, 2.5]}}
    )
    text = text.replace('u = "clip(-2*theta - omega, -6, 6)"', 'train = { family = "lqr" }')
    problem = read(text.replace("width = 8", 'family = "quadratic"'))
    assert problem.controller == {}
    assert problem.property.lyapunov.family == "quadratic"
    assert problem.property.lyapunov.options["controller"] == {"family": "lqr"}
    assert read(re.sub(r"\[controller\]\ntrain.*\n", "", text)).controller == {}


def reading(text: str) -> str:
    """The pendulum with a trained controller that reads ``text``, and its ``energy``."""
    given = PENDULUM.replace('u = "clip(-2*theta - omega, -6, 6)"', "train = { reads = READS }")
    trained = given.replace('expression = "energy + theta**2"', "train = { }")
    return trained.replace("READS", f'{{ u = [{text}, "energy"] }}')


def test_what_a_trained_controller_reads(read) -> None:
    options = read(reading('"theta - omega/4"')).property.lyapunov.options
    term, energy = options["controller"]["reads"]["u"]
    assert term.digest == (THETA - OMEGA / 4).digest
    assert sorted(variables([energy])) == ["omega", "theta"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"theta - z"', "22: u: unknown name 'z'"),
        ('"theta - u"', "22: u: a controller cannot depend on the input 'u'"),
    ],
)
def test_what_a_controller_cannot_read(refused, text, message) -> None:
    assert message in refused(reading(text))


def test_safety(read) -> None:
    text = with_property(
        '[property]\nkind = "safety"\ninitial = "theta**2 <= 0.25 and omega <= 1"\n'
        'unsafe = "theta >= 1.5"\n[property.barrier]\nexpression = "theta**2 + omega**2 - 1"\n'
    )
    assert read(text).property == Safety(
        initial=(THETA**2 - Fraction(1, 4), OMEGA - 1),
        unsafe=(Fraction(3, 2) - THETA,),
        barrier=THETA**2 + OMEGA**2 - 1,
    )


def test_output(read) -> None:
    text = with_property('[property]\nkind = "output"\nexpression = "u + sin(theta)"\nupper = 7\n')
    assert read(text).property == Output(var("u") + sin(THETA), None, Fraction(7))


def test_output_needs_no_dynamics(read) -> None:
    text = (
        'name = "net"\n[system]\ntime = "discrete"\nstates = ["x"]\n[domain]\nx = [0, 1]\n'
        '[property]\nkind = "output"\nexpression = "x**2"\nlower = 0\n'
    )
    assert read(text).system.dynamics == {}


# every mistake: what is replaced, by what, the line of the message, the advice in it
MISTAKES = [
    # keys and types
    ('name = "pendulum"', "", 1, "'name' is missing; write name = \"inverted-pendulum\""),
    ('name = "pendulum"', 'name = ""', 1, 'the name is empty; write name = "my-loop"'),
    ('name = "pendulum"', "name = 3", 1, "expected a string, found the integer 3; write name ="),
    ("states =", "stats =", 5, "unknown key 'stats'; did you mean 'states'?"),
    ("states =", "stats =", 2, "'states' is missing; write states ="),
    ('step = "0.05"', "wings = 2", 4, "unknown key 'wings'; write one of: time, states"),
    ('time = "discrete"', 'time = "hybrid"', 3, "is not 'discrete' or 'continuous'; write time ="),
    ('states = ["theta", "omega"]', 'states = "theta"', 5, "expected an array, found the string"),
    ('states = ["theta", "omega"]', "states = []", 5, 'no states; write states = ["x"]'),
    ('states = ["theta", "omega"]', "states = [1, 2]", 5, "expected a string, found the integer"),
    ('theta = "theta + step*omega"', "theta = 0", 17, 'found the integer 0; write theta = "theta'),
    ('u = "clip', 'u = 3 # "clip', 22, 'found the integer 3; write an expression "..."'),
    # names
    ('["theta", "omega"]', '["theta", "sin"]', 5, "'sin' means something else in expressions"),
    ('["theta", "omega"]', '["theta", "a b"]', 5, "'a b' is not a name; write a name with"),
    ('["theta", "omega"]', '["theta", "θ"]', 5, "is not a name; write a name with letters"),
    ('inputs = ["u"]', 'inputs = ["theta"]', 6, "'theta' is declared twice; write another"),
    ('m = "0.15"', 'step = "0.15"', 7, "'step' means something else in expressions"),
    ("energy = ", "m = ", 20, "'m' is declared twice"),
    # numbers
    ('step = "0.05"', 'step = "fast"', 4, "'fast' is not a decimal number; write step = "),
    ('step = "0.05"', "step = true", 4, "expected a number, found true"),
    ('step = "0.05"', "step = nan", 4, "'nan' is not a decimal number; write step = "),
    ('step = "0.05"', "step = inf", 4, "'inf' is not a decimal number"),
    ('step = "0.05"', "step = 1e999", 4, "an exponent is between -400 and 400"),
    ('step = "0.05"', 'step = "1/0"', 4, "divides by zero"),
    ('step = "0.05"', "step = 0", 4, 'the step is positive; write step = "0.05"'),
    ('step = "0.05"', "", 17, "the step is not given; write step ="),
    ('time = "discrete"', 'time = "continuous"', 4, "a continuous system has no step; delete"),
    ("b = 0.1", "b = [0.1]", 7, "expected two bounds, found 1 values; write [lower, upper]"),
    ("b = 0.1", "b = [0.2, 0.1]", 7, "[0.2, 0.1] is reversed; write b = [lower, upper]"),
    ('l = "0.5"', "l = 0", 18, "with the values of the parameters: division by the constant 0"),
    # expressions
    ("step*omega", "step*omeg", 17, "theta: unknown name 'omeg'; did you mean 'omega'?"),
    ("step*omega", "step*(omega", 17, "expected ')' to close '(', found the end"),
    ("step*omega", "energy.x", 17, "names have no attributes"),
    ("theta + step*omega", "__import__('os')", 17, "text is not in the language"),
    ("(1 - cos(theta))", "heat", 20, "energy: unknown name 'heat'"),
    ("energy = ", 'early = "energy"\nenergy = ', 20, "'energy' is defined below; move it above"),
    # dynamics
    ('theta = "theta + step*omega"', "", 16, "no dynamics for the state 'theta'; write theta ="),
    ('theta = "theta +', 'thta = "theta +', 17, "'thta' is not a state; did you mean 'theta'?"),
    # controller
    ("[controller]\nu =", "[controller]\nv =", 22, "'v' is not an input; write one of: u"),
    ('u = "clip(-2*theta - omega, -6, 6)"', "", 21, "no controller for the input 'u'; write u ="),
    ("-2*theta - omega, -6", "-2*u, -6", 22, "a controller cannot depend on the input 'u'; write"),
    ('u = "clip(', 'train = {} # "', 22, "trained together with its certificate; write train"),
    # domain
    ("theta = [-1, 1]", "theta = [1, -1]", 24, "the interval [1, -1] is reversed; write theta ="),
    ("theta = [-1, 1]", "theta = [1, 1]", 24, "is a single point; write theta = [lower, upper]"),
    ("theta = [-1, 1]", "theta = 1", 24, "expected two bounds, found the integer 1; write [low"),
    ("theta = [-1, 1]", "theta = [-1, inf]", 24, "'inf' is not a decimal number"),
    ("theta = [-1, 1]", "", 23, "no bounds for 'theta'; write theta = [lower, upper]"),
    ("theta = [-1, 1]", "thet = [-1, 1]", 24, "'thet' is not a state or disturbance; did you"),
    ("[domain]", "[domain]\nu = [-1, 1]", 24, 'an input has no domain; write u = "clip('),
    ("[domain]", "[domain]\nenergy = [0, 1]", 24, "'energy' is not a state or disturbance"),
    ("theta = [-1, 1]", "theta = [1, 2]", 26, "equilibrium theta = 0 is not inside its domain"),
    # units
    ('theta = "rad"', 'theta = "deg"', 9, "'deg' in 'deg' is not a unit here; write rad"),
    ('theta = "rad"', 'speed = "m/s"', 9, "'speed' is not a name of the system; write one"),
    ('theta = "rad"', 'theta = "m"', 20, "cos of theta in m, which is not a pure number; write"),
    ('omega = "rad/s"', 'omega = "m/s"', 17, "adds theta in rad and step*omega in m; write terms"),
    ("sin(theta)", "sin(l)", 18, "sin of l in m, which is not a pure number"),
    ("theta + step*omega", "omega", 17, "the next value of theta is in rad/s; write an expression"),
    ('theta = "rad"', 'theta = "rad"\nstep = "m"', 10, "the step is in m; write s"),
    ('theta = "rad"', 'energy = "W"\ntheta = "rad"', 21, "it is in m**2*kg/s**2; write an"),
    # property
    ('kind = "stability"', "", 26, "'kind' is missing; write kind = one of"),
    ('kind = "stability"', 'kind = "gain"', 27, 'kind = "gain" is not supported yet; write one of'),
    ('kind = "stability"', 'kind = "hybrid"', 27, "is not supported yet"),
    ('kind = "stability"', 'kind = "hybrid"', 27, "is not supported yet"),
    ('kind = "stability"', 'kind = "lipschitz"', 27, "is not supported yet"),
    ('kind = "stability"', 'kind = "magic"', 27, "'magic' is not a kind of property; write one of"),
    ('decay = "0.001"', "decay = 1", 28, "needs 0 <= decay < 1; write decay = 0"),
    ('decay = "0.001"', "decay = -1", 28, "needs 0 <= decay < 1; write decay = 0"),
    ('level = "largest"', "level = 0", 29, 'the level is positive; write level = "largest"'),
    ('level = "largest"', 'level = "huge"', 29, "'huge' is not a number; write \"largest\" or"),
    (
        'level = "largest"',
        'level = "largest"\nbox = 0',
        30,
        "the box is a positive factor; write box",
    ),
    ('level = "largest"', 'level = "largest"\nbox = "largest"', 30, "cannot both be the largest"),
    (
        'decay = "0.001"',
        'decay = "largest"',
        28,
        "decay and level cannot both be the largest; write",
    ),
    ('level = "largest"', "extend = { steps = 0 }", 29, "extend.steps: Input should be greater"),
    ('level = "largest"', "extend = { steps = 255 }", 29, "write steps = 32, at most 254"),
    ('level = "largest"', 'extend = { depth = "12" }', 29, "extend.depth"),
    (
        'level = "largest"',
        "extend = { depth = 60 }",
        29,
        "write depth = 18, halvings of the domain",
    ),
    ('level = "largest"', "extend = { step = 9 }", 29, "unknown key 'step'; did you mean 'steps'?"),
    ('level = "largest"', "extend = true", 29, "expected a table, found true; write extend = {"),
    ('level = "largest"', "equilibrium = { x = 0 }", 29, "'x' is not a state; write one of: theta"),
    ('level = "largest"', "equilibrium = { theta = 1 }", 29, "not inside its domain; write equil"),
    ("[property.lyapunov]\nexpression", "# ", 26, "'lyapunov' is missing; write [property.lya"),
    ('expression = "energy + theta**2"', "", 30, "found none of them; write exactly one of"),
    ("expression = ", 'network = "v.onnx"\nexpression = ', 30, "found expression and network;"),
    ("energy + theta**2", "u**2", 31, "a lyapunov function cannot depend on the input 'u'"),
    ("energy + theta**2", "x**2", 31, "expression: unknown name 'x'; write one of: b, energy"),
    ('expression = "energy + theta**2"', "quadratic = [[1, 2]]", 31, "P is not 2 by 2; write"),
    ('expression = "energy + theta**2"', "quadratic = [[1, 2], [3, 4]]", 31, "P is not symmetric"),
    ('expression = "energy + theta**2"', "quadratic = [[0, 0], [0, 0]]", 31, "P is zero; write a"),
    ('expression = "energy + theta**2"', 'quadratic = [["a"]]', 31, "is not a decimal number"),
    ('expression = "energy + theta**2"', "train = { rate = nan }", 31, "an option is a finite"),
    ('expression = "energy + theta**2"', "train = { family = 1 }", 31, "write family = "),
    (
        'expression = "energy + theta**2"',
        'network = "/v.onnx"',
        31,
        "is not a relative path; write",
    ),
    (
        'expression = "energy + theta**2"',
        'network = "v.onnx"',
        31,
        "'v.onnx' cannot be read: No such",
    ),
    ('expression = "energy + theta**2"', 'network = "."', 31, "'.' is not a regular file; write"),
    ("step*omega", "log(-(p**24))", 17, "values of the parameters: log of the constant -1/"),
    # TOML itself
    ("[domain]", "[domain", 23, "malformed TOML"),
    ("[domain]", "[controller]", 23, "malformed TOML"),
    ('u = "clip', "u = clip", 22, "malformed TOML, column 5: Invalid value"),
    ("expression = ", "x" * 9 + ".a" * 40 + " = ", 31, "a dotted key of more than 32 parts"),
]


def test_a_core_is_extended_in_discrete_time_only(read, refused) -> None:
    assert read(PENDULUM).property.extend is None
    asked = PENDULUM.replace('"largest"', '"largest"\nextend = { depth = 12 }')
    assert read(asked).property.extend == Extension(steps=32, depth=12)
    flow = asked.replace('"discrete"\nstep = "0.05"', '"continuous"')
    flow = flow.replace("theta + step*omega", "omega").replace("omega + step*(", "(")
    assert "a core is extended in discrete time only" in refused(flow)


@pytest.mark.parametrize(("old", "new", "line", "advice"), MISTAKES)
def test_mistake(refused, old: str, new: str, line: int, advice: str) -> None:
    assert PENDULUM.count(old) >= 1
    message = refused(PENDULUM.replace(old, new, 1))
    found = [text for text in message.split("\n") if text.startswith(f"{line}: ")]
    assert any(advice in text for text in found), message


UNCERTAIN = PENDULUM.replace('m = "0.15"', 'm = ["0.1", "0.2"]').replace(
    'inputs = ["u"]', 'inputs = ["u"]\ndisturbances = ["w"]'
)


@pytest.mark.parametrize(
    ("controller", "reason"),
    [
        ("w", "the disturbance 'w', which it cannot measure; write it over the states"),
        ("m*theta", "the uncertain parameter 'm', which it cannot measure; write it over"),
        ("energy", "the uncertain parameter 'm', which it cannot measure (through 'energy')"),
    ],
)
def test_a_controller_measures_only_states(refused, controller: str, reason: str) -> None:
    text = UNCERTAIN.replace("clip(-2*theta - omega, -6, 6)", controller)
    message = refused(text.replace("[domain]", "[domain]\nw = [-1, 1]"))
    assert message.startswith(f"23: u: a controller cannot depend on {reason}")


def test_a_missing_disturbance_bound(refused) -> None:
    assert "24: no bounds for 'w'; write w = [lower, upper]" in refused(
        UNCERTAIN.replace("energy + theta**2", "theta**2")
    )


def test_a_continuous_derivative_has_its_unit(refused) -> None:
    text = re.sub(r"step = .*\n", "", PENDULUM.replace("discrete", "continuous"))
    message = refused(text.replace("step*", "").replace("theta + omega", "theta"))
    assert "the derivative of theta is in rad; write an expression in rad/s" in message


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ('kind = "safety"\ninitial = "theta < 1"\n', "write <="),
        ('kind = "safety"\ninitial = "theta"\n', "a condition is missing"),
        ('kind = "output"\nexpression = "theta"\n', "no bound; write lower, upper or both"),
        ('kind = "output"\nexpression = "theta"\nlower = 2\nupper = 1\n', "lower is above upper"),
    ],
)
def test_other_properties_refused(refused, body: str, advice: str) -> None:
    if "safety" in body:
        body += 'unsafe = "theta >= 2"\n[property.barrier]\nexpression = "theta"\n'
    assert advice in refused(with_property(f"[property]\n{body}"))


def test_network_errors_have_a_line(refused, tmp_path: Path) -> None:
    (tmp_path / "v.onnx").write_bytes(b"")
    text = PENDULUM.replace('expression = "energy + theta**2"', 'network = "v.onnx"')
    message = refused(text, lambda path: Net(3, 2))
    assert message.startswith("31: 'v.onnx' has 3 inputs and 2 outputs; write one with 2 inputs")

    def broken(path: Path) -> Net:
        raise NetworkError("node Gelu_3 is not in the language")

    assert refused(text, broken).startswith("31: network: node Gelu_3 is not in the language")


def test_a_network_that_changes_while_it_is_read(refused, tmp_path: Path) -> None:
    (tmp_path / "v.onnx").write_bytes(b"old")
    text = PENDULUM.replace('expression = "energy + theta**2"', 'network = "v.onnx"')

    def reader(path: Path) -> Net:
        path.write_bytes(b"new")
        return Net(2, 1)

    assert "changed while it was read" in refused(text, reader)


def test_many_mistakes_are_shown_together(refused) -> None:
    message = refused("\n".join(f"key{i} = 1" for i in range(30)))
    assert message.count("\n") == 10
    assert message.endswith("more")


@pytest.mark.parametrize(
    ("raw", "advice"),
    [
        (b"name = 'a'\nx = '\xff'", "problem.toml:2: byte 0xff is not UTF-8; save the file"),
        (b"#" * (1 << 20) + b"\n", "larger than 1 MB"),
        (b"x = " + b"[" * 100_000, "problem.toml:1: arrays or tables are nested too deeply"),
        (b"x = " + b"{a=" * 100_000, "problem.toml:1: arrays or tables are nested too deeply"),
        (b"x = " + b"9" * 10_000, "out of range"),
        (b"\n\nx = 2020-13-01", "malformed"),
        (b"\n\nx = '''", "problem.toml:3: malformed TOML"),
        (b"\0", "malformed TOML"),
    ],
)
def test_bytes_that_are_no_problem(tmp_path: Path, raw: bytes, advice: str) -> None:
    path = tmp_path / "problem.toml"
    path.write_bytes(raw)
    with pytest.raises(ProblemError) as caught:
        read_problem(path)
    assert advice in str(caught.value)


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"no such file; write the path of a problem\.toml"):
        read_problem(tmp_path / "absent.toml")
    with pytest.raises(ProblemError, match=r"is a folder; give the problem\.toml in it"):
        read_problem(tmp_path)
    with pytest.raises(ProblemError, match="cannot be read"):
        read_problem("a" * 5000)
    with pytest.raises(ProblemError, match=r"cannot be read|no such file"):
        read_problem("a\0b")


def test_windows_line_ends_and_byte_order_mark(read) -> None:
    assert read("\ufeff" + PENDULUM.replace("\n", "\r\n")).name == "pendulum"


FUZZ = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _is_error_or_problem(read, text: str) -> None:
    try:
        read(text)
    except CertifyError as error:
        place = re.match(r".*problem\.toml(:\d+)?: ", str(error))
        assert place, error  # noqa: PT017 - both outcomes are right


@FUZZ
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_is_a_problem_or_an_error(read, text: str) -> None:
    _is_error_or_problem(read, text)


@FUZZ
@given(
    st.integers(0, len(PENDULUM)),
    st.integers(0, 12),
    st.sampled_from(["", "]", '"', "= ", "[", "1e999", "nan", "\n", "{", "x.y.z = 1\n", "é", "-"]),
)
def test_any_edit_is_a_problem_or_an_error(read, at: int, cut: int, put: str) -> None:
    _is_error_or_problem(read, PENDULUM[:at] + put + PENDULUM[at + cut :])


_VALUE = st.sampled_from(["1", "'a'", "[]", "{}", "true", "nan", "[1, 2]", "1979-05-27", "[[1]]"])


@FUZZ
@given(st.integers(0, PENDULUM.count("\n") - 1), _VALUE)
def test_any_value_is_a_problem_or_an_error(read, line: int, value: str) -> None:
    lines = PENDULUM.split("\n")
    lines[line] = f"{lines[line].split('=')[0]} = {value}"
    _is_error_or_problem(read, "\n".join(lines))
