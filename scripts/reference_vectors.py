"""Prints f and f' of every smooth activation to 17 digits, computed with 400, to test the reference in f64.

    pip install mpmath && python scripts/reference_vectors.py > tests/data/reference_vectors.csv
"""

import struct

import mpmath as mp

# 1 + tanh(x) cancels as many digits as the exponent of f64 allows.
mp.mp.dps = 400
LAMBDA, ALPHA = mp.mpf("1.0507009873554805"), mp.mpf("1.6732632423543772")


def f32(x):
    """The f32 nearest to x."""
    return struct.unpack("f", struct.pack("f", x))[0]


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log1p(mp.exp(x))


def tanh_argument(x):
    return mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)


# Only the values have formulas. The derivatives are differences of them, so the same mistake cannot be in both.
FUNCTIONS = {
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "elu(alpha=0.7)": lambda x: x if x > 0 else mp.mpf(f32(0.7)) * mp.expm1(x),
    "celu": lambda x: x if x > 0 else mp.expm1(x),
    "celu(alpha=2.5)": lambda x: x if x > 0 else mp.mpf("2.5") * mp.expm1(x / mp.mpf("2.5")),
    "selu": lambda x: LAMBDA * x if x > 0 else LAMBDA * ALPHA * mp.expm1(x),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda x: x / 2 * (1 + mp.tanh(tanh_argument(x))),
    "quick_gelu": lambda x: x * sigmoid(mp.mpf("1.702") * x),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * mp.tanh(softplus(x)),
    "softplus": lambda x: x if x > 20 else softplus(x),
    "softplus(beta=2.5,threshold=7)": lambda x: x
    if mp.mpf("2.5") * x > 7
    else softplus(mp.mpf("2.5") * x) / mp.mpf("2.5"),
    "softsign": lambda x: x / (1 + abs(x)),
    "sigmoid": sigmoid,
    "tanh": mp.tanh,
    "hardswish": lambda x: 0 if x <= -3 else x if x >= 3 else x * (x + 3) / 6,
    "tanhshrink": lambda x: x - mp.tanh(x),
    "log_sigmoid": lambda x: -softplus(-x),
    "relu_squared": lambda x: x * x if x > 0 else 0,
}
MAGNITUDES = [1e-30, 1e-20, 1e-10, 1e-5, 1e-3, 0.01, 0.0499, 0.0501, 0.1, 0.3, 0.5, 0.7517915, 1, 1.19, 1.2784, 2,
              2.5, 2.9, 3.5, 5, 8, 10, 13, 17, 21, 40, 60, 80, 100]

print(f"# {2 * len(MAGNITUDES) * len(FUNCTIONS)} vectors: activation,x,f(x),f'(x); made by reference_vectors.py")
for name, f in FUNCTIONS.items():
    for x in sorted(sign * f32(m) for m in MAGNITUDES for sign in (-1, 1)):
        exact = mp.mpf(x)
        # A step far below x stays away from kinks. More digits make up for the loss of the difference.
        with mp.workdps(600):
            h = abs(exact) * mp.mpf(10) ** -80
            slope = (f(exact + h) - f(exact - h)) / (2 * h)
        print(f'"{name}",{x!r},{mp.nstr(mp.mpf(f(exact)), 17)},{mp.nstr(mp.mpf(slope), 17)}')
