"""Prints CRC-32 of np.maximum(0, x) over all 2^32 float32 bit patterns, one line per block of 2^24.

    pip install numpy && python scripts/numpy_relu_crc32.py > tests/data/numpy_relu_crc32.txt

Line n covers the inputs with bits n << 24 to (n << 24) + 2^24 - 1 in order, little-endian. The
exhaustive check (`cargo xtask exhaustive`) compares the GPU's results with these.
"""

import sys
import zlib

import numpy as np

print(f"# np.maximum(np.float32(0), x), NumPy {np.__version__}; made by {sys.argv[0].split('/')[-1]}")
for block in range(256):
    bits = np.arange(block << 24, (block + 1) << 24, dtype=np.uint64).astype("<u4")
    y = np.maximum(np.float32(0), bits.view("<f4"))
    print(f"{zlib.crc32(y.tobytes()):08x}")
