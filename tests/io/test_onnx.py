"""ONNX files mean what the reference evaluator and torch compute, and nothing else is read."""

import io
import itertools
import warnings
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnx.reference
import onnx.shape_inference
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from certify.errors import NetworkError
from certify.expression import stack, var
from certify.expression.evaluate import evaluate
from certify.expression.exact import exact
from certify.io.export_onnx import Layer, onnx_bytes, write_onnx
from certify.io.network import Network
from certify.io.onnx import OPERATORS, parse_onnx, read_onnx

Floats = npt.NDArray[np.float64]


def at_points(network: Network, points: npt.NDArray[np.generic]) -> Floats:
    args = [var(f"a{i}") for i in range(network.inputs)]
    values = {f"a{i}": points[:, i].astype(np.float64) for i in range(network.inputs)}
    (found,) = evaluate([network(args)], values)
    return found


def tensor(name: str, values: object, dtype: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def model(
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[onnx.TensorProto] = (),
    shape: Sequence[int | str | None] = (1, 3),
    opset: int = 17,
    kind: int = TensorProto.FLOAT,
    ir_version: int = 8,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, None)],
        initializer=list(tensors),
    )
    bare = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
    )
    try:
        made = onnx.shape_inference.infer_shapes(bare)
    except onnx.shape_inference.InferenceError:
        made = bare
    if not made.graph.output[0].type.tensor_type.HasField("shape"):
        unknown = helper.make_tensor_value_info("y", kind, [None, None])
        made.graph.output[0].CopyFrom(unknown)
    return made


def node(op: str, inputs: Sequence[str], output: str = "y", **attributes: object) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), [output], name=f"the_{op}", **attributes)


def exported(module: nn.Module, inputs: int, **options: object) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, inputs),), buffer, dynamo=False, **options)
    return buffer.getvalue()


POINTS = np.random.default_rng(7).uniform(-3, 3, (40, 3)).astype(np.float32)


