"""Makes the table of src/init/quantile.rs: the normal quantile function, one cubic per eighth of an octave of the tail.

    pip install mpmath && python scripts/normal_quantile.py > table.txt

Octave k has the tail probabilities q from 2^-(k+1) down to 2^-(k+2), and eight cells of equal width. In a cell q falls
as g goes from 0 to 1, and the quantile is the sum of c_i g^i with positive c_i. The table has the c_i times 2^29, one cell
per line. The largest error goes to stderr.
"""

import sys

import mpmath as mp

mp.mp.dps = 30
OCTAVES, CELLS, DEGREE, BITS = 32, 8, 3, 29


def quantile(q):
    """z with a tail of q above it, by Newton's method on the logarithm of the tail."""
    z = mp.sqrt(-2 * mp.log(2 * q))
    for _ in range(60):
        tail = mp.erfc(z / mp.sqrt(2)) / 2
        step = mp.log(tail / q) * tail * mp.sqrt(2 * mp.pi) * mp.exp(z * z / 2)
        z += step
        if abs(step) < mp.mpf("1e-25"):
            return z
    raise ArithmeticError(q)


def fit(octave, cell):
    """Interpolates at Chebyshev nodes."""

    def f(g):
        return quantile(mp.mpf(2) ** -(octave + 2) * (2 - (cell + g) / CELLS))

    nodes = [(1 + mp.cos(mp.pi * (2 * i + 1) / (2 * DEGREE + 2))) / 2 for i in range(DEGREE + 1)]
    powers = mp.matrix([[node**j for j in range(DEGREE + 1)] for node in nodes])
    coefficients = mp.lu_solve(powers, mp.matrix([f(node) for node in nodes]))
    # At the median, the value and the curvature are exactly 0. Interpolation gives almost 0.
    return [max(int(mp.nint(c * 2**BITS)), 0) for c in coefficients], f


def evaluate(words, g):
    """The crate's computation: Horner's rule in integers, with g times 2^32."""
    total = words[-1]
    for word in reversed(words[:-1]):
        total = word + (total * g >> 32)
    assert total < 2**32
    return total


worst = 0
for octave in range(OCTAVES):
    for cell in range(CELLS):
        words, f = fit(octave, cell)
        for i in range(17):
            g = min(i * 2**28, 2**32 - 1)
            error = abs(evaluate(words, g) * mp.mpf(2) ** -BITS - f(mp.mpf(g) / 2**32))
            worst = max(worst, error)
        print("[" + ", ".join(f"{word:#010x}" for word in words) + "],")
print("largest error", mp.nstr(worst, 3), file=sys.stderr)
