"""PyTorch's activations, by this crate's names and parameters."""

import pathlib

import torch

DATA = pathlib.Path(__file__).parent / "../tests/data/activations.tsv"

# This crate's name of a parameter, where PyTorch's differs.
PARAMETERS = {"lambda": "lambd"}

# PyTorch has no operator for these. These are the usual expressions.
WRITTEN_OUT = {
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "relu_squared": lambda x: torch.relu(x) ** 2,
}


def activations():
    """Name, parameters with their defaults, kinks and name in torch.nn (or "") of every activation, in the table's order."""
    for line in DATA.read_text().splitlines():
        if not line.startswith("#"):
            name, parameters, kinks, module = line.split("\t")
            defaults = dict(parameter.split("=") for parameter in parameters.split())
            yield name, {key: float(value) for key, value in defaults.items()}, [*map(float, kinks.split())], module


MODULES = {name: (defaults, module) for name, defaults, _, module in activations() if module}
NAMES = [name for name, *_ in activations() if name in MODULES or name in WRITTEN_OUT]


def function(name, parameters):
    if name in WRITTEN_OUT:
        return WRITTEN_OUT[name]
    defaults, module = MODULES[name]
    class_name, _, given = module.partition("(")
    # `given` is "" or like `approximate="tanh")`.
    given = dict(item.rstrip(")").replace('"', "").split("=") for item in given.split(", ") if item)
    # Threshold has no defaults. Those of the others are this crate's, though not rounded to f32.
    numbers = (defaults if class_name == "Threshold" else {}) | parameters
    given |= {PARAMETERS.get(key, key): value for key, value in numbers.items()}
    # As in evaluation, where RReLU has its mean slope.
    return getattr(torch.nn, class_name)(**given).eval()


def evaluate(name, x, **parameters):
    """Value and derivative at every element of a float32 array."""
    x = torch.from_numpy(x).requires_grad_()
    y = function(name, parameters)(x)
    y.backward(torch.ones_like(y))
    return y.detach().numpy(), x.grad.numpy()
