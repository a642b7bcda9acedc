"""Times the same activations by NumPy, PyTorch and ONNX Runtime on the CPU, in medians of alternating rounds.

    pip install numpy torch onnx onnxruntime && python peers/cpu_peers.py
    python peers/cpu_peers.py --elements 1Mi 16Mi --rounds 15

Packages that are not installed are named and left out. All calls work on existing buffers, except PyTorch's
plain calls, which make a new one each. Every result is compared with NumPy's.
"""

import argparse
import importlib
import math
import statistics
import sys
import time


def elements(text):
    """Reads 1048576, 1Mi or 64Ki."""
    for suffix, factor in (("Mi", 1 << 20), ("Ki", 1 << 10), ("", 1)):
        if text.endswith(suffix):
            number = int(text.removesuffix(suffix)) * factor
            if number < 1:
                raise argparse.ArgumentTypeError("expected a number above 0")
            return number


def load(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"{name} is left out ({error}): pip install {name}", file=sys.stderr)
        return None


def through_numpy(np, x):
    y, slope = np.empty_like(x), np.float32(0.01)
    yield "copy", "NumPy, copyto", lambda: np.copyto(y, x), lambda: y
    yield "relu", "NumPy, maximum(out=)", lambda: np.maximum(0, x, out=y), lambda: y

    def leaky():
        np.multiply(x, slope, out=y)
        np.maximum(x, y, out=y)

    yield "leaky_relu", "NumPy, multiply and maximum(out=)", leaky, lambda: y


def through_torch(torch, x):
    functional = torch.nn.functional
    x = torch.from_numpy(x)
    y = torch.empty_like(x)
    yield "copy", "PyTorch, copy_", lambda: y.copy_(x), y.numpy
    yield "relu", "PyTorch, clamp_min(out=)", lambda: torch.clamp_min(x, 0, out=y), y.numpy
    for name, function in [
        ("relu", torch.relu),
        ("leaky_relu", functional.leaky_relu),
        ("gelu", functional.gelu),
        ("silu", functional.silu),
        ("elu", functional.elu),
        ("mish", functional.mish),
    ]:
        # Only one result exists at a time, like a layer's output.
        last = [None]

        def run(function=function, last=last):
            last[0] = function(x)

        yield name, f"PyTorch, {name}", run, lambda last=last: last[0].numpy()


def through_onnx(onnx, onnxruntime, x):
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    for name, operator in [
        ("relu", "Relu"),
        ("leaky_relu", "LeakyRelu"),
        ("gelu", "Gelu"),
        ("elu", "Elu"),
        ("mish", "Mish"),
    ]:
        value = lambda side: helper.make_tensor_value_info(side, kind, [x.size])
        node = helper.make_node(operator, ["x"], ["y"])
        graph = helper.make_graph([node], name, [value("x")], [value("y")])
        opset = [helper.make_opsetid("", 20)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=9)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        source = onnxruntime.OrtValue.ortvalue_from_numpy(x)
        target = onnxruntime.OrtValue.ortvalue_from_shape_and_type(x.shape, x.dtype)
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", source)
        binding.bind_ortvalue_output("y", target)
        yield (
            name,
            f"ONNX Runtime, {operator}, bound buffers",
            lambda session=session, binding=binding: session.run_with_iobinding(binding),
            target.numpy,
        )


def expected(np, name, x):
    """The result in f64, of the part that repeats, because NumPy has no erf."""
    x = x.astype("f8")
    if name == "gelu":
        return np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x])
    return {
        "copy": lambda: x,
        "relu": lambda: np.maximum(0, x),
        "leaky_relu": lambda: np.where(x > 0, x, 0.01 * x),
        "silu": lambda: x / (1 + np.exp(-x)),
        "elu": lambda: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        "mish": lambda: x * np.tanh(np.log1p(np.exp(x))),
    }[name]()


def measure(np, modules, length, rounds):
    part = np.random.default_rng(length).standard_normal(min(length, 1 << 16)).astype("f4")
    x = np.resize(part, length)
    contenders = list(through_numpy(np, x))
    if modules["torch"]:
        contenders += through_torch(modules["torch"], x)
    if modules["onnx"] and modules["onnxruntime"]:
        contenders += through_onnx(modules["onnx"], modules["onnxruntime"], x)

    batch = max(4, min(16, (1 << 26) // length))
    samples = {what: [] for _, what, _, _ in contenders}
    for round_ in range(rounds + 1):
        for _, what, run, _ in contenders:
            start = time.perf_counter()
            for _ in range(batch):
                run()
            if round_ > 0:
                samples[what].append((time.perf_counter() - start) / batch)

    medians = {what: statistics.median(times) for what, times in samples.items()}
    copy = medians["NumPy, copyto"]
    print(f"\n## {length:,} elements\n\n| | µs | GB/s | error | over the copy |")
    print("| --- | --- | --- | --- | --- |")
    for name, what, run, result in contenders:
        run()
        got, exact = result(), expected(np, name, part)
        error = np.max(np.abs(got[: part.size] - exact))
        if not (error <= 1e-5 and np.array_equal(got, np.resize(got[: part.size], length))):
            sys.exit(f"{what}: off by {error:.1e}, or different for equal inputs")
        seconds = medians[what]
        rate = 8 * length / seconds / 1e9
        print(f"| {name}: {what} | {seconds * 1e6:.1f} | {rate:.2f} | {error:.1e} | {copy / seconds:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", nargs="+", type=elements, default=[1 << 20, 1 << 24])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be 1 or more")
    np = load("numpy")
    if np is None:
        sys.exit("nothing can be measured without NumPy")
    modules = {name: load(name) for name in ("torch", "onnx", "onnxruntime")}
    versions = [f"NumPy {np.__version__}"]
    versions += [f"{name} {module.__version__}" for name, module in modules.items() if module]
    print(f"# Peers on the CPU: {', '.join(versions)}")
    print(f"\n`python peers/cpu_peers.py`: medians of {arguments.rounds} alternating rounds.")
    for length in arguments.elements:
        measure(np, modules, length, arguments.rounds)


main()
