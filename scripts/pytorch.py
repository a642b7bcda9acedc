"""PyTorch's activations, by this crate's names and parameters."""

import torch
from torch.nn import functional as F

# PyTorch has no operator for quick_gelu and relu_squared. These are the usual expressions.
FUNCTIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "rrelu": F.rrelu,
    "elu": F.elu,
    "celu": F.celu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "hardshrink": lambda x, **p: F.hardshrink(x, **{"lambd": p[k] for k in p}),
    "softshrink": lambda x, **p: F.softshrink(x, **{"lambd": p[k] for k in p}),
    "tanhshrink": F.tanhshrink,
    "threshold": lambda x, threshold=1.0, value=0.0: F.threshold(x, threshold, value),
    "log_sigmoid": F.logsigmoid,
    "relu_squared": lambda x: F.relu(x) ** 2,
}


def evaluate(name, x, **parameters):
    """Value and derivative at every element of a float32 array."""
    x = torch.from_numpy(x).requires_grad_()
    y = FUNCTIONS[name](x, **parameters)
    y.backward(torch.ones_like(y))
    return y.detach().numpy(), x.grad.numpy()