def check_against_reference(m: onnx.ModelProto, points: npt.NDArray[np.generic] = POINTS) -> None:
    run = onnx.reference.ReferenceEvaluator(m)
    shape = [d.dim_value or 1 for d in m.graph.input[0].type.tensor_type.shape.dim]
    rows = [run.run(None, {"x": p.reshape(shape)})[0].ravel() for p in points]
    found = at_points(parse_onnx(m.SerializeToString(), "net"), points)
    np.testing.assert_allclose(found, np.array(rows), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("opset", [9, 11, 13, 17])
@pytest.mark.parametrize("dynamic", [False, True])
def test_torch_exports(opset: int, dynamic: bool) -> None:
    torch.manual_seed(opset)
    activations = [
        nn.ReLU(),
        nn.LeakyReLU(0.2),
        nn.Tanh(),
        nn.Sigmoid(),
        nn.Softplus(),
        nn.ELU(0.7),
    ]
    activations += [nn.SiLU(), nn.Hardtanh(-0.5, 0.75), nn.Identity()]
    for activation in activations:
        module = nn.Sequential(
            nn.Linear(3, 5), activation, nn.Flatten(), nn.Linear(5, 4, bias=False), activation,
            nn.Linear(4, 2),
        )  # fmt: skip
        axes = {"dynamic_axes": {"x": {0: "batch"}}} if dynamic else {}
        data = exported(module, 3, opset_version=opset, input_names=["x"], **axes)
        network = parse_onnx(data, "net")
        assert (network.inputs, network.outputs) == (3, 2)
        with torch.no_grad():
            wanted = module.double()(torch.tensor(POINTS, dtype=torch.float64)).numpy()
        # Softplus of torch is linear beyond 20, and slopes are float32 in the file
        np.testing.assert_allclose(at_points(network, POINTS), wanted, rtol=1e-6, atol=1e-7)


class Odd(nn.Module):
    """The shapes that hand-written policies have."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(5, 1)
        self.register_buffer("mean", torch.tensor([0.1, -0.2, 0.3]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = (x - self.mean) / 2.5
        h = torch.tanh(self.a(z))
        h = torch.cat([h, torch.sin(x[:, :1]) * x[:, 1:2]], dim=1)
        total = (h * h).sum(dim=1, keepdim=True)
        u = torch.clamp(self.b(h) + h[:, 2].unsqueeze(1) - total, -1.5, 1.5)
        return torch.maximum(u, -x[:, 2].abs().view(x.size(0), 1)) + x[:, 0:1] ** 3


@pytest.mark.parametrize("opset", [9, 12, 17])
def test_a_hand_written_module(opset: int) -> None:
    torch.manual_seed(1)
    module = Odd()
    options = {"dynamic_axes": {"x": {0: "n"}}, "input_names": ["x"], "opset_version": opset}
    if opset < 12:
        # torch writes Max of one input with a cast there; the others are as usual
        options = {"input_names": ["x"], "opset_version": opset}
    network = parse_onnx(exported(module, 3, **options), "net")
    with torch.no_grad():
        wanted = module.double()(torch.tensor(POINTS, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(at_points(network, POINTS), wanted, rtol=1e-6, atol=1e-6)


COLUMN = tensor("c", [[0.5, 2.0, -1.5]])
SINGLE: list[tuple[onnx.NodeProto, list[onnx.TensorProto]]] = [
    *((node(op, ["x"]), []) for op in ("Abs", "Atan", "Cos", "Exp", "Neg", "Relu", "Sigmoid")),
    *((node(op, ["x"]), []) for op in ("Sin", "Softplus", "Tanh", "Identity", "Elu", "Shape")[:5]),
    *((node(op, ["x", "c"]), [COLUMN]) for op in ("Add", "Sub", "Mul", "Div", "Max", "Min")),
    *((node(op, ["c", "x"]), [COLUMN]) for op in ("Add", "Sub", "Mul", "Max", "Min")),
    *((node(op, ["x", "x"]), []) for op in ("Add", "Sub", "Mul", "Max", "Min")),
    (node("Max", ["x", "c", "x"]), [COLUMN]),
    (node("Add", ["x", "c"]), [tensor("c", 0.1)]),
    (node("LeakyRelu", ["x"], alpha=0.3), []),
    (node("LeakyRelu", ["x"]), []),
    (node("Elu", ["x"], alpha=1.5), []),
    (node("Clip", ["x", "l", "h"]), [tensor("l", -0.5), tensor("h", 0.25)]),
    (node("Clip", ["x", "", "h"]), [tensor("h", 0.25)]),
    (node("Clip", ["x", "l"]), [tensor("l", -np.inf)]),
    (node("Clip", ["x"]), []),
    (node("Pow", ["x", "e"]), [tensor("e", 3.0)]),
    (node("Pow", ["x", "e"]), [tensor("e", [-2, -2, -2], np.int64)]),
    (node("MatMul", ["x", "w"]), [tensor("w", [[1, 2], [3, 4], [5, 6.5]])]),
    (
        node("Gemm", ["x", "w", "b"], alpha=0.3, beta=-1.7),
        [tensor("w", [[1, 2], [3, 4], [5, 6]]), tensor("b", [0.1, 0.2])],
    ),
    (node("Gemm", ["x", "w"], transB=1), [tensor("w", [[1, 2, 3]])]),
    (node("Gemm", ["x", "w", "b"], transB=1), [tensor("w", [[1, 2, 3]]), tensor("b", 0.5)]),
    (node("Flatten", ["x"], axis=0), []),
    (node("Reshape", ["x", "s"]), [tensor("s", [0, -1], np.int64)]),
    (node("Reshape", ["x", "s"]), [tensor("s", [3], np.int64)]),
    (node("Squeeze", ["x", "s"]), [tensor("s", [0], np.int64)]),
    (node("Squeeze", ["x"]), []),
    (node("Unsqueeze", ["x", "s"]), [tensor("s", [0, -2], np.int64)]),
    (node("Concat", ["x", "c", "x"], axis=-1), [COLUMN]),
    (node("Gather", ["x", "i"], axis=1), [tensor("i", [-1, 0], np.int64)]),
    (node("Gather", ["x", "i"], axis=1), [tensor("i", 1, np.int64)]),
    (
        node("Slice", ["x", "s", "e", "a"]),
        [tensor("s", [1], np.int64), tensor("e", [2**62], np.int64), tensor("a", [-1], np.int64)],
    ),
    (
        node("Slice", ["x", "s", "e", "a", "t"]),
        [tensor(n, [v], np.int64) for n, v in zip("seat", (-1, -(2**62), 1, -2), strict=True)],
    ),
    (node("ReduceSum", ["x", "a"]), [tensor("a", [1], np.int64)]),
    (node("ReduceSum", ["x", "a"], keepdims=0), [tensor("a", [0], np.int64)]),
    (node("ReduceSum", ["x"]), []),
    (node("ReduceSum", ["x"], noop_with_empty_axes=1), []),
]


@pytest.mark.parametrize(("single", "tensors"), SINGLE, ids=lambda v: getattr(v, "op_type", ""))
def test_single_operators(single: onnx.NodeProto, tensors: list[onnx.TensorProto]) -> None:
    check_against_reference(model([single], tensors))


@pytest.mark.parametrize("op", ["Log", "Sqrt", "Reciprocal"])
def test_operators_on_positive_numbers(op: str) -> None:
    check_against_reference(model([node(op, ["x"])]), np.abs(POINTS) + np.float32(0.1))


@pytest.mark.parametrize(
    ("single", "opset"),
    [
        (node("Clip", ["x"], min=-0.5, max=0.5), 9),
        (node("Clip", ["x"], max=0.5), 9),
        (node("Squeeze", ["x"], axes=[0]), 11),
        (node("Unsqueeze", ["x"], axes=[1]), 11),
        (node("ReduceSum", ["x"], axes=[1]), 11),
        (node("Slice", ["x"], axes=[1], starts=[0], ends=[-1]), 9),
    ],
    ids=lambda v: getattr(v, "op_type", str(v)),
)
def test_attributes_of_older_opsets(single: onnx.NodeProto, opset: int) -> None:
    check_against_reference(model([single], opset=opset))


@pytest.mark.parametrize("shape", [[1, 3], ["n", 3], [None, 3], [3], [1, 1, 1, 3]])
def test_input_shapes(shape: list[int | str | None]) -> None:
    nodes = [node("MatMul", ["x", "w"], "h"), node("Add", ["h", "b"])]
    m = model(nodes, [tensor("w", np.ones((3, 2))), tensor("b", [1.0, -1.0])], shape)
    check_against_reference(m)
    assert parse_onnx(m.SerializeToString(), "net").body.op == "affine"


def test_choices_are_strict() -> None:
    tensors = [tensor("c", [[0.5, -0.5, 0.0]]), tensor("two", 2.0)]
    for op in ("Greater", "Less"):
        nodes = [node(op, ["x", "c"], "b"), node("Mul", ["x", "two"], "d")]
        m = model([*nodes, node("Where", ["b", "d", "c"])], tensors)
        check_against_reference(m)
        check_against_reference(m, np.array([[0.5, -0.5, 0.0], [0.0, 0.0, -0.0]], np.float32))
    column = [node("Gather", ["x", "i"], "h", axis=1), node("Less", ["h", "two"], "b")]
    wide = [*column, node("Where", ["b", "x", "two"])]
    check_against_reference(model(wide, [tensor("i", [1], np.int64), tensor("two", -0.3)]))


def test_softplus_as_the_newer_exporter_of_torch_writes_it() -> None:
    nodes = [node("Softplus", ["x"], "s"), node("Greater", ["x", "c"], "g")]
    m = model([*nodes, node("Where", ["g", "x", "s"])], [tensor("c", 20.0)], opset=20)
    network = parse_onnx(m.SerializeToString(), "net")
    found = at_points(network, np.array([[20.0, 20.5, -1.0]]))
    assert found[0] == pytest.approx([20 + np.exp(-20.0), 20.5, np.log1p(np.exp(-1))], rel=1e-15)
    assert found[0, 0] > 20
    assert found[0, 1] == 20.5


def test_transposed_weights() -> None:
    nodes = [node("Transpose", ["w"], "v", perm=[1, 0]), node("MatMul", ["x", "v"])]
    check_against_reference(model(nodes, [tensor("w", [[1, 2, 3], [4, 5, 6]])]))
    columns = [node("Transpose", ["x"], "t"), node("MatMul", ["w", "t"], "m")]
    columns += [node("Transpose", ["m"])]
    check_against_reference(model(columns, [tensor("w", [[1, 2, 3], [4, 5, 6]])]))


def test_casts_of_a_double_network() -> None:
    nodes = [node("Cast", ["w"], "v", to=TensorProto.DOUBLE), node("MatMul", ["x", "v"])]
    check_against_reference(
        model(nodes, [tensor("w", np.ones((3, 2)) / 3)], kind=TensorProto.DOUBLE),
        POINTS.astype(np.float64),
    )
    widened = [node("Cast", ["x"], "h", to=TensorProto.DOUBLE), node("Add", ["h", "c"])]
    network = parse_onnx(model(widened, [tensor("c", 0.1, np.float64)]).SerializeToString(), "n")
    assert exact(network([stack([1])[0]] * 3)[0], {}) == 1 + Fraction(0.1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_weights_are_exact(dtype: type) -> None:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    w = np.array([[0.1], [1 / 3], [-2e-7]], dtype)
    m = model([node("MatMul", ["x", "w"])], [numpy_helper.from_array(w, "w")], kind=kind)
    network = parse_onnx(m.SerializeToString(), "net")
    units = np.eye(3, dtype=int)
    for unit, entry in zip(units, w.ravel(), strict=True):
        args = [stack([int(u)])[0] for u in unit]
        assert exact(network(args)[0], {}) == Fraction(float(entry))


def test_attributes_are_exact_binary32() -> None:
    network = parse_onnx(model([node("LeakyRelu", ["x"], alpha=0.1)]).SerializeToString(), "n")
    found = exact(network([var("a")] * 3)[0], {"a": Fraction(-1)})
    assert found == -Fraction(float(np.float32(0.1)))


def test_random_networks_written_and_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    choices = ["relu", "leaky_relu", "tanh", "sigmoid", "softplus", "sin", None]
    for dtype in (np.float32, np.float64):
        widths = [3, *rng.integers(1, 6, 3).tolist(), 2]
        layers: list[Layer] = [
            (
                rng.normal(size=(b, a)).astype(dtype),
                rng.normal(size=b).astype(dtype) if b % 2 else None,
                choices[int(rng.integers(len(choices)))],
            )
            for a, b in itertools.pairwise(widths)
        ]
        path = tmp_path / "net.onnx"
        write_onnx(path, layers)
        assert path.read_bytes() == onnx_bytes(layers)
        network = read_onnx(path)
        run = onnx.reference.ReferenceEvaluator(str(path))
        wanted = run.run(None, {"x": POINTS.astype(dtype)})[0]
        np.testing.assert_allclose(at_points(network, POINTS), wanted, rtol=1e-4, atol=1e-5)


def test_written_bytes_are_known() -> None:
    one = np.ones((1, 1), np.float32)
    data = onnx_bytes([(one, one[0], "tanh")])
    assert data == onnx_bytes([(one.copy(), one[0].copy(), "tanh")])
    assert onnx.load_model_from_string(data).opset_import[0].version == 17


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "at least one layer"),
        ([(np.ones((2, 2), np.float16), None, None)], "float32 or all float64"),
        ([(np.ones((2, 2)), np.ones(2, np.float32), None)], "float32 or all float64"),
        ([(np.ones((2, 2)), np.ones(3), None)], r"layer 0: a bias of shape \(3,\) for 2"),
        ([(np.ones((2, 2)), None, "relu"), (np.ones((1, 3)), None, None)], "layer 1: a weight"),
        ([(np.full((2, 2), np.nan), None, None)], "layer 0: a weight is NaN"),
        ([(np.ones((2, 2)), None, "gelu")], "'gelu' is not one of leaky_relu, relu"),
    ],
)
def test_writing_refuses(layers: list[Layer], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        onnx_bytes(layers)


def refused(m: onnx.ModelProto, message: str) -> None:
    with pytest.raises(NetworkError, match=message) as caught:
        parse_onnx(m.SerializeToString(), "net.onnx")
    assert str(caught.value).startswith("net.onnx: ")


REFUSALS: list[tuple[onnx.NodeProto, list[onnx.TensorProto], str]] = [
    (node("Gelu", ["x"]), [], "node 'the_Gelu': the operator Gelu is not read; .*Abs, Add, Atan"),
    (
        helper.make_node("Bad\n\x1b", ["x"], ["y"]),
        [],
        r"node 0 \(writing y\): the operator Bad\?\? ",
    ),
    (node("If", ["x"]), [], "the operator If is not read"),
    (node("Relu", ["x"], domain="mine"), [], "the operator mine.Relu is not read"),
    (node("Relu", ["z"]), [], "z"),
    (node("MatMul", ["x", "w"]), [tensor("w", np.ones((2, 2)))], "the_MatMul.* 2 x 2 .* 3 feat"),
    (node("MatMul", ["x", "x"]), [], "only a product of features with a constant"),
    (node("MatMul", ["x", "w"]), [tensor("w", [[1], [np.nan], [1]])], "tensor 'w' contains nan"),
    (node("MatMul", ["x", "w"]), [tensor("w", [[1], [np.inf], [1]])], "tensor 'w' contains inf"),
    (node("Mul", ["x", "w"]), [tensor("w", np.inf)], r"the_Mul.*the value is inf"),
    (node("Mul", ["x", "w"]), [tensor("w", 2, np.float64)], "different element types"),
    (node("Mul", ["x", "w"]), [tensor("w", 2, np.int64)], "numbers of type int64"),
    (node("MatMul", ["x", "w"]), [tensor("w", np.ones((3, 1)), np.float64)], "is float64"),
    (node("Add", ["x", "w"]), [tensor("w", [1, 2])], "the_Add.*shape mismatch"),
    (node("Gemm", ["x", "w"], transA=1), [tensor("w", np.ones((1, 3)))], "transA"),
    (
        node("Gemm", ["x", "w", "b"]),
        [tensor("w", np.ones((3, 1))), tensor("b", [1, 2])],
        r"a bias of shape \[2\] for 1 outputs",
    ),
    (node("Clip", ["x", "l", "h"]), [tensor("l", 1), tensor("h", 0)], "lower bound 1.0 is above"),
    (node("Clip", ["x", "l"]), [tensor("l", np.inf)], "the_Clip.*the value is inf"),
    (node("Clip", ["x", "l"]), [tensor("l", [1, 2])], r"min has shape \[2\]"),
    (node("Clip", ["x", "x"]), [], "input 1 must be a constant"),
    (node("Pow", ["x", "e"]), [tensor("e", 0.5)], "one constant integer"),
    (node("Pow", ["x", "e"]), [tensor("e", 0)], "one constant integer"),
    (node("Pow", ["x", "e"]), [tensor("e", [1, 2, 3])], "one constant integer"),
    (node("Reshape", ["x", "s"]), [tensor("s", [2, 2], np.int64)], "the_Reshape.*cannot reshape"),
    (node("Reshape", ["x", "s"]), [tensor("s", [-3], np.int64)], "is not a shape"),
    (node("Reshape", ["x", "x"]), [], "input 1 must be a constant"),
    (node("Squeeze", ["x", "s"]), [tensor("s", [1], np.int64)], "the_Squeeze.*squeeze"),
    (node("Concat", ["x", "x"], axis=0), [], "the output 'y' has shape .2, 3."),
    (node("Concat", ["x", "x"], axis=2), [], "axis 2 is not one of 2"),
    (node("Gather", ["x", "i"], axis=1), [tensor("i", 5, np.int64)], "the_Gather.*out of bounds"),
    (node("Gather", ["x", "x"]), [], "input 1 must be a constant"),
    (
        node("Gather", ["x", "i"], axis=1),
        [tensor("i", np.zeros(2**20 + 1), np.int64)],
        "is not read .empty or too large.",
    ),
    (node("Cast", ["x"], to=TensorProto.FLOAT16), [], "float32 to float16 rounds"),
    (node("Cast", ["x"], to=TensorProto.INT64), [], "float32 to int64 rounds"),
    (node("Cast", ["x"], to=TensorProto.BOOL), [], "rounds"),
    (node("Greater", ["x", "c"]), [COLUMN], "no number that depends on the input"),
    (
        node("Where", ["c", "x", "x"]),
        [tensor("c", True, np.bool_)],
        "an element type that is not read",
    ),
    (node("Identity", ["c"]), [COLUMN], "no number that depends on the input"),
]


@pytest.mark.parametrize(("single", "tensors", "message"), REFUSALS, ids=lambda v: str(v)[:9])
def test_refusals(single: onnx.NodeProto, tensors: list[onnx.TensorProto], message: str) -> None:
    refused(model([single], tensors, opset=20), message)


@pytest.mark.parametrize("shape", [[2, 3], [1, "n"], ["n"], [1, 2, 2], [0, 3], [], [1, -3], None])
def test_input_shapes_that_are_not_one_row(shape: list[int | str | None] | None) -> None:
    refused(
        model([node("Relu", ["x"])], shape=shape), "the input 'x' has shape|not a valid|is not read"
    )


def test_refuses_other_graphs() -> None:
    two = model([node("Relu", ["x"])])
    two.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 3]))
    refused(two, "one input is read, this network has 2: 'x', 'z'")
    two = model([node("Relu", ["x"])])
    two.graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3]))
    refused(two, "one output is read, this network has 2")
    refused(model([node("Relu", ["x"])], kind=TensorProto.INT64), "float32 or float64")
    refused(model([node("Relu", ["x"])], opset=8), "opset 8 is not read")
    wrong = model([node("Relu", ["x"])])
    wrong.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4]))
    refused(wrong, r"declared as \[1, 4\] but is \[1, 3\]")
    rounding = [node("Cast", ["c"], "d", to=TensorProto.FLOAT), node("Add", ["x", "d"])]
    refused(model(rounding, [tensor("c", 0.1, np.float64)]), "the_Cast.*is not exact")


def test_refuses_weights_in_another_file() -> None:
    outside = tensor("w", np.ones((3, 1)))
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="w.bin")
    refused(model([node("MatMul", ["x", "w"])], [outside]), "'w' are in another file: export with")


def test_refuses_expressions_that_explode() -> None:
    nodes = [node("Concat", [f"v{i}", f"v{i}"], f"v{i + 1}", axis=1) for i in range(40)]
    nodes[0].input[:] = ["x", "x"]
    nodes[-1].output[0] = "y"
    refused(model(nodes), "too large|more than")


def test_refuses_files(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="No such file"):
        read_onnx(tmp_path / "none.onnx")
    with pytest.raises(NetworkError, match="directory"):
        read_onnx(tmp_path)
    for content in (b"", b"not onnx", b"\x00" * 50):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(NetworkError, match=r"bad\.onnx: not a valid ONNX file"):
            read_onnx(tmp_path / "bad.onnx")
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(NetworkError, match="larger than 100 MB"):
        read_onnx(tmp_path / "large.onnx")


def test_calls_check_their_arguments() -> None:
    network = parse_onnx(model([node("Relu", ["x"])]).SerializeToString(), "net")
    with pytest.raises(NetworkError, match="net takes 3 arguments, not 2"):
        network([var("a")] * 2)
    with pytest.raises(NetworkError, match="takes scalars"):
        network([stack([var("a")])] * 3)
    with pytest.raises(NetworkError, match="not a vector of 2 over 1 inputs"):
        Network(1, 2, "n", stack([var("x0"), var("x1")]))


def test_every_operator_is_tested() -> None:
    tested = {n.op_type for n, _ in SINGLE} | {"Log", "Sqrt", "Reciprocal", "Cast", "Transpose"}
    tested |= {"Greater", "Less", "Where"}
    exported_by_torch = {"Constant", "Shape"}
    assert set(OPERATORS) == tested | exported_by_torch


SEED = onnx_bytes(
    [
        (np.array([[1.0, -0.5], [0.25, 3.0]], np.float32), np.ones(2, np.float32), "relu"),
        (np.array([[1.0, 2.0]], np.float32), None, "tanh"),
    ]
)
ODD = exported(Odd(), 3, input_names=["x"], dynamic_axes={"x": {0: "n"}})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([SEED, ODD]), st.data())
def test_corrupted_files_are_refused_or_read(data: bytes, draw: st.DataObject) -> None:
    bad = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 4))):
        bad[draw.draw(st.integers(0, len(bad) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(bad)))
    if draw.draw(st.booleans()):
        start = draw.draw(st.integers(0, len(bad)))
        bad = bad[:cut] if start >= cut else bad[:start] + bad[cut:]
    try:
        network = parse_onnx(bytes(bad), "fuzzed")
    except NetworkError:
        return
    assert network.body.size == network.outputs
