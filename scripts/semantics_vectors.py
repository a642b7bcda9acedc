"""Prints every activation of PyTorch and ONNX at special values, for tests/it/semantics.rs.

    pip install numpy torch onnx && python scripts/semantics_vectors.py > tests/data/semantics_vectors.csv

PyTorch gets arrays of one element, because its result for a NaN or at a kink may depend on an element's
position in the array. ONNX is its reference evaluator. If an operator of ONNX has other defaults than this
crate, its own defaults have a second entry, "onnx_defaults". ONNX has no gradients.
"""

import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from pytorch import NAMES, activations, evaluate

warnings.filterwarnings("ignore")
np.seterr(all="ignore")

# Parameters beside the defaults, as this crate names them, and the points where the derivative jumps then.
MORE = {
    "leaky_relu": [({"negative_slope": 0.0}, [0]), ({"negative_slope": 1.5}, [0]), ({"negative_slope": -0.75}, [0])],
    "rrelu": [({"lower": -0.5, "upper": 0.5}, [0])],
    "elu": [({"alpha": 0.7}, [0]), ({"alpha": 0.0}, [0])],
    "celu": [({"alpha": 2.5}, [0]), ({"alpha": -0.75}, [0])],
    "softplus": [({"beta": 2.5, "threshold": 7.0}, [2.8])],
    "hardtanh": [({"min_val": -2.5, "max_val": 0.5}, [-2.5, 0.5])],
    "hardshrink": [({"lambda": 0.0}, [0])],
    "softshrink": [({"lambda": 0.0}, [0])],
    "threshold": [({"threshold": -0.5, "value": 20.0}, [-0.5])],
}
# Every activation that PyTorch has, with its defaults and with those.
CASES = [
    (name, parameters, kinks)
    for name, _, own_kinks, _ in activations()
    if name in NAMES
    for parameters, kinks in [({}, own_kinks), *MORE.get(name, [])]
]
ORDINARY = [0, 1e-45, 1.1754944e-38, 1e-20, 0.001, 0.1, 0.5, 1, 2.5, 10, 30, 60, 100, 1e10, 3.4028235e38, np.inf]

# Operator, its attributes and its further inputs, from a case's parameters.
ONNX = {
    "relu": lambda: ("Relu", {}, []),
    "relu6": lambda: ("Clip", {}, [0, 6]),
    "leaky_relu": lambda negative_slope=0.01: ("LeakyRelu", {"alpha": negative_slope}, []),
    "elu": lambda alpha=1.0: ("Elu", {"alpha": alpha}, []),
    "celu": lambda alpha=1.0: ("Celu", {"alpha": alpha}, []),
    "selu": lambda: ("Selu", {}, []),
    "gelu": lambda: ("Gelu", {}, []),
    "gelu_tanh": lambda: ("Gelu", {"approximate": "tanh"}, []),
    "quick_gelu": lambda: ("Swish", {"alpha": 1.702}, []),
    "silu": lambda: ("Swish", {}, []),
    "mish": lambda: ("Mish", {}, []),
    "softplus": lambda: ("Softplus", {}, []),
    "softsign": lambda: ("Softsign", {}, []),
    "sigmoid": lambda: ("Sigmoid", {}, []),
    "tanh": lambda: ("Tanh", {}, []),
    "hardtanh": lambda min_val=-1, max_val=1: ("Clip", {}, [min_val, max_val]),
    "hardsigmoid": lambda: ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}, []),
    "hardswish": lambda: ("HardSwish", {}, []),
    "hardshrink": lambda **p: ("Shrink", {"lambd": p.get("lambda", 0.5)}, []),
    "softshrink": lambda **p: ("Shrink", dict.fromkeys(("lambd", "bias"), p.get("lambda", 0.5)), []),
    "threshold": lambda threshold=1.0, value=0.0: ("ThresholdedRelu", {"alpha": threshold}, []),
}
OWN_DEFAULTS = {
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "celu": "Celu",
    "hardsigmoid": "HardSigmoid",
    "softshrink": "Shrink",
    "threshold": "ThresholdedRelu",
}
# Cases that ONNX cannot express: Softplus has no parameters, ThresholdedRelu no value.
NOT_IN_ONNX = [("softplus", {"beta": 2.5, "threshold": 7.0}), ("threshold", {"threshold": -0.5, "value": 20.0})]


def onnx_values(operator, attributes, more, x):
    """Evaluates one element at a time, as for PyTorch."""
    names = ["x"] + [f"input{i}" for i in range(len(more))]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1] if n == "x" else []) for n in names]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]
    node = helper.make_node(operator, names, ["y"], **attributes)
    session = ReferenceEvaluator(helper.make_model(helper.make_graph([node], "g", inputs, outputs)))
    fixed = {n: np.float32(value) for n, value in zip(names[1:], more)}
    return [session.run(None, {"x": x[i : i + 1], **fixed})[0][0] for i in range(len(x))]


def text(name, parameters):
    inner = ",".join(f"{key}={value:g}" for key, value in parameters.items())
    return f'"{name}({inner})"' if inner else name


def row(peer, activation, x, *results):
    print(f"{peer},{activation},{x!s},{','.join(str(np.float32(r)) for r in results)}")


print(f"# peer,activation,x,f(x) and, of PyTorch, f'(x); made by semantics_vectors.py")
print(f"# PyTorch {torch.__version__}, onnx {onnx.__version__} (operator set {onnx.defs.onnx_opset_version()})")
for name, parameters, kinks in CASES:
    near = [np.nextafter(np.float32(k), np.float32(to)) for k in kinks for to in (-np.inf, k, np.inf)]
    signed = [s * np.float32(v) for v in ORDINARY for s in (-1, 1)]
    grid = np.array(near + signed + [np.nan], dtype=np.float32)
    grid = np.unique(grid.view(np.uint32)).view(np.float32)
    grid = grid[np.argsort(grid, kind="stable")]
    for i in range(len(grid)):
        value, derivative = evaluate(name, grid[i : i + 1].copy(), **parameters)
        row("pytorch", text(name, parameters), grid[i], value[0], derivative[0])
    if name in ONNX and (name, parameters) not in NOT_IN_ONNX:
        for x, y in zip(grid, onnx_values(*ONNX[name](**parameters), grid)):
            row("onnx", text(name, parameters), x, y)
for name, operator in OWN_DEFAULTS.items():
    grid = np.array([-1, 1, 2], dtype=np.float32)
    for x, y in zip(grid, onnx_values(operator, {}, [], grid)):
        row("onnx_defaults", name, x, y)
