"""PyTorch eager on CUDA at the sizes of the kit, by CUDA events. Arguments: sizes with commas, the JSON file to write.

Ends with 3 where PyTorch or CUDA is not there.
"""

import json
import sys

try:
    import torch
    from torch.nn import functional as F
except Exception as error:  # Broken installations raise more than ImportError.
    print(f"PyTorch cannot be imported: {error}", file=sys.stderr)
    sys.exit(3)
if not torch.cuda.is_available():
    print("PyTorch is there, but finds no CUDA device", file=sys.stderr)
    sys.exit(3)

ROUNDS = 11
BATCH = 16

FUNCTIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "mish": F.mish,
}


def elements(text):
    for unit, factor in (("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)):
        if text.endswith(unit):
            return int(text[: -len(unit)]) * factor
    return int(text)


def operations(x, y, dy):
    """Name of the activation, name of the operation as wgpu-relu has it, and what to run."""
    yield "copy", "copy", lambda: y.copy_(x)
    yield "relu", "forward", lambda: torch.clamp_min(x, 0.0, out=y)
    yield "relu", "in place", lambda: torch.relu_(y)
    for name, function in FUNCTIONS.items():
        yield name, "new buffer", lambda function=function: function(x)
        leaf = x.detach().requires_grad_()
        result = function(leaf)

        def backward(result=result, leaf=leaf):
            torch.autograd.grad(result, leaf, dy, retain_graph=True)

        yield name, "gradient", backward
        del result, leaf
    yield "relu, bias per channel", "forward", lambda: F.relu(x.view(-1, 512) + dy[:512])


def seconds(run):
    """The median of rounds, each of some runs between two events."""
    for _ in range(3):
        run()
    samples = []
    for _ in range(ROUNDS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(BATCH):
            run()
        end.record()
        end.synchronize()
        samples.append(start.elapsed_time(end) * 1e-3 / BATCH)
    return sorted(samples)[ROUNDS // 2]


def main(sizes, path):
    report = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "device": torch.cuda.get_device_name(),
        "results": [],
    }
    for size in sizes.split(","):
        length = elements(size)
        x, dy = (torch.randn(length, device="cuda") for _ in range(2))
        y = torch.empty_like(x)
        for activation, operation, run in operations(x, y, dy):
            row = {"activation": activation, "operation": operation, "elements": length, "seconds": seconds(run)}
            report["results"].append(row)
        del x, y, dy
        torch.cuda.empty_cache()
        # After each size: who ends this early has the sizes so far.
        with open(path, "w") as file:
            json.dump(report, file, indent=2)


main(*sys.argv[1:])
