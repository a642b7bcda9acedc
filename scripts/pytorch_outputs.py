"""Writes PyTorch's results for every activation and its gradient (dy = 1), for `cargo xtask accuracy --outputs`.

    pip install numpy torch && python scripts/pytorch_outputs.py target/outputs/pytorch
    cargo xtask accuracy --outputs target/outputs/pytorch

The folder gets NAME.forward.f32 and NAME.gradient.f32 per activation: f32, little-endian, for the inputs
whose bits are 0, STRIDE, 2 STRIDE and so on below 2^32. At the default stride they take 1.7 GB.
"""

import argparse
import pathlib

import numpy as np
import torch

from pytorch import NAMES, evaluate

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--stride", type=int, default=509)
parser.add_argument("names", nargs="*", default=NAMES)
arguments = parser.parse_args()

arguments.folder.mkdir(parents=True, exist_ok=True)
(arguments.folder / "about.txt").write_text(
    f"PyTorch {torch.__version__}, CPU ({torch.backends.cpu.get_cpu_capability()})\n"
)
inputs = range(0, 1 << 32, arguments.stride)
for name in arguments.names:
    with (
        open(arguments.folder / f"{name}.forward.f32", "wb") as forward,
        open(arguments.folder / f"{name}.gradient.f32", "wb") as gradient,
    ):
        for start in range(0, len(inputs), 1 << 22):
            part = inputs[start : start + (1 << 22)]
            x = np.arange(part.start, part.stop, part.step, dtype=np.uint64).astype(np.uint32)
            for file, values in zip((forward, gradient), evaluate(name, x.view(np.float32))):
                file.write(values.astype("<f4").tobytes())
    print(name)
